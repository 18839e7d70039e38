# SPDX-License-Identifier: BSD-3-Clause
"""Error maps on one stated scale, and the data-consistency residual."""

from __future__ import annotations

import numpy as np

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.metrics.scores import Score
from napari_mtmri.result import Result
from napari_mtmri.volume import bright_value

RESIDUAL = "data-consistency residual"


def error_top(comparison: Comparison) -> float:
    """Return the end of the error scale, in the unit of the images.

    The 99.9th percentile of the reference (without one, of the first image) divided by the gain
    of the view: one fifth of it for ×5. It is the same for all cells.
    """
    return comparison.remember("peak", lambda: _peak(comparison)) / comparison.view.gain


def _peak(comparison: Comparison) -> float:
    shown = comparison.reference or comparison.image_of(comparison.cells[0])
    return 1.0 if shown is None else bright_value(shown.data)


def error_map(comparison: Comparison, cell: Cell) -> np.ndarray | None:
    """Return the error of a cell: its magnitude minus that of the reference.

    Returns
    -------
    float32 array, (i, j, k), or None
        In the unit of the image. None without a reference, for the reference itself, for masks
        and for images of other dates.
    """
    if cell not in comparison.compared:
        return None
    return comparison.remember(("error", cell.name), lambda: _error(comparison, cell))


def _error(comparison: Comparison, cell: Cell) -> np.ndarray | None:
    if comparison.reference is None or cell.magnitude is None:
        return None
    return np.asarray(cell.magnitude - comparison.reference.magnitude())


def residual_map(cell: Cell) -> np.ndarray | None:
    """Return the data-consistency residual of a result that was made without a reference.

    Returns
    -------
    float32 array, (i, j, k), or None
        Magnitude of the part of the reconstruction that contradicts the measured samples, in
        the unit of the image; see `Result`.
    """
    if cell.result is None or cell.result.residual is None or cell.is_resampled:
        return None
    return cell.result.residual.magnitude()


def residual_score(result: Result) -> Score | None:
    """Return the norm of the residual as a share of that of the zero-filled image, or None."""
    if result.residual is None:
        return None
    norm = float(np.linalg.norm(result.zero_filled.magnitude().astype(np.float64)))
    own = float(np.linalg.norm(result.residual.magnitude().astype(np.float64)))
    depends = (
        "norm of the part of the reconstruction that contradicts the measured samples, divided by "
        "the norm of the zero-filled image; 0 says nothing about what was not measured"
    )
    return Score(RESIDUAL, own / norm if norm else float("nan"), depends=depends)
