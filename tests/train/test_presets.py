# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.train.folder.layout import read_config, read_events
from napari_mtmri.train.presets import PRESETS, make_recipe
from napari_mtmri.train.recipe import KEYS

PAGE = Path(__file__).parents[2] / "docs" / "training.md"


def test_the_training_page_names_every_preset() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{preset}`" in text for preset in PRESETS)


def test_the_table_of_keys_equals_their_declarations() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## All keys")[1]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| .*\|$", table, re.MULTILINE)
    assert rows == [(key, _text(field.default), field.description) for key, field in KEYS.items()]


def _text(default: object) -> str:
    return default if isinstance(default, str) else json.dumps(default)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("learning_rate", float("nan"), "finite"),
        ("fixed_alpha", -1, "fixed_alpha = -1"),
        ("alpha_floor", 2, "alpha_floor = 2"),
        ("time_constant", 0, "time_constant = 0"),
        ("split", {"train": -1, "val": 1}, "split = -1"),
        ("split", {"val": 1}, "split needs a proportion for train"),
        ("tf_period", (0, 0), "not both 0"),
        ("crop", (0, 5), "crop = 0"),
        ("lerning_rate", 1, "'lerning_rate'; the nearest are: learning_rate"),
        ("zzz", 1, "'zzz'; keys are: method, seed"),
    ],
)
def test_an_invalid_value_is_reported_with_its_key(key: str, value: object, message: str) -> None:
    with pytest.raises(RequestError, match=re.escape(message)):
        make_recipe("quick-check", {key: value})


def test_a_key_with_a_dot_changes_one_entry_and_keeps_the_others() -> None:
    changed = make_recipe("cpu-size", {"split.train": 0.5, "accelerations.6": 0.4})
    before = make_recipe("cpu-size", {})
    assert changed.data.split == {**before.data.split, "train": 0.5}
    assert changed.sampling.accelerations == {**before.sampling.accelerations, 6.0: 0.4}
    with pytest.raises(RequestError, match=r"'epochs\.x'; epochs has no entries"):
        make_recipe("cpu-size", {"epochs.x": 1})


def test_the_quick_check_improves_without_any_data(tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
    from napari_mtmri.train.loop.training import Training

    recipe = make_recipe("quick-check", {"simulated_size": (48, 48), "epochs": 12})
    Training(recipe, "simulated", tmp_path / "run").run()
    checks = [e for e in read_events(tmp_path / "run") if e["kind"] == "validation"]
    assert checks[-1]["val_psnr_gain"] > 1.0
    assert checks[-1]["val_dice"] > checks[0]["val_dice"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nrecipe: *b",  # grows without limit
        "recipe: !!python/object/apply:os.system [ls]",
        "recipe: " + "[" * 2000,
        "recipe: " + "{a: " * 9 + "1" + "}" * 9,
    ],
)
def test_a_configuration_that_expands_or_executes_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="not the configuration of a training"):
        read_config(path)
