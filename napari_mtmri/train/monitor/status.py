# SPDX-License-Identifier: BSD-3-Clause
"""How a training stands, as its folder tells it. Knows no torch and no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal[
    "no run", "starting", "running", "stalled", "stopped", "failed", "finished", "killed"
]
GOING_ON: tuple[State, ...] = ("starting", "running", "stalled")
CAN_GO_ON: tuple[State, ...] = ("stopped", "failed", "killed")
ENDS: dict[str, State] = {"stopped": "stopped", "failed": "failed", "end": "finished"}
LEAST_STALL_S, STALL_UPDATES = 60.0, 20


@dataclass(frozen=True)
class Status:
    """How a training stands.

    Parameters
    ----------
    state : State
        "killed": its process has gone without a word; "stalled": the process lives, or
        is on another machine, and there has been no sign of life for long.
    reason : str
        Why it failed; empty else.
    is_stopping : bool
        Whether a stop was asked for and has not been obeyed yet.
    updates, total : int or None
    epoch, epochs : int or None
        Epochs that are over; all.
    seconds_per_update, seconds_left, silent_s : float or None
        From clock times, validation in them; None where not known.
    checkpoint_at, checkpoint_updates : float (seconds since 1970), int or None
    """

    state: State = "no run"
    reason: str = ""
    is_stopping: bool = False
    updates: int | None = None
    total: int | None = None
    epoch: int | None = None
    epochs: int | None = None
    seconds_per_update: float | None = None
    seconds_left: float | None = None
    silent_s: float | None = None
    checkpoint_at: float | None = None
    checkpoint_updates: int | None = None

    @property
    def is_going_on(self) -> bool:
        """Whether a process works on it, as far as is known."""
        return self.state in GOING_ON

    @property
    def can_go_on(self) -> bool:
        """Whether it can be resumed: it had begun, and nobody works on it."""
        return self.state in CAN_GO_ON and self.total is not None


def is_stalled(silent_s: float, seconds_per_update: float | None) -> bool:
    """Return whether a silence is longer than a training's own pace explains."""
    return silent_s > max(LEAST_STALL_S, STALL_UPDATES * (seconds_per_update or 0.0))
