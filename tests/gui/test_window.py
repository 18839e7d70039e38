# SPDX-License-Identifier: BSD-3-Clause
"""The window, driven as a user drives it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

import napari_mtmri as mt
from napari_mtmri.gui import commands, orientation
from napari_mtmri.gui.contributions import get_reader, read_layers
from napari_mtmri.gui.work import Job, Latest
from napari_mtmri.samples import phantom

SHAPE = (40, 44, 8)
WAIT_MS = 60_000


@pytest.fixture
def viewer(make_napari_viewer: Any) -> Any:
    return make_napari_viewer()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    image, lesion = phantom(SHAPE)
    return mt.save(image, tmp_path / "head.nii.gz"), mt.save(lesion, tmp_path / "lesion.nii.gz")


@pytest.fixture
def panel(viewer: Any, files: tuple[Path, Path], qtbot: Any) -> Any:
    viewer.open(str(files[0]), plugin="napari-mtmri")
    _, panel = viewer.window.add_plugin_dock_widget("napari-mtmri", "Reconstruct")
    qtbot.waitUntil(lambda: not panel.loader.is_busy, timeout=WAIT_MS)
    yield panel
    panel.close_down()
    busy = (panel.zero_lane, panel.method_lane, panel.loader)
    qtbot.waitUntil(lambda: not panel.job.is_running, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not any(lane.is_busy for lane in busy), timeout=WAIT_MS)


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def run(panel: Any, qtbot: Any) -> Any:
    with qtbot.waitSignal(panel.finished, timeout=WAIT_MS) as found:
        qtbot.mouseClick(panel.run_part.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.job.is_running, timeout=WAIT_MS)
    return found.args[0]


def test_the_panel_opens_with_the_volume_chosen_and_says_the_exact_counts(panel: Any) -> None:
    assert panel.input.layer.name == "head"
    assert panel.sampling.counts.text() == "10 of 40 lines, R 4.00, centre 3"
    assert "40 × 44 × 8 voxels" in panel.input.facts.text()
    assert "phase encoding L–R (40 lines)" in panel.input.facts.text()
    assert "simulated" in panel.input.facts.text()
    assert "cpu" in panel.header.device.text()


def test_a_run_leaves_its_layers_and_scores(
    panel: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any
) -> None:
    viewer.add_labels(read_layers(str(files[1]))[0][0].copy(), name="own labels")
    result = run(panel, qtbot)
    title = "head · mtmri R4 random"
    expected = [
        f"{title} · {w}" for w in ("zero-filled", "reconstruction", "error", "segmentation")
    ]
    assert names(viewer)[2:] == expected
    assert names(viewer)[:2] == ["head", "own labels"]
    shown = viewer.layers[expected[1]].data
    np.testing.assert_array_equal(shown, result.reconstruction.data.transpose(2, 1, 0))
    assert "mtmri R4 random" in panel.scores.text()
    run(panel, qtbot)
    assert names(viewer)[2:] == expected  # the same request replaces its layers


def test_shell_and_panel_give_the_same_numbers(panel: Any, files: Any, qtbot: Any) -> None:
    result = run(panel, qtbot)
    scan = mt.simulate(mt.open(files[0]), mt.Pattern("random", acceleration=4))
    np.testing.assert_array_equal(mt.run(scan, "mtmri").labels.data, result.labels.data)


def test_no_inference_runs_on_the_window_s_thread(
    panel: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mtmri.networks.multitask import MultiTask

    seen: list[int] = []
    forward = MultiTask.forward

    def spy(self: Any, *args: Any, **more: Any) -> Any:
        seen.append(threading.get_ident())
        return forward(self, *args, **more)

    monkeypatch.setattr(MultiTask, "forward", spy)
    run(panel, qtbot)
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(
        lambda: panel.method_lane.n_runs > 0 and not panel.method_lane.is_busy, timeout=WAIT_MS
    )
    panel.run_part.live.setChecked(False)
    assert seen
    assert threading.get_ident() not in seen


def test_a_stopped_run_leaves_the_layers_as_they_were(
    panel: Any, viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_mtmri.networks.multitask import MultiTask

    goes_on = threading.Event()
    forward = MultiTask.forward

    def slow(self: Any, *args: Any, **more: Any) -> Any:
        goes_on.wait(10)
        return forward(self, *args, **more)

    monkeypatch.setattr(MultiTask, "forward", slow)
    before = names(viewer)
    with qtbot.waitSignal(panel.job.stopped, timeout=WAIT_MS):
        qtbot.mouseClick(panel.run_part.run, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(panel.run_part.stop, Qt.MouseButton.LeftButton)
        goes_on.set()
    qtbot.waitUntil(lambda: not panel.job.is_running, timeout=WAIT_MS)
    assert names(viewer) == before
    assert "as they were" in panel.run_part.note.text()
    assert panel.run_part.run.isEnabled()


def test_an_error_stands_in_the_panel_in_one_sentence(panel: Any, viewer: Any, qtbot: Any) -> None:
    bad = np.zeros((8, 40, 40), np.float32)
    bad[0, 0, 0] = np.nan
    layer = viewer.add_image(bad, name="broken", contrast_limits=(0, 1))
    panel.input.choose(layer)
    qtbot.mouseClick(panel.run_part.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(panel.run_part.problem.text()), timeout=WAIT_MS)
    assert "1 of 12800 voxels are NaN" in panel.run_part.problem.text()
    assert names(viewer)[-1] == "broken"


def test_an_impossible_mask_is_said_beside_the_sampling(panel: Any) -> None:
    panel.sampling.center.setValue(0.9)
    assert "centre" in panel.sampling.counts.text()
    panel.sampling.center.setValue(panel.sampling.center.minimum())
    assert panel.sampling.counts.text().startswith("10 of 40 lines")


def test_live_follows_the_slider_and_cleans_up(panel: Any, viewer: Any, qtbot: Any) -> None:
    before = names(viewer)
    panel.run_part.live.setChecked(True)
    for value in (3.0, 5.0, 8.0):
        panel.sampling.acceleration.setValue(value)
    idle = lambda: not (panel.zero_lane.is_busy or panel.method_lane.is_busy)  # noqa: E731
    qtbot.waitUntil(lambda: "head · live segmentation" in names(viewer) and idle(), timeout=WAIT_MS)
    volume = panel.input.volume()
    number = panel._slice()
    scan = mt.simulate(volume, mt.Pattern("random", acceleration=8), slices=[number])
    live = viewer.layers["head · live zero-filled"].data[number]
    np.testing.assert_allclose(live, np.abs(scan.zero_filled[0]), rtol=1e-5)
    panel.run_part.live.setChecked(False)
    assert names(viewer) == before


def test_swapping_the_axes_changes_the_direction(panel: Any) -> None:
    panel.swap_axes()
    assert "phase encoding A–P (44 lines)" in panel.input.facts.text()
    assert panel.sampling.counts.text().startswith("11 of 44 lines")


def test_a_saved_run_opens_again_in_its_layers(
    panel: Any, viewer: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(panel, qtbot)
    answer = (str(tmp_path / "run"), "")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_: answer)
    qtbot.mouseClick(panel.scores.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.dialogs.writer.is_busy, timeout=WAIT_MS)
    assert panel.run_part.note.text().startswith("run written")
    viewer.layers.clear()
    viewer.open(str(tmp_path / "run"), plugin="napari-mtmri")
    assert "head · mtmri R4 random · reconstruction" in names(viewer)
    again = mt.open(tmp_path / "run")
    np.testing.assert_array_equal(again.labels.data, result.labels.data)


def test_letters_follow_view_and_plane(viewer: Any, files: tuple[Path, Path]) -> None:
    viewer.open(str(files[0]), plugin="napari-mtmri")
    orientation.set_view(viewer, "radiological")
    assert orientation.edge_letters(viewer) == ("R", "L", "A", "P")
    commands.toggle_view(viewer)
    assert orientation.edge_letters(viewer) == ("L", "R", "A", "P")
    commands.toggle_view(viewer)
    viewer.dims.order = (1, 0, 2)
    assert orientation.edge_letters(viewer) == ("R", "L", "S", "I")
    viewer.dims.order = (2, 0, 1)
    assert orientation.edge_letters(viewer) == ("A", "P", "S", "I")
    assert viewer.canvas.overlays["mtmri_t"].text == "S"


def test_a_marker_on_the_right_is_drawn_on_the_left(
    make_napari_viewer: Any, tmp_path: Path
) -> None:
    viewer = make_napari_viewer(show=True)
    data = np.zeros((30, 30, 4), np.float32)
    data[22:28, 22:28] = 1  # RAS: right and anterior
    path = mt.save(mt.Volume(data, np.diag([1.0, 1, 3, 1]), name="m"), tmp_path / "m.nii.gz")
    viewer.open(str(path), plugin="napari-mtmri")
    viewer.layers[0].contrast_limits = (0, 1)
    orientation.set_view(viewer, "radiological")
    for name in list(viewer.canvas.overlays):
        if name.startswith("mtmri_"):
            viewer.canvas.overlays[name].visible = False
    viewer.reset_view()
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., 0]
    rows, columns = np.nonzero(picture > 128)
    assert rows.mean() < picture.shape[0] / 2  # anterior is up
    assert columns.mean() < picture.shape[1] / 2  # right is on the left


def test_the_reader_takes_what_is_ours_and_nothing_else(tmp_path: Path, files: Any) -> None:
    assert get_reader(str(files[0])) is not None
    assert get_reader([str(files[0])]) is not None
    other = tmp_path / "notes.gz"
    other.write_bytes(b"x")
    assert get_reader(str(other)) is None
    assert get_reader(str(tmp_path)) is None


def test_painted_labels_are_written_on_the_grid_of_their_file(
    viewer: Any, files: tuple[Path, Path], tmp_path: Path
) -> None:
    data, arguments, _ = read_layers(str(files[1]))[0]
    arguments = {k: v for k, v in arguments.items() if k != "contrast_limits"}
    layer = viewer.add_labels(np.array(data, dtype=np.uint8), **arguments)
    layer.data[2, 3, 4] = 5
    layer.save(str(tmp_path / "out.nii.gz"), plugin="napari-mtmri")
    written, source = (
        mt.open(tmp_path / "out.nii.gz", kind="labels"),
        mt.open(files[1], kind="labels"),
    )
    np.testing.assert_array_equal(written.affine, source.affine)
    assert written.data[4, 3, 2] == 5
    assert (written.data != source.data).sum() == 1


def test_samples_open(viewer: Any) -> None:
    viewer.open_sample("napari-mtmri", "phantom")
    assert names(viewer) == ["phantom 0", "phantom 0 lesion"]


def test_the_newest_request_wins_and_nothing_queues_up(qtbot: Any) -> None:
    from qtpy.QtCore import QObject

    owner = QObject()
    latest, seen = Latest(owner), []
    latest.done.connect(seen.append)
    gate = threading.Event()

    def work(n: int) -> int:
        gate.wait(10)
        return n

    for n in range(40):
        latest.ask(lambda n=n: work(n))
    gate.set()
    qtbot.waitUntil(lambda: not latest.is_busy, timeout=WAIT_MS)
    assert seen[-1] == 39
    assert latest.n_runs == 2


def test_a_job_that_fails_says_so_once(qtbot: Any) -> None:
    from qtpy.QtCore import QObject

    owner = QObject()
    job, failures = Job(owner), []
    job.failed.connect(failures.append)

    def work(report: Any, stop: Any) -> None:
        raise ValueError("no")

    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        job.start(work)
    assert [str(why) for why in failures] == ["no"]


def test_the_gui_brings_no_torch() -> None:
    code = (
        "import sys, napari_mtmri.gui.reconstruct.panel, napari_mtmri.gui.contributions;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
