# SPDX-License-Identifier: BSD-3-Clause
"""What is on screen in each mode, for slices of 256 × 256: read from the picture of the window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from scipy.ndimage import binary_dilation

import napari_mtmri as mt
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.viewer.orientation import watch
from napari_mtmri.samples import phantom
from tests.gui.compare.conftest import Case, fill, settle

SHAPE = (256, 256, 20)
SHIFT = 12  # voxels by which the mask of the last result is off
TILE = 32
NEAR = 3  # voxels: a pixel of the window shows one voxel or two


@dataclass(frozen=True, eq=False)
class Screen:
    """The panel and the viewer, with what each cell should show on the chosen slice."""

    panel: Any
    viewer: Any
    images: tuple[np.ndarray, ...]  # (i, j), in grey levels from 0 to 255
    number: int

    def cell(self, at: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return the colours (i, j, 3) on screen at the voxels of a cell, and their x in pixels."""
        canvas = self.viewer.window._qt_viewer.canvas
        view = canvas.grid_views[at] if self.viewer.canvas.grid.enabled else canvas.view
        picture = self.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float)
        ratio = picture.shape[1] / canvas.size[1]
        corners = [(0, 0, self.number), (1, 0, self.number), (0, 1, self.number)]
        shown = [self.viewer.dims.displayed[axis] for axis in (1, 0)]
        world = np.array([self.panel.places.point(one) for one in corners])[:, shown]
        onto = (view.transform * view.scene.transform).map(world)[:, :2] * ratio
        i, j = np.indices(SHAPE[:2])
        steps = onto[1:] - onto[0]
        x, y = (onto[0, k] + i * steps[0, k] + j * steps[1, k] for k in (0, 1))
        return picture[y.astype(int), x.astype(int)], x

    def likest(self, seen: np.ndarray, where: np.ndarray) -> int:
        """Return which image is most like what is on screen at these voxels."""
        grey = seen.mean(axis=2)
        return int(np.argmin([np.abs(grey - one)[where].mean() for one in self.images]))


@pytest.fixture
def screen(viewer: Any, qtbot: Any) -> Screen:
    image, lesion = phantom(SHAPE)
    results = []
    for acceleration, shift in ((3, 0), (8, SHIFT)):
        scan = mt.simulate(image, mt.Pattern("random", acceleration=acceleration))
        found = lesion.like(np.roll(lesion.data, shift, axis=0), kind="labels")
        results.append(replace(mt.run(scan, "zero-filled"), labels=found))
    watch(viewer)
    viewer.window.resize(1500, 950)
    viewer.window.show()  # else the canvas has no size
    for dock in ("dockLayerControls", "dockLayerList"):  # a voxel is then about a pixel
        getattr(viewer.window._qt_viewer, dock).hide()
    qtbot.wait(50)
    fill(viewer, Case(image, lesion, tuple(results)))
    panel = commands.open_compare(viewer)
    panel.cells.compare.click()
    settle(panel, qtbot)
    number = int(np.argmax(lesion.data.sum(axis=(0, 1))))
    panel.places.go_to_slice(number)
    panel.looking.masks = "none"
    settle(panel, qtbot)
    low, high = panel.collection.comparison.window
    images = [image.data, *(one.reconstruction.data for one in results)]
    greys = [255 * np.clip((one[:, :, number] - low) / (high - low), 0, 1) for one in images]
    return Screen(panel, viewer, tuple(greys), number)


def test_each_mode_shows_what_it_says(screen: Screen, qtbot: Any) -> None:
    reference, _, last = screen.images
    inside = binary_dilation(reference > 20, iterations=NEAR)
    check_grid(screen, inside)
    check_disagreement(screen, qtbot)
    names = [cell.name for cell in screen.panel.collection.comparison.cells]
    screen.panel.looking.masks = "none"
    screen.panel.looking.first, screen.panel.looking.second = names[0], names[-1]
    for mode in ("swipe", "blink", "checkerboard", "difference"):
        qtbot.mouseClick(screen.panel.view.modes[mode], Qt.MouseButton.LeftButton)
        screen.panel.looking.blinks = False
        settle(screen.panel, qtbot)
        seen, x = screen.cell()
        if mode == "swipe":
            is_left = x < x.mean()
            assert screen.likest(seen, inside & is_left) == 0
            assert screen.likest(seen, inside & ~is_left) == 2
        elif mode == "blink":
            assert screen.likest(seen, inside) == 0
            screen.panel.view.exchange()
            settle(screen.panel, qtbot)
            assert screen.likest(screen.cell()[0], inside) == 2
        elif mode == "checkerboard":
            check_squares(screen, seen, inside)
        else:
            error = np.abs(reference - last)
            bright = seen.sum(axis=2)
            assert np.corrcoef(bright[inside], error[inside])[0, 1] > 0.7
            assert bright[error > 60].mean() > 3 * bright[inside & (error < 5)].mean()


def check_grid(screen: Screen, inside: np.ndarray) -> None:
    for at, expected in enumerate(screen.images):
        seen = screen.cell(at)[0]
        assert screen.likest(seen, inside) == at
        assert np.corrcoef(seen.mean(axis=2)[inside], expected[inside])[0, 1] > 0.9


def check_disagreement(screen: Screen, qtbot: Any) -> None:
    """Missed is teal and extra is orange, each only where it must be; agreed is light blue."""
    screen.panel.looking.masks = "disagreement"
    settle(screen.panel, qtbot)
    cells = screen.panel.collection.comparison.cells
    wanted, _, found = (cell.labels.data[:, :, screen.number] > 0 for cell in cells)
    for at, (missed, extra) in (
        (1, (wanted & ~wanted, wanted & ~wanted)),
        (2, (wanted & ~found, found & ~wanted)),
    ):
        red, green, blue = np.moveaxis(screen.cell(at)[0], 2, 0)
        is_teal = (green - red > 40) & (green > blue + 5)
        is_orange = (red - blue > 40) & (red > green)
        for seen, expected, least in ((is_teal, missed, 0.8), (is_orange, extra, 0.3)):
            assert not (seen & ~binary_dilation(expected, iterations=NEAR)).any()
            if expected.any():
                assert seen[expected].mean() > least


def check_squares(screen: Screen, seen: np.ndarray, inside: np.ndarray) -> None:
    """Squares next to each other show different cells, where the cells differ."""
    reference, _, last = screen.images
    squares = {}
    for i in range(0, SHAPE[0], TILE):
        for j in range(0, SHAPE[1], TILE):
            part = np.zeros(SHAPE[:2], bool)
            part[i : i + TILE, j : j + TILE] = True
            if np.abs(reference - last)[part & inside].sum() > 5 * part.sum():
                squares[i // TILE, j // TILE] = screen.likest(seen, part) == 0
    assert len(squares) > 10
    first = next(iter(squares))
    for square, is_first in squares.items():
        is_alike = (sum(square) - sum(first)) % 2 == 0
        assert is_first == (squares[first] == is_alike)
