# SPDX-License-Identifier: BSD-3-Clause
"""Progress of a row, read from its folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from napari_mtmri.errors import InputError
from napari_mtmri.study.plan import Part, Piece
from napari_mtmri.train.data.cases import CaseFile
from napari_mtmri.train.folder.layout import read_events

Events = Sequence[Mapping[str, Any]]
_BEGINNINGS = ("start", "resume")


@dataclass(frozen=True)
class State:
    """Progress of a row with one seed.

    Parameters
    ----------
    updates, total : int
        Updates of all its trainings; ``total`` is 0 if none has begun or none is needed.
    slices : int
        Number of slices in those updates.
    seconds : float
        Duration of the trainings, without pauses.
    n_scored, n_cases : int
    failure : str
        Reason if a training failed.
    """

    updates: int
    total: int
    slices: int
    seconds: float
    n_scored: int
    n_cases: int
    failure: str = ""

    @property
    def is_done(self) -> bool:
        """Whether everything is trained and scored."""
        return self.n_cases > 0 and self.n_scored == self.n_cases

    @property
    def text(self) -> str:
        """The progress in words."""
        if self.failure:
            return f"failed: {self.failure}"
        if self.is_done:
            return "done"
        if not self.total and not self.n_scored:
            return "not begun"
        if self.updates < self.total:
            return f"{100 * self.updates / self.total:.0f} % trained"
        return f"{self.n_scored} of {self.n_cases} cases scored"


def events_of(part: Part) -> Events:
    """Return the events of a training; none if it has not begun."""
    try:
        return read_events(part.folder)
    except InputError:
        return ()


def is_trained(events: Events) -> bool:
    """Return whether a training is finished."""
    return any(event["kind"] == "end" for event in events)


def state_of(piece: Piece, cases: Sequence[CaseFile], n_scored: int) -> State:
    """Return the progress of a row with ``n_scored`` scored cases."""
    of_parts = [events_of(part) for part in piece.parts]
    updates = [max((event["updates"] for event in events), default=0) for events in of_parts]
    failures = [
        str(events[-1].get("reason", "reason unknown"))
        for events in of_parts
        if events and events[-1]["kind"] == "failed"
    ]
    return State(
        updates=sum(updates),
        total=_total(of_parts),
        slices=sum(
            count * part.recipe.optimizer.batch_size
            for count, part in zip(updates, piece.parts, strict=True)
        ),
        seconds=sum(map(_seconds, of_parts)),
        n_scored=n_scored,
        n_cases=len(cases),
        failure="; ".join(failures),
    )


def _total(of_parts: Sequence[Events]) -> int:
    """Updates of all parts; parts not begun are assumed as long as the others."""
    known = [
        next((int(event["total"]) for event in events if event["kind"] in _BEGINNINGS), 0)
        for events in of_parts
    ]
    return sum(count or max(known) for count in known)


def _seconds(events: Events) -> float:
    gaps = [
        later["time"] - earlier["time"]
        for earlier, later in pairwise(events)
        if later["kind"] not in _BEGINNINGS
    ]
    return float(sum(gap for gap in gaps if gap > 0))
