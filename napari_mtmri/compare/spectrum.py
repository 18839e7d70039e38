# SPDX-License-Identifier: BSD-3-Clause
"""Error energy over spatial frequency, and the view of an image in k-space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import Comparison


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Energy of images over spatial frequency.

    Parameters
    ----------
    frequency : float64 array, (bins,)
        Centres of the rings of k-space, in ``unit``.
    unit : str
        "1/mm", or "1/voxel" if the spacing is unknown.
    reference : float64 array, (bins,)
        Energy of the reference in each ring.
    errors : mapping of cell name to float64 array, (bins,)
        Energy of the error in each ring; the sum over all rings is that of the error map.
    """

    frequency: np.ndarray
    unit: str
    reference: np.ndarray
    errors: dict[str, np.ndarray]

    def relative(self, name: str) -> np.ndarray:
        """Return the error energy divided by the energy of the reference, ring by ring."""
        raise NotImplementedError


def error_spectrum(comparison: Comparison) -> Spectrum | None:
    """Return the error energy of every compared cell, over all slices; None without a reference."""
    raise NotImplementedError


def kspace_decibels(comparison: Comparison, cell: Cell, number: int) -> np.ndarray | None:
    """Return the k-space of one slice of a cell, on a scale that is the same for all cells.

    Returns
    -------
    float32 array, (i, j, k) with one slice
        Decibels relative to the largest value of the reference (or first image) in this
        slice, −100 to 0; zero frequency in the middle.
    """
    raise NotImplementedError
