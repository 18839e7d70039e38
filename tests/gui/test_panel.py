# SPDX-License-Identifier: BSD-3-Clause
"""The Reconstruct panel, driven as a user drives it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt

import napari_mtmri as mt
from napari_mtmri.gui import commands
from napari_mtmri.gui.contributions import read_layers
from tests.gui.conftest import WAIT_MS

TITLE = "head · mtmri R4 random"
DEFAULT = [f"{TITLE} · {what}" for what in ("reconstruction", "zero-filled", "error")]


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def click(button: Any, qtbot: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def run(panel: Any, qtbot: Any) -> Any:
    with qtbot.waitSignal(panel.finished, timeout=WAIT_MS) as found:
        click(panel.run_part.run, qtbot)
    return found.args[0]


class Gate:
    """Holds the networks back, and notes in which threads they ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from napari_mtmri.networks.multitask import MultiTask

        self.event = threading.Event()
        self.event.set()
        self.threads: list[int] = []
        forward = MultiTask.forward

        def held(network: Any, *args: Any, **more: Any) -> Any:
            self.threads.append(threading.get_ident())
            self.event.wait(20)
            return forward(network, *args, **more)

        monkeypatch.setattr(MultiTask, "forward", held)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Any:
    gate = Gate(monkeypatch)
    yield gate
    gate.event.set()


def test_it_opens_with_the_volume_chosen_and_says_the_exact_counts(panel: Any) -> None:
    assert panel.input.image.layer.name == "head"
    assert panel.sampling.counts.text() == "10 of 40 lines, R 4.00, centre 3"
    facts = panel.input.facts.text()
    assert "40 × 44 × 8 voxels of 1 × 1 × 3 mm" in facts
    assert "8 slices S–I, phase encoding L–R (40 lines)" in facts
    assert "Simulated from a magnitude image" in panel.input.banner.text()
    assert panel.choices.method == "mtmri"
    assert panel.run_part.run.isEnabled()


def test_a_run_leaves_layers_scores_and_the_user_s_own_as_they_were(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    viewer.open(str(files[1]), plugin="napari-mtmri")
    assert panel.input.mask.layer.name == "head_mask"
    own = [viewer.layers["head"].data, viewer.layers["head_mask"].data.copy()]
    viewer.layers.selection = {viewer.layers["head"]}
    result = run(panel, qtbot)
    # images below what was drawn, which stays in sight; the segmentation above
    expected = ["head", *DEFAULT, "head_mask", f"{TITLE} · segmentation"]
    assert names(viewer) == expected
    shown = viewer.layers[f"{TITLE} · reconstruction"].data
    np.testing.assert_array_equal(shown, result.reconstruction.data.transpose(2, 1, 0))
    assert viewer.layers["head"].data is own[0]
    np.testing.assert_array_equal(viewer.layers["head_mask"].data, own[1])
    assert viewer.layers.selection.active.name == "head"
    assert [row.title for row in panel.scores.rows] == ["zero-filled R4 random", "mtmri R4 random"]
    cells = panel.scores.cells()
    assert cells[0][1:5] == ["PSNR", "SSIM", "NMSE", "Dice"]
    assert cells[1][1].endswith("dB")
    assert cells[2][4] != "—"
    assert "PSNR" not in panel.run_part.note.text()
    assert "Dice" in panel.run_part.note.text()
    run(panel, qtbot)
    assert names(viewer) == expected  # the same request replaces its layers
    assert len(panel.scores.rows) == 2


def test_another_request_leaves_the_earlier_run_alone(panel: Any, viewer: Any, qtbot: Any) -> None:
    run(panel, qtbot)
    first = viewer.layers[f"{TITLE} · reconstruction"].data
    panel.sampling.seed.setValue(7)
    run(panel, qtbot)
    assert viewer.layers[f"{TITLE} · reconstruction"].data is first
    assert f"{TITLE}, seed 7 · reconstruction" in names(viewer)
    assert [row.title for row in panel.scores.rows][-1] == "mtmri R4 random, seed 7"


def test_what_somebody_painted_on_a_result_is_kept(panel: Any, viewer: Any, qtbot: Any) -> None:
    run(panel, qtbot)
    layer = viewer.layers[f"{TITLE} · segmentation"]
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 9)
    run(panel, qtbot)
    assert viewer.layers[f"{TITLE} · segmentation · edited"].data[1, 2, 3] == 9
    assert viewer.layers[f"{TITLE} · segmentation"].data[1, 2, 3] != 9


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
    panel.running.progressed.connect(seen.append)
    run(panel, qtbot)
    order = [number for one in seen if not isinstance(one, str) for number in one.slices]
    assert order[0] == 6  # alone, before the volume is simulated
    assert order[1:] == [6, 7, 5, 4, 3, 2, 1, 0]
    assert seen[-1] == "scoring …"


