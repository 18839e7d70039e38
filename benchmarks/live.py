# SPDX-License-Identifier: BSD-3-Clause
"""How well the window keeps up: Live, the slice on screen, and the longest of our slots.

Needs a screen (`xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/live.py`). Drags the
acceleration slider for some seconds with Live on and counts the zero-filled images that were
shown and how long after the last change the model's result stood; then runs the volume and
measures when the slice on screen stood. A timer of 5 ms on the main thread shows its longest
gaps; those of our own slots are timed apart. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")

from qtpy.QtWidgets import QApplication

from napari_mtmri.gui.reconstruct.panel import Reconstruct
from napari_mtmri.gui.window import build_window

SECONDS = 6.0
STEP_S = 0.02


class Slots:
    """Times every call of the panel's own slots."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.longest: dict[str, float] = {}
        for name in names:
            setattr(Reconstruct, name, self._timed(name, getattr(Reconstruct, name)))

    def _timed(self, name: str, slot: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return slot(*arguments)
            finally:
                taken = time.perf_counter() - began
                self.longest[name] = max(self.longest.get(name, 0.0), taken)

        return timed


def spin(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Run the event loop for a while, or until something is so."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and not until():
        QApplication.processEvents()
        time.sleep(0.001)


def main() -> None:
    """Print what was measured."""
    method = sys.argv[1] if len(sys.argv) > 1 else "mtmri"
    slots = Slots(
        ("_refresh", "_slice_done", "_progressed", "_done", "run_volume", "_slice_changed")
    )
    viewer, panel = build_window(sample="flair-lesion")
    panel.method.method.setCurrentText(method)
    spin(60, lambda: not panel.loader.is_busy)
    panel.run_part.live.setChecked(True)
    spin(60, lambda: not (panel.zero_lane.is_busy or panel.method_lane.is_busy))
    shown: list[float] = []
    panel.zero_lane.done.connect(lambda _: shown.append(time.perf_counter()))
    began, value = time.perf_counter(), 2.0
    while time.perf_counter() - began < SECONDS:
        value = value + 0.1 if value < 8 else 2.0
        panel.sampling.acceleration.setValue(value)
        spin(STEP_S)
    rate = len(shown) / (time.perf_counter() - began)
    waits = []
    for value in (3.0, 5.0, 7.0, 4.0, 6.0):
        changed = time.perf_counter()
        panel.sampling.acceleration.setValue(value)
        spin(30, lambda: not (panel.zero_lane.is_busy or panel.method_lane.is_busy))
        waits.append(time.perf_counter() - changed)
    panel.run_part.live.setChecked(False)
    first: list[float] = []
    panel.job.progressed.connect(lambda _: first.append(time.perf_counter()))
    finished: list[object] = []
    panel.finished.connect(finished.append)
    clicked = time.perf_counter()
    panel.run_volume()
    spin(300, lambda: bool(finished))
    print(f"method {method}, sample 256 x 256 x 24")
    print(f"zero-filled updates while the slider moves   {rate:6.1f} a second")
    print(f"model's result after a change, median         {statistics.median(waits):6.2f} s")
    print(f"slice on screen after the click              {first[0] - clicked:6.2f} s")
    print(f"whole volume                                  {time.perf_counter() - clicked:6.2f} s")
    for name, longest in sorted(slots.longest.items()):
        print(f"longest {name:<20} (drawing included) {1000 * longest:6.0f} ms")
    viewer.close()


if __name__ == "__main__":
    main()
