# SPDX-License-Identifier: BSD-3-Clause
"""Small cases, and the Review panel with the first one open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

import napari_mtmri as mt
from napari_mtmri.gui.app.review_commands import open_review
from napari_mtmri.gui.review.state import remember_reader

WAIT_MS = 180_000  # the first labels layer of a process may compile its colours for a minute
SHAPE = (24, 20, 6)  # i, j, k: axial slices
SPACING = (1.0, 1.0, 3.0)


def write_cases(folder: Path, count: int, *, sequences: bool = False) -> Path:
    """Write cases with a lesion of a different size in each; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    affine = np.diag([*SPACING, 1.0])
    for number in range(count):
        head = rng.integers(20, 60, SHAPE).astype(np.int16)
        lesion = np.zeros(SHAPE, np.uint8)
        lesion[4 : 8 + number % 4, 5:9, 2:4] = 1
        head[lesion > 0] += 100
        name = f"patient{number:02d}"
        mt.save(mt.Volume(head, affine, name=name), folder / f"{name}_flair.nii.gz")
        mt.save(mt.Volume(lesion, affine, kind="labels"), folder / f"{name}_mask.nii.gz")
        if sequences:
            mt.save(mt.Volume(head.max() - head, affine), folder / f"{name}_t1.nii.gz")
    return folder


@pytest.fixture(autouse=True)
def _no_known_reader() -> None:
    """napari keeps plugin settings in memory from test to test."""
    remember_reader("")


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    return write_cases(tmp_path / "study", 3)


@pytest.fixture
def review(viewer: Any, qtbot: Any) -> Any:
    """The panel without a project."""
    panel = open_review(viewer)
    yield panel
    panel.close_down()


@pytest.fixture
def opened(review: Any, cases: Path, qtbot: Any) -> Any:
    """The panel with the first of three cases open."""
    return open_cases(review, cases, qtbot)


def open_cases(panel: Any, folder: Path, qtbot: Any, reader: str = "Anna") -> Any:
    """Open a folder and wait until the first case and its lesions are there."""
    panel.open_folder(folder, reader)
    qtbot.waitUntil(lambda: panel.editing.lesions is not None, timeout=WAIT_MS)
    return panel


def wait_for_case(panel: Any, name: str, qtbot: Any) -> None:
    qtbot.waitUntil(
        lambda: (
            panel.desk.current is not None
            and panel.desk.current.name == name
            and not panel.desk.is_busy
            and panel.editing.lesions is not None
        ),
        timeout=WAIT_MS,
    )


def canvas_of(viewer: Any) -> Any:
    return viewer.window._qt_viewer.canvas.native


def press(viewer: Any, key: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key with the focus on the canvas."""
    QTest.keyClick(canvas_of(viewer), key, modifier)


def paint(panel: Any, voxel: tuple[int, int, int], label: int = 1, size: int = 1) -> None:
    """Paint a dot with napari's own function, as a click of the brush does."""
    layers = panel.desk.layers
    layers.mask.brush_size = size
    shown = [voxel[axis] for axis in layers.placement.order]
    mode, layers.mask.mode = layers.mask.mode, "paint"
    with layers.mask.block_history():
        layers.mask.paint(shown, label)
    layers.mask.mode = mode


def drag(viewer: Any, button: Any, start: QPoint, moves: list[QPoint], wait: Callable) -> None:
    """Drag the mouse over the canvas."""
    canvas = canvas_of(viewer)
    none = Qt.KeyboardModifier.NoModifier
    QTest.mousePress(canvas, button, none, start)
    for move in moves:
        QTest.mouseMove(canvas, move)
        wait(20)
    QTest.mouseRelease(canvas, button, none, moves[-1])
    wait(20)
