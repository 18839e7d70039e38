# SPDX-License-Identifier: BSD-3-Clause
"""A run: layers, order of slices, and all ways in which it ends."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_mtmri as mt
from tests.gui.conftest import WAIT_MS
from tests.gui.driving import TITLE, Gate, click, names, run, stop_after_a_slice

IMAGES = [f"{what} · {TITLE}" for what in ("reconstruction", "zero-filled", "error")]


def test_a_run_adds_layers_and_scores_and_leaves_the_user_s_layers_alone(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    viewer.open(str(files[1]), plugin="napari-mtmri")
    assert panel.input.mask.layer.name == "head_mask"
    own = [viewer.layers["head"].data, viewer.layers["head_mask"].data.copy()]
    viewer.layers.selection = {viewer.layers["head"]}
    result = run(panel, qtbot)
    # images below the reference segmentation, which stays visible; predicted labels above
    expected = ["head", *IMAGES, "head_mask", f"segmentation · {TITLE}"]
    assert names(viewer) == expected
    shown = viewer.layers[f"reconstruction · {TITLE}"].data
    np.testing.assert_array_equal(shown, result.reconstruction.data.transpose(2, 1, 0))
    assert viewer.layers["head"].data is own[0]
    np.testing.assert_array_equal(viewer.layers["head_mask"].data, own[1])
    assert viewer.layers.selection.active.name == "head"
    assert [row.title for row in panel.scores.rows] == ["zero-filled R4", "mtmri R4"]
    cells = panel.scores.cells()
    assert cells[0][2:6] == ["PSNR", "SSIM", "NMSE", "Dice"]
    assert cells[1][2].endswith("dB")
    assert cells[2][5] != "—"
    assert "PSNR" not in panel.run_part.note.text()
    assert "Dice" in panel.run_part.note.text()
    run(panel, qtbot)
    assert names(viewer) == expected  # the same request replaces its layers
    assert len(panel.scores.rows) == 2


def test_another_request_leaves_the_earlier_run_alone(panel: Any, viewer: Any, qtbot: Any) -> None:
    run(panel, qtbot)
    first = viewer.layers[f"reconstruction · {TITLE}"].data
    panel.sampling.seed.setValue(7)
    run(panel, qtbot)
    assert viewer.layers[f"reconstruction · {TITLE}"].data is first
    assert "reconstruction · mtmri R4, seed 7 · head" in names(viewer)
    assert [row.title for row in panel.scores.rows][-1] == "mtmri R4, seed 7"


def test_the_layers_of_one_run_of_an_image_are_in_view(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    """Outlines and colour bars of an earlier run would be taken for those of the newest."""

    def seen() -> set[str]:
        return {one.name for one in viewer.layers if one.visible and " · " in one.name}

    def of_run(title: str, *whats: str) -> set[str]:
        return {f"{what} · {title}" for what in whats}

    both = ("reconstruction", "segmentation")
    run(panel, qtbot)
    viewer.layers[f"error · {TITLE}"].visible = True
    assert seen() == of_run(TITLE, "error", *both)
    panel.sampling.seed.setValue(7)
    stop_after_a_slice(panel, qtbot, gate)  # gives back what it has hidden
    qtbot.waitUntil(lambda: not any("seed" in name for name in names(viewer)), timeout=WAIT_MS)
    assert seen() == of_run(TITLE, "error", *both)
    first = []
    panel.running.progressed.connect(lambda _: first.append(seen()))
    run(panel, qtbot)
    newer = "mtmri R4, seed 7 · head"
    assert first[1] == seen() == of_run(newer, *both)  # from the first slice on
    viewer.layers[f"error · {TITLE}"].visible = True  # by its eye: it stays
    panel.sampling.seed.setValue(8)
    run(panel, qtbot)
    assert seen() == of_run("mtmri R4, seed 8 · head", *both)
    panel.sampling.seed.setValue(0)
    run(panel, qtbot)  # its layers are there already
    assert seen() == of_run(TITLE, "error", *both)
    for name in [name for name in names(viewer) if name.endswith(TITLE)]:
        viewer.layers.remove(name)
    assert seen() == of_run("mtmri R4, seed 8 · head", *both)  # the run in view before


def test_a_result_that_was_painted_on_is_kept(panel: Any, viewer: Any, qtbot: Any) -> None:
    run(panel, qtbot)
    layer = viewer.layers[f"segmentation · {TITLE}"]
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 9)
    run(panel, qtbot)
    assert viewer.layers[f"edited segmentation · {TITLE}"].data[1, 2, 3] == 9
    assert viewer.layers[f"segmentation · {TITLE}"].data[1, 2, 3] != 9


def test_shell_and_panel_give_the_same_numbers(panel: Any, files: Any, qtbot: Any) -> None:
    result = run(panel, qtbot)
    scan = mt.simulate(mt.open(files[0]), mt.Pattern("random", acceleration=4))
    expected = mt.run(scan, "mtmri")
    np.testing.assert_array_equal(expected.labels.data, result.labels.data)
    np.testing.assert_allclose(
        expected.reconstruction.data, result.reconstruction.data, rtol=1e-4, atol=1e-2
    )


def test_no_inference_runs_on_the_window_s_thread(panel: Any, qtbot: Any, gate: Gate) -> None:
    run(panel, qtbot)
    panel.run_part.live.setChecked(True)
    qtbot.waitSignal(panel.live.shown, timeout=WAIT_MS).wait()
    panel.run_part.live.setChecked(False)
    assert gate.threads
    assert threading.get_ident() not in gate.threads


def test_the_slice_on_screen_comes_first_and_then_outwards(
    panel: Any, viewer: Any, qtbot: Any
) -> None:
    viewer.dims.set_point(0, viewer.layers["head"].data_to_world((6, 0, 0))[0])
    seen: list[Any] = []
    notes: list[str] = []
    panel.running.progressed.connect(seen.append)
    panel.running.progressed.connect(lambda _: notes.append(panel.run_part.note.text()))
    run(panel, qtbot)
    order = [number for one in seen for number in one.slices]
    assert order[0] == 6  # alone, before the volume is simulated
    assert order[1:] == [6, 7, 5, 4, 3, 2, 1, 0]
    assert notes[-2:] == ["", "Computing scores …"]


def test_slices_are_shown_while_the_run_is_in_progress(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    def hold(progress: Any) -> None:
        gate.event.clear()

    panel.running.progressed.connect(hold)
    click(panel.run_part.run, qtbot)
    name = f"reconstruction · {TITLE}"
    qtbot.waitUntil(lambda: name in names(viewer), timeout=WAIT_MS)
    data = viewer.layers[name].data
    number = panel._slice(panel.input.volume())
    assert np.isfinite(data[number]).all()
    assert np.isnan(data[0]).all()  # not computed yet, so not drawn
    panel.running.progressed.disconnect(hold)
    with qtbot.waitSignal(panel.finished, timeout=WAIT_MS):
        gate.event.set()
    assert names(viewer).count(name) == 1
    assert viewer.layers[name].data is not data
    assert np.isfinite(viewer.layers[name].data).all()


def test_a_stop_takes_effect_at_once_and_restores_the_layers(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    stop_after_a_slice(panel, qtbot, gate)
    qtbot.waitUntil(lambda: names(viewer) == ["head"], timeout=WAIT_MS)
    assert "are restored" in panel.run_part.note.text()
    run(panel, qtbot)  # and it can be run again
    before = {layer.name: (layer.data, layer.visible) for layer in viewer.layers}
    stop_after_a_slice(panel, qtbot, gate)
    after = {layer.name: (layer.data, layer.visible) for layer in viewer.layers}
    assert list(after) == list(before)
    assert all(after[name][0] is before[name][0] for name in before)


def test_a_failed_run_restores_the_layers(
    panel: Any, viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise MemoryError("no room")

    before = names(viewer)
    monkeypatch.setattr("napari_mtmri.batch.run_case.evaluate", full)
    with qtbot.waitSignal(panel.running.failed, timeout=WAIT_MS):
        click(panel.run_part.run, qtbot)
    qtbot.waitUntil(lambda: names(viewer) == before, timeout=WAIT_MS)
    assert "MemoryError: no room" in panel.run_part.problem.text
    assert "Traceback" in panel.run_part.problem.details.toPlainText()
    assert panel.run_part.run.isEnabled()


def test_an_error_of_the_volume_is_shown_at_the_input(panel: Any, viewer: Any, qtbot: Any) -> None:
    bad = np.zeros((8, 40, 40), np.float32)
    bad[0, 0, 0] = np.nan
    layer = viewer.add_image(bad, name="broken", contrast_limits=(0, 1), units=("mm",) * 3)
    panel.input.image.choose(layer)
    with qtbot.waitSignal(panel.running.failed, timeout=WAIT_MS):
        click(panel.run_part.run, qtbot)
    assert "1 of 12800 voxels are NaN" in panel.input.problem.text
    assert names(viewer)[-1] == "broken"


def test_a_closed_panel_stops_its_run_and_is_not_found(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    from napari_mtmri.gui.app.panels import panel_of

    gate.event.clear()
    click(panel.run_part.run, qtbot)
    qtbot.waitUntil(lambda: bool(gate.threads), timeout=WAIT_MS)
    stop = panel.running.job.stopper.event
    with qtbot.waitSignal(panel.destroyed, timeout=WAIT_MS):
        viewer.window.remove_dock_widget(panel.parentWidget())  # the x of its dock
    assert stop.is_set()
    assert panel_of(viewer, "Reconstruct") is None
    viewer.dims.set_point(0, 3)  # disconnected from the viewer
    assert not viewer.keymap
    gate.event.set()
