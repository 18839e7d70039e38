# SPDX-License-Identifier: BSD-3-Clause
"""A dask scheduler and its workers as local processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
START = "from distributed.cli.dask_{0} import main; main()"


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


class Machines:
    """A scheduler with workers that can be added and killed one by one."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.scheduler = self._start("scheduler", "--port", "0")
        self.address = ""
        wait_until(self._read_address)

    def _read_address(self) -> bool:
        words = self._log.read_text().split()
        self.address = next((word for word in words if word.startswith("tcp://")), "")
        return bool(self.address)

    def _start(self, kind: str, *words: str) -> subprocess.Popen[bytes]:
        common = ("--host", "127.0.0.1", "--no-dashboard")
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", START.format(kind), *words, *common],
                cwd=self._log.parent,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=log,
            )

    def add_worker(self, name: str, *words: str) -> None:
        """Start a worker with one thread; does not wait until it has joined."""
        one = ("--name", name, "--nthreads", "1", "--no-nanny")
        self.workers[name] = self._start("worker", self.address, *one, *words)

    def end(self) -> None:
        """Kill all remaining processes."""
        processes = [*self.workers.values(), self.scheduler]
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
