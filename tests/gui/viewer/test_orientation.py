# SPDX-License-Identifier: BSD-3-Clause
"""Orientation of the patient on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.viewer.orientation import edge_letters, watch
from tests.gui.viewer.test_layers import CODES, marked

UPRIGHT = ("up", "left")
AXES = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}
LETTERS = {
    ("axial", "radiological"): ("R", "L", "A", "P"),
    ("coronal", "radiological"): ("R", "L", "S", "I"),
    ("sagittal", "radiological"): ("A", "P", "S", "I"),
    ("axial", "neurological"): ("L", "R", "A", "P"),
    ("coronal", "neurological"): ("L", "R", "S", "I"),
    ("sagittal", "neurological"): ("P", "A", "S", "I"),
}


def camera(viewer: Any) -> tuple[str, str]:
    vertical, horizontal = viewer.scene.camera.orientation2d
    return vertical.value, horizontal.value


def shown_letters(viewer: Any) -> tuple[str, ...]:
    return tuple(viewer.canvas.overlays[f"mtmri_{side}"].text for side in "lrtb")


def test_a_file_opens_upright_and_lettered_without_the_panel(
    viewer: Any, files: tuple[Path, Path]
) -> None:
    before = camera(viewer)
    viewer.open(str(files[0]), plugin="napari-mtmri")
    assert camera(viewer) == UPRIGHT
    assert shown_letters(viewer) == ("R", "L", "A", "P")
    viewer.layers.clear()
    assert camera(viewer) == before
    assert not viewer.canvas.overlays["mtmri_l"].visible
    viewer.open(str(files[0]), plugin="napari-mtmri")
    assert camera(viewer) == UPRIGHT


def test_layers_of_other_readers_do_not_turn_the_camera(viewer: Any) -> None:
    before = camera(viewer)
    commands.open_reconstruct(viewer)
    viewer.add_image(np.zeros((4, 5, 6)), contrast_limits=(0, 1))
    assert camera(viewer) == before
    assert "mtmri_l" not in viewer.canvas.overlays


def test_letters_follow_view_plane_and_dimensions(viewer: Any, files: tuple[Path, Path]) -> None:
    viewer.open(str(files[0]), plugin="napari-mtmri")
    for view in ("radiological", "neurological"):
        assert watch(viewer).view == view
        for plane, order in AXES.items():
            viewer.dims.order = order
            assert edge_letters(viewer) == shown_letters(viewer) == LETTERS[plane, view]
        commands.toggle_view(viewer)
    viewer.dims.order = (2, 1, 0)  # as set by napari's roll button
    assert shown_letters(viewer) == ("I", "S", "A", "P") or shown_letters(viewer)[2:] == ("A", "P")
    viewer.dims.ndisplay = 3
    assert not any(viewer.canvas.overlays[f"mtmri_{side}"].visible for side in "lrtb")


def test_a_sagittal_scan_opens_in_the_plane_it_was_acquired_in(viewer: Any, tmp_path: Path) -> None:
    affine = np.diag([5.0, 1.0, 1.0, 1.0])  # slices along left-right
    volume = mt.Volume(np.random.default_rng(0).random((6, 20, 24)), affine, name="sagittal")
    viewer.open(str(mt.save(volume, tmp_path / "sagittal.nii.gz")), plugin="napari-mtmri")
    assert viewer.dims.order == (2, 0, 1)
    assert shown_letters(viewer) == ("A", "P", "S", "I")


@pytest.mark.parametrize("number", range(0, 48, 11))
def test_the_marker_is_drawn_where_it_belongs_for_all_axes(
    make_napari_viewer: Any, number: int, tmp_path: Path
) -> None:
    """The right anterior superior corner is at the upper left in radiological slices."""
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    path = mt.save(marked(CODES[number]), tmp_path / "marked.nii.gz")
    layer = viewer.open(str(path), plugin="napari-mtmri")[0]
    layer.contrast_limits = (0, 1)
    for view in ("radiological", "neurological"):
        watch(viewer).set_view(view)
        for order in AXES.values():
            viewer.dims.order = order
            for side in "lrtb":
                viewer.canvas.overlays[f"mtmri_{side}"].visible = False
            bright = np.argwhere(layer.data > 0).mean(0)
            viewer.dims.point = layer.data_to_world(bright)
            viewer.reset_view()
            picture = viewer.screenshot(canvas_only=True, flash=False)[..., 0]
            rows, columns = np.nonzero(picture > 128)
            left, _, top, _ = edge_letters(viewer)
            assert rows.size, (view, order)
            assert (rows.mean() < picture.shape[0] / 2) == (top in "SAR"), (view, order)
            assert (columns.mean() < picture.shape[1] / 2) == (left in "SAR"), (view, order)
