# SPDX-License-Identifier: BSD-3-Clause
"""Time between updates of a training, from its events."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any


def update_gaps(events: Sequence[dict[str, Any]]) -> list[float]:
    """Return the seconds between consecutive updates, without gaps due to validation."""
    return [
        later["time"] - earlier["time"]
        for earlier, later in pairwise(events)
        if earlier["kind"] == later["kind"] == "update"
    ]
