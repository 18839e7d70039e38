# SPDX-License-Identifier: BSD-3-Clause
"""Choices before a run: volume, sampling and method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

import napari_mtmri as mt
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.viewer.contributions import read_layers
from napari_mtmri.samples import phantom
from tests.gui.conftest import WAIT_MS
from tests.gui.driving import click, run


def test_it_opens_with_the_volume_chosen_and_shows_the_exact_counts(panel: Any) -> None:
    assert panel.input.image.layer.name == "head"
    assert panel.sampling.counts.text() == "10 of 40 lines, R 4.00, centre 3"
    facts = panel.input.facts.text()
    assert "40 × 44 × 8 voxels of 1 × 1 × 3 mm" in facts
    assert "8 slices S–I, phase encoding L–R (40 lines)" in facts
    assert "Simulated from a magnitude image" in panel.input.banner.text()
    assert panel.choices.method == "mtmri"
    assert panel.run_part.run.isEnabled()


def test_open_and_sample_add_layers_and_choose_them(
    panel: Any, viewer: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, _ = phantom((20, 22, 5), seed=3)
    path = mt.save(image, tmp_path / "other.nii.gz")
    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getOpenFileNames", lambda *_: ([str(path)], ""))
    with qtbot.waitSignal(panel.files.opened, timeout=WAIT_MS):
        click(panel.input.open, qtbot)
    assert panel.input.image.layer.name == "other"
    click(panel.input.draw, qtbot)
    assert panel.input.mask.layer.name == "other mask"
    assert panel.input.mask.layer.data.shape == viewer.layers["other"].data.shape


def test_a_new_labels_layer_of_napari_is_chosen_as_the_reference_mask(
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


def test_an_invalid_mask_shows_its_error_only_in_the_sampling_part(panel: Any, qtbot: Any) -> None:
    panel.run_part.live.setChecked(True)
    qtbot.waitSignal(panel.live.shown, timeout=WAIT_MS).wait()
    panel.sampling.center.setValue(0.9)
    qtbot.waitUntil(lambda: bool(panel.sampling.problem.text), timeout=WAIT_MS)
    assert "use Centre <=" in panel.sampling.problem.text  # the panel's label
    assert not panel.sampling.counts.text()
    assert not panel.run_part.run.isEnabled()
    qtbot.waitUntil(lambda: not panel.live.is_busy, timeout=WAIT_MS)
    assert not panel.run_part.problem.text
    assert not panel.run_part.note.text()
    live = [layer for layer in panel.viewer.layers if "live" in layer.name]
    assert live
    assert not any(layer.visible for layer in live)  # they belong to other choices
    panel.sampling.center.setValue(panel.sampling.center.minimum())
    qtbot.waitUntil(
        lambda: panel.sampling.counts.text().startswith("10 of 40 lines"), timeout=WAIT_MS
    )
    assert not panel.sampling.problem.text
    assert panel.run_part.run.isEnabled()
    qtbot.waitUntil(lambda: not panel.live.is_busy, timeout=WAIT_MS)
    assert all(layer.visible for layer in live if layer.name.startswith("live mtmri"))
    panel.run_part.live.setChecked(False)


def test_a_new_seed_draws_another_mask(panel: Any, qtbot: Any) -> None:
    before = panel.choices.acquisition().pattern.mask((44, 40))
    click(panel.sampling.new_seed, qtbot)
    assert panel.choices.seed
    assert (panel.choices.acquisition().pattern.mask((44, 40)) != before).any()


def test_a_message_disappears_when_the_choices_change(panel: Any, qtbot: Any) -> None:
    run(panel, qtbot)
    assert panel.run_part.note.text()
    panel.sampling.seed.setValue(5)
    assert not panel.run_part.note.text()


def test_a_mask_file_can_be_chosen_and_deselected(
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


def test_swapping_the_axes_changes_the_direction(panel: Any, viewer: Any, qtbot: Any) -> None:
    commands.swap_phase(viewer)
    assert "phase encoding A–P (44 lines)" in panel.input.facts.text()
    qtbot.waitUntil(
        lambda: panel.sampling.counts.text().startswith("11 of 44 lines"), timeout=WAIT_MS
    )


def test_a_warning_is_shown_if_the_sampling_differs_from_the_training(
    panel: Any, qtbot: Any
) -> None:
    assert not panel.method.far.text()
    panel.sampling.acceleration.set_value(12)
    qtbot.waitUntil(lambda: "trained for R 2 to 8" in panel.method.far.text(), timeout=WAIT_MS)


def test_methods_without_weights_are_greyed_out_with_the_reason(
    viewer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("napari_mtmri.weights.files", lambda _: tmp_path)
    panel = commands.open_reconstruct(viewer)
    box = panel.method.method
    row = box.findData("mtmri")
    assert not box.model().item(row).isEnabled()
    assert box.itemText(row) == "mtmri (no weights)"
    assert "no weights found at" in box.itemData(row, Qt.ItemDataRole.ToolTipRole)
    assert panel.choices.method == "zero-filled"
    assert not panel.run_part.run.isEnabled()  # there is no volume


def test_a_method_whose_package_is_missing_is_greyed_out_with_the_reason(
    viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_mtmri.methods.base.find_spec", lambda package: None)
    box = commands.open_reconstruct(viewer).method.method
    row = box.findData("cs-tv")
    assert not box.model().item(row).isEnabled()
    assert box.itemText(row) == "cs-tv (not installed)"
    assert "napari-mtmri[classical]" in box.itemData(row, Qt.ItemDataRole.ToolTipRole)


def test_the_card_is_one_click_away(panel: Any, qtbot: Any) -> None:
    assert panel.method.card.isHidden()
    click(panel.method.card_button, qtbot)
    assert not panel.method.card.isHidden()
    assert "sha256" in panel.method.card.toPlainText()


def test_all_menus_open_the_same_panel(panel: Any, viewer: Any) -> None:
    assert commands.open_reconstruct(viewer) is panel
    commands.toggle_live(viewer)
    assert panel.run_part.live.isChecked()
    commands.toggle_live(viewer)
    from napari_mtmri.gui.reconstruct.panel import KEYS

    bound = {str(key) for key in viewer.keymap}
    assert {key.replace("-", "+") for key in KEYS} <= bound