def test_slices_stand_in_the_window_while_the_run_goes_on(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    def hold(progress: Any) -> None:
        gate.event.clear()

    panel.running.progressed.connect(hold)
    click(panel.run_part.run, qtbot)
    name = f"{TITLE} · reconstruction"
    qtbot.waitUntil(lambda: name in names(viewer), timeout=WAIT_MS)
    data = viewer.layers[name].data
    number = panel._slice(panel.input.volume())
    assert np.isfinite(data[number]).all()
    assert np.isnan(data[0]).all()  # not drawn where nothing was computed
    panel.running.progressed.disconnect(hold)
    with qtbot.waitSignal(panel.finished, timeout=WAIT_MS):
        gate.event.set()
    assert names(viewer).count(name) == 1
    assert viewer.layers[name].data is not data
    assert np.isfinite(viewer.layers[name].data).all()


def test_a_stop_is_felt_at_once_and_leaves_the_layers_as_they_were(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    stop_after_a_slice(panel, qtbot, gate)
    qtbot.waitUntil(lambda: names(viewer) == ["head"], timeout=WAIT_MS)
    assert "as they were" in panel.run_part.note.text()
    run(panel, qtbot)  # and it can be run again
    before = {layer.name: (layer.data, layer.visible) for layer in viewer.layers}
    stop_after_a_slice(panel, qtbot, gate)
    after = {layer.name: (layer.data, layer.visible) for layer in viewer.layers}
    assert list(after) == list(before)
    assert all(after[name][0] is before[name][0] for name in before)


def stop_after_a_slice(panel: Any, qtbot: Any, gate: Gate) -> None:
    """Run, stop once the first slice stands; the networks are held back meanwhile."""

    def hold(progress: Any) -> None:
        gate.event.clear()

    panel.running.progressed.connect(hold)
    with qtbot.waitSignal(panel.running.progressed, timeout=WAIT_MS):
        click(panel.run_part.run, qtbot)
    assert not panel.run_part.run.isEnabled()
    began = time.monotonic()
    with qtbot.waitSignal(panel.running.ended, timeout=1000):
        click(panel.run_part.stop, qtbot)
    assert time.monotonic() - began < 1
    assert panel.run_part.run.isEnabled()
    panel.running.progressed.disconnect(hold)
    gate.event.set()


def test_a_failed_run_leaves_the_layers_as_they_were(
    panel: Any, viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise MemoryError("no room")

    before = names(viewer)
    monkeypatch.setattr("napari_mtmri.verbs.evaluate", full)
    with qtbot.waitSignal(panel.running.failed, timeout=WAIT_MS):
        click(panel.run_part.run, qtbot)
    qtbot.waitUntil(lambda: names(viewer) == before, timeout=WAIT_MS)
    assert "MemoryError: no room" in panel.run_part.problem.text
    assert "Traceback" in panel.run_part.problem.details.toPlainText()
    assert panel.run_part.run.isEnabled()


def test_an_error_of_the_volume_stands_beside_the_input(
    panel: Any, viewer: Any, qtbot: Any
) -> None:
    bad = np.zeros((8, 40, 40), np.float32)
    bad[0, 0, 0] = np.nan
    layer = viewer.add_image(bad, name="broken", contrast_limits=(0, 1), units=("mm",) * 3)
    panel.input.image.choose(layer)
    with qtbot.waitSignal(panel.running.failed, timeout=WAIT_MS):
        click(panel.run_part.run, qtbot)
    assert "1 of 12800 voxels are NaN" in panel.input.problem.text
    assert names(viewer)[-1] == "broken"


def test_an_impossible_mask_is_said_beside_the_sampling(panel: Any, qtbot: Any) -> None:
    panel.sampling.center.setValue(0.9)
    qtbot.waitUntil(lambda: bool(panel.sampling.problem.text), timeout=WAIT_MS)
    assert "centre" in panel.sampling.problem.text
    assert not panel.sampling.counts.text()
    panel.sampling.center.setValue(panel.sampling.center.minimum())
    qtbot.waitUntil(
        lambda: panel.sampling.counts.text().startswith("10 of 40 lines"), timeout=WAIT_MS
    )
    assert not panel.sampling.problem.text


def test_live_follows_the_slider_newest_wins_and_cleans_up(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    before = names(viewer)
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "head · live · segmentation" in names(viewer), timeout=WAIT_MS)
    gate.threads.clear()
    gate.event.clear()
    ran = panel.live.slow.n_runs
    for step in range(40):
        panel.sampling.acceleration.slider.setValue(40 + step)
    qtbot.waitUntil(lambda: not panel.live.fast.is_busy, timeout=WAIT_MS)
    # the zero-filled image does not wait for the network, whose stale result is hidden
    live = viewer.layers["head · live · zero-filled"]
    number = panel._slice(panel.input.volume())
    scan = mt.simulate(
        panel.input.volume(), mt.Pattern("random", acceleration=7.9), slices=[number]
    )
    np.testing.assert_allclose(live.data[number], np.abs(scan.zero_filled[0]), rtol=1e-5)
    assert not viewer.layers["head · live · mtmri"].visible
    gate.event.set()
    qtbot.waitUntil(lambda: not panel.live.is_busy, timeout=WAIT_MS)
    assert viewer.layers["head · live · mtmri"].visible
    assert panel.live.slow.n_runs - ran <= 4
    _, _, loaded = __import__("napari_mtmri.verbs").verbs.load_method("mtmri")
    expected = np.abs(loaded.run(scan).image[0])
    np.testing.assert_allclose(
        viewer.layers["head · live · mtmri"].data[number], expected, rtol=1e-3, atol=1e-2
    )
    panel.run_part.live.setChecked(False)
    qtbot.waitUntil(lambda: names(viewer) == before, timeout=WAIT_MS)


def test_live_follows_the_slice_and_shows_no_slice_of_other_choices(
    panel: Any, viewer: Any, qtbot: Any
) -> None:
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "head · live · segmentation" in names(viewer), timeout=WAIT_MS)
    with qtbot.waitSignal(panel.live.shown, timeout=WAIT_MS):
        viewer.dims.set_point(0, viewer.layers["head"].data_to_world((2, 0, 0))[0])
    data = viewer.layers["head · live · mtmri"].data
    assert [number for number in range(8) if np.isfinite(data[number]).all()] == [2]
    qtbot.waitUntil(lambda: panel.run_part.note.text().startswith("slice 2 ·"), timeout=WAIT_MS)


def test_live_sits_beside_a_method_that_cannot_run_and_shows_zero_filled(
    panel: Any, viewer: Any, qtbot: Any
) -> None:
    panel.method.method.setCurrentIndex(panel.method.method.findData("zero-filled"))
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "head · live · zero-filled" in names(viewer), timeout=WAIT_MS)
    assert "head · live · segmentation" not in names(viewer)


def test_swapping_the_axes_changes_the_direction(panel: Any, viewer: Any, qtbot: Any) -> None:
    commands.swap_phase(viewer)
    assert "phase encoding A–P (44 lines)" in panel.input.facts.text()
    qtbot.waitUntil(
        lambda: panel.sampling.counts.text().startswith("11 of 44 lines"), timeout=WAIT_MS
    )


def test_far_from_the_training_a_line_says_so(panel: Any, qtbot: Any) -> None:
    assert not panel.method.far.text()
    panel.sampling.acceleration.set_value(12)
    qtbot.waitUntil(lambda: "trained for R 2 to 8" in panel.method.far.text(), timeout=WAIT_MS)


def test_methods_without_weights_are_greyed_with_the_reason(
    viewer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("napari_mtmri.weights.files", lambda _: tmp_path)
    panel = commands.open_reconstruct(viewer)
    box = panel.method.method
    row = box.findData("mtmri")
    assert not box.model().item(row).isEnabled()
    assert box.itemText(row) == "mtmri (no weights)"
    assert "no weights at" in box.itemData(row, Qt.ItemDataRole.ToolTipRole)
    assert panel.choices.method == "zero-filled"
    assert not panel.run_part.run.isEnabled()  # there is no volume


def test_the_card_is_one_click_away(panel: Any, qtbot: Any) -> None:
    assert panel.method.card.isHidden()
    click(panel.method.card_button, qtbot)
    assert not panel.method.card.isHidden()
    assert "sha256" in panel.method.card.toPlainText()


def test_layers_of_the_newest_run_come_and_go_with_their_ticks(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    viewer.open(str(files[1]), plugin="napari-mtmri")
    run(panel, qtbot)
    for what in ("probability", "k-space", "disagreement"):
        panel.show_part.boxes[what].click()
        name = f"{TITLE} · {what}"
        qtbot.waitUntil(lambda name=name: name in names(viewer), timeout=WAIT_MS)
        assert viewer.layers[name].visible
        panel.show_part.boxes[what].click()
        assert not viewer.layers[name].visible
    missed = viewer.layers[f"{TITLE} · disagreement"]
    assert isinstance(missed, Labels)
    panel.show_part.scale.setCurrentText("×10")
    top = float(np.abs(viewer.layers["head"].data).max()) / 10
    assert viewer.layers[f"{TITLE} · error"].contrast_limits == pytest.approx([0, top])


def test_a_saved_run_opens_again_in_its_layers(
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
        with qtbot.waitSignal(panel.dialogs.noted, timeout=WAIT_MS):
            click(button, qtbot)
        assert str(tmp_path / file) in panel.run_part.note.text()
    assert (tmp_path / "scores.csv").read_text("utf-8").startswith("whole volume,PSNR")
    viewer.layers.clear()
    viewer.open(str(tmp_path / "run"), plugin="napari-mtmri")
    assert f"{TITLE} · reconstruction" in names(viewer)
    again = mt.open(tmp_path / "run")
    np.testing.assert_array_equal(again.labels.data, result.labels.data)


def test_a_mask_file_is_taken_and_can_be_left_again(
    panel: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines.npy"
    np.save(path, np.arange(40) % 5 == 0)
    answer = (str(path), "")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getOpenFileName", lambda *_: answer)
    panel.sampling.pattern.setCurrentText("file")
    qtbot.waitUntil(
        lambda: panel.sampling.counts.text().startswith("8 of 40 lines"), timeout=WAIT_MS
    )
    panel.sampling.pattern.setCurrentText("random")
    qtbot.waitUntil(
        lambda: panel.sampling.counts.text().startswith("10 of 40 lines"), timeout=WAIT_MS
    )


def test_open_and_sample_add_layers_and_choose_them(
    panel: Any, viewer: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, _ = __import__("napari_mtmri.samples").samples.phantom((20, 22, 5), seed=3)
    path = mt.save(image, tmp_path / "other.nii.gz")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getOpenFileNames", lambda *_: ([str(path)], ""))
    with qtbot.waitSignal(panel.dialogs.opened, timeout=WAIT_MS):
        click(panel.input.open, qtbot)
    assert panel.input.image.layer.name == "other"
    click(panel.input.draw, qtbot)
    assert panel.input.mask.layer.name == "other mask"
    assert panel.input.mask.layer.data.shape == viewer.layers["other"].data.shape


def test_labels_that_napari_makes_are_taken_as_the_reference_mask(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    viewer.layers.selection = {viewer.layers["head"]}
    viewer._new_labels()
    drawn = viewer.layers[-1]
    data, _, _ = read_layers(str(files[1]))[0]
    drawn.data = np.array(data, dtype=drawn.data.dtype)
    panel.input.mask.choose(drawn)
    expected = mt.open(files[1], kind="labels")
    np.testing.assert_array_equal(panel.input.labels().data, expected.data)


def test_one_panel_whichever_way_it_is_opened(panel: Any, viewer: Any) -> None:
    assert commands.open_reconstruct(viewer) is panel
    commands.toggle_live(viewer)
    assert panel.run_part.live.isChecked()
    commands.toggle_live(viewer)
    from napari_mtmri.gui.keys import KEYS

    bound = {str(key) for key in viewer.keymap}
    assert {key.replace("-", "+") for key in KEYS} <= bound


def test_a_panel_that_is_closed_stops_its_run_and_is_forgotten(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    from napari_mtmri.gui.panels import panel_of
    from napari_mtmri.gui.reconstruct.panel import Reconstruct

    gate.event.clear()
    click(panel.run_part.run, qtbot)
    qtbot.waitUntil(lambda: bool(gate.threads), timeout=WAIT_MS)
    stop = panel.running.job.stopper.event
    with qtbot.waitSignal(panel.destroyed, timeout=WAIT_MS):
        viewer.window.remove_dock_widget(panel.parentWidget())
        panel.deleteLater()
    assert stop.is_set()
    assert panel_of(viewer, Reconstruct) is None
    viewer.dims.set_point(0, 3)  # and hears no more of the viewer
    assert not viewer.keymap
    gate.event.set()
