# SPDX-License-Identifier: BSD-3-Clause
"""State of a training, as read from its folder. Imports neither torch nor Qt."""

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
    """State and progress of a training.

    Parameters
    ----------
    state : State
        "killed": its process ended without a final event; "stalled": no event or heartbeat
        for a long time, although the process is alive or on another machine.
    reason : str
        Reason of a failure; empty otherwise.
    is_stopping : bool
        Whether a stop was requested but has not happened yet.
    updates, total : int or None
        Updates done, and of the whole training.
    epoch, epochs : int or None
        Epochs done, and of the whole training.
    seconds_per_update, seconds_left, silent_s : float or None
        Clock time per update and to the end, including validation; time since the last
        event or heartbeat. None if unknown.
    checkpoint_at : float or None
        Time of the last checkpoint in seconds since 1970.
    checkpoint_updates : int or None
        Updates in the last checkpoint.
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
        """Whether a process is training, as far as is known."""
        return self.state in GOING_ON

    @property
    def can_go_on(self) -> bool:
        """Whether it can be resumed: it has begun, and no process is training."""
        return self.state in CAN_GO_ON and self.updates is not None


def is_stalled(silent_s: float, seconds_per_update: float | None) -> bool:
    """Return whether the time without events is too long for the speed of the training."""
    return silent_s > max(LEAST_STALL_S, STALL_UPDATES * (seconds_per_update or 0.0))
