# SPDX-License-Identifier: BSD-3-Clause
"""Structural similarity."""

from __future__ import annotations

import math

import numpy as np

from napari_mtmri.metrics.base import (
    FIELD_OF_VIEW,
    OBJECT,
    ImagePair,
    Metric,
    Quantity,
    Score,
    everywhere,
)
from napari_mtmri.metrics.object_mask import HOW
from napari_mtmri.metrics.scores import Scope

WINDOW = 7
BORDER = (WINDOW - 1) // 2
K1, K2 = 0.01, 0.03
MAP = (
    f"{WINDOW} x {WINDOW} uniform window in the slice, K1 {K1}, K2 {K2}, sample covariance; "
    f"range = maximum of the reference volume; border of {BORDER} pixels left out"
)
OVER_SLICES = "mean over slices"
OVER_OBJECT = f"map averaged over the object ({HOW})"


def measure(pair: ImagePair) -> list[Score]:
    """Return the structural similarity of the volume and of each slice.

    For the field of view of a volume, it is the mean over slices of scikit-image's value;
    for the object, the mean of the SSIM map over all its voxels, so that slices are weighted
    by the area of the object.

    References
    ----------
    Wang et al., IEEE TIP 13(4), 2004, with the window of scikit-image; the range of
    the volume as in Zbontar et al., fastMRI, arXiv 1811.08839.
    """
    height, width = pair.reference.shape[1:]
    why = "reference is zero" if pair.data_range <= 0 else ""
    if min(height, width) < WINDOW:
        why = f"slice smaller than {WINDOW}"
    rows: list[Score] = []
    means: list[float] = []
    total, count = 0.0, 0
    for index, prediction, reference, inside in pair.slices():
        values = None if why else _map(prediction, reference, pair.data_range)
        means.append(math.nan if values is None else float(values.mean()))
        rows.append(_score("slice", index, FIELD_OF_VIEW, means[-1], why))
        if inside is not None:
            chosen = np.zeros(0) if values is None else values[_inner(inside)]
            total, count = total + float(chosen.sum()), count + chosen.size
            rows.append(_object_score("slice", index, float(chosen.sum()), chosen.size, why))
    volume = [_score("volume", None, FIELD_OF_VIEW, float(np.mean(means)), why)]
    if pair.object_mask is not None:
        volume.append(_object_score("volume", None, total, count, why))
    return volume + rows


def _map(prediction: np.ndarray, reference: np.ndarray, data_range: float) -> np.ndarray:
    """Return the SSIM of every pixel whose window lies inside the slice."""
    from skimage.metrics import structural_similarity

    _, values = structural_similarity(
        reference,
        prediction,
        win_size=WINDOW,
        data_range=data_range,
        K1=K1,
        K2=K2,
        use_sample_covariance=True,
        gaussian_weights=False,
        full=True,
    )
    inner: np.ndarray = values[BORDER:-BORDER, BORDER:-BORDER]
    return inner


def _inner(inside: np.ndarray) -> np.ndarray:
    return inside[BORDER:-BORDER, BORDER:-BORDER]


def _object_score(scope: Scope, item: int | None, total: float, count: int, why: str) -> Score:
    value = total / count if count else math.nan
    return _score(scope, item, OBJECT, value, why or ("" if count else "no object"))


def _score(scope: Scope, item: int | None, region: str, value: float, flag: str) -> Score:
    how = OVER_OBJECT if region == OBJECT else OVER_SLICES
    depends = f"{MAP}; {how}" if scope == "volume" or region == OBJECT else MAP
    return Score("SSIM", value, "", scope, item, region, depends, flag)


SSIM = Metric(
    name="ssim",
    title="Structural similarity",
    kind="image",
    summary="Local similarity of brightness, contrast and structure, at most 1.",
    depends=f"{MAP}; {OVER_SLICES}",
    gives=(Quantity("SSIM", "Structural similarity, 1 is perfect", shown=everywhere(4, panel=3)),),
    citations=(
        "Wang, Bovik, Sheikh, Simoncelli. Image quality assessment: from error visibility to "
        "structural similarity. IEEE Trans. Image Process. 13(4), 2004.",
    ),
    measure=measure,
    scopes=frozenset({"volume", "slice"}),
    place=20,
)
