# SPDX-License-Identifier: BSD-3-Clause
"""Dice, precision and recall."""

from __future__ import annotations

import math

import numpy as np

from napari_mtmri.metrics.base import LabelPair, Metric, Quantity, Score, everywhere
from napari_mtmri.metrics.inputs import emptiness

DEPENDS = "voxels of the {}; no smoothing; Dice is 1 where both masks are empty, and flagged"


def measure(pair: LabelPair) -> list[Score]:
    """Return Dice, precision and recall of the volume, and Dice of each slice.

    The scores of the volume are computed from its voxel counts. A mean over slices would
    reward a network that finds nothing for every slice without a lesion.

    References
    ----------
    Dice, Ecology 26(3), 1945.
    """
    axes = (1, 2)
    both = np.count_nonzero(pair.prediction & pair.reference, axis=axes)
    found = np.count_nonzero(pair.prediction, axis=axes)
    drawn = np.count_nonzero(pair.reference, axis=axes)
    hits, n_found, n_drawn = int(both.sum()), int(found.sum()), int(drawn.sum())
    depends, flag = DEPENDS.format("volume"), emptiness(n_found > 0, n_drawn > 0)
    rows = [
        Score(name, value, region=pair.region, depends=depends, flag=flag)
        for name, value in _values(hits, n_found, n_drawn).items()
    ]
    for number, counts in enumerate(
        zip(both.tolist(), found.tolist(), drawn.tolist(), strict=True)
    ):
        flag = emptiness(counts[1] > 0, counts[2] > 0)
        item, place = pair.first_slice + number, DEPENDS.format("slice")
        rows += [
            Score(name, value, "", "slice", item, pair.region, place, flag)
            for name, value in _values(*counts).items()
        ]
    return rows


def _values(hits: int, n_found: int, n_drawn: int) -> dict[str, float]:
    return {
        "Dice": dice(hits, n_found, n_drawn),
        "precision": hits / n_found if n_found else math.nan,
        "recall": hits / n_drawn if n_drawn else math.nan,
    }


def dice(hits: int, n_found: int, n_drawn: int) -> float:
    """Return Dice from voxel counts: overlap, predicted and reference; 1 if both are empty."""
    return 2 * hits / (n_found + n_drawn) if n_found + n_drawn else 1.0


OVERLAP = Metric(
    name="overlap",
    title="Dice, precision, recall",
    kind="labels",
    summary="Overlap of the predicted and the reference mask, and its fraction of each.",
    depends=DEPENDS.format("volume"),
    gives=(
        Quantity(
            "Dice",
            "Overlap of segmentation and reference mask, 1 is perfect",
            shown=everywhere(3, summary=4, figure=4),
        ),
        Quantity(
            "precision",
            "Share of the segmentation that lies in the reference segmentation",
            shown={"summary": 4, "panel": 3, "study": 3},
        ),
        Quantity(
            "recall",
            "Share of the reference segmentation that was found",
            shown={"summary": 4, "panel": 3, "study": 3},
        ),
    ),
    citations=(
        "Dice. Measures of the amount of ecologic association between species. Ecology 26(3), 1945.",
    ),
    measure=measure,
    scopes=frozenset({"volume", "slice"}),
    place=40,
)
