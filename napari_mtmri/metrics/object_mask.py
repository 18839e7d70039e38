# SPDX-License-Identifier: BSD-3-Clause
"""Voxels of the object, determined from the reference alone."""

from __future__ import annotations

import numpy as np

from napari_mtmri.volume import FAR_ABOVE, bright_value

HOW = "Otsu of the reference volume, largest 6-connected component, holes of each slice filled"


def object_mask(reference: np.ndarray) -> np.ndarray | None:
    """Return the voxels of the object, the same for all compared methods.

    Otsu's threshold of the volume, its largest component, and the holes of each slice
    filled. In 3-D the ventricles and sinuses would stay open, because a stack may end
    inside the head.

    Parameters
    ----------
    reference : real array, (slice, row, column)
        Fully sampled magnitude.

    Returns
    -------
    bool array of the same shape, or None
        None for a constant image, which contains no object.

    References
    ----------
    Otsu, IEEE Trans. SMC 9(1), 1979.
    """
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    if reference.min() == reference.max():
        return None
    # A few voxels far above all others would pull the threshold up.
    known = np.minimum(reference, FAR_ABOVE * bright_value(reference))
    # Raveled, because three columns would be taken for RGB; as floats, because the histogram
    # of integers has a bin for every value up to the largest.
    bright = known > threshold_otsu(known.reshape(-1).astype(np.float64))
    components, count = ndimage.label(bright)
    if not count:
        return None
    sizes = np.bincount(components.ravel())
    sizes[0] = 0
    largest: np.ndarray = components == sizes.argmax()
    for part in largest:
        part[:] = ndimage.binary_fill_holes(part)
    return largest
