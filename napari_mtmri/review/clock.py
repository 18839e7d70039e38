# SPDX-License-Identifier: BSD-3-Clause
"""Wall clock, monotonic clock, and the time a reader is active."""

from __future__ import annotations

import time
from datetime import datetime

REST_AFTER_S = 60.0


class Clock:
    """The clocks of a session; tests replace them.

    The wall clock says when something happened, and may be set back. Durations are measured
    with the monotonic clock only, and order is kept by sequence numbers.
    """

    def now(self) -> datetime:
        """Return the wall time with its offset from UTC."""
        return datetime.now().astimezone()

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; they never decrease."""
        return time.monotonic()


SYSTEM_CLOCK = Clock()


class ActiveTime:
    """The time in which a reader works on a case.

    Between two acts at most ``rest_after_s`` is counted: a reader who looks at an image
    without moving the mouse is still reading, one who left the room is not.

    Parameters
    ----------
    clock : Clock
    rest_after_s : float
        Longest time after an act that is counted.
    """

    def __init__(self, clock: Clock, rest_after_s: float = REST_AFTER_S) -> None:
        self._clock, self._rest_after = clock, rest_after_s
        self._seconds, self._last = 0.0, clock.monotonic()

    def touch(self) -> None:
        """Count the time since the last act."""
        now = self._clock.monotonic()
        self._seconds += min(max(now - self._last, 0.0), self._rest_after)
        self._last = now

    @property
    def seconds(self) -> float:
        """Active time until now, in seconds."""
        since = self._clock.monotonic() - self._last
        return self._seconds + min(max(since, 0.0), self._rest_after)

    @property
    def is_resting(self) -> bool:
        """Whether the last act is longer ago than ``rest_after_s``."""
        return self._clock.monotonic() - self._last > self._rest_after
