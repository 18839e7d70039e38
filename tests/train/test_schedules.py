# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import RequestError
from napari_mtmri.train.presets import PRESETS, make_recipe, notes
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.schedules import (
    dynamic_average,
    learning_rate,
    loss_weights,
    shows_truth,
    truth_share,
    weights_now,
    weights_over_epochs,
)


@given(st.sampled_from(["exponential", "linear"]), st.floats(0, 100), st.integers(1, 100))
def test_weights_sum_to_one_and_alpha_never_increases(kind: str, time: float, epochs: int) -> None:
    recipe = Recipe(weighting=kind, epochs=epochs)
    alpha, beta = loss_weights(recipe, time)
    assert alpha + beta == pytest.approx(1)
    assert 0.05 <= alpha + 1e-12 <= 0.8 + 1e-9
    assert loss_weights(recipe, time + 1)[0] <= alpha + 1e-12


def test_the_printed_equation_reaches_its_minimum_in_the_second_epoch() -> None:
    recipe = Recipe(time_constant=1)
    alphas = [loss_weights(recipe, t)[0] for t in range(4)]
    assert alphas == pytest.approx([0.8, 0.1679, 0.05, 0.05], abs=1e-4)


def test_the_stretched_equation_follows_the_length_of_the_training() -> None:
    recipe = Recipe(epochs=50)
    assert loss_weights(recipe, 5)[0] == pytest.approx(0.4065, abs=1e-4)
    assert loss_weights(recipe, 10)[0] == pytest.approx(0.1679, abs=1e-4)
    assert loss_weights(recipe, 14)[0] == pytest.approx(0.05)


def test_linear_weights_reach_the_minimum_in_the_last_epoch() -> None:
    recipe = Recipe(weighting="linear", epochs=11)
    assert loss_weights(recipe, 0)[0] == pytest.approx(0.8)
    assert loss_weights(recipe, 10)[0] == pytest.approx(0.05)


def test_fixed_weights_are_constant() -> None:
    recipe = Recipe(weighting="fixed", fixed_alpha=0.2, fixed_beta=0.8)
    assert loss_weights(recipe, 0) == loss_weights(recipe, 9) == (0.2, 0.8)


