# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of two segmentations: agreed, missed and extra voxels."""

from __future__ import annotations

import numpy as np

from napari_mtmri.compare.comparison import Comparison

AGREED, MISSED, EXTRA = 1, 2, 3
NAMES = {AGREED: "agreed", MISSED: "missed", EXTRA: "extra"}


def agreement(found: np.ndarray, base: np.ndarray, label: int | None = None) -> np.ndarray:
    """Return where two segmentations agree.

    Parameters
    ----------
    found, base : integer array, any equal shape
    label : int, optional
        Class to look at; by default all classes together.

    Returns
    -------
    uint8 array, same shape
        0 where neither is labelled, 1 where both are (`AGREED`), 2 where only ``base`` is
        (`MISSED`), 3 where only ``found`` is (`EXTRA`).
    """
    raise NotImplementedError


def disagreement_counts(comparison: Comparison) -> np.ndarray:
    """Return the number of voxels per slice in which the segmentations differ from `base`.

    Returns
    -------
    int array, (n_slices,)
        Missed and extra voxels of all cells; without a base, voxels that only some cells label.
    """
    raise NotImplementedError
