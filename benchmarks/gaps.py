# SPDX-License-Identifier: BSD-3-Clause
"""The time from one update of a training to the next, by its own events."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any


def update_gaps(events: Sequence[dict[str, Any]]) -> list[float]:
    """Return the seconds between updates that nothing else (validation) lies between."""
    return [
        later["time"] - earlier["time"]
        for earlier, later in pairwise(events)
        if earlier["kind"] == later["kind"] == "update"
    ]
