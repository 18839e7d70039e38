# SPDX-License-Identifier: BSD-3-Clause
"""Predicted and reference volume of a class, and their difference."""

from __future__ import annotations

import math

import numpy as np

from napari_mtmri.metrics.base import LabelPair, Metric, Quantity, Score

DEPENDS = "predicted minus drawn; voxels counted whole"


def measure(pair: LabelPair) -> list[Score]:
    """Return both volumes, and their difference in ml and relative to the reference."""
    voxel, unit = pair.voxel
    found = int(np.count_nonzero(pair.prediction))
    drawn = int(np.count_nonzero(pair.reference))
    values = {
        "volume": (found * voxel, unit),
        "reference volume": (drawn * voxel, unit),
        "volume difference": ((found - drawn) * voxel, unit),
        "relative volume difference": ((found - drawn) / drawn if drawn else math.nan, ""),
    }
    return [
        Score(name, value, of, region=pair.region, depends=DEPENDS, flag=pair.flag)
        for name, (value, of) in values.items()
    ]


VOLUME_DIFFERENCE = Metric(
    name="volume-difference",
    title="Volume difference",
    kind="labels",
    summary="How much larger the predicted volume is than the reference volume.",
    depends=DEPENDS,
    gives=(
        Quantity(
            "volume",
            "Volume of the segmentation",
            None,
            "ml",
            "lesion volume",
            shown={"panel": 2},
        ),
        Quantity("reference volume", "Volume of the reference segmentation", None, "ml", shown={}),
        Quantity("volume difference", "Predicted minus reference volume", "zero", "ml", shown={}),
        Quantity(
            "relative volume difference",
            "Volume difference divided by the reference volume",
            "zero",
            shown={},
        ),
    ),
    measure=measure,
    place=60,
)
