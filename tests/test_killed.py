# SPDX-License-Identifier: BSD-3-Clause
"""Killed before any change to the file system, nothing whole is lost and nothing half is whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKS = ("run", "run again", "evaluate", "sweep", "train", "export")
# Every n-th change in the normal suite; tests/train/loop/test_processes.py kills trainings there.
FEWER = {"run": 9, "run again": 11, "evaluate": 9, "export": 4}
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed process is a fork")


def kill(work: str, folder: Path, step: int) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.killing", work, str(folder), str(step)],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == []
    assert found["kills"] >= 2


@pytest.mark.parametrize("work", FEWER)
def test_some_kills_do_no_harm(work: str, tmp_path: Path) -> None:
    kill(work, tmp_path, FEWER[work])


@pytest.mark.slow
@pytest.mark.parametrize("work", WORKS)
def test_no_kill_does_harm(work: str, tmp_path: Path) -> None:
    kill(work, tmp_path, 1)
