# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures for window tests: small weights, and a check for leftover threads and timers."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.gui import jobs as work
from napari_mtmri.gui.app import commands
from napari_mtmri.samples import phantom
from tests.tiny import save_tiny_weights

SHAPE = (40, 44, 8)
WAIT_MS = 60_000


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def _weights(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(tiny_weights))


@pytest.fixture(autouse=True)
def _nothing_keeps_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check that no worker, thread or timer of the plugin is left after a test."""
    before = {thread.ident for thread in threading.enumerate()}
    yield
    if not {"qtbot", "make_napari_viewer"} & set(request.fixturenames):
        return
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    if QApplication.instance() is None:
        return
    deadline = time.monotonic() + 10
    pool = work.threads()
    while (work._ALIVE or pool.activeThreadCount()) and time.monotonic() < deadline:
        time.sleep(0.01)
        QApplication.processEvents()
    assert not work._ALIVE, "workers run on; was the job stopped?"
    assert not pool.activeThreadCount()
    left = [one for one in threading.enumerate() if one.ident not in before and not one.daemon]
    assert not [one for one in left if "Dummy" not in one.name]
    found = [one for one in gc.get_objects() if issubclass(type(one), QTimer)]
    timers = [one for one in found if _is_running(one)]
    assert not timers, "a timer of ours runs on"


def _is_running(timer: Any) -> bool:
    """Return whether a timer is alive, active and belongs to the plugin."""
    from qtpy.compat import isalive

    if not isalive(timer) or not timer.isActive():
        return False
    return type(timer.parent()).__module__.startswith("napari_mtmri.")


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    return make_napari_viewer(strict_qt="raise")


def slab(count: int) -> tuple[mt.Volume, mt.Volume]:
    """A few sagittal slices and their lesion: napari takes the last axis of such layers for colours.

    It does so for 3 or 4 slices with more than 30 voxels along both sides.
    """
    image, lesion = phantom((40, 44, 40))
    first = int(lesion.data.any(axis=(1, 2)).argmax())
    kept, affine = np.s_[first : first + count], np.diag([4.0, 1.0, 1.0, 1.0])
    return (
        mt.Volume(image.data[kept], affine, name=f"slab{count}"),
        mt.Volume(lesion.data[kept], affine, name="lesion", kind="labels"),
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Files of a phantom and its reference segmentation."""
    image, lesion = phantom(SHAPE)
    return mt.save(image, tmp_path / "head.nii.gz"), mt.save(lesion, tmp_path / "head_mask.nii.gz")


@pytest.fixture
def panel(viewer: Any, files: tuple[Path, Path], qtbot: Any) -> Any:
    """The panel with the opened phantom and loaded weights."""
    viewer.open(str(files[0]), plugin="napari-mtmri")
    panel = commands.open_reconstruct(viewer)
    qtbot.waitUntil(lambda: "cpu" in panel.header.device.text(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(panel.sampling.counts.text()), timeout=WAIT_MS)
    return panel
