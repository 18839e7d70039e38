# SPDX-License-Identifier: BSD-3-Clause
"""The Compare panel: cells, modes, windows and the slices worth a look."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.layers import Layer
from qtpy.QtCore import QMimeData, QPointF, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication

import napari_mtmri as mt
from napari_mtmri.compare import (
    EXTRA,
    MISSED,
    NOT_COMPARED,
    load_comparison,
    most_disputed_slice,
    readings,
    save_comparison_figure,
)
from napari_mtmri.compare.comparison import PAIR_MODES
from napari_mtmri.compare.mask_patterns import outline
from napari_mtmri.gui.app.commands import open_compare
from napari_mtmri.gui.app.folders import get_comparison_reader
from napari_mtmri.gui.compare.files import save_with_parts
from napari_mtmri.gui.compare.panel import KEYS
from napari_mtmri.gui.compare.pictures import REFERENCE_LABEL
from napari_mtmri.gui.compare.screen import BLINK_MS
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.viewer.layers import placement_of, volume_layer
from napari_mtmri.samples import phantom
from tests.gui.compare.conftest import SHIFT, Case, fill, settle
from tests.gui.conftest import WAIT_MS, slab

TITLES = ["reference", "zero-filled R2", "zero-filled R4"]


def titles(panel: Any) -> list[str]:
    return [slot.image.name for slot in panel.screen.stage.slots]


def cell_at(panel: Any, viewer: Any) -> list[str]:
    """Return the titles in the order of the grid on screen."""
    found = []
    for _, indices in viewer.canvas.grid.iter_viewboxes(viewer.layers):
        names = [viewer.layers[at].name for at in indices if viewer.layers[at].visible]
        found += [name for name in names if not name.endswith("mask")]
    return found


def check_runs_are_shown_with_their_reference_in_the_grid(
    compare: Any, full: Any, case: Case, qtbot: Any
) -> None:
    assert titles(compare) == TITLES
    assert full.canvas.grid.enabled
    assert cell_at(compare, full) == TITLES
    for slot, volume in zip(
        compare.screen.stage.slots,
        (case.image, *(result.reconstruction for result in case.results)),
        strict=True,
    ):
        np.testing.assert_allclose(slot.image.data, placement_of(case.image).view(volume.data))
        assert tuple(slot.image.contrast_limits) == compare.collection.comparison.window
    number = compare.places.slice
    expected = [case.lesion, *(result.labels for result in case.results)]
    expected = [placement_of(case.image).view(one.data)[number] for one in expected]
    for slot, labels in zip(compare.screen.stage.slots, expected, strict=True):
        np.testing.assert_array_equal(slot.labels.data[number], outline(labels))
    compare.looking.masks = "fill"
    settle(compare, qtbot)
    for slot, labels in zip(compare.screen.stage.slots, expected, strict=True):
        np.testing.assert_array_equal(slot.labels.data[number], labels)
    assert not compare.cells.compare.isEnabled()  # both are in the cells now


def check_disagreement_is_where_it_must_be(compare: Any, full: Any, case: Case, qtbot: Any) -> None:
    compare.view.masks.setCurrentIndex(compare.view.masks.findData("disagreement"))
    compare.view.masks.activated.emit(compare.view.masks.currentIndex())
    settle(compare, qtbot)
    assert compare.view.legend.isVisibleTo(compare)
    same, shifted = (slot.labels.data for slot in compare.screen.stage.slots[1:])
    number = compare.places.slice
    assert MISSED not in same[number]
    assert EXTRA not in same[number]
    found = case.results[1].labels.data[:, :, number].T
    wanted = case.lesion.data[:, :, number].T
    seen = np.asarray(shifted[number])
    np.testing.assert_array_equal(seen == MISSED, (wanted > 0) & (found == 0))
    assert (seen == EXTRA).any()
    assert not (seen == EXTRA)[(wanted > 0) | (found == 0)].any()
    assert SHIFT


def check_errors_have_one_scale_and_one_colour_bar(compare: Any, case: Case, qtbot: Any) -> None:
    compare.looking.content = "error"
    settle(compare, qtbot)
    top = np.percentile(case.image.data[case.image.data > 0], 99.9, method="lower") / 5
    reference, *others = compare.screen.stage.slots
    assert reference.image.colormap.name == "gray"
    for slot, result in zip(others, case.results, strict=True):
        assert slot.image.colormap.name == "inferno"
        assert slot.image.contrast_limits == pytest.approx((0, top))
        error = np.abs(result.reconstruction.data - case.image.data)
        np.testing.assert_allclose(slot.image.data, placement_of(case.image).view(error), atol=1e-3)
    assert [slot.image.colorbar.visible for slot in compare.screen.stage.slots] == [
        False,
        True,
        False,
    ]
    assert f"{top:.4g}" in compare.view.scale.text()
    compare.looking.gain = 10
    settle(compare, qtbot)
    assert others[0].image.contrast_limits == pytest.approx((0, top / 2))
    assert titles(compare)[1:] == ["zero-filled R2 · error", "zero-filled R4 · error"]


def check_k_space_is_shown_in_decibels(compare: Any, full: Any, qtbot: Any) -> None:
    letters = [full.canvas.overlays[f"mtmri_{key}"] for key in "lrb"]
    assert all(letter.visible for letter in letters)
    compare.looking.content = "k-space"
    settle(compare, qtbot)
    seen = np.asarray(compare.screen.stage.slots[0].image.data[2])
    row, column = np.unravel_index(seen.argmax(), seen.shape)
    assert (row, column) == (seen.shape[0] // 2, seen.shape[1] // 2)
    assert seen.max() == pytest.approx(0, abs=1e-3)
    assert not compare.screen.stage.slots[0].labels.visible
    assert not any(letter.visible for letter in letters)  # k-space has no left and right


def check_a_pair_is_shown_in_one_picture(compare: Any, full: Any, case: Case, qtbot: Any) -> None:
    compare.looking.masks = "fill"
    for mode in PAIR_MODES:
        check_pair(compare, full, case, mode, qtbot)


def check_pair(compare: Any, full: Any, case: Case, mode: str, qtbot: Any) -> None:
    qtbot.mouseClick(compare.view.modes[mode], Qt.MouseButton.LeftButton)
    compare.looking.blinks = False
    settle(compare, qtbot)
    assert len(compare.screen.stage.slots) == 1
    visible = [layer for layer in full.layers if layer.visible]
    assert visible == [compare.screen.stage.slots[0].image, compare.screen.stage.slots[0].labels]
    if mode == "checkerboard":
        qtbot.mouseClick(compare.view.modes["grid"], Qt.MouseButton.LeftButton)
        settle(compare, qtbot)
        assert titles(compare) == cell_at(compare, full) == TITLES  # and back
        compare.cells.list.setCurrentRow(1)
        qtbot.mouseClick(compare.cells.remove, Qt.MouseButton.LeftButton)
        settle(compare, qtbot)
        assert titles(compare) == cell_at(compare, full) == ["reference", "zero-filled R4"]
        begin_again(compare, full, case, qtbot)
        return
    number = compare.places.slice
    seen = np.asarray(compare.screen.stage.slots[0].image.data[number])
    first = case.image.data[:, :, number].T
    second = case.results[0].reconstruction.data[:, :, number].T
    if mode == "difference":
        np.testing.assert_allclose(seen, np.abs(first - second), atol=1e-3)
    elif mode == "blink":
        np.testing.assert_allclose(seen, first)
        compare.view.exchange()
        seen = np.asarray(compare.screen.stage.slots[0].image.data[number])
        np.testing.assert_allclose(seen, second)
        assert titles(compare) == ["zero-filled R2"]
    else:
        is_first, is_second = seen == first, seen == second
        assert (is_first | is_second).all()
        masks = np.asarray(compare.screen.stage.slots[0].labels.data[number])
        np.testing.assert_array_equal(
            masks[is_first & ~is_second] == REFERENCE_LABEL,
            (case.lesion.data[:, :, number].T > 0)[is_first & ~is_second],
        )
        assert 0.3 < is_second[first != second].mean() < 0.7


def check_swipe_has_the_first_cell_on_the_left_of_the_screen(
    compare: Any, full: Any, case: Case, qtbot: Any
) -> None:
    compare.looking.mode = "swipe"
    compare.looking.edge = 25
    settle(compare, qtbot)
    seen = np.asarray(compare.screen.stage.slots[0].image.data[compare.places.slice])
    first = case.image.data[:, :, compare.places.slice].T
    share = (seen == first).mean(axis=0) == 1
    # world axes increase to the patient's left, which is on the right of the screen
    column = full.dims.displayed[1]
    left_is_low = (full.scene.camera.orientation2d[1].value == "right") == (
        compare.places.placement.affine[column, column] > 0
    )
    left, right = (share[:5], share[-5:]) if left_is_low else (share[-5:], share[:5])
    assert left.all()
    assert not right.all()


def check_alt_and_drag_moves_the_edge(compare: Any, full: Any, case: Case, qtbot: Any) -> None:
    compare.looking.mode = "swipe"
    settle(compare, qtbot)
    left_voxel = (
        0,
        10,
        4,
    )  # the phantom's first axis runs from one side of the screen to the other
    point = compare.places.placement.point(left_voxel)
    event = SimpleNamespace(modifiers=("Alt",), type="mouse_move", position=point, handled=False)
    drag = compare.screen.cursor._mouse_dragged(full, event)
    next(drag)
    next(drag)
    assert event.handled
    edge = compare.looking.edge
    assert edge in (1, 99)
    letter = full.canvas.overlays["mtmri_l" if edge == 1 else "mtmri_r"].text
    assert case.image.codes[0] != letter  # voxel 0 lies opposite to where the axis points
    without = SimpleNamespace(modifiers=(), type="mouse_move", position=point)
    assert not list(compare.screen.cursor._mouse_dragged(full, without))


def check_blink_is_never_faster_than_three_times_a_second(compare: Any, qtbot: Any) -> None:
    assert BLINK_MS >= 1000 / 3
    compare.looking.mode = "blink"
    settle(compare, qtbot)
    with qtbot.waitSignal(compare.looking.events.shows_second, timeout=WAIT_MS, raising=False):
        pass
    assert compare.screen.blinking.isActive()
    compare.looking.mode = "grid"
    settle(compare, qtbot)
    assert not compare.screen.blinking.isActive()


def check_all_cells_have_one_window_and_an_own_one_is_marked(compare: Any, qtbot: Any) -> None:
    before = compare.collection.comparison.window
    compare.screen.stage.slots[1].image.contrast_limits = (10, 200)
    settle(compare, qtbot)
    assert [tuple(s.image.contrast_limits) for s in compare.screen.stage.slots] == [(10, 200)] * 3
    compare.cells.list.setCurrentRow(2)
    qtbot.mouseClick(compare.cells.own_window, Qt.MouseButton.LeftButton)
    compare.screen.stage.slots[2].image.contrast_limits = (0, 50)
    settle(compare, qtbot)
    assert titles(compare)[2] == "zero-filled R4 · window 0 to 50"
    assert tuple(compare.screen.stage.slots[0].image.contrast_limits) == (10, 200)
    assert compare.shown().cell("zero-filled R4").window == (0, 50)
    qtbot.mouseClick(compare.view.window, Qt.MouseButton.LeftButton)
    settle(compare, qtbot)
    assert {tuple(slot.image.contrast_limits) for slot in compare.screen.stage.slots} == {before}
    assert titles(compare) == TITLES


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


def check_figure_and_report_are_written(compare: Any, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    from napari_mtmri.gui.compare.files import write_comparison_report

    shown = compare.shown()
    assert shown.slice == compare.places.slice
    save_comparison_figure(shown, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    text = write_comparison_report(shown, tmp_path / "report.html")
    assert str(tmp_path / "report.html") in text
    page = (tmp_path / "report.html").read_text("utf-8")
    assert all(title in page for title in TITLES)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == [
        "figure.png",
        "report.html",
    ]


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


PICTURES = (
    check_runs_are_shown_with_their_reference_in_the_grid,
    check_disagreement_is_where_it_must_be,
    check_errors_have_one_scale_and_one_colour_bar,
    check_k_space_is_shown_in_decibels,
    check_swipe_has_the_first_cell_on_the_left_of_the_screen,
    check_alt_and_drag_moves_the_edge,
    check_blink_is_never_faster_than_three_times_a_second,
    check_all_cells_have_one_window_and_an_own_one_is_marked,
    check_figure_and_report_are_written,
    check_a_pair_is_shown_in_one_picture,
)
PLACES = (
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


@pytest.mark.parametrize("checks", [PICTURES, PLACES], ids=["pictures", "places"])
def test_in_one_window(
    compare: Any, full: Any, case: Case, tmp_path: Path, qtbot: Any, checks: Sequence[Any]
) -> None:
    """A window takes seconds to open, so checks share one; each begins with the same cells."""
    known = {"compare": compare, "full": full, "case": case, "qtbot": qtbot}
    for check in checks:
        begin_again(compare, full, case, qtbot)
        own = tmp_path / check.__name__
        own.mkdir()
        given = {**known, "tmp_path": own}
        check(**{name: given[name] for name in inspect.signature(check).parameters})


def begin_again(compare: Any, full: Any, case: Case, qtbot: Any) -> None:
    """Show the cells of the runs in the viewer as the panel does at first."""
    for one in fields(Looking):
        setattr(compare.looking, one.name, getattr(Looking(), one.name))
    comparison = compare.collection.comparison
    if comparison is None or [cell.name for cell in comparison.cells] != TITLES:
        compare.collection.clear()
        fill(full, case)
        compare._find_runs()
        compare.cells.compare.click()
    settle(compare, qtbot)
    compare.places.go_to_slice(compare.collection.comparison.slice)


def test_three_sagittal_slices_are_shown_in_grey(viewer: Any, qtbot: Any) -> None:
    image, lesion = slab(3)
    scan = mt.simulate(image, mt.Pattern("random", acceleration=2))
    result = replace(mt.run(scan, "zero-filled"), labels=lesion)
    fill(viewer, Case(image, lesion, (result,)))
    panel = open_compare(viewer)
    panel.cells.compare.click()
    settle(panel, qtbot)
    assert [slot.image.ndim for slot in panel.screen.stage.slots] == [3, 3]
    assert not any(getattr(layer, "rgb", False) for layer in viewer.layers)
