# SPDX-License-Identifier: BSD-3-Clause
"""Mean absolute error of an image: a headline, so it is shown everywhere."""

from __future__ import annotations

import numpy as np

from napari_mtmri.metrics.base import ImagePair, Metric, Quantity, Score, everywhere

DEPENDS = "mean of |predicted - reference| over the field of view"


def measure(pair: ImagePair) -> list[Score]:
    slices = [
        (index, float(np.abs(ours - theirs).mean())) for index, ours, theirs, _ in pair.slices()
    ]
    volume = float(np.mean([value for _, value in slices]))
    return [
        Score("MAE", volume, depends=DEPENDS),
        *(Score("MAE", value, "", "slice", index, depends=DEPENDS) for index, value in slices),
    ]


MAE = Metric(
    name="mae",
    title="Mean absolute error",
    kind="image",
    summary="Mean distance of the two images.",
    depends=DEPENDS,
    gives=(Quantity("MAE", "Mean absolute error, 0 is perfect", "lower", shown=everywhere(1)),),
    measure=measure,
    scopes=frozenset({"volume", "slice"}),
)
