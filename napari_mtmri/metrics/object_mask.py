# SPDX-License-Identifier: BSD-3-Clause
"""Voxels of the object, determined from the reference alone."""

from __future__ import annotations

import numpy as np

HOW = "Otsu of the reference volume, largest 6-connected component, holes of each slice filled"


def object_mask(reference: np.ndarray) -> np.ndarray | None:
    """Return the voxels of the object, the same for every method that is compared.

    Otsu's threshold of the volume, its largest component, and the holes of each
    slice filled: slice by slice, because the ventricles and sinuses of a stack that
    ends inside the head are open at its ends.

    Parameters
    ----------
    reference : real array, (slice, row, column)
        Fully sampled magnitude.

    Returns
    -------
    bool array of the same shape, or None
        None for a constant image, which has no object.

    References
    ----------
    Otsu, IEEE Trans. SMC 9(1), 1979.
    """
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    if reference.min() == reference.max():
        return None
    # Flat, or three columns are taken for RGB; as floats, or the histogram of integers
    # has a bin for every value up to the largest.
    bright = reference > threshold_otsu(reference.reshape(-1).astype(np.float64))
    components, count = ndimage.label(bright)
    if not count:
        return None
    sizes = np.bincount(components.ravel())
    sizes[0] = 0
    largest: np.ndarray = components == sizes.argmax()
    for part in largest:
        part[:] = ndimage.binary_fill_holes(part)
    return largest
