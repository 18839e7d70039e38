# SPDX-License-Identifier: BSD-3-Clause
"""The Review panel, operated like by a reader."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

import napari_mtmri as mt
from napari_mtmri.gui.review.state import known_reader
from tests.gui.conftest import slab
from tests.gui.driving import click, names
from tests.gui.review.conftest import WAIT_MS, open_cases, paint, press, wait_for_case

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.nii.gz")
    }


def on_disk(panel: Any, name: str) -> np.ndarray:
    """Return the last version of a case as written."""
    session = panel.desk.session
    assert session.flush(20)
    status = session.statuses[name]
    folder = session.project.mask_folder(name, status.reading)
    return np.asarray(mt.open(folder / status.version, "labels").data)


def test_the_reader_gives_a_name_first_and_corrects_a_case(
    review: Any, viewer: Any, cases: Path, qtbot: Any
) -> None:
    """One window for all checks of editing: each begins with the mask as it was opened."""
    review.open_folder(cases)
    assert "name" in review.cases.problem.text
    assert review.desk.session is None
    qtbot.keyClicks(review.cases.reader, "BC")
    qtbot.keyClick(review.cases.reader, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: review.editing.lesions is not None, timeout=WAIT_MS)
    assert review.desk.session.project.reader == known_reader() == "BC"
    assert not review.cases.problem.text
    first = review.desk.current.data.copy()
    for check in (
        the_first_case_is_upright,
        a_stroke_is_one_step_that_is_undone_wholly_on_another_slice,
        undo_works_across_brush_and_tools,
        the_lesion_table_follows_edits_and_a_click_goes_there,
        a_script_that_writes_into_the_layer_is_noticed,
    ):
        check(review, viewer, qtbot)
        while review.desk.current.history.can_undo:
            review.editing.undo()
        assert np.array_equal(review.desk.current.data, first), check.__name__


def the_first_case_is_upright(opened: Any, viewer: Any, qtbot: Any) -> None:
    assert [status.name for status in opened.cases.model.statuses] == [
        "patient00", "patient01", "patient02",
    ]  # fmt: skip
    assert names(viewer) == ["image · patient00", "mask · patient00"]
    assert opened.cases.progress.text() == "0 of 3"
    assert viewer.dims.current_step[0] in (2, 3)  # where the lesion is
    assert viewer.canvas.overlays["mtmri_l"].text == "R"
    assert viewer.layers.selection.active is opened.desk.layers.mask
    assert "Saved" in opened.verdict.saved.text() or opened.verdict.saved.text() == ""


def a_stroke_is_one_step_that_is_undone_wholly_on_another_slice(
    opened: Any, viewer: Any, qtbot: Any
) -> None:
    before = opened.desk.current.data.copy()
    paint(opened, (12, 12, 1), size=5)
    after = opened.desk.current.data.copy()
    assert (after != before).sum() > 5
    viewer.dims.set_current_step(0, 5)
    press(viewer, Qt.Key.Key_Z, CONTROL)
    assert np.array_equal(opened.desk.current.data, before)
    assert viewer.dims.current_step[0] == 1  # shows what was undone
    press(viewer, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert np.array_equal(opened.desk.current.data, after)


def undo_works_across_brush_and_tools(opened: Any, viewer: Any, qtbot: Any) -> None:
    states = [opened.desk.current.data.copy()]
    paint(opened, (12, 12, 1), size=3)
    states.append(opened.desk.current.data.copy())
    opened.use_tool("grow")
    qtbot.waitUntil(lambda: not opened.desk.is_busy, timeout=WAIT_MS)
    states.append(opened.desk.current.data.copy())
    paint(opened, (2, 2, 5))
    states.append(opened.desk.current.data.copy())
    assert all((a != b).any() for a, b in itertools.pairwise(states))
    for state in states[-2::-1]:
        opened.editing.undo()
        assert np.array_equal(opened.desk.current.data, state)
        assert np.array_equal(
            opened.desk.layers.placement.back(opened.desk.layers.mask.data), state
        )
    for state in states[1:]:
        opened.editing.redo()
        assert np.array_equal(opened.desk.current.data, state)


def the_lesion_table_follows_edits_and_a_click_goes_there(
    opened: Any, viewer: Any, qtbot: Any
) -> None:
    qtbot.waitUntil(lambda: opened.lesions.table.rowCount() == 1, timeout=WAIT_MS)
    paint(opened, (18, 15, 0), size=3)
    qtbot.waitUntil(lambda: opened.lesions.table.rowCount() == 2, timeout=WAIT_MS)
    viewer.dims.set_current_step(0, 4)
    opened.lesions.step(-1)  # the last is the smallest
    assert viewer.dims.current_step[0] == 0
    assert "diameters · patient00" in names(viewer)
    click(opened.lesions.delete, qtbot)
    qtbot.waitUntil(lambda: opened.lesions.table.rowCount() == 1, timeout=WAIT_MS)
    assert opened.desk.current.data[18, 15, 0] == 0
    opened.editing.undo()
    assert opened.desk.current.data[18, 15, 0] == 1


def a_script_that_writes_into_the_layer_is_noticed(opened: Any, viewer: Any, qtbot: Any) -> None:
    layer, history = opened.desk.layers.mask, opened.desk.current.history
    assert not history.done
    layer.data[0, 0, 0] = 1
    layer.refresh()
    qtbot.waitUntil(lambda: history.can_undo, timeout=WAIT_MS)
    replaced = layer.data.copy()
    replaced[1, 1, 1] = 1
    layer.data = replaced
    qtbot.waitUntil(lambda: len(history.done) == 2, timeout=WAIT_MS)
    opened.editing.undo()
    opened.editing.undo()
    assert not layer.data[0, 0, 0]
    assert not layer.data[1, 1, 1]


def test_verdicts_are_given_taken_back_and_listed(
    opened: Any,
    cases: Path,
    viewer: Any,
    qtbot: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A verdict saves the mask and opens the next case; a signed case is not painted on."""
    originals = hashes(cases)
    paint(opened, (12, 12, 1), size=3)
    wanted = opened.desk.current.data.copy()
    opened.verdict.difficulty.setCurrentText("hard")
    opened.verdict.comment.setText("border unclear")
    press(viewer, Qt.Key.Key_2, ALT)
    wait_for_case(opened, "patient01", qtbot)
    assert np.array_equal(on_disk(opened, "patient00"), wanted)
    status = opened.desk.session.statuses["patient00"]
    assert (status.state, status.difficulty, status.comment) == (
        "flagged", "hard", "border unclear",
    )  # fmt: skip
    assert opened.cases.progress.text() == "1 of 3, 1 flagged"
    assert opened.verdict.words() == ("", "")
    assert hashes(cases) == originals
    assert "Saved" in opened.verdict.saved.text()

    press(viewer, Qt.Key.Key_PageUp, ALT)
    wait_for_case(opened, "patient00", qtbot)
    assert not opened.desk.layers.mask.editable
    assert not opened.verdict.buttons["approve"].isEnabled()
    press(viewer, Qt.Key.Key_U, ALT)
    assert opened.desk.layers.mask.editable
    assert opened.verdict.buttons["approve"].isEnabled()
    assert opened.desk.session.statuses["patient00"].state == "in work"

    press(viewer, Qt.Key.Key_3, ALT)
    wait_for_case(opened, "patient01", qtbot)
    listed = lambda: [one.name for one in opened.cases.model.statuses]  # noqa: E731
    opened.cases.state.setCurrentText("rejected")
    assert listed() == ["patient00"]
    opened.cases.state.setCurrentText("all")
    qtbot.keyClicks(opened.cases.search, "02")
    assert listed() == ["patient02"]

    check_report(opened, tmp_path / "report.html", qtbot, monkeypatch)
    opened.cases.search.clear()
    opened.desk.open_case("patient00")
    wait_for_case(opened, "patient00", qtbot)
    press(viewer, Qt.Key.Key_U, ALT | SHIFT)
    qtbot.waitUntil(lambda: "reading 2" in opened.verdict.title.text(), timeout=WAIT_MS)
    assert opened.desk.layers.mask.editable
    assert opened.desk.session.readings("patient00")[0].state == "rejected"


