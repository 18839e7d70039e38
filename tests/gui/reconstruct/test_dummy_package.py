# SPDX-License-Identifier: BSD-3-Clause
"""Members of another package are in the window like built-in ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManager
from qtpy.QtWidgets import QComboBox

import napari_mtmri as mt
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.app.window import build_window
from napari_mtmri.gui.viewer.contributions import activate
from napari_mtmri.samples import phantom
from tests.gui.conftest import SHAPE, WAIT_MS
from tests.gui.driving import run


@pytest.fixture
def head(dummy_package: Path, tmp_path: Path) -> Iterator[Path]:
    """A phantom in the format of the other package, whose extension is new to napari."""
    yield mt.save(phantom(SHAPE)[0], tmp_path / "other.dmr")
    manager = PluginManager.instance()  # the same for all tests
    for reader in manager.get_manifest("napari-mtmri").contributions.readers:
        reader.filename_patterns = [one for one in reader.filename_patterns if one != "*.dmr"]
    manager._contrib.reindex(manager.get_manifest("napari-mtmri"))


def test_a_dropped_file_of_its_format_opens_and_other_files_do_not(
    head: Path, viewer: Any, files: tuple[Path, Path]
) -> None:
    viewer.open(str(files[0]), plugin="napari-mtmri")
    activate()  # napari calls it only once per session, maybe in another test
    manager = PluginManager.instance()
    assert manager.get_manifest("napari-mtmri").on_activate == (
        f"{activate.__module__}:{activate.__name__}"
    )
    viewer.window._qt_viewer._qt_open([str(head)], stack=False)
    assert [layer.name for layer in viewer.layers] == ["head", "other"]
    asked = [one.plugin_name for one in manager.iter_compatible_readers(["picture.png"])]
    assert "napari-mtmri" not in asked


def test_its_pattern_method_and_metric_are_in_the_panel(
    head: Path, panel: Any, viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def choose(*words: Any) -> tuple[list[str], str]:
        shown.append(words[-1])
        return [str(head)], ""

    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getOpenFileNames", choose)
    viewer.layers.clear()
    panel.files.open_volumes()
    qtbot.waitUntil(lambda: "other" in viewer.layers, timeout=WAIT_MS)
    assert "*.dmr" in shown[0]
    panel.sampling.pattern.setCurrentText("comb")
    panel.method.method.setCurrentIndex(panel.method.method.findData("smooth"))
    qtbot.waitUntil(lambda: bool(panel.sampling.counts.text()), timeout=WAIT_MS)
    result = run(panel, qtbot)
    assert (result.method, result.request["pattern"]["name"]) == ("smooth", "comb")
    heading, _, row = panel.scores.cells()
    column = heading.index("MAE")
    assert row[column] == f"{result.scores['smooth'].get('MAE'):.1f}"
    tip = panel.scores.table.item(column - 2, 0).toolTip()
    assert tip.startswith("Mean absolute error, 0 is perfect\n")
    assert "MAE" in panel.scores.csv_text()


def test_the_window_of_the_shell_opens_its_format(
    head: Path, make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari.Viewer", lambda **_: make_napari_viewer(strict_qt="raise"))
    viewer, _ = build_window([head])
    assert [layer.name for layer in viewer.layers] == ["other"]


def test_its_pattern_can_be_trained_with(dummy_package: Path, viewer: Any) -> None:
    panel = commands.open_train(viewer)
    field = panel.recipe.forms["sampling"].fields["pattern"].native
    assert isinstance(field, QComboBox)
    assert field.findText("comb") >= 0
    field.setCurrentText("comb")
    assert panel.plan.recipe().sampling.pattern == "comb"
