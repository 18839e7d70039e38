# SPDX-License-Identifier: BSD-3-Clause
"""Speed of a training with and without the Train panel watching it.

xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/panel.py [ROUNDS] [KEY=VALUE ...]

The same training is started repeatedly, alternately with a Train panel that shows its curves
and with a panel that watches nothing. Compares updates per second, from the events of the
training, without the first updates and without validation.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["HOME"] = os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp()

import napari
from gaps import update_gaps
from qtpy.QtWidgets import QApplication

from napari_mtmri.gui.app.commands import open_train
from napari_mtmri.train.folder import launch, read_events

HOME = Path(os.environ["HOME"])  # an empty home without other trainings
ROUNDS, N_FIRST, WAIT_S = 4, 4, 600.0
KEYS = ("n_simulated=[4, 1, 0]", "simulated_size=[224, 192]", "epochs=3")


def spin(until: Callable[[], bool]) -> None:
    """Run the event loop until a condition holds."""
    end = time.monotonic() + WAIT_S
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def rate(run: Path) -> float:
    """Return updates per second of a finished training."""
    return 1 / statistics.mean(update_gaps(read_events(run))[N_FIRST:])


def train_once(panel: Any, run: Path, keys: list[str], *, is_watched: bool) -> float:
    """Train with or without the panel watching; return updates per second."""
    words = [*launch.command("cpu-size", "simulated", run, {}), *keys]
    process = launch.start(words, run)
    if is_watched:
        panel.watching.watch(run, process)
    spin(lambda: not launch.is_running(run))
    panel.watching.end()
    return rate(run)


def main() -> None:
    """Print the results."""
    words = sys.argv[1:]
    rounds = int(words.pop(0)) if words and words[0].isdigit() else ROUNDS
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1280, 800)
    panel = open_train(viewer)
    spin(lambda: bool(panel.data.leaks.text()))
    panel.tabs.setCurrentIndex(2)
    pairs = []
    for number in range(rounds):
        # The processor is cooler for the first training, so the order alternates.
        order = (True, False) if number % 2 else (False, True)
        found = {
            is_watched: train_once(
                panel, HOME / f"{number}-{is_watched}", [*KEYS, *words], is_watched=is_watched
            )
            for is_watched in order
        }
        pairs.append((found[False], found[True]))
    ratios = [watched / alone for alone, watched in pairs]
    print(f"{os.cpu_count()} cores, system load {os.getloadavg()[0]:.1f}, software OpenGL")
    print(
        f"panel idle       {statistics.median(alone for alone, _ in pairs):6.2f} updates a second"
    )
    print(f"panel watches    {statistics.median(seen for _, seen in pairs):6.2f} updates a second")
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio            {statistics.median(ratios):6.2f} (median of {shown})")
    panel.close_down()
    viewer.close()


if __name__ == "__main__":
    main()
