# SPDX-License-Identifier: BSD-3-Clause
"""Values of every cell at one voxel."""

from __future__ import annotations

from dataclasses import dataclass

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.compare.errors import residual_map
from napari_mtmri.compare.mask_spread import mask_spread


@dataclass(frozen=True)
class Reading:
    """What one cell shows at one voxel; None where there is no such thing.

    Parameters
    ----------
    name : str
    value, error : float, optional
        Of the image, in its unit.
    residual : float, optional
        Data-consistency residual, if there is no reference.
    spread : float, optional
        Standard deviation over ``n_masks`` sampling masks.
    label : int, optional
    lesion_percent : float, optional
        Share of the masks whose result has a label here.
    n_masks : int
    """

    name: str
    value: float | None = None
    error: float | None = None
    residual: float | None = None
    spread: float | None = None
    label: int | None = None
    lesion_percent: float | None = None
    n_masks: int = 0

    @property
    def text(self) -> str:
        """One line: "mtmri R4: 312, error −4.1, label 1"."""
        parts = [] if self.value is None else [f"{self.value:.4g}"]
        if self.error is not None:
            sign = "−" if self.error < 0 else "+"
            parts.append(f"error {sign}{abs(self.error):.3g}")
        if self.residual is not None:
            parts.append(f"residual {self.residual:.3g}")
        if self.spread is not None:
            parts.append(f"SD {self.spread:.3g} over {self.n_masks} masks")
        if self.label is not None:
            parts.append(f"label {self.label}")
        if self.lesion_percent is not None:
            parts.append(f"lesion in {self.lesion_percent:.0f} % of {self.n_masks} masks")
        return f"{self.name}: {', '.join(parts) or '—'}"


def readings(comparison: Comparison, voxel: tuple[int, int, int]) -> tuple[Reading, ...]:
    """Return value, error and label of every cell at a voxel.

    Without a reference, residual and spread over masks take the place of the error.

    Parameters
    ----------
    comparison : Comparison
    voxel : (int, int, int)
        In the voxel axes of the file.

    Returns
    -------
    tuple of Reading
        In the order of the cells; empty outside the grid.
    """
    if not all(0 <= at < side for at, side in zip(voxel, comparison.grid.shape, strict=True)):
        return ()
    return tuple(_reading(comparison, cell, voxel) for cell in comparison.cells)


def _reading(comparison: Comparison, cell: Cell, voxel: tuple[int, int, int]) -> Reading:
    value = None if cell.magnitude is None else float(cell.magnitude[voxel])
    label = None if cell.labels is None else int(cell.labels.data[voxel])
    if comparison.reference is None:
        residual, spread = residual_map(cell), mask_spread(comparison, cell)
        sd, percent = (None, None) if spread is None else (spread.sd, spread.lesion_percent)
        return Reading(
            cell.name,
            value,
            residual=None if residual is None else float(residual[voxel]),
            spread=None if sd is None else float(sd.data[voxel]),
            label=label,
            lesion_percent=None if percent is None else float(percent.data[voxel]),
            n_masks=0 if spread is None else spread.n,
        )
    error = None
    if cell in comparison.compared and value is not None:
        error = value - float(comparison.reference.magnitude()[voxel])
    return Reading(cell.name, value, error, label=label)
