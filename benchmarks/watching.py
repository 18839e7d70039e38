# SPDX-License-Identifier: BSD-3-Clause
"""Load of the GUI thread while the Train panel watches a training.

xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/watching.py [EVENTS] [EVENTS A SECOND]

Opens a training folder with many events in the Train panel, then appends many events per second
from another process. Prints the longest functions of the plugin in the GUI thread, the longest
time that the event loop was blocked, and the processor time compared with an idle panel. Nothing
is asserted.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["HOME"] = os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp()

import napari
from live import Clock
from qtpy.QtWidgets import QApplication

from napari_mtmri.gui.app.commands import open_train
from napari_mtmri.train.folder.layout import Config, write_config
from napari_mtmri.train.presets import make_recipe

HOME = Path(os.environ["HOME"])  # an empty home without other trainings
N_EVENTS, A_SECOND, WATCH_S, WAIT_S = 100_000, 1_000, 8.0, 120.0
PER_EPOCH = 1_000
UPDATE = (
    '{{"time": {time}, "kind": "update", "updates": {n}, "epoch": {epoch}, "lr": 0.001, '
    '"loss": {loss}, "grad_norm": 2.7, "recon_loss": {loss}, "seg_loss": {loss}, "alpha": 0.05, '
    '"beta": 0.95, "teacher": {teacher}, "seconds": 0.001}}\n'
)
WRITER = """
import sys, time
template, path, first, a_second, seconds = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
n, began = int(first), time.time()
with open(path, "a") as file:
    while time.time() < began + seconds:
        while n < first + (time.time() - began) * a_second:
            n += 1
            file.write(template.format(time=time.time(), n=n, epoch=n // 1000, loss=1 / n,
                                       teacher="true" if n % 2 else "false"))
        file.flush()
        time.sleep(0.01)
"""


def write_run(run: Path, n_events: int) -> None:
    """Write a training folder with many updates, as if this process were training."""
    run.mkdir(parents=True)
    write_config(run, Config(make_recipe("quick-check", {}), "simulated", "quick-check"))
    now = time.time()
    me = {"pid": os.getpid(), "host": socket.gethostname(), "started": now - 10, "command": []}
    (run / "process.json").write_text(json.dumps(me))
    start = {"time": now, "kind": "start", "updates": 0, "epoch": 0, "epochs": 10_000,
             "per_epoch": PER_EPOCH, "total": 10_000 * PER_EPOCH}  # fmt: skip
    with (run / "events.jsonl").open("w") as file:
        file.write(json.dumps(start) + "\n")
        for n in range(1, n_events + 1):
            teacher = "true" if n % 2 else "false"
            file.write(
                UPDATE.format(time=now, n=n, epoch=n // PER_EPOCH, loss=1 / n, teacher=teacher)
            )


def longest_gap(seconds: float, until: Callable[[], bool] = lambda: False) -> float:
    """Run the event loop; return the duration of its longest pass in seconds."""
    longest, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end and not until():
        began = time.perf_counter()
        QApplication.processEvents()
        longest = max(longest, time.perf_counter() - began)
        time.sleep(0.001)
    return longest


def load(seconds: float) -> tuple[float, float]:
    """Return the longest gap, and the processor time of the GUI thread per second."""
    used = time.thread_time()
    gap = longest_gap(seconds)
    return gap, (time.thread_time() - used) / seconds


def opened(train: Any, run: Path, n_events: int) -> str:
    """Open the training folder; return the results."""
    began = time.perf_counter()
    train.open_run(run)
    gap = longest_gap(WAIT_S, lambda: (train.status.updates or 0) >= n_events)
    took = time.perf_counter() - began
    gap = max(gap, longest_gap(1.0))
    return f"{n_events} events opened in {took:.2f} s, longest pass of the loop {1000 * gap:.0f} ms"


def main() -> None:
    """Print the results."""
    given = [int(word) for word in sys.argv[1:]]
    n_events, a_second = (given + [N_EVENTS, A_SECOND][len(given) :])[:2]
    clock = Clock()
    clock.watch_ours()
    gc.callbacks.append(clock.collection)
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1280, 800)
    train = open_train(viewer)
    longest_gap(WAIT_S, lambda: bool(train.data.leaks.text()))
    longest_gap(WAIT_S, lambda: "loading" not in train.header.device.text())
    longest_gap(2.0)
    train.tabs.setCurrentIndex(2)
    longest_gap(1.0)
    clock.longest.clear()
    idle_gap, idle = load(WATCH_S)
    run = HOME / "run"
    write_run(run, n_events)
    lines = [opened(train, run, n_events)]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, UPDATE, str(run / "events.jsonl"), str(n_events),
         str(a_second), str(WATCH_S + 2)]
    )  # fmt: skip
    longest_gap(1.0)
    before = train.status.updates
    gap, used = load(WATCH_S)
    rate = (train.status.updates - before) / WATCH_S
    writer.wait()
    lines += [
        f"{rate:.0f} events a second: longest pass {1000 * gap:.0f} ms, GUI thread busy "
        f"{100 * used:.1f} % of the time",
        f"panel idle: longest pass {1000 * idle_gap:.0f} ms, {100 * idle:.1f} %",
    ]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"system load {os.getloadavg()[0]:.1f}, software OpenGL under Xvfb")  # fmt: skip
    print("\n".join(lines))
    print("longest functions of the plugin in the GUI thread:")
    for name, longest in sorted(clock.longest.items(), key=lambda one: -one[1])[:6]:
        print(f"  {name:<40} {1000 * longest:6.1f} ms")
    print(f"  (Python's garbage collector: {1000 * clock.longest_collection:.0f} ms at once)")
    train.close_down()
    viewer.close()


if __name__ == "__main__":
    main()
