# SPDX-License-Identifier: BSD-3-Clause
"""Closing napari or the panel while a training runs, and finding it again."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox

from napari_mtmri.gui.app import commands
from napari_mtmri.gui.train.closing import KEEP_RUNNING, STAY, STOP
from napari_mtmri.train.folder import launch
from napari_mtmri.train.folder.launch import remember_run
from napari_mtmri.train.monitor.reader import Follower
from tests.gui.conftest import WAIT_MS
from tests.gui.driving import click
from tests.gui.train.test_panel import LONG_MS, choose_small, until
from tests.train.folders import begun, event, write


def answer(train: Any, text: str, qtbot: Any) -> None:
    """Close the window like a user, and click an answer."""
    window = train.guard.parent()
    assert not window.close()
    box = train.guard.question
    assert isinstance(box, QMessageBox)
    qtbot.waitUntil(box.isVisible, timeout=WAIT_MS)
    click(next(button for button in box.buttons() if button.text() == text), qtbot)


@pytest.mark.parametrize("text", [STOP, KEEP_RUNNING])
def test_closing_napari_asks_whether_the_training_continues(
    make_napari_viewer: Any, qtbot: Any, text: str
) -> None:
    viewer = make_napari_viewer(show=True)
    train = commands.open_train(viewer)
    choose_small(train, epochs=400)
    run = Path(train.plan.run).resolve()
    train.start()
    until(train, "running", qtbot)
    window = train.guard.parent()
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # the fixture closes it again
    answer(train, STAY, qtbot)
    assert window.isVisible()
    answer(train, text, qtbot)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT_MS)
    follower = Follower(run)
    if text == KEEP_RUNNING:
        updates = follower.poll().status.updates or 0
        qtbot.waitUntil(lambda: (follower.poll().status.updates or 0) > updates, timeout=LONG_MS)
        launch.ask_to_stop(run)
    qtbot.waitUntil(lambda: not launch.running(), timeout=LONG_MS)
    status = follower.poll().status
    assert status.state == "stopped"
    assert status.checkpoint_updates == status.updates


def test_code_that_closes_the_viewer_is_not_delayed(make_napari_viewer: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer(show=True)
    train = commands.open_train(viewer)
    choose_small(train, epochs=400)
    run = Path(train.plan.run).resolve()
    train.start()
    until(train, "starting", qtbot)
    guard = train.guard
    viewer.close()  # a veto would leave a viewer without a window
    assert guard.question is None
    follower = Follower(run)
    qtbot.waitUntil(lambda: follower.poll().status.state == "running", timeout=LONG_MS)
    launch.ask_to_stop(run)
    qtbot.waitUntil(lambda: not launch.running(), timeout=LONG_MS)


def test_closing_napari_asks_nothing_without_a_training(
    make_napari_viewer: Any, qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    train = commands.open_train(viewer)
    qtbot.waitUntil(lambda: bool(train.data.leaks.text()), timeout=WAIT_MS)
    window = train.guard.parent()
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    assert window.close()


def test_a_running_training_is_found_when_the_panel_opens(
    viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    run = begun(tmp_path / "left", 4)
    remember_run(begun(tmp_path / "older", 4))
    write(tmp_path / "older", [event("end", 4)])
    remember_run(run)
    train = commands.open_train(viewer)
    qtbot.waitUntil(lambda: train.watcher.run == run.resolve(), timeout=WAIT_MS)
    until(train, "running", qtbot)
    known = train.watch_part.known
    assert [known.itemText(row) for row in range(known.count())] == ["left", "older"]
    qtbot.waitUntil(lambda: bool(train.data.leaks.text()), timeout=WAIT_MS)


def test_the_keys_are_released_when_the_panel_closes(train: Any, viewer: Any, qtbot: Any) -> None:
    bound = {str(key) for key in viewer.keymap}
    assert {"Alt+T", "Alt+E", "Alt+G"} <= bound
    train.close_down()
    assert not {"Alt+T", "Alt+E", "Alt+G"} & {str(key) for key in viewer.keymap}


def test_the_keys_are_released_when_the_panel_is_deleted(viewer: Any, qtbot: Any) -> None:
    dock = commands.open_train(viewer).parentWidget()
    with qtbot.waitSignal(dock.destroyed, timeout=WAIT_MS):
        dock.destroyOnClose()
    gc.collect()
    qtbot.waitUntil(
        lambda: not {"Alt+T", "Alt+E", "Alt+G"} & {str(key) for key in viewer.keymap},
        timeout=WAIT_MS,
    )
