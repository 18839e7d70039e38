# SPDX-License-Identifier: BSD-3-Clause
"""Checks of the Compare panel that share one window, which takes seconds to open."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from napari_mtmri.gui.compare.state import Looking
from tests.gui.compare.conftest import Case, fill, settle

TITLES = ["reference", "zero-filled R2", "zero-filled R4"]


def titles(panel: Any) -> list[str]:
    return [slot.image.name for slot in panel.screen.stage.slots]


def cell_at(panel: Any, viewer: Any) -> list[str]:
    """Return the titles in the order of the grid on screen."""
    found = []
    for _, indices in viewer.canvas.grid.iter_viewboxes(viewer.layers):
        names = [viewer.layers[at].name for at in indices if viewer.layers[at].visible]
        found += [name for name in names if not name.endswith("mask")]
    return found


def run_checks(checks: Sequence[Any], known: dict[str, Any], folder: Path) -> None:
    """Call each check with the fixtures that it names; each begins with the same cells.

    Parameters
    ----------
    checks : sequence of callable
    known : dict
        Fixtures by name.
    folder : Path
        Parent of the folder that each check has for itself.
    """
    for check in checks:
        begin_again(known["compare"], known["full"], known["case"], known["qtbot"])
        own = folder / check.__name__
        own.mkdir()
        given = {**known, "tmp_path": own}
        check(**{name: given[name] for name in inspect.signature(check).parameters})


def begin_again(compare: Any, full: Any, case: Case, qtbot: Any) -> None:
    """Show the cells of the runs in the viewer as the panel does at first."""
    for one in fields(Looking):
        setattr(compare.looking, one.name, getattr(Looking(), one.name))
    comparison = compare.collection.comparison
    if comparison is None or [cell.name for cell in comparison.cells] != TITLES:
        compare.collection.clear()
        fill(full, case)
        compare._find_runs()
        compare.cells.compare.click()
    settle(compare, qtbot)
    compare.places.go_to_slice(compare.collection.comparison.slice)
