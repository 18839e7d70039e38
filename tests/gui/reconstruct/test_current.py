# SPDX-License-Identifier: BSD-3-Clause
"""What is shown belongs to what is chosen now, or is gone or greyed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_mtmri.gui.app import commands
from tests.gui.conftest import WAIT_MS
from tests.gui.driving import Gate, click, names, run


def dice_cell(panel: Any) -> Any:
    row = panel.scores._headings.index("Dice")
    return panel.scores.table.item(row, 0)


def is_grey(item: Any) -> bool:
    return not item.flags() & Qt.ItemFlag.ItemIsEnabled


def test_painting_the_mask_changes_the_live_score_and_greys_the_table(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    drawn = viewer.open(str(files[1]), plugin="napari-mtmri")[0]
    run(panel, qtbot)
    assert not is_grey(dice_cell(panel))
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: is_of_live(panel.run_part.note.text()), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not (panel.live.is_busy or panel.live.scoring.is_busy), timeout=WAIT_MS)
    before = panel.run_part.note.text()
    number = panel._slice(panel.input.volume())
    corner = np.array([[number], [0], [0]])
    drawn.data_setitem(tuple(np.repeat(corner, 60, axis=1) + _line(60)), 1)
    qtbot.waitUntil(lambda: is_grey(dice_cell(panel)), timeout=WAIT_MS)
    assert "run again" in dice_cell(panel).toolTip()
    qtbot.waitUntil(lambda: panel.run_part.note.text() != before, timeout=WAIT_MS)
    ran = panel.live.slow.n_runs
    viewer.dims.set_point(0, viewer.layers["head"].data_to_world((0, 0, 0))[0])
    qtbot.wait(500)  # longer than the pause after a stroke
    qtbot.waitUntil(lambda: not panel.live.is_busy, timeout=WAIT_MS)
    assert panel.live.slow.n_runs == ran + 1  # another slice is no painting
    panel.input.mask.setCurrentIndex(0)
    assert is_grey(dice_cell(panel))
    panel.run_part.live.setChecked(False)


def is_of_live(note: str) -> bool:
    return "Dice" in note and not note.startswith("Done")  # as the note of a run does


def _line(count: int) -> np.ndarray:
    return np.array([np.zeros(count, int), np.arange(count) // 30, np.arange(count) % 30])


def test_a_slice_without_lesion_says_so_in_live(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    viewer.open(str(files[1]), plugin="napari-mtmri")
    viewer.dims.set_point(0, viewer.layers["head"].data_to_world((0, 0, 0))[0])
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "Dice" in panel.run_part.note.text(), timeout=WAIT_MS)
    found = viewer.layers["live segmentation · head"].data.any()
    assert ("(false alarm)" if found else "(both empty)") in panel.run_part.note.text()
    panel.run_part.live.setChecked(False)


def test_the_score_of_other_choices_is_greyed_until_there_is_a_new_one(
    panel: Any, qtbot: Any, gate: Gate
) -> None:
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "mtmri" in panel.run_part.note.text(), timeout=WAIT_MS)
    gate.event.clear()
    panel.sampling.acceleration.set_value(8)
    assert not panel.run_part.note.isEnabled()
    gate.event.set()
    qtbot.waitUntil(lambda: panel.run_part.note.isEnabled(), timeout=WAIT_MS)
    panel.run_part.live.setChecked(False)


def test_an_error_of_a_run_does_not_outlive_its_cause(
    panel: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise MemoryError("no room")

    with monkeypatch.context() as broken:
        broken.setattr("napari_mtmri.gui.reconstruct.volume_job.run_case", full)
        with qtbot.waitSignal(panel.running.failed, timeout=WAIT_MS):
            click(panel.run_part.run, qtbot)
    assert panel.run_part.problem.text
    answer = (str(tmp_path / "mask.png"), "")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: answer)
    with qtbot.waitSignal(panel.files.noted, timeout=WAIT_MS):
        click(panel.sampling.save, qtbot)
    assert "mask.png" in panel.run_part.note.text()
    assert not panel.run_part.problem.text
    panel.run_part.show_error(MemoryError("again"))
    panel.sampling.seed.setValue(3)
    assert not panel.run_part.problem.text


def test_nothing_of_napari_is_made_off_the_window_s_thread(
    viewer: Any, files: tuple[Path, Path], qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pint's registry, which layers use, is not safe in two threads while it is filled."""
    from napari.layers.base import Layer
    from napari.utils import DirectLabelColormap

    window, wrong = threading.get_ident(), []
    for made in (Layer, DirectLabelColormap):
        before = made.__init__

        def watched(self: Any, *args: Any, _before: Any = before, **more: Any) -> None:
            if threading.get_ident() != window:
                wrong.append(type(self).__name__)
            _before(self, *args, **more)

        monkeypatch.setattr(made, "__init__", watched)
    panel = commands.open_reconstruct(viewer)
    qtbot.waitUntil(lambda: "cpu" in panel.header.device.text(), timeout=WAIT_MS)
    chosen = ([str(path) for path in files], "")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getOpenFileNames", lambda *_: chosen)
    click(panel.input.open, qtbot)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=WAIT_MS)
    run(panel, qtbot)
    panel.show_part.boxes["disagreement"].click()
    qtbot.waitUntil(lambda: "disagreement · mtmri R4 · head" in names(viewer), timeout=WAIT_MS)
    assert not wrong
