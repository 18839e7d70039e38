# SPDX-License-Identifier: BSD-3-Clause
"""The Compare panel: cells, modes, windows and figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

import napari_mtmri as mt
from napari_mtmri.compare import (
    EXTRA,
    MISSED,
    save_comparison_figure,
)
from napari_mtmri.compare.comparison import PAIR_MODES
from napari_mtmri.compare.mask_patterns import outline
from napari_mtmri.gui.app.commands import open_compare
from napari_mtmri.gui.compare.pictures import REFERENCE_LABEL
from napari_mtmri.gui.compare.screen import BLINK_MS
from napari_mtmri.gui.viewer.layers import placement_of
from tests.gui.compare.conftest import SHIFT, Case, fill, settle
from tests.gui.compare.one_window import TITLES, begin_again, cell_at, run_checks, titles
from tests.gui.conftest import WAIT_MS, slab


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


def test_in_one_window(compare: Any, full: Any, case: Case, tmp_path: Path, qtbot: Any) -> None:
    checks = (
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
    run_checks(checks, {"compare": compare, "full": full, "case": case, "qtbot": qtbot}, tmp_path)


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
