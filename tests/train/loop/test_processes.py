# SPDX-License-Identifier: BSD-3-Clause
"""Trainings in separate processes: killed, stopped by a signal, two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from napari_mtmri.train.folder.checkpoint import read_checkpoint
from napari_mtmri.train.folder.layout import LAST, Config, read_events
from tests.train.heads import changed

pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
from napari_mtmri.train.loop.training import Training, open_run

ROOT = Path(__file__).parents[3]
ALONE = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(run / LAST)[0]


@pytest.fixture
def one_thread() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.usefixtures("one_thread")
def test_twenty_kills_give_the_same_weights(folder: Path, tmp_path: Path) -> None:
    Training(changed(epochs=12), folder, tmp_path / "whole").run()
    script = [sys.executable, "-m", "tests.train.loop.killed", folder, tmp_path / "killed"]
    done = subprocess.run(
        list(map(str, script)), cwd=ROOT, env=ALONE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= 10
    whole, killed = weights_of(tmp_path / "whole"), weights_of(tmp_path / "killed")
    assert whole.keys() == killed.keys()
    assert all(torch.equal(whole[key], killed[key]) for key in whole)
    assert [e["epoch"] for e in read_events(tmp_path / "killed") if e["kind"] == "validation"] == (
        list(range(12))
    )


def command(folder: Path, run: Path, *words: str, config: Path) -> list[str]:
    return ["napari_mtmri", "train", str(config), "--data", str(folder), "--out", str(run), *words]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_sigterm_writes_a_checkpoint_to_resume_from(folder: Path, tmp_path: Path) -> None:
    recipe, run = changed(epochs=100_000), tmp_path / "run"
    config = tmp_path / "recipe.yaml"
    config.write_text(Config(recipe, str(folder)).text())
    words = [sys.executable, "-m", *command(folder, run, "--json", config=config)]
    with subprocess.Popen(words, env=ALONE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "validation" in line or "epoch 1" in line:
                break
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    assert process.returncode == 130
    stopped = read_events(run)[-1]
    assert stopped["kind"] == "stopped"
    open_run(run).run(most_updates=1)
    assert read_events(run)[-1]["updates"] == stopped["updates"] + 1


@pytest.mark.parametrize("batch_size", [2, 3])
def test_two_processes_learn_the_same_as_one(batch_size: int, folder: Path, tmp_path: Path) -> None:
    recipe = changed(batch_size=batch_size, slices_per_case=4, seg_loss="dice+ce")
    Training(recipe, folder, tmp_path / "one").run()
    config = tmp_path / "recipe.yaml"
    config.write_text(Config(recipe, str(folder)).text())
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    options = ["--accelerator", "cpu", "--devices", "2", "--strategy", "ddp"]
    words = [*launcher, "-m", *command(folder, tmp_path / "two", *options, config=config)]
    done = subprocess.run(words, env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one, two = (
        [event for event in read_events(tmp_path / name) if event["kind"] == "update"]
        for name in ("one", "two")
    )
    assert (
        [e["updates"] for e in one] == [e["updates"] for e in two] == list(range(1, len(one) + 1))
    )
    for key in ("loss", "recon_loss", "seg_loss", "grad_norm"):
        assert [e[key] for e in two] == pytest.approx([e[key] for e in one], rel=2e-3)
    first = read_events(tmp_path / "two")[0]
    assert first["n_processes"] == 2
