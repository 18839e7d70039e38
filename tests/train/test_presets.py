# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_mtmri.errors import RequestError
from napari_mtmri.train.folder.layout import read_events
from napari_mtmri.train.presets import PRESETS, make_recipe
from napari_mtmri.train.recipe import KEYS

PAGE = Path(__file__).parents[2] / "docs" / "training.md"


def test_the_page_on_training_names_every_key_and_preset() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text.split("## All keys")[1]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(KEYS)
    assert all(f"`{preset}`" in text for preset in PRESETS)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("learning_rate", float("nan"), "finite"),
        ("fixed_alpha", -1, "fixed_alpha = -1"),
        ("alpha_floor", 2, "alpha_floor = 2"),
        ("time_constant", 0, "time_constant = 0"),
        ("split", {"train": -1, "val": 1}, "split = -1"),
        ("split", {"val": 1}, "split needs a share to train on"),
        ("tf_period", (0, 0), "not both 0"),
        ("crop", (0, 5), "crop = 0"),
        ("lerning_rate", 1, "'lerning_rate'; the nearest are: learning_rate"),
        ("zzz", 1, "'zzz'; keys are: method, seed"),
    ],
)
def test_a_key_that_cannot_be_is_named_with_its_value(key: str, value: object, said: str) -> None:
    with pytest.raises(RequestError, match=re.escape(said)):
        make_recipe("quick-check", {key: value})


def test_a_key_with_a_dot_changes_one_part_and_leaves_the_others() -> None:
    changed = make_recipe("cpu-size", {"split.train": 0.5, "accelerations.6": 0.4})
    before = make_recipe("cpu-size", {})
    assert changed.data.split == {**before.data.split, "train": 0.5}
    assert changed.sampling.accelerations == {**before.sampling.accelerations, 6.0: 0.4}
    with pytest.raises(RequestError, match=r"'epochs\.x'; epochs has no parts"):
        make_recipe("cpu-size", {"epochs.x": 1})


def test_a_quick_check_shows_an_improvement_without_any_data(tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
    from napari_mtmri.train.loop.training import Training

    recipe = make_recipe("quick-check", {"simulated_size": (48, 48), "epochs": 12})
    Training(recipe, "simulated", tmp_path / "run").run()
    checks = [e for e in read_events(tmp_path / "run") if e["kind"] == "validation"]
    assert checks[-1]["val_psnr_gain"] > 1.0
    assert checks[-1]["val_dice"] > checks[0]["val_dice"]
