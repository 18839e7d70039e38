# SPDX-License-Identifier: BSD-3-Clause
"""The Train panel, and a check for processes left running by a test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from napari_mtmri.gui.app import commands
from napari_mtmri.train.folder import launch
from tests.gui.conftest import WAIT_MS


@pytest.fixture(autouse=True)
def own_weights(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for the user's weights."""
    folder = shutil.copytree(tiny_weights, tmp_path / "weights")
    monkeypatch.setenv("MTMRI_WEIGHTS", str(folder))
    return Path(folder)


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    before = psutil.Process().children()
    yield
    left = launch.running()
    for child in psutil.Process().children():
        # Python's own helper processes (of multiprocessing) also serve later tests.
        if child not in before and "napari_mtmri" in child.cmdline():
            child.kill()
            child.wait()
    assert not left, "a training is still running"


@pytest.fixture
def train(viewer: Any, qtbot: Any) -> Any:
    """The panel with the preview of the simulated heads."""
    panel = commands.open_train(viewer)
    qtbot.waitUntil(lambda: bool(panel.data.leaks.text()), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "loading" not in panel.header.device.text(), timeout=WAIT_MS)
    return panel
