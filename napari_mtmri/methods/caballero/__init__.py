# SPDX-License-Identifier: BSD-3-Clause
"""Joint reconstruction and segmentation with a patch dictionary and a Gaussian mixture."""
