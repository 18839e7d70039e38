# SPDX-License-Identifier: BSD-3-Clause
"""Output of a run: layers and saved files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Labels

import napari_mtmri as mt
from tests.gui.conftest import WAIT_MS
from tests.gui.driving import TITLE, click, names, run


def test_check_boxes_show_and_hide_layers_of_the_newest_run(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    viewer.open(str(files[1]), plugin="napari-mtmri")
    run(panel, qtbot)
    for what in ("probability", "k-space", "disagreement"):
        panel.show_part.boxes[what].click()
        name = f"{what} · {TITLE}"
        qtbot.waitUntil(lambda name=name: name in names(viewer), timeout=WAIT_MS)
        assert viewer.layers[name].visible
        panel.show_part.boxes[what].click()
        assert not viewer.layers[name].visible
    missed = viewer.layers[f"disagreement · {TITLE}"]
    assert isinstance(missed, Labels)
    panel.show_part.scale.setCurrentText("×10")
    head = np.asarray(viewer.layers["head"].data)
    top = np.percentile(head[head > 0], 99.9, method="lower") / 10
    assert viewer.layers[f"error · {TITLE}"].contrast_limits == pytest.approx([0, top])


def test_a_saved_run_opens_again_with_its_layers(
    panel: Any, viewer: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(panel, qtbot)
    for button, file in (
        (panel.scores.save, "run"),
        (panel.scores.figure, "picture.png"),
        (panel.scores.csv, "scores.csv"),
        (panel.sampling.save, "mask.png"),
    ):
        answer = (str(tmp_path / file), "")
        monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_, a=answer: a)
        click(button, qtbot)
        done = f"written to {tmp_path / file}"
        qtbot.waitUntil(lambda done=done: done in panel.run_part.note.text(), timeout=WAIT_MS)
    assert (tmp_path / "scores.csv").read_text("utf-8").startswith("case,whole volume,PSNR")
    check_report(panel, qtbot, tmp_path, monkeypatch)
    viewer.layers.clear()
    viewer.open(str(tmp_path / "run"), plugin="napari-mtmri")
    assert f"reconstruction · {TITLE}" in names(viewer)
    again = mt.open(tmp_path / "run")
    np.testing.assert_array_equal(again.labels.data, result.labels.data)


def test_saving_a_run_shows_how_far_it_is(
    panel: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(panel, qtbot)
    bar, seen = panel.run_part.progress, []

    def look(*_: object) -> None:
        panel.sampling.seed.setValue(panel.sampling.seed.value() + 1)  # the panel is used on
        panel._show_running()
        seen.append((bar.value(), bar.maximum(), bar.text(), bar.isHidden()))

    panel.files.progressed.connect(look)
    answer = (str(tmp_path / "run"), "")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: answer)
    with qtbot.waitSignal(panel.files.noted, timeout=WAIT_MS):
        click(panel.scores.save, qtbot)
    done, totals, texts, hidden = zip(*seen, strict=True)
    assert list(done) == sorted(done)
    assert (done[0], done[-1]) == (0, totals[0])
    assert len(set(done)) > 4
    assert totals[0] == len(list((tmp_path / "run").iterdir()))
    assert texts[1] == f"{done[1]} of {totals[0]} files"
    assert not any(hidden)
    assert bar.isHidden()


def check_report(panel: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Report… writes one page with the run, without the name of its file."""
    if importlib.util.find_spec("jinja2") is None:
        return
    page = tmp_path / "report.html"
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: (str(page), ""))
    click(panel.scores.report, qtbot)
    qtbot.waitUntil(lambda: "Report written" in panel.run_part.note.text(), timeout=WAIT_MS)
    text = page.read_text("utf-8")
    for words in ("mtmri R4", "data:image/png", "Research use only"):
        assert words in text, words
    assert "head.nii.gz" not in text
