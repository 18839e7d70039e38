# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of segmentations: agreed, missed and extra voxels."""

from __future__ import annotations

import numpy as np

from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.errors import InputError

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

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_mtmri.compare import agreement
    >>> agreement(np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0])).tolist()
    [0, 1, 2, 3]
    """
    if found.shape != base.shape:
        raise InputError(
            f"segmentations of shape {found.shape} and {base.shape} are on different grids; "
            "resample one of them."
        )
    has_found = found > 0 if label is None else found == label
    has_base = base > 0 if label is None else base == label
    codes = np.zeros(found.shape, np.uint8)
    codes[has_found & has_base] = AGREED
    codes[has_base & ~has_found] = MISSED
    codes[has_found & ~has_base] = EXTRA
    return codes


def disagreement_counts(comparison: Comparison) -> np.ndarray:
    """Return the number of voxels in each slice on which the segmentations differ.

    Returns
    -------
    int array, (n_slices,)
        Missed and extra voxels, summed over the cells; without a base, voxels that some cells
        label and others do not. 0 everywhere if there is nothing to compare.
    """
    return comparison.remember(("disagreement", comparison.axis), lambda: _counts(comparison))


def _counts(comparison: Comparison) -> np.ndarray:
    others = tuple(axis for axis in range(3) if axis != comparison.axis)
    if comparison.base is not None and comparison.base.labels is not None:
        base = comparison.base.labels.data > 0
        drawn = [cell.labels.data > 0 for cell in comparison.segmented if cell.labels is not None]
        counts = [(one != base).sum(axis=others) for one in drawn]
        return np.asarray(np.sum([np.zeros(comparison.n_slices, int), *counts], axis=0))
    drawn = [
        cell.labels.data > 0
        for cell in comparison.cells
        if cell.labels is not None and cell.kind != "date"
    ]
    if len(drawn) < 2:
        return np.zeros(comparison.n_slices, int)
    number = np.sum(drawn, axis=0)
    return np.asarray(((number > 0) & (number < len(drawn))).sum(axis=others))
