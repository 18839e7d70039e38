# SPDX-License-Identifier: BSD-3-Clause
"""Whether the process that trains in a run folder still lives. Knows no torch and no Qt."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.train.folder.layout import PROCESS

MOST_PID = 2**31
CLOCK_S = 5.0  # clocks of process and file need not agree better


@dataclass(frozen=True)
class Process:
    """Who trains.

    Parameters
    ----------
    pid : int
    host : str
    started : float
        Seconds since 1970.
    """

    pid: int
    host: str
    started: float

    @property
    def is_here(self) -> bool:
        """Whether it runs, or ran, on this machine."""
        return self.host == socket.gethostname()

    def is_gone(self) -> bool:
        """Return whether it is known to have ended; of another machine nothing is known."""
        import psutil

        if not self.is_here:
            return False
        try:
            found = psutil.Process(self.pid)
            # A later process may have been given the same number.
            is_other = bool(found.create_time() > self.started + CLOCK_S)
            return is_other or bool(found.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:
            return False


def read_process(run: Path) -> Process | None:
    """Return who trains, or trained last, in a run folder; None where that is not said."""
    try:
        found = json.loads((run / PROCESS).read_text(encoding="utf-8"))
        who = Process(int(found["pid"]), str(found["host"]), float(found["started"]))
    except (OSError, ValueError, OverflowError, RecursionError, KeyError, TypeError):
        return None
    return who if 0 < who.pid < MOST_PID else None
