# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit

from napari_mtmri.errors import InputError
from napari_mtmri.metrics.calibration import (
    best_temperature,
    expected_calibration_error,
    near_border,
    reliability,
)
from napari_mtmri.metrics.measure import measure_all


def drawn(logits: np.ndarray, seed: int = 0) -> np.ndarray:
    """Labels that have exactly the probabilities of the logits."""
    return np.random.default_rng(seed).random(len(logits)) < expit(logits[:, 0])


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 2, (40_000, 1))


def test_probabilities_that_are_frequencies_have_no_error(logits: np.ndarray) -> None:
    bins = reliability(expit(logits[:, 0]), drawn(logits))
    assert sum(one.n for one in bins) == len(logits)
    assert expected_calibration_error(bins) < 0.01


def test_the_error_agrees_with_torch_free_arithmetic() -> None:
    bins = reliability(np.array([0.15, 0.12, 0.95, 1.0]), np.array([0, 1, 1, 1], bool))
    assert [one.n for one in bins] == [2, 2]
    # |0.135 - 0.5| and |0.975 - 1|, half of the pixels each
    assert expected_calibration_error(bins) == pytest.approx((0.365 + 0.025) / 2)
    assert math.isnan(expected_calibration_error([]))


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_a_factor_of_the_logits(factor: float, logits: np.ndarray) -> None:
    assert best_temperature(factor * logits, drawn(logits)) == pytest.approx(factor, rel=0.05)


def test_two_channels_of_a_softmax_are_one_of_a_sigmoid(logits: np.ndarray) -> None:
    labels = drawn(logits).astype(int)
    both = np.concatenate([np.zeros_like(logits), logits], axis=1)
    assert best_temperature(2 * both, labels) == pytest.approx(
        best_temperature(2 * logits, labels), rel=1e-3
    )


def test_the_border_is_near_on_both_sides() -> None:
    reference = np.zeros((2, 20, 20), bool)
    reference[1, 5:15, 5:15] = True
    near = near_border(reference, 3)
    assert not near[0].any()
    # Along a line through the middle of a side: three pixels inside and three outside.
    assert np.flatnonzero(near[1, 10, :10]).tolist() == [2, 3, 4, 5, 6, 7]
    assert not near[1, 10, 10]


def test_the_score_of_a_volume_is_the_error_near_the_border(rng: np.random.Generator) -> None:
    drawn = np.zeros((4, 24, 20), np.uint8)
    drawn[1:3, 6:15, 5:14] = 1
    probability = np.where(drawn, 0.95, 0.01) + rng.uniform(0, 0.05, drawn.shape)
    near = near_border(drawn > 0)
    probability[~near] = rng.random(np.count_nonzero(~near))  # far from the border: ignored
    scores = measure_all(None, None, drawn, drawn, spacing=None, probability=probability)
    wanted = expected_calibration_error(reliability(probability[near], drawn[near] > 0))
    assert scores.get("calibration error", "class 1") == pytest.approx(wanted)


@pytest.mark.parametrize("classes", [None, (1, 2)])
def test_without_a_probability_of_the_class_there_is_no_score(
    classes: tuple[int, ...] | None,
) -> None:
    drawn = np.ones((2, 8, 8), np.uint8)
    probability = None if classes is None else np.ones(drawn.shape)
    scores = measure_all(
        None, None, drawn, drawn, spacing=None, classes=classes, probability=probability
    )
    assert "calibration error" not in {row.metric for row in scores.rows}
    assert scores.get("Dice", "class 1") == 1


def test_probabilities_on_another_grid_are_refused() -> None:
    drawn = np.ones((2, 8, 8), np.uint8)
    with pytest.raises(InputError, match="probability"):
        measure_all(None, None, drawn, drawn, spacing=None, probability=np.ones((2, 8, 9)))
