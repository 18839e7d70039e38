# SPDX-License-Identifier: BSD-3-Clause
"""Scores of each slice and of the volume, and the slices worth a look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.metrics.base import Quantity, Score


@dataclass(frozen=True, eq=False)
class SliceScores:
    """One score of every slice, one curve per cell.

    Parameters
    ----------
    quantity : Quantity
        Name, unit, tip and best direction.
    depends : str
    values : mapping of cell name to float64 array, (n_slices,)
        NaN where it is not defined.
    """

    quantity: Quantity
    depends: str
    values: Mapping[str, np.ndarray]

    def worst(self, cell: str | None = None) -> int | None:
        """Return the worst slice of a cell, by default of any; None if no value is defined."""
        raise NotImplementedError


def strip_quantities(comparison: Comparison) -> tuple[Quantity, ...]:
    """Return the scores that the strip can show: of PSNR, SSIM, lesion error and Dice."""
    raise NotImplementedError


def slice_scores(comparison: Comparison, name: str) -> SliceScores:
    """Return one score of every slice along the axis of the view."""
    raise NotImplementedError


def most_disputed_slice(comparison: Comparison) -> int | None:
    """Return the slice with the largest disagreement of the segmentations, or None."""
    raise NotImplementedError


def largest_lesion_slice(comparison: Comparison) -> int | None:
    """Return the slice with the largest lesion of base, else of any cell, or None."""
    raise NotImplementedError


@dataclass(frozen=True)
class ScoreTable:
    """Scores of the volume: rows are cells, columns are metrics.

    Parameters
    ----------
    columns : tuple of Quantity
    rows : mapping of cell name to tuple of Score or None
        One for each column; each says what it depends on.
    remark : str
        Empty, or `NOT_COMPARED`.
    """

    columns: tuple[Quantity, ...]
    rows: Mapping[str, tuple[Score | None, ...]]
    remark: str = ""

    def to_csv(self) -> str:
        """Return the table as CSV with one line per score."""
        raise NotImplementedError


def score_table(comparison: Comparison) -> ScoreTable:
    """Return the scores of all cells; metrics are measured again, the same way for all."""
    raise NotImplementedError
