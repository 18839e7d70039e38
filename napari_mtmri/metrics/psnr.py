# SPDX-License-Identifier: BSD-3-Clause
"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

from napari_mtmri.metrics.base import ImagePair, Metric, Quantity, Score, everywhere
from napari_mtmri.metrics.squared_errors import Sums, sums

PEAK = "peak = maximum of the reference volume"


def measure(pair: ImagePair) -> list[Score]:
    """Return ``10 log10(peak² / MSE)`` of the volume and of each slice.

    Slices are measured with the peak of the volume, so that dark slices at the ends are not
    favoured. The PSNR of the volume is not the mean over its slices.

    References
    ----------
    Peak and mean over the volume as in Zbontar et al., fastMRI, arXiv 1811.08839.
    """
    return [_score(part, pair.data_range) for part in sums(pair)]


def _score(part: Sums, peak: float) -> Score:
    value, flag = math.nan, ""
    if not part.count:
        flag = "no object"
    elif part.error == 0:
        value, flag = math.inf, "perfect"
    elif peak <= 0:
        flag = "reference is zero"
    else:
        value = 20 * math.log10(peak) - 10 * math.log10(part.error / part.count)
    depends = f"{PEAK}; mean squared error over the {part.where}; not rescaled"
    return Score("PSNR", value, "dB", part.scope, part.item, part.region, depends, flag)


PSNR = Metric(
    name="psnr",
    title="Peak signal-to-noise ratio",
    kind="image",
    summary="How far the error lies below the brightest voxel, in decibels.",
    depends=f"{PEAK}; mean squared error over the volume",
    gives=(
        Quantity(
            "PSNR",
            "Peak signal to noise ratio in dB, higher is better",
            "higher",
            "dB",
            shown=everywhere(2),
        ),
    ),
    citations=(
        "Zbontar et al. fastMRI: an open dataset and benchmarks for accelerated MRI. arXiv "
        "1811.08839, 2018 (definition of the peak).",
    ),
    measure=measure,
    scopes=frozenset({"volume", "slice"}),
    place=10,
)
