# SPDX-License-Identifier: BSD-3-Clause
"""Error maps on one stated scale, data-consistency residual, and values under the cursor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import Comparison


def error_top(comparison: Comparison) -> float:
    """Return the end of the error scale: largest reference value divided by the gain."""
    raise NotImplementedError


def error_map(comparison: Comparison, cell: Cell) -> np.ndarray | None:
    """Return the error of a cell: float32 (i, j, k), magnitude minus reference; or None.

    None without a reference, for the reference itself, for masks and for other dates.
    """
    raise NotImplementedError


def residual_map(cell: Cell) -> np.ndarray | None:
    """Return the data-consistency residual of a result without a reference, or None.

    Returns
    -------
    float32 array, (i, j, k)
        Magnitude of the part of the reconstruction that contradicts the measured samples, in
        the unit of the image.
    """
    raise NotImplementedError


@dataclass(frozen=True)
class Reading:
    """What one cell shows at one voxel; None where it has no such thing."""

    name: str
    value: float | None
    error: float | None
    label: int | None

    @property
    def text(self) -> str:
        """One line: "mtmri R4: 312, error −4.1, label 1"."""
        raise NotImplementedError


def readings(comparison: Comparison, voxel: tuple[int, int, int]) -> tuple[Reading, ...]:
    """Return value, error and label of every cell at a voxel, in the axes of the file."""
    raise NotImplementedError
