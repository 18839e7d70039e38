# SPDX-License-Identifier: BSD-3-Clause
"""Helpers to operate the window in tests."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from qtpy.QtCore import Qt

from tests.gui.conftest import WAIT_MS

TITLE = "mtmri R4 · head"


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def click(button: Any, qtbot: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def run(panel: Any, qtbot: Any) -> Any:
    with qtbot.waitSignal(panel.finished, timeout=WAIT_MS) as found:
        click(panel.run_part.run, qtbot)
    return found.args[0]


def stop_after_a_slice(panel: Any, qtbot: Any, gate: Gate) -> None:
    """Run, and stop once the first slice is shown; later slices are blocked."""

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


class Gate:
    """Blocks the networks until opened, and records their threads."""

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
