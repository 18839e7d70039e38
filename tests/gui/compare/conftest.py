# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the Compare panel: results with known masks, in the viewer and in the panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from napari.layers import Layer

import napari_mtmri as mt
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.viewer.contributions import drawn_layer
from napari_mtmri.gui.viewer.layers import placement_of, volume_layer
from napari_mtmri.gui.viewer.orientation import watch
from napari_mtmri.gui.viewer.result_layers import result_layers
from napari_mtmri.result import Result
from napari_mtmri.samples import phantom
from tests.gui.conftest import SHAPE, WAIT_MS

SHIFT = 3  # voxels by which the mask of a result is off


@dataclass(frozen=True)
class Case:
    image: mt.Volume
    lesion: mt.Volume
    results: tuple[Result, ...]


@pytest.fixture(scope="session")
def case() -> Case:
    """A phantom with zero-filled results of R 2 and 4, whose masks are exact and shifted."""
    image, lesion = phantom(SHAPE)
    results = []
    for acceleration, shift in ((2, 0), (4, SHIFT)):
        scan = mt.simulate(image, mt.Pattern("random", acceleration=acceleration))
        found = lesion.like(np.roll(lesion.data, shift, axis=0), kind="labels")
        results.append(replace(mt.run(scan, "zero-filled"), labels=found))
    return Case(image, lesion, tuple(results))


@pytest.fixture
def full(viewer: Any, case: Case) -> Any:
    """The viewer with the phantom, its lesion and both results, upright as after opening files."""
    watch(viewer)
    fill(viewer, case)
    return viewer


def fill(viewer: Any, case: Case) -> None:
    """Give the viewer the layers of the case and no others."""
    viewer.layers.clear()
    viewer.add_layer(Layer.create(*volume_layer(case.image)))
    viewer.add_layer(Layer.create(*drawn_layer(case.lesion)))
    for result in case.results:
        for layer in result_layers(result, placement_of(case.image), ("reconstruction",)):
            viewer.add_layer(Layer.create(*layer))


@pytest.fixture
def compare(full: Any, qtbot: Any) -> Any:
    """The panel, comparing both results."""
    panel = commands.open_compare(full)
    panel.cells.compare.click()
    settle(panel, qtbot)
    return panel


def settle(panel: Any, qtbot: Any) -> None:
    """Wait until the cells are shown and measured."""

    qtbot.wait(20)
    qtbot.waitUntil(panel.is_settled, timeout=WAIT_MS)
    qtbot.wait(20)
    qtbot.waitUntil(panel.is_settled, timeout=WAIT_MS)
