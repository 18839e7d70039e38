# SPDX-License-Identifier: BSD-3-Clause
"""The Compare panel: the slices worth a look, keys, files and dropped layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Layer
from qtpy.QtCore import QMimeData, QPointF, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication

import napari_mtmri as mt
from napari_mtmri.compare import (
    NOT_COMPARED,
    load_comparison,
    most_disputed_slice,
    readings,
)
from napari_mtmri.gui.app.folders import get_comparison_reader
from napari_mtmri.gui.compare.files import save_with_parts
from napari_mtmri.gui.compare.panel import KEYS
from napari_mtmri.gui.viewer.layers import placement_of, volume_layer
from napari_mtmri.samples import phantom
from tests.gui.compare.conftest import Case, settle
from tests.gui.compare.one_window import TITLES, run_checks, titles
from tests.gui.conftest import WAIT_MS


def check_strip_tables_and_keys_lead_to_slices(
    compare: Any, full: Any, case: Case, qtbot: Any
) -> None:
    assert set(compare.strip.scores.values) == set(TITLES[1:])
    worst = compare.strip.scores.worst()
    compare.places.go_to_slice(0)
    qtbot.mouseClick(compare.strip.worst, Qt.MouseButton.LeftButton)
    assert compare.places.slice == worst
    compare.places.go_to_slice(0)
    qtbot.mouseClick(compare.strip.disputed, Qt.MouseButton.LeftButton)
    assert compare.places.slice == most_disputed_slice(compare.collection.comparison)
    compare.places.go_to_slice(0)
    compare.lesions._clicked(0)
    voxel = compare.lesions._lesions.rows[0].voxel
    assert compare.places.slice == voxel[2]
    assert case.lesion.data[voxel] > 0
    assert compare.lesions.table.item(0, 2).text() == "✓"
    qtbot.mouseClick(compare.lesions.copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == compare.lesions._lesions.to_csv()
    heading = compare.scores.table.horizontalHeaderItem(1)
    assert heading.text().startswith("PSNR")
    assert "peak" in compare.scores.table.item(0, 1).toolTip()


def check_tables_are_sorted_as_numbers_with_their_names(compare: Any) -> None:
    table = compare.scores.table
    expected = {}
    for row in range(table.rowCount()):
        expected[table.item(row, 0).text()] = table.item(row, 1).text()
    assert list(expected) == TITLES[1:]
    table.sortItems(1, Qt.SortOrder.AscendingOrder)
    names = [table.item(row, 0).text() for row in range(table.rowCount())]
    assert names == ["zero-filled R4", "zero-filled R2"]
    assert [table.item(row, 1).text() for row in range(2)] == [expected[name] for name in names]


def check_the_cursor_reads_every_cell(compare: Any, full: Any, case: Case, qtbot: Any) -> None:
    voxel = tuple(np.argwhere(case.lesion.data > 0)[0])
    compare.screen.cursor.go(compare.places.placement.point(voxel))
    lines = compare.readout.label.text().splitlines()
    assert [line.partition(":")[0] for line in lines] == TITLES
    assert f"{case.image.data[voxel]:.4g}" in lines[0]
    assert "label 1" in lines[0]
    assert "error" in lines[1]
    assert "mtmri_cross" in full.scene.overlays
    compare.places.go_to_slice(0)  # the values follow the slice on screen
    below = f"{case.image.data[(*voxel[:2], 0)]:.4g}"
    qtbot.waitUntil(lambda: below in compare.readout.label.text().splitlines()[0], timeout=WAIT_MS)


def check_planes_are_upright_with_letters(compare: Any, full: Any, qtbot: Any) -> None:
    for name, top, order in (("Coronal", "S", 1), ("Sagittal", "S", 2), ("Axial", "A", 0)):
        qtbot.mouseClick(compare.view.planes[name], Qt.MouseButton.LeftButton)
        settle(compare, qtbot)
        assert full.dims.order[0] == order
        overlay = full.canvas.overlays["mtmri_t"]
        assert (overlay.text, overlay.visible, overlay.gridded) == (top, True, True)
        assert compare.view.planes[name].isChecked()
        number = len(next(iter(compare.strip.scores.values.values())))
        assert number == compare.screen.stage.slots[0].image.data.shape[order]


def check_a_volume_on_another_grid_is_refused_and_can_be_resampled(
    compare: Any, full: Any, case: Case, qtbot: Any
) -> None:
    affine = case.image.affine.copy()
    affine[:3, :3] = affine[:3, :3] * 2
    coarse = mt.Volume(case.image.data[::2, ::2, ::2].copy(), affine, name="coarse")
    layer = full.add_layer(Layer.create(*volume_layer(coarse)))
    full.layers.selection = {layer}
    compare.add_selected()
    text = compare.cells.problem.text
    for volume in (coarse, case.image):
        assert " × ".join(map(str, volume.shape)) in text
    assert titles(compare) == TITLES
    qtbot.mouseClick(compare.cells.resample, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(compare.collection.comparison.cells) == 4, timeout=WAIT_MS)
    settle(compare, qtbot)
    assert titles(compare)[-1] == "coarse · resampled"
    assert not compare.cells.problem.text


def check_dropped_layers_become_cells_and_stay_in_the_layer_list(
    compare: Any, full: Any, qtbot: Any
) -> None:
    drawn = full.layers[1]
    full.layers.selection = {drawn}
    data = QMimeData()  # the event does not keep it
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    compare.cells.list.dropEvent(event)
    assert event.dropAction() == Qt.DropAction.IgnoreAction  # a move would delete the layer
    settle(compare, qtbot)
    assert compare.collection.comparison.cells[-1].kind == "mask"
    assert drawn in full.layers


def check_without_a_reference_residual_and_spread_are_shown(
    compare: Any, full: Any, case: Case, qtbot: Any
) -> None:
    panel = compare
    panel.collection.clear()
    full.layers.clear()
    scans = [mt.simulate(case.image, mt.Pattern("random", seed=seed)) for seed in (0, 1)]
    masks = [case.lesion, case.results[1].labels]
    alone = [
        replace(mt.run(scan, "zero-filled"), reference=None, error=None, labels=labels)
        for scan, labels in zip(scans, masks, strict=True)
    ]
    panel.collection.add_runs(alone)
    settle(panel, qtbot)
    assert NOT_COMPARED in panel.cells.note.text()
    panel.looking.content = "error"
    settle(panel, qtbot)
    assert all("error" not in title for title in titles(panel))
    assert not panel.strip.quantity.count()
    lines = readings(panel.collection.comparison, (20, 22, 4))
    assert all(line.error is None and line.spread > 0 for line in lines)
    panel.looking.content = "spread"
    settle(panel, qtbot)
    assert all(title.endswith("SD over masks") for title in titles(panel))
    first, second = (one.reconstruction.data for one in alone)
    seen = panel.screen.stage.slots[0].image.data
    expected = placement_of(case.image).view(np.abs(first - second) / np.sqrt(2))
    np.testing.assert_allclose(seen, expected, atol=1e-3)
    panel.looking.content = "frequency"
    settle(panel, qtbot)
    assert all(title.endswith("% of masks") for title in titles(panel))
    assert panel.screen.stage.slots[0].image.contrast_limits == [0, 100]
    assert "100 %" in panel.view.scale.text()
    expected = placement_of(case.image).view(50 * sum(one.data > 0 for one in masks))
    np.testing.assert_allclose(panel.screen.stage.slots[0].image.data, expected)
    assert "spread over masks" in [
        panel.scores.table.horizontalHeaderItem(at).text()
        for at in range(panel.scores.table.columnCount())
    ]


def check_a_comparison_is_saved_and_opened_again(
    compare: Any, full: Any, tmp_path: Path, qtbot: Any
) -> None:
    compare.looking.masks = "fill"
    compare.looking.hidden = frozenset({"zero-filled R2"})
    compare.places.go_to_slice(3)
    zoom = full.scene.camera.zoom * 3
    full.scene.camera.zoom = zoom
    full.scene.camera.center = center = compare.places.placement.point((12, 30, 3))
    path = tmp_path / "compare.json"
    save_with_parts(compare.shown(), path)
    saved = load_comparison(path)
    assert [cell.name for cell in saved.cells] == ["reference", "zero-filled R4"]
    assert (saved.view.masks, saved.slice) == ("fill", 3)
    assert saved.view.zoom is not None
    compare.collection.clear()
    compare.looking.masks = "outline"
    assert get_comparison_reader(str(tmp_path / "other.json")) is None
    full.open(str(path), plugin="napari-mtmri")  # as if dropped on the window
    with qtbot.waitSignal(compare.collection.opened, timeout=WAIT_MS):
        pass
    settle(compare, qtbot)
    assert titles(compare) == ["reference", "zero-filled R4"]
    assert compare.looking.masks == "fill"
    assert compare.places.slice == 3
    camera = full.scene.camera
    np.testing.assert_allclose(camera.center[1:], center[1:], atol=0.1)
    assert camera.zoom == pytest.approx(zoom, rel=0.35)  # one cell less: each is larger


def check_result_folders_open_in_their_own_plane(
    compare: Any, full: Any, tmp_path: Path, qtbot: Any
) -> None:
    panel, viewer = compare, full
    panel.collection.clear()
    viewer.layers.clear()
    image = phantom((24, 32, 28))[0]
    affine = image.affine.copy()
    affine[:3, 0] *= 4  # thick sagittal slices
    sagittal = mt.Volume(image.data, affine, name="sagittal")
    result = mt.run(mt.simulate(sagittal, mt.Pattern("random", acceleration=2)), "zero-filled")
    folder = mt.save(mt.evaluate(result, reference=sagittal), tmp_path / "result")
    panel.collection.add_paths([folder])
    qtbot.waitUntil(lambda: panel.screen.stage.is_up, timeout=WAIT_MS)
    settle(panel, qtbot)
    assert titles(panel) == ["reference", "zero-filled R2"]
    assert panel.places.axis == result.axes.slice
    assert viewer.dims.order[0] == 2
    assert panel.view.planes["Sagittal"].isChecked()
    assert panel.places.slice == panel.collection.comparison.slice
    np.testing.assert_allclose(  # the reference is the reconstruction minus the error
        panel.collection.comparison.reference.data, sagittal.data, atol=1e-2
    )


def check_a_file_that_cannot_be_read_is_named(compare: Any, tmp_path: Path, qtbot: Any) -> None:
    bad = tmp_path / "broken.nii.gz"
    bad.write_bytes(b"nothing")
    compare.collection.add_paths([bad])
    qtbot.waitUntil(lambda: "broken.nii.gz" in compare.problem.text, timeout=WAIT_MS)
    assert titles(compare) == TITLES


def check_every_key_has_a_command_and_is_in_a_tooltip(compare: Any) -> None:
    from npe2 import PluginManager

    manifest = PluginManager.instance().get_manifest("napari-mtmri")
    known = {command.python_name.rpartition(":")[2] for command in manifest.contributions.commands}
    tips = [widget.toolTip() for widget in compare.findChildren(type(compare.view.window))]
    tips += [widget.toolTip() for widget in compare.findChildren(type(compare.view.masks))]
    tips += [widget.toolTip() for widget in (compare.strip.worst, compare.strip.disputed)]
    guide = "".join([*tips, compare.lesions.table.toolTip()])
    for key, command in KEYS.items():
        assert command.__name__ in known
        assert key.replace("-", "+") in guide


def check_keys_work_on_the_canvas(compare: Any, full: Any, qtbot: Any) -> None:
    canvas = full.window._qt_viewer.canvas.native
    held = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(canvas, Qt.Key.Key_K, held)
    assert compare.looking.masks == "fill"
    qtbot.keyClick(canvas, Qt.Key.Key_M, held)
    assert compare.looking.mode == "swipe"
    settle(compare, qtbot)
    compare.places.go_to_slice(0)
    qtbot.keyClick(canvas, Qt.Key.Key_D, held)
    assert compare.places.slice == most_disputed_slice(compare.collection.comparison)


def test_in_one_window(compare: Any, full: Any, case: Case, tmp_path: Path, qtbot: Any) -> None:
    checks = (
        check_strip_tables_and_keys_lead_to_slices,
        check_tables_are_sorted_as_numbers_with_their_names,
        check_the_cursor_reads_every_cell,
        check_planes_are_upright_with_letters,
        check_every_key_has_a_command_and_is_in_a_tooltip,
        check_keys_work_on_the_canvas,
        check_a_file_that_cannot_be_read_is_named,
        check_a_comparison_is_saved_and_opened_again,
        check_dropped_layers_become_cells_and_stay_in_the_layer_list,
        check_a_volume_on_another_grid_is_refused_and_can_be_resampled,
        check_without_a_reference_residual_and_spread_are_shown,
        check_result_folders_open_in_their_own_plane,
    )
    run_checks(checks, {"compare": compare, "full": full, "case": case, "qtbot": qtbot}, tmp_path)
