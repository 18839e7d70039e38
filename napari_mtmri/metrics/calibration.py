# SPDX-License-Identifier: BSD-3-Clause
"""Calibration of probabilities: predicted against observed frequency, and temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_mtmri.metrics.base import LabelPair, Metric, Quantity, Score

NEAR_PIXELS = 3
N_BINS = 10
TEMPERATURES = (0.25, 8.0)  # smallest and largest


@dataclass(frozen=True)
class Bin:
    """Pixels whose predicted probability lies in one interval.

    Parameters
    ----------
    n : int
        Number of pixels.
    predicted, observed : float
        Mean predicted probability, and the share of the pixels that are foreground in the
        reference.
    """

    n: int
    predicted: float
    observed: float


def near_border(reference: np.ndarray, pixels: int = NEAR_PIXELS) -> np.ndarray:
    """Return the pixels near the border of the foreground, where probabilities matter.

    Parameters
    ----------
    reference : bool array, (slice, row, column)
        Foreground of the reference labels.
    pixels : int
        Largest distance in the plane, in pixels, to the nearest pixel of the other kind.

    Returns
    -------
    bool array, (slice, row, column)
        False in slices without foreground.
    """
    from scipy.ndimage import distance_transform_edt

    near = np.zeros(reference.shape, bool)
    for index, plane in enumerate(reference):
        if plane.any() and not plane.all():
            distance = np.where(plane, *map(distance_transform_edt, (plane, ~plane)))
            near[index] = distance <= pixels
    return near


def reliability(probability: np.ndarray, reference: np.ndarray, n_bins: int = N_BINS) -> list[Bin]:
    """Return predicted and observed frequency in intervals of equal width.

    Parameters
    ----------
    probability : float array, any shape
        From 0 to 1.
    reference : bool array, same shape
    n_bins : int

    Returns
    -------
    list of Bin
        Without empty intervals.
    """
    probability, reference = np.ravel(probability), np.ravel(reference)
    index = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    counts = np.bincount(index, minlength=n_bins)
    predicted = np.bincount(index, probability, n_bins)
    observed = np.bincount(index, reference, n_bins)
    return [
        Bin(int(n), float(p / n), float(o / n))
        for n, p, o in zip(counts, predicted, observed, strict=True)
        if n
    ]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Return the mean difference of predicted and observed frequency, weighted by pixels.

    NaN without pixels.

    References
    ----------
    Naeini, Cooper and Hauskrecht, AAAI 2015; Guo et al., ICML 2017.
    """
    total = sum(one.n for one in bins)
    if not total:
        return float("nan")
    return sum(one.n * abs(one.predicted - one.observed) for one in bins) / total


def best_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the divisor of the logits with the smallest cross-entropy.

    It leaves every label as it is (the largest probability stays the largest).

    Parameters
    ----------
    logits : float array, (pixel, channel)
        One channel: of a sigmoid; several: of a softmax with background first.
    labels : integer array, (pixel,)

    Returns
    -------
    float
        From 0.25 to 8; 1 without pixels.

    References
    ----------
    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_expit, log_softmax

    if not len(labels):
        return 1.0

    def cost(log_temperature: float) -> float:
        scaled = logits.astype(float) / np.exp(log_temperature)
        if logits.shape[1] == 1:
            return -float(log_expit(np.where(labels > 0, 1, -1) * scaled[:, 0]).mean())
        chosen = np.take_along_axis(log_softmax(scaled, axis=1), labels[:, None], axis=1)
        return -float(chosen.mean())

    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(cost, bounds=(low, high), method="bounded")
    return float(np.exp(found.x))


DEPENDS = f"voxels within {NEAR_PIXELS} pixels of the reference border; {N_BINS} bins"


def measure(pair: LabelPair) -> list[Score]:
    """Return the calibration error near the border of the reference; nothing without probabilities.

    Away from the border almost every probability is 0 or 1, and right.
    """
    if pair.probability is None:
        return []
    near = near_border(pair.reference)
    bins = reliability(pair.probability[near], pair.reference[near])
    value = expected_calibration_error(bins)
    flag = "" if math.isfinite(value) else "no border"
    return [Score("calibration error", value, region=pair.region, depends=DEPENDS, flag=flag)]


CALIBRATION = Metric(
    name="calibration",
    title="Calibration error",
    kind="labels",
    summary="Mean difference of predicted probability and observed frequency near the border.",
    depends=DEPENDS,
    gives=(
        Quantity(
            "calibration error",
            "Mean difference of predicted and true frequency near the reference border",
            "lower",
            shown={"summary": 3},
        ),
    ),
    citations=(
        "Naeini MP, Cooper GF, Hauskrecht M. Obtaining well calibrated probabilities using "
        "Bayesian binning. AAAI 2015.",
    ),
    measure=measure,
    place=70,
)
