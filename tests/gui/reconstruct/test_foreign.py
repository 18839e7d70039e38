# SPDX-License-Identifier: BSD-3-Clause
"""Layers that other readers and scripts made, and layers that are no volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from napari.layers.image._image_utils import guess_rgb

import napari_mtmri as mt
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.reconstruct.parts.input import ONLY_LABELS
from napari_mtmri.gui.viewer.layers import volume_of
from napari_mtmri.samples import phantom
from tests.gui.conftest import SHAPE, WAIT_MS, slab
from tests.gui.driving import names, run
from tests.gui.viewer.test_orientation import UPRIGHT, camera

STACK = np.ascontiguousarray(phantom(SHAPE)[0].data.transpose(2, 1, 0))  # slices first


def letters(viewer: Any) -> list[str]:
    overlays = viewer.canvas.overlays
    keys = [f"mtmri_{side}" for side in "lrtb"]
    return [overlays[key].text for key in keys if key in overlays and overlays[key].visible]


def opened(viewer: Any, qtbot: Any) -> Any:
    panel = commands.open_reconstruct(viewer)
    qtbot.waitUntil(lambda: "cpu" in panel.header.device.text(), timeout=WAIT_MS)
    return panel


def test_a_numpy_layer_is_neither_turned_nor_lettered_and_its_results_lie_on_it(
    viewer: Any, qtbot: Any
) -> None:
    layer = viewer.add_image(
        STACK, name="stack", scale=(0.3, 0.11, 0.13), translate=(5, 6, 7), rotate=20
    )
    before, range_before = camera(viewer), viewer.dims.range
    panel = opened(viewer, qtbot)
    facts = panel.input.facts.text()
    assert "8 slices along axis 0, phase encoding along axis 2 (40 lines)" in facts
    assert "(unit unknown)" in facts
    run(panel, qtbot)
    assert camera(viewer) == before
    assert not letters(viewer)
    # The last of 8 slices 0.3 apart is reached only if the slider ends a rounding error later.
    np.testing.assert_allclose(viewer.dims.range, range_before, rtol=1e-6)
    result = viewer.layers["reconstruction · mtmri R4 · stack"]
    assert result.units == layer.units
    assert result.extent.world == pytest.approx(layer.extent.world)
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "live mtmri · stack" in names(viewer), timeout=WAIT_MS)
    assert not letters(viewer)
    panel.run_part.live.setChecked(False)
    qtbot.waitUntil(lambda: not any("live" in name for name in names(viewer)), timeout=WAIT_MS)
    # a file of this plugin beside it: upright, and lettered only while no other image is seen
    data, arguments = STACK, {"name": "unknown"}
    viewer.layers.clear()
    viewer.add_image(data, **arguments)
    from napari.layers import Layer

    from napari_mtmri.gui.viewer.contributions import phantom_sample

    ours = viewer.add_layer(Layer.create(*phantom_sample()[0]))
    assert camera(viewer) == UPRIGHT
    assert not letters(viewer)
    viewer.layers["unknown"].visible = False
    assert letters(viewer) == ["R", "L", "A", "P"]
    ours.visible = False
    viewer.layers["unknown"].visible = True
    assert not letters(viewer)


def test_a_file_without_unit_and_directions_is_shown_in_pixels_without_letters(
    viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    image = nib.Nifti1Image(STACK.transpose(2, 1, 0), None)
    image.header["pixdim"][1:4] = (2, 2, 5)
    image.header["qform_code"] = image.header["sform_code"] = 0
    image.header["xyzt_units"] = 0
    nib.save(image, tmp_path / "bare.nii")
    layer = viewer.open(str(tmp_path / "bare.nii"), plugin="napari-mtmri")[0]
    assert {str(unit) for unit in layer.units} == {"pixel"}
    assert not letters(viewer)
    panel = opened(viewer, qtbot)
    assert "slices along axis 2" in panel.input.facts.text()
    panel.method.method.setCurrentIndex(panel.method.method.findData("zero-filled"))
    result = run(panel, qtbot)
    units = {str(unit) for one in viewer.layers for unit in one.units}
    assert units == {"pixel"}
    assert not result.zero_filled.directions_known


def test_units_of_layers_made_elsewhere_travel(viewer: Any, tmp_path: Path) -> None:
    """SimpleITK is not asked: nibabel reads unit and spacing of the written file."""
    layer = viewer.add_image(STACK, name="fine", scale=(500, 80, 90), units=("um",) * 3)
    volume = volume_of(layer)
    assert volume.spacing_known
    assert volume.spacing == pytest.approx((0.5, 0.08, 0.09))
    layer.save(str(tmp_path / "fine.nii.gz"), plugin="napari-mtmri")
    written = nib.load(tmp_path / "fine.nii.gz")
    assert written.header.get_xyzt_units()[0] == "mm"
    assert sorted(written.header.get_zooms()) == pytest.approx([0.08, 0.09, 0.5])
    unknown = viewer.add_image(STACK, name="unknown", scale=(3, 1, 1))
    assert not volume_of(unknown).spacing_known
    labels = viewer.add_labels((STACK > 0).astype(np.uint8), scale=(0.5, 0.08, 0.09), units="mm")
    from napari_mtmri.gui.viewer.layers import labels_on

    assert labels_on(labels, layer).data.any()


def test_what_is_no_volume_is_told_with_the_remedy(viewer: Any, qtbot: Any) -> None:
    panel = opened(viewer, qtbot)
    labels = viewer.add_labels(np.zeros((4, 5, 6), np.uint8))
    assert panel.input.facts.text() == ONLY_LABELS
    viewer.layers.remove(labels)
    for data, rgb, word in (
        (np.zeros((6, 20, 20, 3), np.uint8), True, "Split RGB"),
        (np.zeros((20, 20), np.float32), False, "2 axes"),
        (np.zeros((2, 2, 4, 5, 6), np.float32), False, "5 axes"),
    ):
        layer = viewer.add_image(data, rgb=rgb, name="other", contrast_limits=(0, 1))
        assert "No volume" in panel.input.facts.text()
        assert word in panel.input.facts.text()
        assert not panel.run_part.run.isEnabled()
        viewer.layers.remove(layer)
    broken = STACK.copy()
    broken[2, 3, 4] = np.nan
    viewer.add_image(broken, name="broken", contrast_limits=(0, 1))
    qtbot.waitUntil(lambda: "1 of" in panel.input.problem.text, timeout=WAIT_MS)  # before a run
    assert not panel.run_part.run.isEnabled()
    viewer.add_image(STACK, name="sound")
    panel.input.image.choose(viewer.layers["sound"])
    assert not panel.input.problem.text
    assert panel.run_part.run.isEnabled()


def test_a_multiscale_layer_gives_its_full_resolution_and_a_series_its_frame(
    viewer: Any, qtbot: Any
) -> None:
    panel = opened(viewer, qtbot)
    panel.method.method.setCurrentIndex(panel.method.method.findData("zero-filled"))
    viewer.add_image([STACK, STACK[:, ::2, ::2]], multiscale=True, name="levels")
    np.testing.assert_array_equal(panel.input.volume().data, STACK)
    assert panel.input.frame.isHidden()
    result = run(panel, qtbot)
    assert result.zero_filled.shape == STACK.shape
    viewer.layers.clear()
    frames = np.stack([STACK * factor for factor in (1, 2, 3)])
    viewer.add_image(frames, name="series")
    assert not panel.input.frame.isHidden()
    shown = int(viewer.dims.current_step[0])
    assert panel.input.frame.value() == shown
    panel.input.frame.setValue(2)
    assert viewer.dims.current_step[0] == 2
    np.testing.assert_array_equal(panel.input.volume().data, frames[2])
    viewer.dims.set_current_step(0, 1)
    assert panel.input.frame.value() == 1
    result = run(panel, qtbot)
    assert result.name == "series frame 1"
    np.testing.assert_array_equal(result.reference.data, frames[1])
    assert viewer.layers["zero-filled · zero-filled R4 · series frame 1"].ndim == 3
    panel.input.frame.setValue(0)
    assert not panel.scores.rows  # of another frame


def test_three_slices_are_no_colours(viewer: Any, qtbot: Any, tmp_path: Path) -> None:
    for count in (3, 4):
        path = mt.save(slab(count)[0], tmp_path / f"slab{count}.nii.gz")
        layer = viewer.open(str(path), plugin="napari-mtmri")[0]
        assert not layer.rgb
        assert layer.data.shape == (40, 44, count)
        assert guess_rgb(layer.data.shape), "napari would take it for colours"
        layer.save(str(tmp_path / "again.nii.gz"), plugin="napari-mtmri")
        assert mt.open(tmp_path / "again.nii.gz").shape == (count, 44, 40)
    panel = opened(viewer, qtbot)
    panel.method.method.setCurrentIndex(panel.method.method.findData("zero-filled"))
    run(panel, qtbot)
    assert not any(getattr(layer, "rgb", False) for layer in viewer.layers)
