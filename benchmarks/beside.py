# SPDX-License-Identifier: BSD-3-Clause
"""Inference alone, beside a training started as the window does, and beside another program.

Each time is of a new process that reconstructs the sample: one slice, as the window does after
a change, and the whole volume. It waits as the package sets it, or spins as torch does without
it. The conditions are measured in turn; each ratio is to the package's own time alone in the
same round. Nothing is asserted.

    python benchmarks/beside.py [--rounds 3] [--method mtmri]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import napari_mtmri as mt
from napari_mtmri.methods.passes import run_slices
from napari_mtmri.samples import open_sample
from napari_mtmri.train.folder import launch
from napari_mtmri.train.monitor.reader import Follower
from napari_mtmri.verbs import load_method

PASSIVE = {name: os.environ[name] for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
SPINNING = {"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "300000"}  # GNU's default
WAITING = {"passive": PASSIVE, "spinning": SPINNING}
SLICES, VOLUMES = 9, 2
BUSY = "while True: pass"


def measure(method: str) -> None:
    """Print the median seconds of one slice and of the whole sample, in this process."""
    volume, _ = open_sample()
    pattern = mt.Pattern("random", acceleration=4)
    loaded = load_method(method)
    whole, middle = mt.simulate(volume, pattern), volume.shape[2] // 2
    for scan, times in ((mt.simulate(volume, pattern, slices=[middle]), SLICES), (whole, VOLUMES)):
        run_slices(scan, loaded)
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            run_slices(scan, loaded)
            taken.append(time.perf_counter() - began)
        print(statistics.median(taken))


@contextmanager
def training(place: Path) -> Iterator[None]:
    """Run a training as the window starts it, from its first update to the end of the block."""
    changes = {"epochs": 10_000, "simulated_size": [128, 128], "seg_features": 16}
    process = launch.start(launch.command("quick-check", "simulated", place, changes), place)
    follower = Follower(place, process)
    while not follower.poll().status.updates:
        time.sleep(0.2)
    yield
    launch.ask_to_stop(place)
    while launch.is_running(place):
        time.sleep(0.2)


@contextmanager
def program() -> Iterator[None]:
    """Keep one core busy, with the priority of this process."""
    with subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True) as process:
        yield
        process.kill()


def seconds(method: str, waiting: str) -> list[float]:
    """Return the times of `measure` in a new process."""
    words = [sys.executable, __file__, "--measure", "--method", method]
    env = {**os.environ, **WAITING[waiting]}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def main() -> None:
    """Print the median time and ratio of each condition."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--method", default="mtmri")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.method)
        return
    taken: dict[tuple[str, str], list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        for number in range(options.rounds):
            for waiting in WAITING:
                taken.setdefault(("alone", waiting), []).append(seconds(options.method, waiting))
            with training(Path(place) / f"run{number}"):
                for waiting in WAITING:
                    taken.setdefault(("beside a training", waiting), []).append(
                        seconds(options.method, waiting)
                    )
            with program():
                for waiting in WAITING:
                    taken.setdefault(("beside a program", waiting), []).append(
                        seconds(options.method, waiting)
                    )
    alone = taken["alone", "passive"]
    print(f"{options.method}, {os.cpu_count()} cores, {options.rounds} rounds")
    print(f"{'':<18} {'threads':<9} slice s  ratio   volume s  ratio")
    for (where, waiting), rounds in taken.items():
        shown = ""
        for part in range(2):
            middle = statistics.median(one[part] for one in rounds)
            ratio = statistics.median(
                one[part] / base[part] for one, base in zip(rounds, alone, strict=True)
            )
            shown += f"  {middle:7.2f}  {ratio:5.2f}"
        print(f"{where:<18} {waiting:<8}{shown}")


if __name__ == "__main__":
    main()
