# SPDX-License-Identifier: BSD-3-Clause
"""What jobs do in tests; in a module of its own, so that other processes find it."""

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
    """Fail where the number is even: with an error of ours, or a stranger's for 0."""
    number = int(job.request["number"])
    if number == 0:
        raise ZeroDivisionError("a stranger's error")
    if number % 2 == 0:
        raise InputError(f"{number}: even; use an odd one.")
    return 2 * number


def no_weights(job: Job, report: Any, stop: Any) -> int:
    """Fail as every job would."""
    raise WeightsError("none; make some.")


def die_of_two(job: Job, report: Any, stop: Any) -> int:
    """Be killed at number 2, as by a system that is out of memory; else double."""
    if job.request["number"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return double(job, report, stop)


def write_slowly(job: Job, report: Any, stop: Any) -> int:
    """Leave a file while it works, which is removed however it ends, and one at the end."""
    place = Path(job.places["folder"]) / f"begun-{job.request['number']}"
    place.touch()
    try:
        time.sleep(60)
        place.with_name(f"finished-{job.request['number']}").touch()
    finally:
        place.unlink()
    return 0


def work_until_stopped(job: Job, report: Any, stop: threading.Event) -> int:
    """Leave a file while it works, and work until it is stopped."""
    place = Path(job.places["folder"]) / f"begun-{job.request['number']}"
    place.touch()
    try:
        if stop.wait(60):
            raise Stopped("stopped")
    finally:
        place.unlink()
    return 0
