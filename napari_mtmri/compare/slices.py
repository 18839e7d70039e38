# SPDX-License-Identifier: BSD-3-Clause
"""Scores of each slice, one curve per cell, and the slices worth a look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.compare.errors import error_map
from napari_mtmri.compare.masks import disagreement_counts
from napari_mtmri.errors import RequestError
from napari_mtmri.metrics.base import Metric, Quantity, all_metrics, main_quantity
from napari_mtmri.metrics.measure import Truth
from napari_mtmri.metrics.scores import Score
from napari_mtmri.result import ZERO_FILLED

LESION_ERROR = Quantity(
    "lesion error",
    "Root mean square error inside the lesions of the reference, as a share of its maximum",
    "lower",
    shown={"panel": 4},
)
LESION_ERROR_DEPENDS = (
    "root mean square error over the labelled voxels of the reference segmentation, divided by the "
    "maximum of the reference volume"
)


@dataclass(frozen=True, eq=False)
class SliceScores:
    """One score of every slice, one curve per cell.

    Parameters
    ----------
    quantity : Quantity
        Name, unit, tip and best direction.
    depends : str
        Settings that the scores depend on.
    values : mapping of cell name to float64 array, (n_slices,)
        NaN where it is not defined.
    """

    quantity: Quantity
    depends: str
    values: Mapping[str, np.ndarray]

    def worst(self, cell: str | None = None) -> int | None:
        """Return the worst slice of a cell, by default of any; None if no value is defined."""
        curves = list(self.values.values()) if cell is None else [self.values[cell]]
        better = self.quantity.better
        # A perfect PSNR and a missed surface are infinite.
        stack = np.array([np.abs(one) if better == "zero" else one for one in curves])
        if not stack.size or np.isnan(stack).all():
            return None
        badness = -stack if better == "higher" else stack
        return int(np.nanargmax(badness) % stack.shape[1])


def strip_quantities(comparison: Comparison) -> tuple[Quantity, ...]:
    """Return the scores that can be shown for each slice.

    Of all registered metrics that measure slices, the headlines that the cells allow; and the
    error inside the lesions if there is a reference and its segmentation.
    """
    kinds = (["image"] if comparison.compared else []) + (
        ["labels"] if comparison.segmented else []
    )
    found = [
        one
        for metric in all_metrics()
        if metric.kind in kinds and "slice" in metric.scopes
        for one in metric.gives
        if one.is_headline
    ]
    if comparison.compared and comparison.base is not None:
        found.append(LESION_ERROR)
    return tuple(found)


def slice_scores(comparison: Comparison, name: str) -> SliceScores:
    """Return one score of every slice along the axis of the view.

    Parameters
    ----------
    comparison : Comparison
    name : str
        Name of one of `strip_quantities`.

    Raises
    ------
    RequestError
        If the cells do not allow this score.
    """
    known = strip_quantities(comparison)
    wanted = next((one for one in known if one.name == name), None)
    if wanted is None:
        names = ", ".join(one.name for one in known) or "none: there is no reference"
        raise RequestError(
            f"`name` {name!r} is not a score of these slices; choose one of {names}."
        )
    key = ("slices", name, comparison.axis)
    return comparison.remember(key, lambda: _slice_scores(comparison, wanted))


def _slice_scores(comparison: Comparison, wanted: Quantity) -> SliceScores:
    if wanted is LESION_ERROR:
        values = {cell.name: _lesion_errors(comparison, cell) for cell in comparison.compared}
        return SliceScores(wanted, LESION_ERROR_DEPENDS, values)
    metric = next(one for one in all_metrics() if wanted in one.gives)
    values, depends = {}, metric.depends
    empty = np.zeros(comparison.n_slices, bool)
    if metric.kind == "image" and comparison.reference is not None:
        # 100 dB and more where nothing was scanned would flatten the curve of all other slices.
        others = tuple(axis for axis in range(3) if axis != comparison.axis)
        empty = np.asarray(~comparison.reference.magnitude().any(axis=others))
    for cell in comparison.compared if metric.kind == "image" else comparison.segmented:
        rows = [
            row
            for row in measure_cell(comparison, cell, metric)
            if row.metric == wanted.name and row.scope == "slice"
        ]
        curve = np.full(comparison.n_slices, np.nan)
        for row in rows:
            if row.item is not None and row.region == rows[0].region:
                curve[row.item] = row.value
        curve[empty] = np.nan
        values[cell.name] = curve
        depends = rows[0].depends if rows else depends
    return SliceScores(wanted, depends, values)


def measure_cell(comparison: Comparison, cell: Cell, metric: Metric) -> list[Score]:
    """Return all rows of a metric for one cell, with slices along the axis of the view."""
    key = ("rows", metric.name, cell.name, comparison.axis)
    return comparison.remember(key, lambda: _rows(comparison, cell, metric))


def _rows(comparison: Comparison, cell: Cell, metric: Metric) -> list[Score]:
    truth = comparison.remember(("truth", comparison.axis), lambda: _truth(comparison))
    if metric.kind == "image":
        pair = truth.image_pair(_along(comparison, cell.magnitude))
        return [] if pair is None else metric.measure(pair)
    labels = None if cell.labels is None else _along(comparison, cell.labels.data)
    grid, axis = comparison.grid, comparison.axis
    sides = [grid.spacing[axis], *(s for a, s in enumerate(grid.spacing) if a != axis)]
    pairs = truth.label_pairs(labels, sides if grid.spacing_known else None)
    return [row for pair in pairs for row in metric.measure(pair)]


def _truth(comparison: Comparison) -> Truth:
    image, base = comparison.reference, comparison.base
    drawn = None if base is None or base.labels is None else base.labels.data
    return Truth(
        _along(comparison, None if image is None else image.magnitude()), _along(comparison, drawn)
    )


def _along(comparison: Comparison, data: np.ndarray | None) -> np.ndarray | None:
    """Return an array with the axis of the view first."""
    return None if data is None else np.moveaxis(data, comparison.axis, 0)


def _lesion_errors(comparison: Comparison, cell: Cell) -> np.ndarray:
    """Return the lesion error of every slice; NaN where there is no lesion."""
    sums, counts = _lesion_sums(comparison, cell)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(sums / counts))


def lesion_error(comparison: Comparison, cell: Cell) -> Score:
    """Return the error of a cell inside the lesions of the base, over the volume."""
    sums, counts = _lesion_sums(comparison, cell)
    value = float(np.sqrt(sums.sum() / counts.sum())) if counts.any() else float("nan")
    return Score(LESION_ERROR.name, value, region="lesions", depends=LESION_ERROR_DEPENDS)


def _lesion_sums(comparison: Comparison, cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Return per slice the squared relative error inside the lesions, and their voxels."""
    error, base = error_map(comparison, cell), comparison.base
    empty = np.zeros(comparison.n_slices)
    if error is None or base is None or base.labels is None or comparison.reference is None:
        return empty, empty
    inside = base.labels.data > 0
    peak = float(comparison.reference.magnitude().max()) or 1.0
    squares = np.where(inside, error.astype(np.float64) / peak, 0) ** 2
    others = tuple(axis for axis in range(3) if axis != comparison.axis)
    return squares.sum(axis=others), inside.sum(axis=others)


