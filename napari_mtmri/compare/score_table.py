# SPDX-License-Identifier: BSD-3-Clause
"""Table of the scores of the volume: rows are cells, columns are scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import NOT_COMPARED, Comparison
from napari_mtmri.compare.errors import RESIDUAL, residual_score
from napari_mtmri.compare.mask_spread import SPREAD, spread_score
from napari_mtmri.compare.slices import LESION_ERROR, lesion_error, measure_cell
from napari_mtmri.metrics.base import (
    FIELD_OF_VIEW,
    Quantity,
    Score,
    all_metrics,
    format_value,
    quantities,
)
from napari_mtmri.metrics.scores import COLUMNS
from napari_mtmri.tables import csv_text

CLASS = "class "
RESIDUAL_QUANTITY = Quantity(
    RESIDUAL,
    "How much of the reconstruction contradicts the measured samples, as a share of the image",
    None,
    shown={"panel": 4},
)
SPREAD_QUANTITY = Quantity(
    SPREAD,
    "How much the image depends on the sampling mask, as a share of the image",
    None,
    shown={"panel": 4},
)


@dataclass(frozen=True)
class Column:
    """One column: a score in one region.

    Parameters
    ----------
    quantity : Quantity
    region : str
        "field of view", "lesions", or the class of a segmentation.
    unit : str
        Unit of the values: "voxel" in place of that of the quantity if the spacing is unknown.
    """

    quantity: Quantity
    region: str
    unit: str = ""

    @property
    def is_of_labels(self) -> bool:
        """Whether it is a score of a segmentation."""
        return self.region.startswith(CLASS)

    @property
    def title(self) -> str:
        """Heading: "PSNR (dB)", or "Dice, class 2" from the second class on."""
        later = self.is_of_labels and self.region != "class 1"
        name = f"{self.quantity.name} ({self.unit})" if self.unit else self.quantity.name
        return f"{name}, {self.region}" if later else name

    def text(self, score: Score | None) -> str:
        """Return a value as shown in the table: "—" where nothing was measured."""
        if score is None:
            return "—"
        return format_value(score.value, score.unit, self.quantity.shown.get("panel"))


@dataclass(frozen=True)
class ScoreTable:
    """Scores of the volume.

    Parameters
    ----------
    columns : tuple of Column
    rows : mapping of cell name to tuple of Score or None
        One for each column, None where nothing was measured; each says what it depends on.
    remark : str
        Why nothing is compared, or what makes the scores hard to compare; or empty.
    """

    columns: tuple[Column, ...]
    rows: Mapping[str, tuple[Score | None, ...]]
    remark: str = ""

    def value(self, cell: str, quantity: str) -> float:
        """Return a value by the names of cell and score, NaN if it was not measured."""
        for column, score in zip(self.columns, self.rows[cell], strict=True):
            if column.quantity.name == quantity and score is not None:
                return score.value
        return math.nan

    def depends(self) -> dict[str, str]:
        """Return what the scores of each column depend on, by the title of the column."""
        found = {}
        for place, column in enumerate(self.columns):
            scores = (row[place] for row in self.rows.values())
            found[column.title] = next((score.depends for score in scores if score is not None), "")
        return found

    def to_csv(self) -> str:
        """Return the table as CSV, one line for each score."""
        lines = [
            {"of": name, **score.record()}
            for name, scores in self.rows.items()
            for score in scores
            if score is not None
        ]
        return csv_text(("of", *COLUMNS), lines)


def score_table(comparison: Comparison) -> ScoreTable:
    """Return the scores of the volume for all cells that can be compared.

    All are measured again from the images, in the same way for every cell. Without a reference
    the data-consistency residual and the spread over masks take the place of image scores.
    """
    return comparison.remember("scores", lambda: _table(comparison))


def _table(comparison: Comparison) -> ScoreTable:
    every_cell = {cell.name: _scores(comparison, cell) for cell in comparison.cells}
    found = {name: scores for name, scores in every_cell.items() if scores}
    every = dict.fromkeys(column for scores in found.values() for column in scores)
    columns = [  # of images first, then of segmentations
        column
        for column in sorted(every, key=lambda column: column.is_of_labels)
        if any(
            not math.isnan(scores[column].value) for scores in found.values() if column in scores
        )
    ]
    rows = {name: tuple(map(scores.get, columns)) for name, scores in found.items()}
    remarks = [] if comparison.reference else [NOT_COMPARED]
    return ScoreTable(tuple(columns), rows, "\n".join(remarks + _unequal_sizes(comparison)))


def _unequal_sizes(comparison: Comparison) -> list[str]:
    """Return a remark if the networks of the cells differ in size, which scores depend on."""
    sizes: dict[str, list[str]] = {}
    for cell in comparison.cells:
        weights = () if cell.result is None else cell.result.provenance.get("weights") or ()
        size = " + ".join(dict.fromkeys(one["size"] for one in weights if one.get("size")))
        if size:
            sizes.setdefault(size, []).append(cell.name)
    if len(sizes) < 2:
        return []
    named = "; ".join(f"{size}: {', '.join(names)}" for size, names in sizes.items())
    return [
        f"The networks differ in size, and perhaps in their training ({named}): the scores do not "
        "tell which method is better."
    ]


def _scores(comparison: Comparison, cell: Cell) -> dict[Column, Score]:
    """Return the scores of one cell by their column, in the order of the metrics."""
    found = _without_reference(comparison, cell) if comparison.reference is None else {}
    for metric in all_metrics():
        scored = comparison.compared if metric.kind == "image" else comparison.segmented
        if cell not in scored:
            continue
        rows = measure_cell(comparison, cell, metric)
        for one in metric.gives:
            for row in rows if "panel" in one.shown else ():
                wanted = metric.kind == "labels" or row.region == FIELD_OF_VIEW
                if row.metric == one.name and row.scope == "volume" and wanted:
                    found.setdefault(Column(one, row.region, row.unit), row)
    if comparison.base is None:
        found |= _stored(cell)
    if cell in comparison.compared and comparison.base is not None:
        score = lesion_error(comparison, cell)
        found[Column(LESION_ERROR, score.region)] = score
    return found


def _stored(cell: Cell) -> dict[Column, Score]:
    """Return the scores of a segmentation that were stored with the result."""
    scores = None if cell.result is None else cell.result.scores.get(cell.result.method)
    found: dict[Column, Score] = {}
    for one in quantities("panel", "labels") if scores is not None else ():
        for row in scores.rows if scores is not None else ():
            if row.metric == one.name and row.scope == "volume":
                note = f"{row.depends}; measured when the result was made"
                found[Column(one, row.region, row.unit)] = replace(row, depends=note)
    return found


def _without_reference(comparison: Comparison, cell: Cell) -> dict[Column, Score]:
    """Return what takes the place of image scores: residual, and spread over masks."""
    residual = None if cell.result is None else residual_score(cell.result)
    scores = ((RESIDUAL_QUANTITY, residual), (SPREAD_QUANTITY, spread_score(comparison, cell)))
    return {Column(one, score.region): score for one, score in scores if score is not None}
