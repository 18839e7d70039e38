# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C and SIGTERM stop the command at any time and leave no partial files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

import napari_mtmri as mt
from napari_mtmri.cli.session import interruptible
from napari_mtmri.samples import phantom

LARGE = (160, 160, 60)
PATIENCE_S = 120.0
pytestmark = pytest.mark.skipif(os.name == "nt", reason="no POSIX signals on Windows")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_the_event_and_interrupts(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt), interruptible(stop):
        signal.raise_signal(number)
    assert stop.is_set()
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_does_not_interrupt_the_cleanup() -> None:
    tidied = []
    with pytest.raises(KeyboardInterrupt), interruptible(threading.Event()):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            tidied.append(True)
    assert tidied


def test_other_threads_may_use_the_command() -> None:
    entered = []

    def use() -> None:
        with interruptible(threading.Event()):
            entered.append(True)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert entered


def begin(folder: Path, weights: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "napari_mtmri", "run", *words, "--out", "runs"],
        cwd=folder,
        env={**os.environ, "MTMRI_WEIGHTS": str(weights), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: object, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition() and process.poll() is None:  # type: ignore[operator]
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_during_writing_leaves_no_partial_files(
    number: signal.Signals, tmp_path: Path, tiny_weights: Path
) -> None:
    mt.save(phantom(LARGE)[0], tmp_path / "large.nii")
    process = begin(tmp_path, tiny_weights, "large.nii", "--method", "zero-filled")
    wait_for(lambda: list(tmp_path.glob("runs/.mtmri-*-large")), process)  # the temporary folder
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert out == ""
    assert "stopped with 0 of 1 done" in err
    assert "Traceback" not in err
    assert not list((tmp_path / "runs").iterdir())


def test_a_stop_ends_all_processes(tmp_path: Path, tiny_weights: Path) -> None:
    for name in ("a", "b"):
        mt.save(phantom(LARGE)[0], tmp_path / f"{name}.nii")
    process = begin(tmp_path, tiny_weights, "a.nii", "b.nii", "--jobs", "2")
    ours = psutil.Process(process.pid)
    children: list[psutil.Process] = []

    def are_working() -> bool:
        children[:] = ours.children(recursive=True)
        return sum(child.cpu_times().user > 1 for child in children) >= 2

    wait_for(are_working, process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    assert not list(tmp_path.glob("runs/*")) + list(tmp_path.glob("runs/.*"))
