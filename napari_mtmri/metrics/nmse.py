# SPDX-License-Identifier: BSD-3-Clause
"""Normalised mean squared error."""

from __future__ import annotations

import math

from napari_mtmri.metrics.base import ImagePair, Metric, Quantity, Score
from napari_mtmri.metrics.squared_errors import Sums, sums

RATIO = "sum of squared errors / sum of squares of the reference"


def measure(pair: ImagePair) -> list[Score]:
    """Return ``|x̂ − x|² / |x|²`` of the volume and of each slice.

    References
    ----------
    Zbontar et al., fastMRI, arXiv 1811.08839.
    """
    return [_score(part) for part in sums(pair)]


def _score(part: Sums) -> Score:
    value, flag = math.nan, ""
    if not part.count:
        flag = "no object"
    elif part.reference == 0:
        flag = "reference is zero"
    else:
        value = part.error / part.reference
    depends = f"{RATIO}, over the {part.where}; not rescaled"
    return Score("NMSE", value, "", part.scope, part.item, part.region, depends, flag)


NMSE = Metric(
    name="nmse",
    title="Normalised mean squared error",
    kind="image",
    summary="Energy of the error as a fraction of the energy of the image.",
    depends=f"{RATIO}, over the volume",
    gives=(
        Quantity(
            "NMSE",
            "Normalized mean squared error, 0 is perfect",
            "lower",
            shown={"summary": 4, "line": 4, "panel": 4},
        ),
    ),
    measure=measure,
    scopes=frozenset({"volume", "slice"}),
    place=30,
)
