# SPDX-License-Identifier: BSD-3-Clause
"""Throughput for many small volumes: in this process, in two processes, on two dask workers.

Each round runs all volumes in the three ways, sequentially, into separate folders. Scheduler
and dask workers keep running; the processes of ``--jobs 2`` are started in each round, as in
each call. Ratios are relative to this process in the same round; nothing is asserted.

    python benchmarks/throughput.py [--volumes 60] [--rounds 3] [--method zero-filled]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from distributed import LocalCluster

import napari_mtmri as mt
from napari_mtmri.batch.run_jobs import Where
from napari_mtmri.samples import phantom

SHAPE = (64, 64, 8)


def seconds(volumes: list[Path], method: str, where: Where) -> float:
    """Return the wall time of a run of all volumes."""
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        outcomes = mt.run_many(volumes, out, methods=[method], where=where)
        taken = time.perf_counter() - began
    assert all(outcome.state == "done" for outcome in outcomes)
    return taken


def main() -> None:
    """Print volumes per second, and the median and range of the ratios over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--method", default="zero-filled")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
    ):
        volumes = [
            mt.save(phantom(SHAPE, seed=number)[0], Path(place) / f"v{number}.nii")
            for number in range(options.volumes)
        ]
        ways = {
            "this process": Where(),
            "--jobs 2": Where(n_processes=2),
            "2 dask workers": Where(dask=cluster.scheduler_address),
        }
        for where in ways.values():  # imports
            seconds(volumes[:4], options.method, where)
        rounds = [
            {name: seconds(volumes, options.method, where) for name, where in ways.items()}
            for _ in range(options.rounds)
        ]
    print(f"{options.volumes} volumes of {SHAPE}, {options.method}, {options.rounds} rounds")
    print("where           volumes/s  ratio: median (min to max)")
    for name in ways:
        rate = options.volumes / statistics.median(taken[name] for taken in rounds)
        ratios = [taken["this process"] / taken[name] for taken in rounds]
        shown = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{name:<14}  {rate:9.2f}  {shown}")


if __name__ == "__main__":
    main()
