# SPDX-License-Identifier: BSD-3-Clause
"""Review and annotation of segmentations, without Qt, napari or torch."""
