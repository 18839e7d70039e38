# SPDX-License-Identifier: BSD-3-Clause
"""Output of a run: layers and saved files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Labels

import napari_mtmri as mt
from napari_mtmri.volume import bright_value
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
    top = bright_value(viewer.layers["head"].data) / 10
    assert viewer.layers[f"error · {TITLE}"].contrast_limits == pytest.approx([0, top])


def is_written(panel: Any, path: Path) -> bool:
    """Whether the panel says that a file is written, no longer that it is being written."""
    text = panel.run_part.note.text()
    return str(path) in text and not text.startswith("Writing")


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
        qtbot.waitUntil(lambda path=tmp_path / file: is_written(panel, path), timeout=WAIT_MS)
    assert (tmp_path / "scores.csv").read_text("utf-8").startswith("case,whole volume,PSNR")
    viewer.layers.clear()
    viewer.open(str(tmp_path / "run"), plugin="napari-mtmri")
    assert f"reconstruction · {TITLE}" in names(viewer)
    again = mt.open(tmp_path / "run")
    np.testing.assert_array_equal(again.labels.data, result.labels.data)
