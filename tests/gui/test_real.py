# SPDX-License-Identifier: BSD-3-Clause
"""Real heads in the window: upright, in the right orientation, run and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.transform import resize

import napari_mtmri as mt
from napari_mtmri.display import upright_view
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.viewer.layers import KEY
from napari_mtmri.gui.viewer.orientation import watch
from napari_mtmri.samples import open_sample
from tests.gui.conftest import WAIT_MS

CASES = {
    "glioma": ("lgg-flair/TCGA_CS_4941_19960909_flair.nii.gz",),
    "oblique": ("open-ms/raw_patient20_flair.nii.gz",),
}


@pytest.fixture(params=["sample", *CASES])
def volume(request: pytest.FixtureRequest) -> mt.Volume:
    if request.param == "sample":
        return open_sample()[0]
    shared: Path = request.getfixturevalue("shared_data")
    return mt.open(shared / CASES[request.param][0])


def likeness(seen: np.ndarray, expected: np.ndarray) -> float:
    """Return the correlation of two pictures of the same shape."""
    return float(np.corrcoef(seen.ravel(), expected.ravel())[0, 1])


def on_canvas(viewer: Any) -> np.ndarray:
    """Return the image on the canvas in grey, without letters."""
    for name in list(viewer.canvas.overlays):
        if name.startswith("mtmri_"):
            viewer.canvas.overlays[name].visible = False
    picture = viewer.export_figure(flash=False)[..., :3].mean(-1)
    return np.asarray(picture)


def test_a_real_head_is_shown_upright_with_its_right_on_the_left(
    volume: mt.Volume, make_napari_viewer: Any, tmp_path: Path
) -> None:
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    path = mt.save(volume, tmp_path / "head.nii.gz")
    viewer.open(str(path), plugin="napari-mtmri")
    along = volume.axes.slice
    middle = volume.shape[along] // 2
    order = viewer.dims.order[0]
    point = np.zeros(3)
    layer = viewer.layers[0]
    placement = layer.metadata[KEY]["placement"]
    point[placement.order.index(along)] = middle
    viewer.dims.set_point(order, layer.data_to_world(point)[order])
    for view in ("radiological", "neurological"):
        watch(viewer).set_view(view)
        plane = upright_view(volume, along, neurological=view == "neurological")
        expected = plane.picture(volume.magnitude(), middle).clip(*layer.contrast_limits)
        seen = resize(on_canvas(viewer), expected.shape, order=1)
        right = likeness(seen, expected)
        wrong = [likeness(seen, expected[::-1]), likeness(seen, expected[:, ::-1])]
        assert right > 0.9, view
        assert right > max(wrong) + 0.02, view


def test_a_run_of_the_sample_is_shown_on_the_canvas(make_napari_viewer: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    viewer.open_sample("napari-mtmri", "flair-lesion")
    panel = commands.open_reconstruct(viewer)
    panel.choices.shown = ("reconstruction",)
    assert panel.input.mask.layer.name == viewer.layers[1].name
    viewer.layers[1].visible = False
    before = on_canvas(viewer)
    with qtbot.waitSignal(panel.finished, timeout=4 * WAIT_MS) as found:
        panel.run_volume()
    result = found.args[0]
    number = panel._slice(panel.input.volume())
    plane = upright_view(result.reconstruction, result.axes.slice)
    limits = viewer.layers[0].contrast_limits
    expected = plane.picture(result.reconstruction.data, number).clip(*limits)
    seen = resize(on_canvas(viewer), expected.shape, order=1)
    assert likeness(seen, expected) > 0.98
    assert likeness(resize(before, expected.shape, order=1), expected) < likeness(seen, expected)
    assert {row.title for row in panel.scores.rows} == {
        "zero-filled R4", "mtmri R4",
    }  # fmt: skip


def test_the_window_is_usable_at_1280_by_800(make_napari_viewer: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    viewer.open_sample("napari-mtmri", "phantom")
    panel = commands.open_reconstruct(viewer)
    window = viewer.window._qt_window
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: bool(panel.sampling.counts.text()), timeout=WAIT_MS)
    assert window.height() <= 800
    assert panel.width() <= 400
    assert panel.run_part.run.visibleRegion().boundingRect().height() > 10
    for part in (panel.input, panel.sampling, panel.method, panel.show_part, panel.scores):
        assert part.minimumSizeHint().width() <= 350, type(part).__name__
    viewer.theme = "light"
    qtbot.wait(50)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    assert picture.shape[1] >= 1280
