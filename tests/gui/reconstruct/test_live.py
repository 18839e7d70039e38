# SPDX-License-Identifier: BSD-3-Clause
"""Live: the slice on screen follows the choices."""

from __future__ import annotations

from typing import Any

import numpy as np

import napari_mtmri as mt
from napari_mtmri.verbs import load_method
from tests.gui.conftest import WAIT_MS
from tests.gui.driving import Gate, names


def test_live_follows_the_slider_newest_wins_and_cleans_up(
    panel: Any, viewer: Any, qtbot: Any, gate: Gate
) -> None:
    before = names(viewer)
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "live segmentation · head" in names(viewer), timeout=WAIT_MS)
    gate.threads.clear()
    gate.event.clear()
    ran = panel.live.slow.n_runs
    for step in range(40):
        panel.sampling.acceleration.slider.setValue(40 + step)
    qtbot.waitUntil(lambda: not panel.live.fast.is_busy, timeout=WAIT_MS)
    # the zero-filled image does not wait for the network, whose stale result is hidden
    live = viewer.layers["live zero-filled · head"]
    number = panel._slice(panel.input.volume())
    scan = mt.simulate(
        panel.input.volume(), mt.Pattern("random", acceleration=7.9), slices=[number]
    )
    np.testing.assert_allclose(live.data[number], np.abs(scan.zero_filled[0]), rtol=1e-5)
    assert not viewer.layers["live mtmri · head"].visible
    gate.event.set()
    qtbot.waitUntil(lambda: not panel.live.is_busy, timeout=WAIT_MS)
    assert viewer.layers["live mtmri · head"].visible
    assert panel.live.slow.n_runs - ran <= 4
    loaded = load_method("mtmri")
    expected = np.abs(loaded.run(scan).image[0])
    np.testing.assert_allclose(
        viewer.layers["live mtmri · head"].data[number], expected, rtol=1e-3, atol=1e-2
    )
    panel.run_part.live.setChecked(False)
    qtbot.waitUntil(lambda: names(viewer) == before, timeout=WAIT_MS)


def test_live_follows_the_slice_and_shows_only_current_choices(
    panel: Any, viewer: Any, qtbot: Any
) -> None:
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "live segmentation · head" in names(viewer), timeout=WAIT_MS)
    with qtbot.waitSignal(panel.live.shown, timeout=WAIT_MS):
        viewer.dims.set_point(0, viewer.layers["head"].data_to_world((2, 0, 0))[0])
    data = viewer.layers["live mtmri · head"].data
    assert [number for number in range(8) if np.isfinite(data[number]).all()] == [2]
    qtbot.waitUntil(lambda: panel.run_part.note.text().startswith("slice 2 ·"), timeout=WAIT_MS)


def test_live_shows_only_the_zero_filled_image_for_that_method(
    panel: Any, viewer: Any, qtbot: Any
) -> None:
    panel.method.method.setCurrentIndex(panel.method.method.findData("zero-filled"))
    panel.run_part.live.setChecked(True)
    qtbot.waitUntil(lambda: "live zero-filled · head" in names(viewer), timeout=WAIT_MS)
    assert "live segmentation · head" not in names(viewer)
