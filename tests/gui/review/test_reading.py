# SPDX-License-Identifier: BSD-3-Clause
"""A whole reading by keyboard, the mouse on the canvas, blind mode and suggestions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableView,
    QTabWidget,
    QWidget,
)

from napari_mtmri.gui.app.folders import take_folder
from napari_mtmri.gui.app.panels import open_panel, panel_of
from napari_mtmri.gui.app.review_commands import open_review
from napari_mtmri.gui.review.keys import KEYS
from napari_mtmri.gui.review.state import remember_reader
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.project import open_project
from napari_mtmri.review.session import ReviewSession
from napari_mtmri.review.tools.shape import grow
from tests.gui.driving import click
from tests.gui.review.conftest import (
    SPACING,
    WAIT_MS,
    canvas_of,
    drag,
    open_cases,
    press,
    wait_for_case,
    write_cases,
)
from tests.gui.review.test_panel import ALT, on_disk

SECRETS = ("patient0", "flair", "Bert", "modelx", "modely")


def test_ten_cases_are_read_by_keyboard_alone(
    make_napari_viewer: Any, tmp_path: Path, qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    folder = write_cases(tmp_path / "study", 10)
    panel = open_cases(open_review(viewer), folder, qtbot)
    wanted = {}
    for number in range(10):
        name = f"patient{number:02d}"
        wait_for_case(panel, name, qtbot)
        mask = panel.desk.current.data.copy()
        press(viewer, Qt.Key.Key_N)  # go to the lesion
        if number % 3 == 0:
            press(viewer, Qt.Key.Key_Equal, ALT)  # grow it by a millimetre
            grow(mask, 1, 1.0, SPACING).apply(mask)
        elif number % 3 == 1:
            press(viewer, Qt.Key.Key_D, ALT)  # delete it
            mask[:] = 0
        qtbot.waitUntil(lambda: not panel.desk.is_busy, timeout=WAIT_MS)
        assert np.array_equal(panel.desk.current.data, mask)
        wanted[name] = mask
        press(viewer, Qt.Key.Key_1, ALT)
    qtbot.waitUntil(lambda: panel.cases.progress.text() == "10 of 10", timeout=WAIT_MS)
    for name, mask in wanted.items():
        assert np.array_equal(on_disk(panel, name), mask)
    panel.close_down()


def test_the_mouse_does_what_a_reading_room_expects(
    make_napari_viewer: Any, cases: Path, qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    panel = open_cases(open_review(viewer), cases, qtbot)
    canvas, layers = canvas_of(viewer), panel.desk.layers
    middle = canvas.rect().center()
    zoom, place = viewer.scene.camera.zoom, viewer.dims.current_step[0]
    for mode in ("pan_zoom", "paint", "erase", "fill"):
        layers.mask.mode = mode
        for delta in (120, -120):
            wheel(canvas, middle, delta)
            qtbot.wait(20)
            assert viewer.dims.current_step[0] == place + (-1 if delta > 0 else 0)
    assert viewer.scene.camera.zoom == zoom
    layers.mask.mode = "pan_zoom"
    before = layers.image.contrast_limits
    drag(viewer, Qt.MouseButton.RightButton, middle, moves(middle, 60, 0), qtbot.wait)
    wider = layers.image.contrast_limits
    assert wider[1] - wider[0] > before[1] - before[0]
    drag(viewer, Qt.MouseButton.RightButton, middle, moves(middle, 0, 60), qtbot.wait)
    lower = layers.image.contrast_limits
    assert sum(lower) < sum(wider)  # downwards: a lower level, a brighter image
    assert viewer.scene.camera.zoom == pytest.approx(zoom)
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    qtbot.wait(20)
    assert layers.image.contrast_limits == pytest.approx(before)
    QTest.keyPress(canvas, Qt.Key.Key_H)
    assert not layers.mask.visible
    QTest.keyRelease(canvas, Qt.Key.Key_H)
    assert layers.mask.visible
    panel.close_down()


def wheel(canvas: Any, at: QPoint, delta: int) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(canvas.mapToGlobal(at)), QPoint(), QPoint(0, delta),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def moves(start: QPoint, x: int, y: int) -> list[QPoint]:
    return [start + QPoint(x * k // 4, y * k // 4) for k in range(1, 5)]


def test_tools_suggestions_and_keys(opened: Any, viewer: Any, qtbot: Any) -> None:
    each_key_is_a_command_in_the_palette_and_in_a_tooltip(opened)
    a_seed_is_taken_from_the_mouse(opened, qtbot)
    a_suggestion_is_accepted_lesion_by_lesion(opened, viewer, qtbot)


def a_seed_is_taken_from_the_mouse(opened: Any, qtbot: Any) -> None:
    """Grow from the voxel under the mouse: the lesion, which was erased before."""
    current = opened.desk.current
    lesion = current.data.copy()
    voxel = tuple(np.argwhere(lesion)[0])
    opened.lesions.step(1)
    opened.use_tool("delete")
    qtbot.waitUntil(lambda: not opened.desk.is_busy, timeout=WAIT_MS)
    assert not current.data.any()
    layers = opened.desk.layers
    shown = [voxel[axis] for axis in layers.placement.order]
    opened.viewer.cursor.position = tuple(layers.image.data_to_world(shown))
    assert layers.cursor_voxel() == voxel
    opened.tools.auto.setChecked(False)
    opened.tools.low.setValue(100)
    opened.tools.high.setValue(1000)
    opened.use_tool("seed")
    qtbot.waitUntil(lambda: not opened.desk.is_busy, timeout=WAIT_MS)
    assert np.array_equal(current.data, lesion)


def test_blind_mode_shows_nothing_that_is_hidden(viewer: Any, tmp_path: Path, qtbot: Any) -> None:
    folder = write_cases(tmp_path / "study", 3)
    for number in range(3):
        plain = folder / f"patient{number:02d}_mask.nii.gz"
        for model in ("modelx", "modely"):
            (folder / f"patient{number:02d}_mask_{model}.nii.gz").write_bytes(plain.read_bytes())
        plain.unlink()
    (folder / "patient09_mask_modelx.nii.gz").touch()  # belongs to no image
    with ReviewSession(open_project(folder, "Bert")) as other:
        name = other.next_name()
        assert name is not None
        other.open(name)
        other.verdict("flag")
    panel = open_cases(open_review(viewer), folder, qtbot)
    texts = "\n".join(all_texts(viewer))
    assert "patient0" in texts  # the search finds what is shown
    panel.project.seed.setValue(7)
    panel.project.blind.click()
    qtbot.waitUntil(
        lambda: panel.editing.lesions is not None and "Case 01" in panel.verdict.title.text(),
        timeout=WAIT_MS,
    )
    for _ in range(3):
        for secret in SECRETS:
            shown = [text for text in all_texts(viewer) if secret in text]
            assert not shown, f"{secret!r} is shown in blind mode"
        title = panel.verdict.title.text()
        press(viewer, Qt.Key.Key_1, ALT)
        qtbot.waitUntil(
            lambda title=title: panel.verdict.title.text() != title and not panel.desk.is_busy,
            timeout=WAIT_MS,
        )
    panel.close_down()


def all_texts(viewer: Any) -> list[str]:
    """Return every text of the window: widgets, tooltips, lists, layers, titles."""
    window = viewer.window._qt_window
    found = [viewer.title, viewer.status or "", window.windowTitle()]
    found += [layer.name for layer in viewer.layers]
    for widget in [window, *window.findChildren(QWidget)]:
        found += [widget.toolTip(), widget.windowTitle(), widget.accessibleName()]
        if isinstance(widget, (QLabel, QAbstractButton, QLineEdit)):
            found.append(widget.text())
        if isinstance(widget, QPlainTextEdit):
            found.append(widget.toPlainText())
        if isinstance(widget, QComboBox):
            found += [widget.itemText(row) for row in range(widget.count())]
        if isinstance(widget, QTabWidget):
            found += [widget.tabText(row) for row in range(widget.count())]
        if isinstance(widget, QTableView) and widget.model() is not None:
            model = widget.model()
            found += [
                str(model.index(row, column).data(role))
                for row in range(model.rowCount())
                for column in range(model.columnCount())
                for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
            ]
    return [text for text in found if text]


def a_suggestion_is_accepted_lesion_by_lesion(opened: Any, viewer: Any, qtbot: Any) -> None:
    opened.desk.session.record("test")
    qtbot.waitUntil(lambda: opened.suggest.model.count() > 0, timeout=WAIT_MS)
    before = opened.desk.current.data.copy()
    press(viewer, Qt.Key.Key_J, ALT)
    qtbot.waitUntil(lambda: opened.suggesting.newest is not None, timeout=WAIT_MS)
    suggested = opened.suggesting.newest
    assert np.array_equal(opened.desk.current.data, before)  # nothing enters by itself
    assert any(layer.name.startswith("suggestion") for layer in viewer.layers)
    assert suggested.lesions.lesions
    region = suggested.lesions.region(1)
    opened.suggest.table.selectRow(0)
    press(viewer, Qt.Key.Key_A, ALT)
    assert np.array_equal(opened.desk.current.data > 0, (before > 0) | region)
    sources = opened.desk.current.sources()
    assert set(np.unique(sources[region & (before == 0)])) <= {1}
    opened.editing.undo()
    assert np.array_equal(opened.desk.current.data, before)
    the_lesion_table_accepts_and_rejects_it(opened, viewer, qtbot)
    click(opened.suggest.remove, qtbot)
    assert opened.lesions.table.rowCount() == len(opened.lesions.lesions.lesions)
    assert not opened.lesions.accept.isEnabled()
    assert not any(layer.name.startswith("suggestion") for layer in viewer.layers)


def the_lesion_table_accepts_and_rejects_it(opened: Any, viewer: Any, qtbot: Any) -> None:
    """The suggested lesions follow those of the mask, and the same keys act on the chosen one."""
    lesions, suggested = opened.lesions, opened.suggesting.newest.lesions
    before = opened.desk.current.data.copy()
    opened.tabs.setCurrentIndex(1)
    qtbot.waitUntil(
        lambda: (
            lesions.table.rowCount() == len(opened.editing.lesions.lesions + suggested.lesions)
            and not opened.desk.is_busy
        ),
        timeout=WAIT_MS,
    )
    lesions.table.selectRow(0)
    own = lesions.table.rowCount() - len(suggested.lesions)
    assert lesions.number == 1
    assert lesions.delete.isEnabled()
    assert not lesions.accept.isEnabled()
    while not lesions.suggested:
        press(viewer, Qt.Key.Key_N, Qt.KeyboardModifier.NoModifier)
    assert (lesions.number, lesions.suggested, opened.suggest.number) == (0, 1, 1)
    assert not lesions.delete.isEnabled()
    press(viewer, Qt.Key.Key_Z, ALT)
    assert lesions.table.item(own, 1).text() == "rejected"
    lesions.table.cellClicked.emit(own, 0)
    click(lesions.accept, qtbot)
    region = suggested.region(1)
    assert np.array_equal(opened.desk.current.data > 0, (before > 0) | region)
    opened.editing.undo()


def test_a_dropped_folder_opens_as_a_review(
    make_napari_viewer: Any, cases: Path, tmp_path: Path, qtbot: Any
) -> None:
    """With the Review panel closed: any other panel of ours was opened in the window."""
    viewer = make_napari_viewer(show=True)
    canvas = viewer.window._qt_viewer
    other = open_panel(viewer, "Train")
    qtbot.waitUntil(other.isVisible, timeout=WAIT_MS)
    remember_reader("Anna")
    (tmp_path / "empty").mkdir()
    assert not take_folder(viewer, tmp_path / "empty"), "napari asks its readers"
    drop(cases, canvas)
    qtbot.waitUntil(lambda: panel_of(viewer, "Review") is not None, timeout=WAIT_MS)
    review = panel_of(viewer, "Review")
    qtbot.waitUntil(lambda: review.editing.lesions is not None, timeout=WAIT_MS)
    assert review.desk.session.project.data == cases
    drop(tmp_path / "empty", review)
    assert take_folder(viewer, tmp_path / "empty"), "the open panel says why not"
    review.close_down()
    other.close_down()


def drop(folder: Path, widget: Any) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    # Qt passes a drop to the widget that accepted the drag.
    entering = QDragEnterEvent(QPoint(5, 5), copy, mime, left, none)
    QApplication.sendEvent(widget, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), copy, mime, left, none))


def test_sequences_are_shown_and_their_quality_is_read(
    review: Any, viewer: Any, tmp_path: Path, qtbot: Any
) -> None:
    folder = write_cases(tmp_path / "study", 2, sequences=True)
    open_cases(review, folder, qtbot)
    further_sequences_are_shown_in_the_same_slice(review, viewer, qtbot)
    quality_is_scored_or_ranked_under_letters(review, viewer, qtbot)


def further_sequences_are_shown_in_the_same_slice(review: Any, viewer: Any, qtbot: Any) -> None:
    place = viewer.dims.point
    assert review.case.sequence.count() == 2
    press(viewer, Qt.Key.Key_Q, ALT)
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=WAIT_MS)
    assert viewer.dims.point == place
    assert not review.desk.layers.image.visible
    assert review.desk.layers.on_screen.name.startswith("t1 · ")
    assert viewer.layers.selection.active is review.desk.layers.mask
    press(viewer, Qt.Key.Key_Q, ALT)
    assert review.desk.layers.image.visible
    review.desk.open_case("patient01")
    wait_for_case(review, "patient01", qtbot)
    assert len(viewer.layers) == 2


def each_key_is_a_command_in_the_palette_and_in_a_tooltip(review: Any) -> None:
    from npe2 import PluginManager

    manifest = PluginManager.instance().get_manifest("napari-mtmri")
    commands = {command.python_name for command in manifest.contributions.commands}
    tips = "\n".join(widget.toolTip() for widget in review.findChildren(QWidget))
    for key, function in KEYS.items():
        name = function.__name__
        named = f"napari_mtmri.gui.app.review_commands:{name}"
        assert named in commands or name == "hold_to_hide"
        shown = key.replace("Control", "Ctrl").replace("-", "+") if key != "Alt--" else "Alt+-"
        alone = {"N": "(N:", "H": "hold H"}
        assert alone.get(shown, shown) in tips, key


def quality_is_scored_or_ranked_under_letters(review: Any, viewer: Any, qtbot: Any) -> None:
    part = review.quality

    def wait_for_page(number: int) -> None:
        title = f"Page {number} of 2"
        qtbot.waitUntil(lambda: title in part.page.text(), timeout=WAIT_MS)
        assert sorted(layer.name for layer in viewer.layers) == ["image A", "image B"]
        assert viewer.canvas.grid.enabled

    click(part.start, qtbot)
    for number in (1, 2):
        wait_for_page(number)
        for boxes in part.boxes.values():
            for box in boxes.values():
                box.setCurrentIndex(4)
        press(viewer, Qt.Key.Key_PageDown, ALT)
    qtbot.waitUntil(lambda: "All 2 pages are scored" in part.page.text(), timeout=WAIT_MS)
    assert not viewer.canvas.grid.enabled
    wait_for_case(review, "patient00", qtbot)

    part.way.setCurrentText("forced ranking")
    click(part.start, qtbot)
    for number in (1, 2):
        wait_for_page(number)
        part.ranks["A"].setCurrentIndex(1)
        press(viewer, Qt.Key.Key_PageDown, ALT)
        assert "B has no rank" in part.problem.text
        part.ranks["B"].setCurrentIndex(1)
        assert part.ranks["A"].currentIndex() == 0, "a rank is given once"
        part.ranks["A"].setCurrentIndex(2)
        press(viewer, Qt.Key.Key_PageDown, ALT)
    qtbot.waitUntil(lambda: "All 2 pages are ranked" in part.page.text(), timeout=WAIT_MS)

    assert review.desk.session.flush(20)
    events = read_journal(review.desk.session.project.journal)
    assert sum(event["event"] == "image scored" for event in events) == 4
    ranked = [event["ranking"] for event in events if event["event"] == "images ranked"]
    assert ranked == [["B", "A"], ["B", "A"]]
    shown = [event for event in events if event["event"].startswith("image")]
    assert not any("patient" in str(event) for event in shown)
