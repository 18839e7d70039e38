# SPDX-License-Identifier: BSD-3-Clause
"""Speed of the Compare panel: slice steps of seven cells, and moves of Swipe and Blink.

xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/comparing.py [ROUNDS]

A reference and six images of 256 × 256 × 60 voxels, each with a mask, are shown in the cells of
the panel and, in a second window, as bare layers in napari's own grid. Both step through the same
slices, alternately, so that both see the same load of the machine. Then two cells in one picture:
the edge of Swipe is moved and Blink changes sides. A time includes the drawing of the canvas.
Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

import napari_mtmri as mt
from napari_mtmri.compare import Cell, Comparison
from napari_mtmri.gui.app.commands import open_compare
from napari_mtmri.gui.viewer.layers import Placement, placement_of

SHAPE, N_CELLS, SIZE = (256, 256, 60), 7, (1400, 900)
ROUNDS, STEPS, MOVES, WAIT_S = 5, 8, 40, 600.0


def spin(until: Callable[[], bool], seconds: float = WAIT_S) -> None:
    """Run the event loop until a condition holds."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def cells() -> list[Cell]:
    """Return a reference and six noisy copies, each with a mask of another size."""
    draws = np.random.default_rng(0)
    rows, columns, slices = np.indices(SHAPE, sparse=True)
    radius = np.hypot(rows - 128, columns - 128)
    head = ((radius < 100) * (1 + 0.3 * np.sin(radius / 7)) + 0 * slices).astype(np.float32)
    affine = np.diag([0.9, 0.9, 3.0, 1.0])
    found = []
    for number in range(N_CELLS):
        noise = draws.normal(0, 0.02 * number, SHAPE).astype(np.float32)
        mask = (np.hypot(rows - 90, columns - 120) + 0 * slices < 14 + number).astype(np.uint8)
        image = mt.Volume(np.abs(head + noise), affine, name=f"cell {number}")
        labels = image.like(mask, kind="labels")
        kind = "image" if number else "reference"
        found.append(Cell(image.name, kind, image, labels))  # type: ignore[arg-type]
    return found


def bare_viewer(shown: list[Cell], placement: Placement) -> Any:
    """Return a viewer with the same layers in napari's own grid, without this plugin."""
    viewer = napari.Viewer(title="bare")
    viewer.window._qt_window.resize(*SIZE)
    for cell in reversed(shown):
        assert cell.image is not None
        assert cell.labels is not None
        arguments = placement.arguments()
        viewer.add_image(
            placement.view(cell.image.magnitude()), name=cell.name, contrast_limits=(0, 1.3),
            **arguments,
        )  # fmt: skip
        labels = viewer.add_labels(placement.view(cell.labels.data), **arguments)
        labels.contour = 2
    grid = viewer.canvas.grid
    grid.stride, grid.spacing, grid.enabled = -2, 4, True
    viewer.reset_view()
    return viewer


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and of the processor, which other programs do not lengthen."""

    clock: float
    processor: float


def timed(change: Callable[[], object]) -> Taken:
    """Return the time that a change takes, with the drawing."""
    began, began_processor = time.perf_counter(), time.process_time()
    change()
    QApplication.processEvents()
    return Taken(time.perf_counter() - began, time.process_time() - began_processor)


def step_times(viewer: Any, first: int) -> list[Taken]:
    """Return the times of slice steps."""
    return [
        timed(lambda n=n: viewer.dims.set_current_step(0, n)) for n in range(first, first + STEPS)
    ]


def move_times(change: Callable[[int], None]) -> list[Taken]:
    """Return the times of moves of a mixed picture."""
    return [timed(lambda n=n: change(n)) for n in range(MOVES)]


def median(times: list[Taken], what: str) -> float:
    """Return the median in milliseconds."""
    return 1000 * statistics.median(getattr(one, what) for one in times)


def milliseconds(times: list[Taken]) -> str:
    """Return both medians."""
    return f"{median(times, 'clock'):5.0f} ms, processor {median(times, 'processor'):4.0f} ms"


def main() -> None:
    """Print the results."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    shown = cells()
    viewer = napari.Viewer(title="panel")
    viewer.window._qt_window.resize(*SIZE)
    panel = open_compare(viewer)
    comparison = Comparison(tuple(shown))
    panel.collection._set(comparison)
    spin(lambda: panel.screen.stage.is_up)
    spin(panel.is_settled)
    spin(lambda: False, 2.0)
    bare = bare_viewer(shown, placement_of(comparison.grid))
    spin(lambda: False, 2.0)
    ours: list[Taken] = []
    plain: list[Taken] = []
    for number in range(rounds):
        first = 4 + number * STEPS
        pairs = ((viewer, ours), (bare, plain))
        for window, times in pairs if number % 2 else pairs[::-1]:
            times += step_times(window, first)
    print(f"{os.cpu_count()} cores, system load {os.getloadavg()[0]:.1f}, software OpenGL")
    print(f"slice step, panel with 7 cells  {milliseconds(ours)}")
    print(f"slice step, bare napari grid    {milliseconds(plain)}")
    for what in ("clock", "processor"):
        print(f"ratio, {what:24} {median(ours, what) / median(plain, what):.2f}")
    for mode, name, values in (
        ("swipe", "edge", (30, 70)),
        ("blink", "shows_second", (False, True)),
    ):
        panel.looking.blinks = False
        panel.looking.mode = mode
        spin(panel.is_settled)
        spin(lambda: False, 1.0)

        def change(number: int, name: str = name, values: Any = values) -> None:
            value = values[number % 2] + (number // 2 if name == "edge" else 0)
            setattr(panel.looking, name, type(values[0])(value))

        print(f"{mode:31} {milliseconds(move_times(change))}")
    panel.close_down()
    # Not before: vispy keeps the letters of both windows in a texture of the newest one.
    bare.close()
    viewer.close()


if __name__ == "__main__":
    main()
