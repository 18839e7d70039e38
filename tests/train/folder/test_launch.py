# SPDX-License-Identifier: BSD-3-Clause
"""The displayed command is the one that is started, and outlives the starting process."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from napari_mtmri.errors import RequestError, ResourceError, Stopped
from napari_mtmri.train.folder import launch
from napari_mtmri.train.folder.layout import BEST, read_config
from napari_mtmri.train.monitor.reader import Follower
from napari_mtmri.train.presets import make_recipe
from napari_mtmri.train.recipe import Recipe

WAIT_S = 120
QUICK = {
    "recon_cascades": 1, "recon_convs": 2, "recon_features": 4, "seg_features": 2, "seg_depth": 1,
    "n_simulated": (1, 1, 0), "simulated_size": (32, 32), "slices_per_case": 4, "epochs": 2,
    "validation_slices": 2,
}  # fmt: skip


def quick(run: Path, **changes: object) -> list[str]:
    return launch.command("quick-check", "simulated", run, {**QUICK, **changes})


def environment(process: psutil.Process) -> dict[str, str]:
    """Return the environment of a process, which is empty while the process is being replaced."""
    end = time.monotonic() + WAIT_S
    while not (found := process.environ()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def wait(pid: int) -> None:
    psutil.Process(pid).wait(WAIT_S)
    assert not launch.running()


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 3, "learning_rate": 1e-4, "skip_unreadable": True},
        {"accelerations": {4.0: 0.5, 8.0: 0.5}, "crop": (16, 24), "snr": None},
        {"image_glob": "*/my head *.nii", "patient_regex": r"(\d+)_", "start_from": "12"},
    ],
)
def test_the_shell_parses_the_command_to_the_same_recipe(changes: dict[str, object]) -> None:
    from napari_mtmri.cli.train import _value

    words = shlex.split(launch.shown(launch.command(None, "my data", "my run", changes)))
    assert words[:6] == ["napari-mtmri", "train", "--data", "my data", "--out", "my run"]
    read = {key: _value(value) for key, _, value in (word.partition("=") for word in words[6:])}
    assert make_recipe(None, read) == Recipe(**changes)


def test_a_separate_process_trains_to_the_end(tmp_path: Path) -> None:
    run = tmp_path / "my run"
    process = launch.start(quick(run), run)
    if os.name == "posix":
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
    follower = Follower(run, process)
    assert follower.poll().status.state == "starting"
    assert launch.is_running(run)
    with pytest.raises(RequestError, match="already runs there"):
        launch.start(quick(run), run)
    wait(process.pid)
    seen = follower.poll()
    assert seen.status.state == "finished"
    assert (run / BEST).is_file()
    assert read_config(run).recipe.optimizer.epochs == 2
    assert any("epoch 2" in line for line in seen.lines)


def test_a_training_leaves_the_window_a_core_and_yields_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read from the operating system: threads and niceness of the process that was started."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    ours = psutil.Process().nice()
    process = launch.start(quick(tmp_path / "run", epochs=500), tmp_path / "run")
    found = psutil.Process(process.pid)
    assert environment(found)["OMP_NUM_THREADS"] == "3"
    assert found.nice() > ours
    group = Path(f"/proc/{process.pid}/autogroup")
    if group.is_file():
        assert group.read_text().split()[-1] == "10"
    found.kill()
    wait(process.pid)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    process = launch.start(quick(tmp_path / "other"), tmp_path / "other")
    found = psutil.Process(process.pid)
    assert environment(found)["OMP_NUM_THREADS"] == "7"
    found.kill()
    wait(process.pid)


def test_a_training_stops_on_request_and_can_be_resumed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = launch.start(quick(run, epochs=500), run)
    follower = Follower(run, process)
    while not follower.poll().status.updates:
        assert follower.poll().status.is_going_on
    launch.ask_to_stop(run)
    wait(process.pid)
    stopped = follower.poll().status
    assert stopped.state == "stopped"
    assert stopped.can_go_on
    assert stopped.checkpoint_updates == stopped.updates
    launch.ask_to_stop(run)  # from an earlier training; the next one must ignore it
    process = launch.start(launch.resume_command(run), run)
    follower.launched = process
    while (follower.poll().status.updates or 0) <= (stopped.updates or 0):
        assert follower.poll().status.is_going_on
    launch.ask_to_stop(run)
    wait(process.pid)
    assert follower.poll().status.state == "stopped"


def test_a_training_can_be_stopped_before_it_has_a_folder(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = launch.start(quick(run, epochs=500), run)
    launch.ask_to_stop(run)  # at once: its program is still being loaded
    status = Follower(run, process).poll().status
    assert (status.state, status.reason) == ("failed", "it was stopped before it began.")
    assert not run.exists()


def test_a_failure_before_the_first_event_is_reported(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = launch.start(launch.command("cpu-size", str(tmp_path / "none"), run, {}), run)
    wait(process.pid)
    status = Follower(run, process).poll().status
    assert status.state == "failed"
    assert "no such folder or table of cases" in status.reason
    assert not status.can_go_on


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="cannot be started"):
        launch.start(quick(tmp_path / "file" / "run"), tmp_path / "file" / "run")
    with pytest.raises(ResourceError, match="cannot be written"):
        launch.ask_to_stop(tmp_path / "nowhere")


def test_an_estimate_measures_and_writes_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    found = launch.measure(quick(run), threading.Event())
    assert found["updates"] == 2
    assert found["seconds_per_update"] > 0
    assert found["peak_bytes"] > 0
    assert not run.exists()
    with pytest.raises(RequestError, match="no such folder"):
        launch.measure(launch.command("cpu-size", "none", run, {}), threading.Event())


def test_an_estimate_can_be_stopped(tmp_path: Path) -> None:
    stop, before = threading.Event(), psutil.Process().children()
    stop.set()
    with pytest.raises(Stopped):
        launch.measure(quick(tmp_path / "run"), stop)
    assert not [child for child in psutil.Process().children() if child not in before]


def test_watching_needs_neither_torch_nor_qt() -> None:
    code = (
        "import sys, napari_mtmri.train.monitor.reader, napari_mtmri.train.folder.launch; "
        "print({'torch', 'qtpy', 'napari'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == "set()"
