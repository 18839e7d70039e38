# SPDX-License-Identifier: BSD-3-Clause
"""The Sweep tab: scores over R, stopping, continuing, and a point as a cell."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from napari_mtmri.errors import RequestError
from napari_mtmri.gui.compare.sweep_job import accelerations_of
from tests.gui.compare.conftest import settle
from tests.gui.conftest import WAIT_MS


def test_accelerations_are_numbers_separated_by_commas_or_spaces() -> None:
    assert accelerations_of("2, 3.5 8;12") == (2, 3.5, 8, 12)
    for text in ("", "2, many"):
        with pytest.raises(RequestError, match="list of numbers"):
            accelerations_of(text)


def test_a_sweep_is_plotted_and_its_points_are_cells(
    compare: Any, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = compare.sweep
    assert not part.report.isVisibleTo(compare)  # there is nothing to report yet
    part.use_folder(str(tmp_path / "sweep"))
    part.accelerations.setText("2, 3, 90")
    for row in range(part.methods.count()):
        part.methods.item(row).setCheckState(Qt.CheckState.Unchecked)
    qtbot.mouseClick(part.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(part.problem.text), timeout=WAIT_MS)
    assert part.start.isEnabled()  # no method was ticked, so it is refused by name
    part.methods.item(0).setCheckState(Qt.CheckState.Checked)
    with qtbot.waitSignal(compare.sweeping.job.done, timeout=WAIT_MS) as found:
        qtbot.mouseClick(part.start, Qt.MouseButton.LeftButton)
    sweep = found.args[0]
    assert not part.problem.text
    assert "R 90" in part.note.text().replace(
        "R90", "R 90"
    )  # the impossible point, with its reason
    assert part.score.currentText() in sweep.metrics
    assert part.plot.curves
    before = len(compare.collection.comparison.cells)
    done = [one for one in sweep.points if one.state == "done"]
    shown = [part.point.itemText(at) for at in range(part.point.count())]
    assert len(shown) == len(done)
    assert "R3" in shown[-1]
    part.point.setFocus()
    qtbot.keyClick(part.point, Qt.Key.Key_End)
    assert len(compare.collection.comparison.cells) == before  # chosen, not yet added
    qtbot.keyClick(part.add, Qt.Key.Key_Space)
    cells = compare.collection
    qtbot.waitUntil(lambda: len(cells.comparison.cells) > before, timeout=WAIT_MS)
    settle(compare, qtbot)
    assert cells.comparison.cells[-1].result.acceleration == done[-1].acceleration
    check_report(compare, tmp_path / "report.html", qtbot, monkeypatch)


def check_report(compare: Any, page: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Report… writes one page with the plots and the point that failed."""
    if importlib.util.find_spec("jinja2") is None:
        return
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: (str(page), ""))
    with qtbot.waitSignal(compare.files.noted, timeout=WAIT_MS):
        qtbot.mouseClick(compare.sweep.report, Qt.MouseButton.LeftButton)
    assert str(page) in compare.note.text()
    text = page.read_text("utf-8")
    words = " ".join(re.sub("<[^>]+>", " ", text).split())
    assert "Sweep: 1" in words
    assert "R90 seed 0 failed" in words
    assert "data:image/png" in text