def check_report(panel: Any, page: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Report… writes the verdicts so far, without the names of reader and case."""
    if importlib.util.find_spec("jinja2") is None:
        return
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: (str(page), ""))
    panel.project.report.click()
    qtbot.waitUntil(lambda: "Report written" in panel.project.note.text(), timeout=WAIT_MS)
    text = page.read_text("utf-8")
    assert "rejected" in text
    assert "Anna" not in text
    assert "patient00" not in text


def test_closing_the_panel_gives_everything_back(
    viewer: Any, review: Any, cases: Path, qtbot: Any
) -> None:
    own = viewer.add_image(np.zeros((4, 5, 6)), contrast_limits=(0, 1), name="own")
    wheel = list(viewer.mouse_wheel_callbacks)
    double = list(viewer.mouse_double_click_callbacks)
    dragged = list(viewer.mouse_drag_callbacks)
    open_cases(review, cases, qtbot)
    assert not own.visible
    review.close_down()
    assert list(viewer.layers) == [own]
    assert own.visible
    assert viewer.mouse_wheel_callbacks == wheel
    assert viewer.mouse_double_click_callbacks == double
    assert viewer.mouse_drag_callbacks == dragged
    assert not {"Alt+1", "N", "H", "Ctrl+Z"} & {str(key) for key in viewer.keymap}
    second = open_cases(review_again(viewer), cases, qtbot)
    assert not second.desk.session.is_read_only  # the lock was released
    second.close_down()


def review_again(viewer: Any) -> Any:
    from napari_mtmri.gui.review.panel import Review

    panel = Review(viewer)
    viewer.window.add_dock_widget(panel, name="again")
    return panel


def test_the_keys_do_not_shadow_those_of_napari() -> None:
    from napari.utils.key_bindings import coerce_keybinding
    from napari.utils.shortcuts import default_shortcuts

    from napari_mtmri.gui.review.keys import KEYS

    own = {coerce_keybinding(key) for key in KEYS}
    taken = {key for keys in default_shortcuts.values() for key in keys}
    assert not own & taken


def test_three_sagittal_slices_are_shown_in_grey(
    review: Any, viewer: Any, tmp_path: Path, qtbot: Any
) -> None:
    image, lesion = slab(3)
    (tmp_path / "study").mkdir()
    for kind in ("flair", "t1"):
        mt.save(image, tmp_path / "study" / f"patient00_{kind}.nii.gz")
    mt.save(lesion, tmp_path / "study" / "patient00_mask.nii.gz")
    open_cases(review, tmp_path / "study", qtbot)
    assert not any(getattr(layer, "rgb", False) for layer in viewer.layers)
    click(review.quality.start, qtbot)
    qtbot.waitUntil(lambda: "Page 1 of 1" in review.quality.page.text(), timeout=WAIT_MS)
    assert [layer.ndim for layer in viewer.layers] == [3, 3]
    assert not any(layer.rgb for layer in viewer.layers)
