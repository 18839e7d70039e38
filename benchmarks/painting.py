# SPDX-License-Identifier: BSD-3-Clause
"""Speed of a brush stroke in the Review panel, next to napari without it.

xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/painting.py [ROUNDS]

Drags napari's brush over a volume of 256 x 256 x 60 with one image and one mask, in turn with the
panel and in a bare viewer, and times each mouse move until it is drawn. Then the time from a stroke
to the new table of lesions, and from a verdict to the next case. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_mtmri as mt
from napari_mtmri.gui.app.window import build_window

SHAPE, SIZE = (256, 256, 60), (1400, 900)
ROUNDS, MOVES, WAIT_S = 4, 25, 300.0


def spin(until: Callable[[], bool]) -> float:
    """Run the event loop until a condition holds; return the seconds it took."""
    began = time.perf_counter()
    while not until() and time.perf_counter() - began < WAIT_S:
        QApplication.processEvents()
        time.sleep(0.001)
    return time.perf_counter() - began


def make_cases(folder: Path) -> Path:
    """Write two cases with some lesions."""
    rng = np.random.default_rng(0)
    grid = np.diag([1.0, 1.0, 3.0, 1.0])
    for name in ("a", "b"):
        image = rng.integers(0, 900, SHAPE).astype(np.int16)
        mask = np.zeros(SHAPE, np.uint8)
        for i, j, k in rng.integers((20, 20, 5), (230, 230, 55), (20, 3)):
            mask[i - 6 : i + 6, j - 6 : j + 6, k - 2 : k + 2] = 1
        mt.save(mt.Volume(image, grid), folder / f"{name}_flair.nii.gz")
        mt.save(mt.Volume(mask, grid, kind="labels"), folder / f"{name}_mask.nii.gz")
    return folder


def stroke(viewer: Any, layer: Any, down: int) -> list[float]:
    """Drag the brush over the canvas; return the time of each move, in ms."""
    canvas, none = viewer.window._qt_viewer.canvas.native, Qt.KeyboardModifier.NoModifier
    viewer.layers.selection.active = layer
    layer.mode, layer.brush_size = "paint", 10
    start = canvas.rect().center() + QPoint(-150, down)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, none, start)
    times = []
    for number in range(MOVES):
        QTest.mouseMove(canvas, start + QPoint(10 * number, 0))
        began = time.perf_counter()
        QApplication.processEvents()
        times.append(1000 * (time.perf_counter() - began))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, none, start + QPoint(240, 0))
    QApplication.processEvents()
    return times[1:]


def bare_viewer(image: np.ndarray, mask: np.ndarray) -> tuple[Any, Any]:
    """Return a viewer without the panel, with its mask layer."""
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(*SIZE)
    viewer.add_image(image, contrast_limits=(0, 900))
    return viewer, viewer.add_labels(mask)


def main() -> None:
    """Print the results."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    folder = make_cases(Path(tempfile.mkdtemp()))
    viewer, panel = build_window([folder], panel="Review", reader="benchmark")
    viewer.window._qt_window.resize(*SIZE)
    spin(lambda: panel.editing.lesions is not None)
    layers = panel.desk.layers
    plain, labels = bare_viewer(np.asarray(layers.image.data), np.array(layers.mask.data))
    with_panel, without = [], []
    for number in range(rounds):
        down = 20 * number - 100
        with_panel += stroke(viewer, layers.mask, down)
        without += stroke(plain, labels, down)
    print(f"{os.cpu_count()} cores, system load {os.getloadavg()[0]:.1f}, software OpenGL")
    ours, bare = statistics.median(with_panel), statistics.median(without)
    print(f"a move, bare napari    {bare:6.1f} ms (median of {len(without)})")
    print(f"a move, Review panel   {ours:6.1f} ms, {ours / bare:.2f} times as long")
    panel.planes.show(True)
    spin(lambda: panel.planes.views.isVisible())
    with_planes, without = [], []
    for number in range(rounds):
        with_planes += stroke(viewer, layers.mask, 20 * number - 60)
        without += stroke(plain, labels, 20 * number - 60)
    ours, bare = statistics.median(with_planes), statistics.median(without)
    print(f"a move, with planes    {ours:6.1f} ms, {ours / bare:.2f} times as long")
    panel.planes.show(False)
    tables: list[object] = []
    panel.editing.measured.connect(tables.append)
    times = []
    for number in range(rounds):
        stroke(viewer, layers.mask, 30 * number - 60)
        tables.clear()
        times.append(spin(lambda: bool(tables)))
    print(f"stroke to new table    {statistics.median(times):6.2f} s")
    shown: list[object] = []
    panel.desk.case_opened.connect(shown.append)
    panel.verdict.give("approve")
    print(f"verdict to next case   {spin(lambda: bool(shown)):6.2f} s")
    panel.close_down()
    viewer.close()
    plain.close()


if __name__ == "__main__":
    main()
