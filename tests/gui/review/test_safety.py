# SPDX-License-Identifier: BSD-3-Clause
"""Nothing is lost: crashes, lost folders, second instances, closing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox

from napari_mtmri.gui.app.review_commands import open_review
from napari_mtmri.gui.review.closing import LOSE, RETRY, STAY
from napari_mtmri.review.project import open_project
from napari_mtmri.review.session import ReviewSession
from tests.gui.driving import click
from tests.gui.review.conftest import WAIT_MS, open_cases, paint

LONG_S = 180.0
CRASH = """
import os, sys
import numpy as np
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.project import open_project
from napari_mtmri.review.session import ReviewSession

session = ReviewSession(open_project(sys.argv[1], "Anna"))
case = session.open("patient00")
after = case.data.copy()
after[15:18, 15:18, 1] = 1
session.apply(Edit.between(case.data, after, "brush"))
assert session.flush(30)
os._exit(9)
"""
WINDOW = """
import sys, time
from pathlib import Path
from qtpy.QtWidgets import QApplication
from napari_mtmri.gui.app.window import build_window

viewer, panel = build_window([Path(sys.argv[1])], panel="Review", reader="Anna")
desk = panel.desk
while panel.editing.lesions is None:
    QApplication.processEvents()
layer = desk.layers.mask
layer.mode = "paint"
number = 0
while True:
    shown = [(15, 2 + number % 16, 1)[axis] for axis in desk.layers.placement.order]
    with layer.block_history():
        layer.paint(shown, 1 - number // 16 % 2)
    number += 1
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        QApplication.processEvents()
    if desk.session.flush(10):
        print(number, flush=True)
"""


def run_and_crash(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(folder)], check=False)
    assert done.returncode == 9


def with_strokes(data: np.ndarray) -> np.ndarray:
    after = data.copy()
    after[15:18, 15:18, 1] = 1
    return after


def test_after_a_crash_the_reader_chooses(review: Any, cases: Path, qtbot: Any) -> None:
    for choice in ("disk", "restore"):
        run_and_crash(cases)
        review.editing.lesions = None
        open_cases(review, cases, qtbot)
        assert review.recovery.is_asking
        assert "1 step" in review.recovery.text.text()
        assert not review.desk.layers.mask.editable
        layers = review.desk.layers
        saved = layers.placement.back(layers.mask.data).copy()
        click(review.recovery.both, qtbot)
        assert np.array_equal(layers.placement.back(layers.mask.data), with_strokes(saved))
        assert "restored" in review.recovery.both.text()
        click(review.recovery.both, qtbot)
        assert np.array_equal(layers.placement.back(layers.mask.data), saved)
        click(review.recovery.restore if choice == "restore" else review.recovery.disk, qtbot)
        assert not review.recovery.is_asking
        assert layers.mask.editable
        wanted = with_strokes(saved) if choice == "restore" else saved
        assert np.array_equal(review.desk.current.data, wanted)
        assert np.array_equal(layers.placement.back(layers.mask.data), wanted)
        if choice == "restore":
            review.editing.undo()  # the history came back too
            assert np.array_equal(review.desk.current.data, saved)
        assert review.desk.close_project()


@pytest.mark.parametrize(
    "kills", [1, pytest.param(5, marks=pytest.mark.slow)], ids=["once", "often"]
)
def test_a_killed_window_is_restored(
    viewer: Any, cases: Path, qtbot: Any, kills: int, tmp_path: Path
) -> None:
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WINDOW), str(cases)],
            stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            numbers = [int(process.stdout.readline()) for _ in range(5)]
            process.send_signal(signal.SIGKILL)
            process.wait()
            rest = [int(line) for line in process.stdout if line.strip().isdigit()]
        last = (numbers + rest)[-1]
        panel = open_cases(open_review(viewer), cases, qtbot)
        assert panel.recovery.is_asking
        found = panel.desk.current.recovery
        # The stroke after the last reported one may have been written as well.
        assert found.n_edits >= last
        restored = found.restored[15, 2:18, 1]
        assert restored[: min(last, 16)].all()
        panel.recovery.disk.click()
        assert panel.desk.session.flush(20)
        assert panel.desk.close_project()
    panel.close_down()


def test_a_lost_folder_is_said_at_once_and_written_when_it_is_back(
    make_napari_viewer: Any, cases: Path, qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    panel = open_cases(open_review(viewer), cases, qtbot)
    qtbot.waitUntil(lambda: panel.guard is not None, timeout=WAIT_MS)
    away = cases.with_name("pulled out")
    cases.rename(away)
    cases.touch()  # a file: nothing can be written below it
    paint(panel, (12, 12, 1), size=3)
    qtbot.waitUntil(lambda: bool(panel.verdict.problem.text()), timeout=WAIT_MS)
    assert panel.verdict.problem.isVisible()
    window = panel.guard.parent()
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    assert not window.close()
    box = panel.guard.question
    assert isinstance(box, QMessageBox)
    qtbot.waitUntil(box.isVisible, timeout=WAIT_MS)
    assert {button.text() for button in box.buttons()} == {RETRY, LOSE, STAY}
    click(next(one for one in box.buttons() if one.text() == STAY), qtbot)
    assert window.isVisible()
    cases.unlink()
    away.rename(cases)
    qtbot.waitUntil(lambda: not panel.verdict.problem.text(), timeout=WAIT_MS)
    assert panel.desk.session.flush(20)
    assert window.close()  # asks nothing now
    panel.close_down()
    session = ReviewSession(open_project(cases, "Anna"))
    assert session.open("patient00").data[12, 12, 1] == 1
    session.close()


def test_what_cannot_be_read_or_written_is_said_in_the_panel(
    review: Any, cases: Path, tmp_path: Path, viewer: Any, qtbot: Any
) -> None:
    a_folder_without_cases_is_refused(review, tmp_path, qtbot)
    a_second_instance_only_reads_and_says_so(review, cases, qtbot)
    an_unreadable_case_is_named_and_the_others_open(review, cases, viewer, qtbot)


def a_folder_without_cases_is_refused(review: Any, tmp_path: Path, qtbot: Any) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    review.open_folder(empty, "Anna")
    qtbot.waitUntil(lambda: bool(review.cases.problem.text), timeout=WAIT_MS)
    assert f"{empty}: no volume" in review.cases.problem.text
    assert review.desk.session is None


def a_second_instance_only_reads_and_says_so(review: Any, cases: Path, qtbot: Any) -> None:
    first = ReviewSession(open_project(cases, "Anna"))
    try:
        open_cases(review, cases, qtbot)
        qtbot.waitUntil(lambda: bool(review.verdict.problem.text()), timeout=WAIT_MS)
        assert "Anna" in review.verdict.problem.text()
        assert not review.desk.layers.mask.editable
        assert not review.verdict.buttons["approve"].isEnabled()
        assert not review.tools.buttons["grow"].isEnabled()
        assert review.desk.close_project()
    finally:
        first.close()


def an_unreadable_case_is_named_and_the_others_open(
    review: Any, cases: Path, viewer: Any, qtbot: Any
) -> None:
    (cases / "patient01_flair.nii.gz").write_bytes(b"no image")
    review.editing.lesions = None
    open_cases(review, cases, qtbot)
    qtbot.waitUntil(lambda: not review.verdict.problem.text(), timeout=WAIT_MS)
    review.desk.open_case("patient01")
    qtbot.waitUntil(lambda: bool(review.verdict.problem.text()), timeout=WAIT_MS)
    assert "patient01_flair.nii.gz" in review.verdict.problem.text()
    assert not len(viewer.layers)
    review.desk.open_case("patient02")
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=WAIT_MS)
    assert not review.verdict.problem.text()


def test_the_window_needs_no_torch(cases: Path) -> None:
    code = textwrap.dedent("""
        import sys
        sys.modules["torch"] = None  # importing it fails
        from pathlib import Path
        from qtpy.QtWidgets import QApplication
        from napari_mtmri.gui.app.window import build_window
        viewer, panel = build_window([Path(sys.argv[1])], panel="Review", reader="Anna")
        import time
        end = time.monotonic() + 120
        while panel.editing.lesions is None and time.monotonic() < end:
            QApplication.processEvents()
        panel.verdict.give("approve")
        while panel.cases.progress.text() != "1 of 3" and time.monotonic() < end:
            QApplication.processEvents()
        print(panel.cases.progress.text())
        panel.close_down()
    """)
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(cases)], capture_output=True, text=True, check=False,
        timeout=LONG_S, env=environment,
    )  # fmt: skip
    assert done.stdout.strip() == "1 of 3", done.stderr[-2000:]
