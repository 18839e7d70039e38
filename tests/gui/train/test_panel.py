# SPDX-License-Identifier: BSD-3-Clause
"""The Train panel, operated like by a user."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_mtmri.gui.app import commands
from napari_mtmri.gui.train.parts.recipe import GENERAL, OWN
from napari_mtmri.methods.base import DEFAULT_METHOD, trainable
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.train.folder import launch
from napari_mtmri.train.folder.launch import recent_runs
from napari_mtmri.train.folder.layout import read_config
from napari_mtmri.train.recipe import SECTION_OF
from napari_mtmri.weights import list_weights
from tests.gui.conftest import WAIT_MS
from tests.gui.driving import click
from tests.train.folder.test_launch import QUICK
from tests.train.folders import begun, event, update, validation, write, write_process
from tests.train.heads import TINY, write_cases

LONG_MS = 180_000
SMALL = {key: value for key, value in QUICK.items() if key != "epochs"}


def type_into(field: Any, text: str, qtbot: Any) -> None:
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def choose_small(train: Any, **changes: Any) -> None:
    for key, value in {**SMALL, **changes}.items():
        train.plan.set_key(key, value)


def until(train: Any, state: str, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: train.status.state == state, timeout=LONG_MS)


def png(path: Path, gray: int) -> None:
    from matplotlib.image import imsave

    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, np.full((12, 10, 3), gray, np.uint8))


def grays(train: Any) -> list[int | None]:
    pictures = [one.toImage() for one in train.watch_part.pictures.pictures]
    return [None if one.isNull() else one.pixelColor(1, 1).red() for one in pictures]


def test_the_panel_opens_ready_to_train_on_simulated_heads(train: Any) -> None:
    assert train.run_part.start.isEnabled()
    assert "6 cases: 4 train, 2 val, 0 test" in train.data.facts.text()
    assert all(not picture.isNull() for picture in train.data.montage.pictures)
    command = train.watch_part.command.text()
    assert command == launch.shown(train.plan.command())
    assert "--preset quick-check --data simulated" in command
    train.watch_part.copy.click()
    assert QApplication.clipboard().text() == command


def field_of(train: Any, key: str) -> Any:
    return train.recipe.forms[SECTION_OF.get(key, GENERAL)].fields[key].native


def problem_of(train: Any, key: str) -> str:
    label = train.recipe.forms[SECTION_OF.get(key, GENERAL)].problems[key]
    assert label.isHidden() == (not label.text())
    return str(label.text())


def test_typed_values_are_in_the_command(train: Any, qtbot: Any) -> None:
    type_into(field_of(train, "epochs"), "7", qtbot)
    assert train.watch_part.command.text().endswith("epochs=7")
    type_into(field_of(train, "accelerations"), "2: 0.1, 4: 0.9", qtbot)
    assert train.plan.changes["accelerations"] == {2.0: 0.1, 4.0: 0.9}
    field_of(train, "skip_unreadable").click()
    assert train.plan.changes["skip_unreadable"] is True


def test_an_invalid_value_is_marked_and_start_is_disabled_until_corrected(
    train: Any, qtbot: Any
) -> None:
    epochs, batch = field_of(train, "epochs"), field_of(train, "batch_size")
    type_into(epochs, "-7", qtbot)
    assert "Epochs = -7" in problem_of(train, "epochs")
    assert epochs.text() == "-7"  # as typed, above the reason
    assert epochs.styleSheet()
    assert not train.run_part.start.isEnabled()
    assert "Epochs" in train.run_part.obstacle.text()
    assert not train.recipe.estimate.isEnabled()
    train.start()  # nor by its key
    assert train.status.state == "no run"
    type_into(batch, "3", qtbot)  # in another field: corrects nothing
    assert epochs.text() == "-7"
    assert not train.run_part.start.isEnabled()
    type_into(epochs, "7", qtbot)
    assert problem_of(train, "epochs") == epochs.styleSheet() == ""
    assert train.run_part.start.isEnabled()
    assert train.run_part.obstacle.isHidden()
    assert train.recipe.estimate.isEnabled()
    assert train.plan.changes == {"epochs": 7, "batch_size": 3}


def test_a_refused_value_is_accepted_when_the_conflicting_key_changes(
    train: Any, qtbot: Any
) -> None:
    type_into(field_of(train, "accumulate"), "8", qtbot)
    assert "Parts per batch is larger than Batch size" in problem_of(train, "accumulate")
    type_into(field_of(train, "batch_size"), "8", qtbot)
    assert train.plan.changes == {"accumulate": 8, "batch_size": 8}
    assert train.run_part.start.isEnabled()


def test_a_preset_replaces_all_changes(train: Any, qtbot: Any) -> None:
    epochs = field_of(train, "epochs")
    type_into(epochs, "-7", qtbot)
    train.recipe.preset.setCurrentText("paper-atlas")
    assert problem_of(train, "epochs") == ""
    assert train.run_part.start.isEnabled()
    assert "very likely a misprint" in train.recipe.note.text()
    assert "paper-atlas-1" in train.watch_part.command.text()
    assert epochs.text() == "50"


def test_methods_and_patterns_of_another_package_are_listed(
    dummy_package: Path, train: Any
) -> None:
    for key, names in (("method", trainable()), ("pattern", PATTERNS.names())):
        box = field_of(train, key)
        assert [box.itemText(row) for row in range(box.count())] == list(names)
    assert field_of(train, "method").findText("refine") >= 0
    assert field_of(train, "method").findText("smooth") < 0  # cannot be trained


def test_the_options_of_a_method_have_fields_only_when_it_is_chosen(
    dummy_package: Path, train: Any, qtbot: Any
) -> None:
    own = train.recipe.groups[OWN]
    assert own.isHidden()
    field_of(train, "method").setCurrentText("refine")
    assert not own.isHidden()
    fields = train.recipe.forms[OWN].fields
    assert train.recipe.groups["drlc"].isHidden()
    assert train.recipe.groups["itfs"].isHidden()
    type_into(fields["filters"].native, "0", qtbot)
    assert not train.run_part.start.isEnabled()
    type_into(fields["filters"].native, "5", qtbot)
    assert train.watch_part.command.text().endswith("method=refine filters=5")
    assert train.run_part.start.isEnabled()
    type_into(fields["edge_weight"].native, "-1", qtbot)
    field_of(train, "method").setCurrentText(DEFAULT_METHOD)
    assert own.isHidden()
    assert not train.plan.changes
    assert train.run_part.start.isEnabled()  # the refused value was removed with its method


def test_the_plot_and_the_ticks_follow_the_recipe(train: Any, qtbot: Any) -> None:
    recipe = train.recipe
    before = recipe.plot.curves["α reconstruction"].getData()[1].copy()
    train.tabs.setCurrentIndex(1)
    field_of(train, "weighting").setCurrentText("fixed")
    after = recipe.plot.curves["α reconstruction"].getData()[1]
    assert not np.array_equal(before, after)
    assert not field_of(train, "fixed_alpha").isHidden()
    assert field_of(train, "time_constant").isHidden()
    assert set(recipe.strip.ticks) == {True, False}
    field_of(train, "teacher_forcing").setCurrentText("never")
    assert set(recipe.strip.ticks) == {False}
    field_of(train, "method").setCurrentText("d5c5")
    assert recipe.groups["drlc"].isHidden()
    assert recipe.groups["itfs"].isHidden()


def test_reading_the_cases_shows_its_progress(train: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: bool(train.data.leaks.text()), timeout=WAIT_MS)
    told: list[tuple[str, str]] = []
    train.data.looks.progressed.connect(lambda text: told.append((text, train.data.facts.text())))
    train.data.choose("simulated")
    qtbot.waitUntil(lambda: bool(train.data.leaks.text()), timeout=WAIT_MS)
    assert told[0][0].startswith("Reading case 1 of ")
    assert all(text == shown for text, shown in told)


def test_a_folder_that_does_not_exist_is_reported_at_the_field(
    train: Any, qtbot: Any, tmp_path: Path
) -> None:
    type_into(train.data.place, str(tmp_path / "nowhere"), qtbot)
    qtbot.waitUntil(lambda: bool(train.data.problem.text), timeout=WAIT_MS)
    assert "no such folder" in train.data.problem.text
    assert not train.data.leaks.text()
    write_cases(tmp_path / "nowhere", ["train", "val"])
    type_into(train.data.place, str(tmp_path / "nowhere"), qtbot)  # exists by now
    qtbot.waitUntil(lambda: bool(train.data.leaks.text()), timeout=WAIT_MS)
    assert "2 cases" in train.data.facts.text()
    click(train.data.simulated, qtbot)
    qtbot.waitUntil(lambda: bool(train.data.leaks.text()), timeout=WAIT_MS)
    assert train.data.problem.text == ""


def test_an_estimate_is_measured_and_can_be_stopped(train: Any, qtbot: Any) -> None:
    choose_small(train, epochs=2)
    assert train.recipe.estimated.text() == "Time — · memory —"
    click(train.recipe.estimate, qtbot)
    click(train.recipe.estimate, qtbot)
    assert train.recipe.estimated.text() == "Time — · memory —"
    click(train.recipe.estimate, qtbot)
    qtbot.waitUntil(lambda: "GiB" in train.recipe.estimated.text(), timeout=LONG_MS)
    assert "2 updates" in train.recipe.estimated.text()
    train.plan.set_key("epochs", 3)
    assert train.recipe.estimated.text() == "Time — · memory —"


def test_any_training_folder_can_be_watched(train: Any, qtbot: Any, tmp_path: Path) -> None:
    run = begun(tmp_path / "elsewhere", 20)
    for number, name in enumerate(("zero_filled", "truth", "mask", "epoch-0001")):
        png(run / "slices" / f"{name}.png", 40 * (number + 1))
    write(run, [validation(1, 0.5)])
    train.open_run(run)
    until(train, "running", qtbot)
    qtbot.waitUntil(lambda: None not in grays(train), timeout=WAIT_MS)
    assert grays(train) == [40, 160, 80, 120]
    watched = train.watch_part
    qtbot.waitUntil(lambda: watched.known.currentText() == "elsewhere", timeout=WAIT_MS)
    assert len(watched.plots["losses"].curves["reconstruction"].getData()[0]) == 20
    assert (
        len(watched.plots["losses"].curves["segmentation, input: reconstruction"].getData()[0])
        == 10
    )
    assert watched.strip.ticks == (True, False) * 10
    assert "Dice 0.500" in watched.scores.text()
    assert "update 20 of 50" in train.run_part.status.text()
    assert train.run_part.stop.isEnabled()
    assert not train.run_part.resume.isEnabled()
    write(run, [update(21)])
    qtbot.waitUntil(lambda: "update 21" in train.run_part.status.text(), timeout=WAIT_MS)
    click(train.run_part.stop, qtbot)
    qtbot.waitUntil((run / "stop").exists, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "Stopping" in train.run_part.status.text(), timeout=WAIT_MS)
    write(run, [event("checkpoint", 21), event("stopped", 21, epoch=2)])
    until(train, "stopped", qtbot)
    assert train.run_part.resume.isEnabled()
    assert "Resume continues from update 21." in train.run_part.status.text()


def test_reopened_on_a_running_training_all_tabs_are_about_it(
    viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    run = begun(tmp_path / "mine", 3)
    launch.remember_run(run)
    train = commands.open_train(viewer)
    until(train, "running", qtbot)
    assert train.plan.recipe() == read_config(run).recipe
    assert field_of(train, "epochs").text() == str(TINY.optimizer.epochs)
    assert train.recipe.preset.currentText() == "quick-check"
    # another choice stays until it is asked for
    train.plan.choose_preset("cpu-size")
    qtbot.waitUntil(lambda: train.watch_part.known.currentText() == "mine", timeout=WAIT_MS)
    assert train.recipe.preset.currentText() == "cpu-size"
    click(train.watch_part.again, qtbot)
    assert train.plan.recipe() == read_config(run).recipe
    assert train.tabs.tabText(train.tabs.currentIndex()) == "Recipe"
    assert Path(train.plan.run) != run
    assert "low hatched tick" in train.watch_part.strip_note.text()
    train.stop()
    assert not train.run_part.stop.isEnabled()
    assert "Stopping" in train.run_part.status.text()  # at once
    qtbot.waitUntil((run / "stop").exists, timeout=WAIT_MS)


def test_losses_and_stages_of_another_method_are_shown(
    train: Any, qtbot: Any, tmp_path: Path
) -> None:
    run = begun(tmp_path / "rival")
    own = {"edge_loss": 0.5, "stage": "labels"}
    events = [update(number, **own) for number in (1, 2)]
    for one in events:
        for key in ("recon_loss", "seg_loss", "alpha", "beta", "teacher"):
            del one[key]
    write(run, events)
    train.open_run(run)
    watched = train.watch_part
    qtbot.waitUntil(lambda: "edge" in watched.plots["losses"].curves, timeout=WAIT_MS)
    assert len(watched.plots["losses"].curves["edge"].getData()[0]) == 2
    assert watched.facts.text().endswith("stage: labels")
    assert watched.plots["weights"].isHidden()
    assert watched.strip.isHidden()


def test_a_killed_or_silent_training_is_reported(train: Any, qtbot: Any, tmp_path: Path) -> None:
    run = begun(tmp_path / "silent", 2, time.time() - 1000)
    write_process(run, host="a-cluster", started=time.time() - 1001)
    train.open_run(run)
    until(train, "stalled", qtbot)
    assert "no progress for 16 min" in train.run_part.status.text()
    write_process(run, started=time.time() - 1e9)
    until(train, "killed", qtbot)
    assert "Ended without a message" in train.run_part.status.text()


def test_a_folder_without_a_training_is_refused(train: Any, tmp_path: Path) -> None:
    train.open_run(tmp_path)
    assert "not a training folder" in train.run_part.problem.text


def test_another_training_replaces_the_displayed_one(
    train: Any, qtbot: Any, tmp_path: Path
) -> None:
    first = begun(tmp_path / "first", 20)
    png(first / "slices" / "epoch-0001.png", 90)
    write(first, [validation(1, 0.5)])
    train.open_run(first)
    qtbot.waitUntil(lambda: 90 in grays(train), timeout=WAIT_MS)
    train.open_run(begun(tmp_path / "second", 2))
    qtbot.waitUntil(lambda: "update 2 of" in train.run_part.status.text(), timeout=WAIT_MS)
    assert grays(train) == [None] * 4
    assert train.watch_part.scores.text() == "Validation: —"
    qtbot.waitUntil(lambda: train.watch_part.known.currentText() == "second", timeout=WAIT_MS)
    index = train.watch_part.known.findText("first")
    train.watch_part.known.setCurrentIndex(index)
    train.watch_part.known.activated.emit(index)
    qtbot.waitUntil(lambda: 90 in grays(train), timeout=WAIT_MS)


def test_a_hidden_panel_notifies_of_the_end_of_the_training(
    make_napari_viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    from napari.utils.notifications import notification_manager

    train = commands.open_train(make_napari_viewer(show=True))
    run = begun(tmp_path / "run", 20)
    train.open_run(run)
    until(train, "running", qtbot)
    train.parentWidget().hide()
    write(run, [event("failed", 20, reason="the loss is nan.")])
    until(train, "failed", qtbot)
    assert "the loss is nan." in notification_manager.records[-1].message
    train.parentWidget().show()
    qtbot.waitUntil(lambda: "nan" in train.run_part.status.text(), timeout=WAIT_MS)


def test_train_export_and_compare_in_one_window(
    train: Any, viewer: Any, files: tuple[Path, Path], qtbot: Any, own_weights: Path
) -> None:
    viewer.open(str(files[0]), plugin="napari-mtmri")
    reconstruct = commands.open_reconstruct(viewer)
    commands.open_train(viewer)
    choose_small(train, epochs=400)
    run = Path(train.plan.run).resolve()
    click(train.run_part.start, qtbot)
    until(train, "starting", qtbot)
    train.start()  # a second click does not start a second training
    qtbot.waitUntil(lambda: train.watcher.run == run, timeout=WAIT_MS)
    assert not train.run_part.start.isEnabled()
    until(train, "running", qtbot)
    qtbot.waitUntil(lambda: None not in grays(train), timeout=LONG_MS)
    assert recent_runs()[0] == run
    commands.stop_training(viewer)
    until(train, "stopped", qtbot)
    stopped = train.status.updates
    qtbot.waitUntil(lambda: not launch.running(), timeout=LONG_MS)
    click(train.run_part.resume, qtbot)
    qtbot.waitUntil(lambda: (train.status.updates or 0) > stopped, timeout=LONG_MS)
    # exported while it continues
    train.tabs.setCurrentIndex(3)
    assert train.use.best.isEnabled()
    with qtbot.waitSignal(train.use.exported, timeout=LONG_MS) as found:
        click(train.use.use, qtbot)
    exported = found.args[0]
    assert exported.path == own_weights / f"mtmri-{run.name}.safetensors"
    assert exported.path in list_weights("mtmri")
    box = reconstruct.method.weights.box
    assert box.findText(exported.path.stem) > 0  # listed at once
    click(train.run_part.stop, qtbot)
    until(train, "stopped", qtbot)
    qtbot.waitUntil(lambda: not launch.running(), timeout=LONG_MS)
    click(train.use.reconstruct, qtbot)
    assert reconstruct.choices.weights == str(exported.path)
    titles = []
    for index in (box.currentIndex(), 0):
        box.setCurrentIndex(index)
        with qtbot.waitSignal(reconstruct.finished, timeout=LONG_MS) as found:
            reconstruct.run_volume()
        titles.append(found.args[0])
    assert titles[0].provenance["weights"] != titles[1].provenance["weights"]
    assert titles[0].provenance["weights"][0]["sha256"] == exported.card.sha256
    shown = [layer.name for layer in viewer.layers if layer.name.startswith("reconstruction")]
    assert len(shown) == 2  # next to each other
    rows = {row.title for row in reconstruct.scores.rows}
    own, usual = f"mtmri R4, {exported.path.stem}", "mtmri R4"
    assert rows == {"zero-filled R4", own, usual}


def test_a_method_of_another_package_is_trained_and_used(
    dummy_package: Path, train: Any, qtbot: Any
) -> None:
    choose_small(train, method="refine", epochs=3)
    click(train.run_part.start, qtbot)
    until(train, "finished", qtbot)
    qtbot.waitUntil(lambda: not launch.running(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: None not in grays(train), timeout=WAIT_MS)
    drawn = train.watch_part.plots["losses"].curves
    assert len(drawn["edge"].getData()[0]) > 0
    assert "stage: labels" in train.watch_part.facts.text()
    with qtbot.waitSignal(train.use.exported, timeout=LONG_MS) as found:
        click(train.use.use, qtbot)
    assert found.args[0].card.method == "refine"


# Closing
