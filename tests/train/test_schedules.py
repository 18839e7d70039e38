# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import RequestError
from napari_mtmri.train.drlc import loss_weights
from napari_mtmri.train.itfs import shows_truth
from napari_mtmri.train.recipe import PRESETS, Recipe, make_recipe


@given(st.sampled_from(["exponential", "linear"]), st.floats(0, 100), st.integers(1, 100))
def test_weights_sum_to_one_and_alpha_never_rises(kind: str, time: float, epochs: int) -> None:
    recipe = Recipe(weighting=kind, epochs=epochs)
    alpha, beta = loss_weights(recipe, time)
    assert alpha + beta == pytest.approx(1)
    assert 0.05 <= alpha + 1e-12 <= 0.8 + 1e-9
    assert loss_weights(recipe, time + 1)[0] <= alpha + 1e-12


def test_the_printed_equation_reaches_its_floor_in_the_second_epoch() -> None:
    recipe = Recipe(time_constant=1)
    alphas = [loss_weights(recipe, t)[0] for t in range(4)]
    assert alphas == pytest.approx([0.8, 0.1679, 0.05, 0.05], abs=1e-4)


def test_the_stretched_equation_follows_the_length_of_the_training() -> None:
    recipe = Recipe(epochs=50)
    assert loss_weights(recipe, 5)[0] == pytest.approx(0.4065, abs=1e-4)
    assert loss_weights(recipe, 10)[0] == pytest.approx(0.1679, abs=1e-4)
    assert loss_weights(recipe, 14)[0] == pytest.approx(0.05)


def test_linear_weights_end_at_the_floor_in_the_last_epoch() -> None:
    recipe = Recipe(weighting="linear", epochs=11)
    assert loss_weights(recipe, 0)[0] == pytest.approx(0.8)
    assert loss_weights(recipe, 10)[0] == pytest.approx(0.05)


def test_fixed_weights_stay() -> None:
    recipe = Recipe(weighting="fixed", fixed_alpha=0.2, fixed_beta=0.8)
    assert loss_weights(recipe, 0) == loss_weights(recipe, 9) == (0.2, 0.8)


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("alternate", [True, False, True, False]),
        ("per_epoch", [True, True, False, False]),
        ("always", [True] * 4),
        ("never", [False] * 4),
    ],
)
def test_truth_and_own_output_take_turns(mode: str, shown: list[bool]) -> None:
    recipe = Recipe(teacher_forcing=mode)
    assert [shows_truth(recipe, update, update // 2) for update in range(4)] == shown


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_recipe(preset: str) -> None:
    assert make_recipe(preset, {}) == Recipe(**PRESETS[preset])


def test_a_wrong_key_or_value_is_named() -> None:
    with pytest.raises(RequestError, match="epoch"):
        make_recipe("cpu-size", {"epoch": 3})
    with pytest.raises(RequestError, match="-1"):
        make_recipe("cpu-size", {"epochs": -1})
    with pytest.raises(RequestError, match="cpu-size"):
        make_recipe("gpu", {})