def worst_slice(comparison: Comparison) -> int:
    """Return the slice with the worst main score of any method: PSNR, else Dice.

    The zero-filled image counts only if it is the only one.

    Raises
    ------
    RequestError
        If nothing can be scored.
    """
    cells = comparison.compared or comparison.segmented
    if not cells:
        raise RequestError("`slice` worst: there is nothing to compare with; give a `reference`.")
    scores = slice_scores(
        comparison, main_quantity("image" if comparison.compared else "labels").name
    )
    names = [
        cell.name for cell in cells if cell.result is not None and cell.result.method != ZERO_FILLED
    ]
    chosen = SliceScores(
        scores.quantity,
        scores.depends,
        {name: scores.values[name] for name in names or scores.values},
    )
    found = chosen.worst()
    return comparison.slice if found is None else found


def most_disputed_slice(comparison: Comparison) -> int | None:
    """Return the slice with the most missed and extra voxels; None if the masks agree."""
    counts = disagreement_counts(comparison)
    return int(counts.argmax()) if counts.any() else None


def largest_lesion_slice(comparison: Comparison) -> int | None:
    """Return the slice with the most labelled voxels, of the base or of any cell; or None."""
    others = tuple(axis for axis in range(3) if axis != comparison.axis)
    for cell in (comparison.base, *comparison.cells):
        if cell is not None and cell.labels is not None and (cell.labels.data > 0).any():
            return int((cell.labels.data > 0).sum(axis=others).argmax())
    return None
