# SPDX-License-Identifier: BSD-3-Clause
"""How agreed, missed and extra voxels are told apart, on screen and in figures.

By colour and by pattern: agreed voxels are the outline of their region, missed ones solid, extra
ones striped. Missed is the reference alone and extra the prediction alone, each in its own colour.
"""

from __future__ import annotations

import numpy as np

from napari_mtmri.compare.masks import AGREED, EXTRA, MISSED
from napari_mtmri.plotting import PREDICTED_COLOUR, REFERENCE_COLOUR

AGREEMENT_COLOURS: dict[int | None, str] = {
    AGREED: "#8ecbff",
    MISSED: REFERENCE_COLOUR,
    EXTRA: PREDICTED_COLOUR,
}
STRIPES = 4  # period of the stripes in voxels
OUTLINE = 2  # width of outlines in voxels, inside the region


def outline(labels: np.ndarray) -> np.ndarray:
    """Return the outlines of a segmentation, `OUTLINE` voxels wide and inside of it.

    Parameters
    ----------
    labels : integer array, (row, column)
    """
    return np.where(_inside(labels, OUTLINE), 0, labels)


def patterned(codes: np.ndarray) -> np.ndarray:
    """Return the codes of one slice with the pattern of each, 0 where nothing is drawn.

    Parameters
    ----------
    codes : uint8 array, (row, column)
    """
    rows_at, columns_at = np.ogrid[: codes.shape[0], : codes.shape[1]]
    gaps = (rows_at + columns_at) % STRIPES >= STRIPES // 2
    left_out = ((codes == AGREED) & _inside(codes, 1)) | ((codes == EXTRA) & gaps)
    return np.where(left_out, 0, codes).astype(np.uint8)


def _inside(labels: np.ndarray, depth: int) -> np.ndarray:
    """Return the voxels that are farther than a depth from other labels and from the edge."""
    inside = np.ones(labels.shape, bool)
    same = labels
    for _ in range(depth):
        padded = np.pad(same, 1)
        for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
            beside = padded[rows : rows + labels.shape[0], columns : columns + labels.shape[1]]
            inside &= beside == same
        same = np.where(inside, labels, 0)
    return inside