@pytest.mark.parametrize("kind", ["exponential", "linear", "fixed"])
@pytest.mark.parametrize("unit", ["epoch", "iteration"])
def test_drawn_weights_equal_those_of_the_training(kind: str, unit: str) -> None:
    recipe = Recipe(weighting=kind, t_unit=unit, epochs=7)
    epochs, alpha, beta = weights_over_epochs(recipe)
    assert epochs[0] == 0
    assert epochs[-1] == 7
    assert {float(number) for number in range(7)} <= set(epochs.tolist())
    for time, *weights in zip(epochs, alpha, beta, strict=True):
        clock = min(time // 1, 6) if unit == "epoch" else time
        assert tuple(weights) == loss_weights(recipe, clock)


def rates(n_updates: int, per_epoch: int = 10, **keys: object) -> list[float]:
    recipe = Recipe(learning_rate=0.5, **keys)
    return [learning_rate(recipe, update, per_epoch) for update in range(n_updates)]


def test_the_learning_rate_is_constant_by_default() -> None:
    assert rates(500, epochs=50) == [0.5] * 500


def test_the_learning_rate_rises_linearly_in_the_warm_up() -> None:
    assert rates(6, warmup_updates=4) == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    assert rates(6, warmup_updates=1) == [0.5] * 6
    warm = rates(50, warmup_updates=4, schedule="cosine", epochs=5)
    plain = rates(50, schedule="cosine", epochs=5)
    assert warm[:4] == pytest.approx([plain[n] * (n + 1) / 4 for n in range(4)])
    assert warm[4:] == plain[4:]


def test_the_learning_rate_decreases_in_steps_of_whole_epochs() -> None:
    found = rates(70, lr_decay=0.1, lr_decay_every=3)
    assert found == pytest.approx([0.5] * 30 + [0.05] * 30 + [0.005] * 10)


def test_the_learning_rate_decreases_as_a_cosine_to_0() -> None:
    found = rates(51, schedule="cosine", epochs=5)
    assert found[0] == 0.5
    assert found[25] == pytest.approx(0.25)
    assert found[50] == pytest.approx(0)
    assert found == sorted(found, reverse=True)
    quarter = 0.5 * (1 + 2**-0.5) / 2  # cosine of 45 degrees
    assert rates(101, per_epoch=20, schedule="cosine", epochs=5)[25] == pytest.approx(quarter)


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("alternate", [True, False, True, False]),
        ("per_epoch", [True, True, False, False]),
        ("always", [True] * 4),
        ("never", [False] * 4),
    ],
)
def test_reference_image_and_reconstruction_alternate(mode: str, shown: list[bool]) -> None:
    recipe = Recipe(teacher_forcing=mode)
    assert [shows_truth(recipe, update, update // 2) for update in range(4)] == shown


def test_a_period_sets_the_updates_per_input() -> None:
    recipe = Recipe(teacher_forcing="period", tf_period=(2, 1))
    assert [shows_truth(recipe, update, 0) for update in range(6)] == [True, True, False] * 2


def test_slices_alternate_within_a_batch() -> None:
    recipe = Recipe(teacher_forcing="per_sample")
    assert [shows_truth(recipe, 3, 0, place) for place in range(4)] == [True, False, True, False]


@given(
    st.sampled_from(["linear", "exponential", "sigmoid"]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(2, 60),
)
def test_scheduled_sampling_changes_monotonically_from_start_to_end(
    kind: str, start: float, end: float, epochs: int
) -> None:
    recipe = Recipe(
        teacher_forcing="scheduled", tf_schedule=kind, tf_start=start, tf_end=end, epochs=epochs
    )
    shares = [truth_share(recipe, epoch) for epoch in range(epochs)]
    assert shares[0] == pytest.approx(start, abs=0.011)
    assert shares[-1] == pytest.approx(end, abs=1e-9)
    ordered = shares[1:-1] == sorted(shares[1:-1], reverse=start > end)
    assert ordered or max(shares) - min(shares) < 0.02


def test_scheduled_sampling_draws_with_its_probability() -> None:
    recipe = Recipe(teacher_forcing="scheduled", tf_start=0.3, tf_end=0.3)
    shown = [shows_truth(recipe, update, 0) for update in range(2000)]
    assert sum(shown) / 2000 == pytest.approx(0.3, abs=0.04)
    assert shown == [shows_truth(recipe, update, 0) for update in range(2000)]


@given(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(0.01, 10), st.floats(0.01, 10))
def test_the_loss_that_decreases_more_slowly_gets_the_larger_weight(
    a: float, b: float, c: float, d: float
) -> None:
    alpha, beta = dynamic_average((a, b), (c, d), 2.0)
    assert alpha + beta == pytest.approx(2)
    if c / a < 50 and d / b < 50:
        assert (alpha - beta) * (c / a - d / b) >= 0


def test_dynamic_weight_averaging_needs_two_epochs() -> None:
    recipe = Recipe(weighting="dwa")
    assert weights_now(recipe, 1, [(1.0, 1.0)]) == (1.0, 1.0)
    alpha, beta = weights_now(recipe, 2, [(1.0, 1.0), (0.5, 0.9)])
    assert alpha < 1 < beta


@pytest.mark.parametrize("preset", ["paper-atlas", "paper-brainweb", "paper-inhouse-flair"])
def test_the_papers_presets_have_its_settings_and_note_our_readings(preset: str) -> None:
    recipe = make_recipe(preset, {})
    assert (
        recipe.network.recon_features,
        recipe.network.seg_features,
        recipe.network.recon_cascades,
    ) == (64, 64, 5)
    assert recipe.sampling.accelerations == {4.0: 1.0}
    assert loss_weights(recipe, 0)[0] == pytest.approx(0.8)
    assert recipe.itfs.teacher_forcing == "alternate"
    assert recipe.sampling.mask_redraw == "never"
    assert any("readings" in note for note in notes(preset))


def test_the_printed_learning_rate_of_atlas_is_kept_with_a_warning() -> None:
    assert make_recipe("paper-atlas", {}).optimizer.learning_rate == 1e-6
    assert any("1e-6" in note for note in notes("paper-atlas"))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_valid_recipe(preset: str) -> None:
    assert make_recipe(preset, {}) == Recipe(**PRESETS[preset])


def test_a_wrong_key_or_value_is_named() -> None:
    with pytest.raises(RequestError, match="epoch"):
        make_recipe("cpu-size", {"epoch": 3})
    with pytest.raises(RequestError, match="-1"):
        make_recipe("cpu-size", {"epochs": -1})
    with pytest.raises(RequestError, match="cpu-size"):
        make_recipe("gpu", {})
