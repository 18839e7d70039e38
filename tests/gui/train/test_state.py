# SPDX-License-Identifier: BSD-3-Clause
"""Choices, plots and texts of the Train panel, without a window."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.gui.train.parts.watch import loss_lines
from napari_mtmri.gui.train.recipe_keys import text_of, value_of
from napari_mtmri.gui.train.sentences import (
    duration,
    estimate_line,
    facts_line,
    scores_line,
    status_line,
)
from napari_mtmri.gui.train.state import Plan, free_run
from napari_mtmri.train.data.preview import look
from napari_mtmri.train.monitor.status import State, Status
from napari_mtmri.train.presets import PRESETS, make_recipe
from napari_mtmri.train.recipe import KEYS, Recipe
from napari_mtmri.train.schedules import ticks, weights_over_epochs, weights_sentence
from tests.train.heads import TINY, write_cases


def test_only_keys_that_differ_from_the_preset_are_in_the_command() -> None:
    plan = Plan(run="out")
    usual = plan.command()
    plan.set_key("epochs", 3)
    plan.set_key("crop", (32, 32))
    assert plan.command() == [*usual, "epochs=3", "crop=[32, 32]"]
    assert plan.recipe() == make_recipe(plan.preset, {"epochs": 3, "crop": (32, 32)})
    plan.set_key("epochs", make_recipe(plan.preset, {}).optimizer.epochs)
    assert plan.command() == [*usual, "crop=[32, 32]"]
    plan.choose_preset("paper-atlas")
    assert plan.command()[2:4] == ["--preset", "paper-atlas"]
    assert not plan.changes


def test_a_refused_value_changes_nothing() -> None:
    plan = Plan()
    with pytest.raises(RequestError, match="epochs"):
        plan.set_key("epochs", -1)
    assert plan == Plan()


def test_a_change_emits_one_event() -> None:
    plan, changes = Plan(), []
    plan.events.changes.connect(changes.append)
    plan.set_key("epochs", 3)
    plan.set_key("epochs", 3)
    assert changes == [{"epochs": 3}]


def test_a_suggested_folder_has_no_existing_folder_or_log(tmp_path: Path) -> None:
    assert free_run(tmp_path, "a").name == "a-1"
    (tmp_path / "a-1").mkdir()
    (tmp_path / "a-2.log").touch()
    assert free_run(tmp_path, "a").name == "a-3"


@pytest.mark.parametrize("preset", PRESETS)
def test_every_value_of_a_recipe_is_read_back_from_its_text(preset: str) -> None:
    recipe = make_recipe(preset, {"image_glob": "a, b: c*.nii", "tf_period": (2, 3)})
    read = {key: value_of(text_of(recipe[key]), KEYS[key]) for key in KEYS}
    assert Recipe(**read) == recipe


@pytest.mark.parametrize(
    ("curves", "drawn"),
    [
        (["loss", "recon_loss", "alpha"], []),
        (["loss", "edge_loss", "recon_loss"], ["edge_loss"]),
        (["loss", "lr"], ["loss"]),
    ],
)
def test_losses_of_another_method_are_drawn(curves: list[str], drawn: list[str]) -> None:
    usual = loss_lines(["recon_loss"])
    found = loss_lines(curves)
    assert [name for name in found if name not in usual] == drawn
    assert len({line.name for line in found.values()}) == len(found)


# Plots


def test_the_drawn_weights_follow_the_recipe() -> None:
    recipe = make_recipe(None, {"epochs": 10, "time_constant": 1.0})
    epochs, alpha, beta = weights_over_epochs(recipe)
    np.testing.assert_allclose(alpha + beta, 1)
    assert epochs[0] == 0
    assert epochs[-1] == 10
    assert (np.diff(alpha) <= 0).all()
    assert weights_sentence(recipe) == "α falls from 0.8 to 0.05, reached after 2 of 10 epochs."
    long = make_recipe(None, {"epochs": 3000, "time_constant": 1.0})
    assert "reached after 2 of 3000 epochs" in weights_sentence(long)
    fixed = make_recipe(None, {"weighting": "fixed"})
    assert weights_sentence(fixed) == "α stays 0.5 throughout."
    assert "only one loss" in weights_sentence(make_recipe(None, {"method": "d5c5"}))


@pytest.mark.parametrize("mode", get_args(KEYS["teacher_forcing"].annotation))
def test_every_kind_of_teacher_forcing_is_drawn(mode: str) -> None:
    found, text = ticks(make_recipe(None, {"teacher_forcing": mode, "tf_period": (2, 1)}))
    assert found
    assert text
    if mode in ("always", "never"):
        assert set(found) == {mode == "always"}
    elif mode == "period":
        assert found[:6] == [True, True, False, True, True, False]
    else:
        assert set(found) == {True, False}


# Texts


def test_durations_have_at_most_two_units() -> None:
    texts = [duration(seconds) for seconds in (None, 0.4, 59, 125, 3 * 3600 + 600, 100 * 3600)]
    assert texts == ["—", "0 s", "59 s", "2 min 5 s", "3 h 10 min", "4 d 4 h"]


@pytest.mark.parametrize("state", get_args(State))
def test_every_status_has_a_text_with_and_without_numbers(state: Any) -> None:
    now = time.time()
    numbers: dict[str, Any] = {
        "updates": 1200, "total": 5000, "epoch": 2, "epochs": 10, "seconds_per_update": 0.5,
        "seconds_left": 1900.0, "silent_s": 300.0, "checkpoint_at": now - 60,
        "checkpoint_updates": 1100,
    }  # fmt: skip
    known = status_line(Status(state, "the disk is full.", **numbers))
    unknown = status_line(Status(state))
    assert "None" not in known + unknown
    if state in ("stopped", "failed", "killed"):
        assert "Resume continues from update 1,100." in known
    if state == "failed":
        assert "the disk is full." in known


def test_unmeasured_values_are_a_dash() -> None:
    assert scores_line({}) == "—"
    assert "Dice —" in scores_line({"epoch": 0, "val_psnr": 31.0})
    assert scores_line({"epoch": 0, "val_dice_truth": 0.5}).endswith(
        "Dice 0.500 on the reference image"
    )
    assert estimate_line(None) == "Time — · memory —"
    assert facts_line({}) == ""
    assert "—" in facts_line({"epochs": 3})


# Preview of the cases


def test_the_preview_shows_cases_split_and_network_input(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "cases", ["train", "train", "val"])
    found = look(str(folder), TINY)
    assert found.facts == (
        "3 cases: 2 train, 1 val, 0 test; split by patient",
        "5 slices per case of 20 × 18 · labels: 1",
    )
    assert "no patient and none of" in found.leaks
    assert len(found.seen) == len(found.truth) == 6
    assert all(picture.shape == (16, 16, 3) for picture in (*found.seen, *found.truth))
    assert any((seen != truth).any() for seen, truth in zip(found.seen, found.truth, strict=True))


def test_a_leak_is_refused(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "cases", ["train", "val"])
    (folder / "1_image.nii.gz").write_bytes((folder / "0_image.nii.gz").read_bytes())
    with pytest.raises(InputError, match="same image"):
        look(str(folder), TINY)
