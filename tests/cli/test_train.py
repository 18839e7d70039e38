# SPDX-License-Identifier: BSD-3-Clause
"""``train``: a thin layer over the training; a stop leaves a checkpoint to resume from."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from napari_mtmri.train.folder.layout import read_config
from tests.cli.conftest import Shell
from tests.cli.test_evaluate import write_cases

TINY = (
    "recon_cascades=1", "recon_convs=2", "recon_features=2", "seg_features=2", "seg_depth=1",
    "batch_size=2",
)  # fmt: skip


@pytest.fixture
def lightning() -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")


def events(run: Path, kind: str) -> list[dict[str, object]]:
    lines = (run / "events.jsonl").read_text().splitlines() if run.exists() else []
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


@pytest.mark.usefixtures("lightning")
def test_a_stopped_training_can_be_resumed_to_its_end(sh: Shell, here: Path) -> None:
    write_cases(here)
    before = signal.getsignal(signal.SIGTERM)
    run = here / "run"

    def stop_soon() -> None:
        for _ in range(1200):
            if (run / "events.jsonl").exists() and events(run, "update"):
                break
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=stop_soon)
    thread.start()
    answer = sh("train", "--data", here, "--out", run, "epochs=30", *TINY)
    thread.join()
    assert answer.status == 130
    assert "it can be resumed" in answer.err
    assert answer.out == ""
    assert signal.getsignal(signal.SIGTERM) is before
    done = events(run, "stopped")[-1]["updates"]
    assert 0 < int(str(done)) < int(str(events(run, "start")[0]["total"]))
    answer = sh("train", "--resume", run)
    assert answer.status == 0
    assert "val_" in answer.out
    assert events(run, "end")


@pytest.mark.usefixtures("lightning")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "--data"),
        (("--data", "."), 2, "--out"),
        (("--data", ".", "--out", "r", "--preset", "huge"), 2, "cpu-size"),
        (("--data", ".", "--out", "r", "epoch=3"), 2, "epochs"),
        (("--data", ".", "--out", "r", "epochs"), 2, "name=value"),
        (("--data", ".", "--out", "."), 2, "not empty"),
        (("--data", "nowhere", "--out", "r"), 1, "cases.csv"),
        (("--resume", "nowhere"), 1, "nowhere"),
        (("--resume", "r", "epochs=3"), 2, "leave out"),
    ],
)
def test_an_impossible_training_is_refused_before_work(
    words: tuple[str, ...], status: int, said: str, sh: Shell, here: Path
) -> None:
    write_cases(here)
    answer = sh("train", *words)
    assert answer.status == status
    assert said in answer.err
    assert not (here / "r").exists()


def test_a_missing_training_extra_is_named(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    answer = sh("train", "--data", ".", "--out", "r")
    assert answer.status == 1
    assert "napari-mtmri[train]" in answer.err


@pytest.mark.usefixtures("lightning")
def test_an_estimate_measures_and_writes_nothing(sh: Shell, here: Path) -> None:
    write_cases(here)
    before = sorted(here.rglob("*"))
    answer = sh("train", "--data", here, "--estimate", "--json", "epochs=3", *TINY)
    assert answer.status == 0
    found = json.loads(answer.out)
    assert found["seconds"] == pytest.approx(found["updates"] * found["seconds_per_update"])
    assert found["peak_bytes"] > 0
    assert sorted(here.rglob("*")) == before


@pytest.mark.usefixtures("lightning")
def test_a_check_lists_cases_patients_and_splits(sh: Shell, here: Path) -> None:
    write_cases(here)
    rows = json.loads(sh("train", "--data", here, "--check", "--json").out)
    assert {"case", "patient", "split", "image"} == set(rows[0])
    assert {row["split"] for row in rows} >= {"train", "val"}
    counts = sh("train", "--data", here, "--check").out.splitlines()[-1]
    assert counts.startswith(f"{sum(row['split'] == 'train' for row in rows)} train, ")


@pytest.mark.usefixtures("lightning")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pattern=nope",), "nope"),
        (("center_fraction=0.9",), "center_fraction"),
        (("crop=2,2",), "too small"),
        (("epochs=0",), "epochs = 0: it must be at least 1"),
        (("epochs=x",), "epochs = 'x': it must be a whole number"),
        (("learning_rate=-1",), "it must be above 0"),
        (("augment=turn",), "choose 'none', 'flip' or 'affine'"),
        (("crop=1,2,3",), "crop"),
        (("skip_unreadable=maybe",), "true or false"),
        (("start_from=nowhere.safetensors",), "nowhere.safetensors"),
    ],
)
def test_a_check_refuses_what_a_training_refuses(
    words: tuple[str, ...], said: str, sh: Shell, here: Path
) -> None:
    write_cases(here)
    for more in (("--check",), ("--out", here / "run")):
        answer = sh("train", "--data", here, *more, *TINY, *words)
        assert answer.status in (1, 2)
        assert said in answer.err
        assert "Input should" not in answer.err
        assert not (here / "run").exists()


@pytest.mark.usefixtures("lightning")
def test_a_check_finds_missing_files(sh: Shell, here: Path) -> None:
    write_cases(here)
    table = here / "cases.csv"
    table.write_text(table.read_text().replace(".nii", "x.nii", 1))
    answer = sh("train", "--data", here, "--check")
    assert answer.status == 1
    assert "x.nii" in answer.err


@pytest.mark.usefixtures("lightning")
def test_a_size_is_two_numbers_with_a_comma(sh: Shell, here: Path) -> None:
    write_cases(here)
    answer = sh("train", "--data", here, "--out", here / "run", "crop=16,18", "epochs=1", *TINY)
    assert answer.status == 0
    assert read_config(here / "run").recipe.data.crop == (16, 18)


@pytest.mark.usefixtures("lightning")
def test_a_failed_start_does_not_block_the_corrected_command(sh: Shell, here: Path) -> None:
    write_cases(here)
    words = ("--data", here, "--out", here / "run", *TINY)
    assert sh("train", *words, "learning_rate=1e30").status == 1
    if not (here / "run" / "checkpoints").exists():
        assert sh("train", *words, "epochs=1").status == 0


@pytest.mark.usefixtures("lightning")
def test_given_keys_override_the_configuration_file(sh: Shell, here: Path) -> None:
    write_cases(here)
    (here / "recipe.yaml").write_text("data: .\nrecipe: {epochs: 1, seed: 3}\n")
    answer = sh("train", here / "recipe.yaml", "--out", here / "run", "seed=5", *TINY)
    assert answer.status == 0
    recipe = read_config(here / "run").recipe
    assert (recipe.optimizer.epochs, recipe.seed, recipe.network.recon_features) == (1, 5, 2)
    again = sh("train", here / "run" / "config.yaml", "--out", here / "again")
    assert again.status == 0
    assert read_config(here / "again").recipe == recipe


def test_presets_are_listed_with_their_keys(sh: Shell) -> None:
    text = sh("train", "--preset", "help").out
    assert "paper-atlas" in text
    assert "1e-6" in text
