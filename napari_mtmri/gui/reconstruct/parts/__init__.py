# SPDX-License-Identifier: BSD-3-Clause
"""The parts of the Reconstruct panel, one file each."""
