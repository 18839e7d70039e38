# SPDX-License-Identifier: BSD-3-Clause
"""Work functions of test jobs, in a module that other processes can import."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from napari_mtmri.batch.job import Job
from napari_mtmri.errors import InputError, Stopped, WeightsError


def double(job: Job, report: Any, stop: Any) -> int:
    """Return twice the number of the request."""
    return 2 * int(job.request["number"])


def double_odd(job: Job, report: Any, stop: Any) -> int:
    """Fail for even numbers: with an error of this package, or a foreign error for 0."""
    number = int(job.request["number"])
    if number == 0:
        raise ZeroDivisionError("a stranger's error")
    if number % 2 == 0:
        raise InputError(f"{number}: even; use an odd one.")
    return 2 * number


def no_weights(job: Job, report: Any, stop: Any) -> int:
    """Fail with an error that concerns all jobs."""
    raise WeightsError("none; make some.")


def die_of_two(job: Job, report: Any, stop: Any) -> int:
    """Kill the process for number 2, as a system without memory would; else double."""
    if job.request["number"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return double(job, report, stop)


def write_slowly(job: Job, report: Any, stop: Any) -> int:
    """Write a file that is removed at any end of the work, and another one on success."""
    place = Path(job.places["folder"]) / f"begun-{job.request['number']}"
    place.touch()
    try:
        time.sleep(60)
        place.with_name(f"finished-{job.request['number']}").touch()
    finally:
        place.unlink()
    return 0


def work_until_stopped(job: Job, report: Any, stop: threading.Event) -> int:
    """Write a file, and work until stopped."""
    place = Path(job.places["folder"]) / f"begun-{job.request['number']}"
    place.touch()
    try:
        if stop.wait(60):
            raise Stopped("stopped")
    finally:
        place.unlink()
    return 0
