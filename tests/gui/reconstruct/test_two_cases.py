# SPDX-License-Identifier: BSD-3-Clause
"""Two volumes open at once: what is shown, scored and saved is of the chosen one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QStyleOptionViewItem

import napari_mtmri as mt
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.reconstruct.parts.input import ONLY_RESULTS
from napari_mtmri.samples import phantom
from tests.gui.conftest import SHAPE, WAIT_MS
from tests.gui.driving import Gate, click, names, run, stop_after_a_slice


@pytest.fixture
def two(viewer: Any, tmp_path: Path, qtbot: Any) -> Any:
    """The panel with two cases and their masks; "first" is below "second"."""
    paths = []
    for number, name in enumerate(("first", "second")):
        image, lesion = phantom(SHAPE, seed=number)
        paths += [mt.save(image, tmp_path / f"{name}.nii.gz")]
        paths += [mt.save(lesion, tmp_path / f"{name}_mask.nii.gz")]
    for path in paths:
        viewer.open(str(path), plugin="napari-mtmri")
    panel = commands.open_reconstruct(viewer)
    panel.input.image.choose(viewer.layers["first"])
    qtbot.waitUntil(lambda: "cpu" in panel.header.device.text(), timeout=WAIT_MS)
    return panel


def on_top(viewer: Any) -> str:
    """The name of the image that is seen: the last one that is visible."""
    images = [one for one in viewer.layers if type(one).__name__ == "Image" and one.visible]
    return str(images[-1].name)


def cut_at(viewer: Any, name: str) -> Any:
    """Where the layer list cuts a name that is too long."""
    view, option = viewer.window._qt_viewer.layers, QStyleOptionViewItem()
    option.textElideMode = Qt.TextElideMode.ElideMiddle  # as napari sets it
    rows = [view.model().index(row, 0) for row in range(view.model().rowCount())]
    view.itemDelegate().initStyleOption(option, next(one for one in rows if one.data() == name))
    return option.textElideMode


def test_results_stand_above_their_own_image_and_what_covers_them_comes_back(
    two: Any, viewer: Any, qtbot: Any
) -> None:
    assert names(viewer) == ["first", "first_mask", "second", "second_mask"]
    run(two, qtbot)
    title = "mtmri R4 · first"
    block = [f"{what} · {title}" for what in ("reconstruction", "zero-filled", "error")]
    assert names(viewer) == [
        "first", *block, "first_mask", f"segmentation · {title}", "second", "second_mask"
    ]  # fmt: skip
    assert on_top(viewer) == f"reconstruction · {title}"
    # the list keeps the beginning of a result's name, which says kind, method and acceleration
    assert cut_at(viewer, f"error · {title}") == Qt.TextElideMode.ElideRight
    assert cut_at(viewer, "first") == Qt.TextElideMode.ElideMiddle
    hidden = [viewer.layers[name] for name in ("second", "second_mask")]
    assert not any(one.visible for one in hidden)
    assert viewer.layers["first_mask"].visible
    two.input.image.choose(viewer.layers["second"])
    assert all(one.visible for one in hidden)
    two.input.image.choose(viewer.layers["first"])  # its results are in view again
    assert on_top(viewer) == f"reconstruction · {title}"
    # Live of one case stands above its runs, a run of another request above earlier runs
    two.run_part.live.setChecked(True)
    # The zero-filled image of the scan is shown before that of the method.
    qtbot.waitUntil(
        lambda: (
            on_top(viewer) == "live mtmri · first" and "live segmentation · first" in names(viewer)
        ),
        timeout=WAIT_MS,
    )
    two.run_part.live.setChecked(False)
    qtbot.waitUntil(lambda: not any("live" in name for name in names(viewer)), timeout=WAIT_MS)
    two.sampling.seed.setValue(7)
    run(two, qtbot)
    assert on_top(viewer) == "reconstruction · mtmri R4, seed 7 · first"
    two.sampling.seed.setValue(0)
    run(two, qtbot)  # the layers of the first request are there already
    assert on_top(viewer) == f"reconstruction · {title}"
    for name in [name for name in names(viewer) if " · " in name]:
        viewer.layers.remove(name)
    assert all(one.visible for one in hidden)


def test_what_the_user_shows_again_stays_and_a_stop_gives_back(
    two: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    before = [(one.name, one.visible) for one in viewer.layers]
    stop_after_a_slice(two, qtbot, gate)
    qtbot.waitUntil(lambda: names(viewer) == [name for name, _ in before], timeout=WAIT_MS)
    assert [(one.name, one.visible) for one in viewer.layers] == before
    run(two, qtbot)
    viewer.layers["second"].visible = True  # by its eye
    two.sampling.spread.click()
    two.method.refresh()
    assert viewer.layers["second"].visible
    click(two.input.draw, qtbot)  # a mask is drawn on what is seen
    assert on_top(viewer).endswith("first")
    two.close_down()
    assert viewer.layers["second"].visible
    assert viewer.layers["second_mask"].visible


def test_scores_and_saved_runs_belong_to_the_chosen_case(
    two: Any, viewer: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(two, qtbot)
    cells = two.scores.cells()
    assert cells[0][:2] == ["case", "whole volume"]
    assert [row[:2] for row in cells[1:]] == [["first", "zero-filled R4"], ["first", "mtmri R4"]]
    assert two.scores.name.text() == "first"
    two.input.image.choose(viewer.layers["second"])
    assert not two.scores.rows
    assert not two.scores.save.isEnabled()
    second = run(two, qtbot)
    assert {row.name for row in two.scores.rows} == {"second"}
    two.input.image.choose(viewer.layers["first"])
    assert two.scores.cells() == cells
    answer = (str(tmp_path / "run"), "")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: answer)
    with qtbot.waitSignal(two.files.noted, timeout=WAIT_MS):
        click(two.scores.save, qtbot)
        assert "Writing" in two.run_part.note.text()
    saved = mt.open(tmp_path / "run")
    assert saved.name == "first"
    np.testing.assert_array_equal(saved.labels.data, first.labels.data)
    assert second.name == "second"


def test_cases_of_the_same_name_are_not_mixed(viewer: Any, tmp_path: Path, qtbot: Any) -> None:
    for number in (0, 1):
        path = tmp_path / str(number) / "flair.nii.gz"
        path.parent.mkdir()
        mt.save(phantom(SHAPE, seed=number)[0], path)
        viewer.open(str(path), plugin="napari-mtmri")
    panel = commands.open_reconstruct(viewer)
    qtbot.waitUntil(lambda: "cpu" in panel.header.device.text(), timeout=WAIT_MS)
    panel.method.method.setCurrentIndex(panel.method.method.findData("zero-filled"))
    panel.input.image.choose(viewer.layers[0])
    run(panel, qtbot)
    kept = viewer.layers[1].data
    panel.input.image.choose(viewer.layers[-1])
    assert not panel.scores.rows
    run(panel, qtbot)
    assert viewer.layers[1].data is kept
    assert panel.scores.rows


def test_a_result_never_becomes_the_input_by_itself(
    two: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    run(two, qtbot)
    for name in ("second", "second_mask", "first"):
        viewer.layers.remove(name)
    assert two.input.image.layer is None
    assert two.input.facts.text() == ONLY_RESULTS
    assert not two.run_part.run.isEnabled()
    two.input.image.choose(viewer.layers["reconstruction · mtmri R4 · first"])
    assert two.input.banner.text().startswith("Output of mtmri R4 · first, not an acquired image")
    assert two.run_part.run.isEnabled()


def test_clearing_the_layers_in_live_leaves_no_ghost(
    two: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    two.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "live mtmri · first" in names(viewer), timeout=WAIT_MS)
    for step in range(4):
        two.sampling.acceleration.slider.setValue(50 + step)
    viewer.layers.clear()
    qtbot.waitUntil(lambda: not two.live.is_busy, timeout=WAIT_MS)
    qtbot.wait(50)
    assert not names(viewer)
    two.run_part.live.setChecked(False)


def test_a_volume_closed_in_a_run_is_not_replaced_by_the_result(
    two: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    for name in ("second", "second_mask", "first_mask"):
        viewer.layers.remove(name)

    def close(progress: Any) -> None:
        if "first" in viewer.layers:
            viewer.layers.remove("first")

    two.running.progressed.connect(close)
    run(two, qtbot)
    assert two.input.image.layer is None
    assert "reconstruction · mtmri R4 · first" in names(viewer)
