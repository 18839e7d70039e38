# SPDX-License-Identifier: BSD-3-Clause
"""Error energy over spatial frequency, and the view of an image in k-space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.compare.errors import error_map
from napari_mtmri.geometry import to_stack
from napari_mtmri.kspace import fft2c

LOWEST_DB = -100.0


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Energy of the reference and of the errors over spatial frequency.

    Parameters
    ----------
    frequency : float64 array, (rings,)
        Centres of the rings of k-space, in ``unit``, from 0 to the corners.
    unit : str
        "1/mm", or "1/voxel" if the spacing is unknown.
    reference : float64 array, (rings,)
        Energy of the reference in each ring.
    errors : mapping of cell name to float64 array, (rings,)
        Energy of the error in each ring. The sum over the rings is the sum of the squares of
        the error map, for the transform is orthonormal (Parseval's theorem).
    """

    frequency: np.ndarray
    unit: str
    reference: np.ndarray
    errors: Mapping[str, np.ndarray]

    def relative(self, name: str) -> np.ndarray:
        """Return the error energy divided by the energy of the reference, ring by ring.

        1 means that the image has nothing of this detail, or as much that is false as there is
        true detail. NaN where the reference has none.
        """
        own, known = self.errors[name], self.reference > 0
        return np.where(known, own / np.where(known, self.reference, 1), np.nan)


def error_spectrum(comparison: Comparison) -> Spectrum | None:
    """Return the error energy of every compared cell over spatial frequency.

    Summed over all slices of the scan and over rings as wide as the coarser of the two steps of
    k-space, so that no ring is empty.

    Returns
    -------
    Spectrum or None
        None without a reference.
    """
    if comparison.reference is None:
        return None
    return comparison.remember("spectrum", lambda: _spectrum(comparison))


def _spectrum(comparison: Comparison) -> Spectrum:
    grid, axes = comparison.grid, comparison.axes
    spacing = grid.spacing if grid.spacing_known else (1.0, 1.0, 1.0)
    plane = [axes.readout, axes.phase]
    frequencies = [np.fft.fftshift(np.fft.fftfreq(grid.shape[a], spacing[a])) for a in plane]
    width = max(1 / (grid.shape[axis] * spacing[axis]) for axis in plane)
    radius = np.hypot(frequencies[0][:, None], frequencies[1][None, :])
    rings = np.rint(radius / width).astype(int)
    count = int(rings.max()) + 1

    def energy(data: np.ndarray) -> np.ndarray:
        total = np.zeros(count)
        for picture in to_stack(data, axes):
            power = np.abs(fft2c(picture.astype(np.float64))) ** 2
            total += np.bincount(rings.ravel(), power.ravel(), count)
        return total

    errors = {cell.name: error_map(comparison, cell) for cell in comparison.compared}
    return Spectrum(
        np.arange(count) * width,
        "1/mm" if grid.spacing_known else "1/voxel",
        energy(comparison.reference.magnitude() if comparison.reference else np.zeros(grid.shape)),
        {name: energy(error) for name, error in errors.items() if error is not None},
    )


def kspace_decibels(comparison: Comparison, cell: Cell, number: int) -> np.ndarray | None:
    """Return the k-space of the magnitude of one slice, on the same scale for all cells.

    Parameters
    ----------
    comparison : Comparison
    cell : Cell
    number : int
        Slice along the axis of the view.

    Returns
    -------
    float32 array, (i, j, k) with 1 along the axis of the view, or None
        Decibels relative to the largest value of the reference (without one, of the first
        image) in this slice, `LOWEST_DB` to about 0; zero frequency in the middle. None if
        the cell has no image.
    """
    base = comparison.reference or comparison.image_of(comparison.cells[0])
    if cell.magnitude is None or base is None:
        return None
    own, top = (
        np.abs(fft2c(np.moveaxis(data, comparison.axis, 0)[number].astype(np.float64)))
        for data in (cell.magnitude, base.magnitude())
    )
    share = own / (float(top.max()) or 1.0)
    decibels = 20 * np.log10(np.maximum(share, 10 ** (LOWEST_DB / 20)))
    return np.expand_dims(decibels.astype(np.float32), comparison.axis)
