# SPDX-License-Identifier: BSD-3-Clause
"""State of each case as the journal tells it; filter, order and progress of the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from napari_mtmri.errors import RequestError
from napari_mtmri.review.journal import Event

OPEN, IN_WORK, APPROVED, FLAGGED, REJECTED = "open", "in work", "approved", "flagged", "rejected"
STATES = (OPEN, IN_WORK, APPROVED, FLAGGED, REJECTED)
VERDICTS = {"approve": APPROVED, "flag": FLAGGED, "reject": REJECTED}
DIFFICULTIES = ("easy", "medium", "hard")
HIGH_FIRST = {"volume_ml", "disagreement", "uncertainty"}  # worst first
FACTS = ("volume_ml", "disagreement", "uncertainty", "predicted_quality")
SORTS = ("name", "state", "difficulty", *FACTS)


@dataclass(frozen=True)
class CaseStatus:
    """Where one reading of a case is.

    Parameters
    ----------
    name : str
        Name of the case.
    title : str
        What is shown: its name, or "Case 07" in blind mode.
    state : {"open", "in work", "approved", "flagged", "rejected"}
    reader : str
    reading : int
        1, or 2 for a second reading by the same reader, ...
    difficulty, comment : str
        As given with the last verdict.
    active_s : float
        Time in which the reader worked on it, in s.
    version : str
        File name of the last version of the mask; empty if none was saved.
    sha256 : str
        Of the bytes of this version.
    base : str
        Name of the mask that was edited; empty for an empty mask.
    facts : mapping
        Numbers to sort by.
    readers : tuple of str
        Readers who have given a verdict on the case.
    """

    name: str
    title: str = ""
    state: str = OPEN
    reader: str = ""
    reading: int = 1
    difficulty: str = ""
    comment: str = ""
    active_s: float = 0.0
    version: str = ""
    sha256: str = ""
    base: str = ""
    facts: Mapping[str, float] = field(default_factory=dict)
    readers: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether a verdict was given."""
        return self.state in VERDICTS.values()


def readings(events: Iterable[Event]) -> dict[tuple[str, int], CaseStatus]:
    """Return the status of each reading of each case in a journal.

    Parameters
    ----------
    events : iterable of dict
        Of one reader, oldest first.
    """
    found: dict[tuple[str, int], CaseStatus] = {}
    for event in events:
        if "case" not in event:
            continue
        key = (str(event["case"]), int(event.get("reading", 1)))
        before = found.get(key) or CaseStatus(key[0], key[0], reader=event["who"], reading=key[1])
        found[key] = after_event(before, event)
    return found


def after_event(status: CaseStatus, event: Event) -> CaseStatus:
    """Return the status of a reading after one more event."""
    kind = event["event"]
    if kind in VERDICTS.values():
        return replace(
            status,
            state=kind,
            difficulty=event.get("difficulty", ""),
            comment=event.get("comment", ""),
            active_s=status.active_s + float(event.get("active_s", 0.0)),
        )
    if kind == "opened":
        state = IN_WORK if status.state == OPEN else status.state
        return replace(status, state=state, base=event.get("mask", status.base))
    if kind == "reopened":
        return replace(status, state=IN_WORK)
    if kind == "saved":
        facts = {k: event[k] for k in ("volume_ml",) if k in event}
        return replace(
            status,
            version=event["version"],
            sha256=event["sha256"],
            facts={**status.facts, **facts},
        )
    if kind == "left":
        return replace(status, active_s=status.active_s + float(event.get("active_s", 0.0)))
    if kind == "measured":
        return replace(status, facts={**status.facts, **event["facts"]})
    return status


@dataclass(frozen=True)
class CaseFilter:
    """Which cases of a list are shown; an empty field lets all pass.

    Parameters
    ----------
    states, readers, difficulties : tuple of str
    search : str
        Part of the title or comment, in upper or lower case.
    """

    states: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    difficulties: tuple[str, ...] = ()
    search: str = ""

    def passes(self, status: CaseStatus) -> bool:
        """Return whether a case is shown."""
        text = f"{status.title} {status.comment}".casefold()
        return (
            (not self.states or status.state in self.states)
            and (not self.readers or bool({*self.readers} & {*status.readers}))
            and (not self.difficulties or status.difficulty in self.difficulties)
            and self.search.casefold().strip() in text
        )


def select(
    statuses: Sequence[CaseStatus],
    shown: CaseFilter | None = None,
    sort: str = "name",
) -> list[CaseStatus]:
    """Return the cases that pass a filter, in order.

    Parameters
    ----------
    statuses : sequence of CaseStatus
        In the order of reading.
    shown : CaseFilter, optional
    sort : str
        One of `SORTS`. "name" keeps the order of reading. Volume, disagreement and
        uncertainty begin with the largest, predicted quality with the lowest; cases without
        the number come last.

    Raises
    ------
    RequestError
        If the order does not exist.
    """
    passed = [status for status in statuses if shown is None or shown.passes(status)]
    if sort not in SORTS:
        raise RequestError(f"`sort` {sort!r} does not exist; choose one of {', '.join(SORTS)}.")
    orders: dict[str, Callable[[CaseStatus], Any]] = {
        "name": lambda status: 0,
        "state": lambda status: STATES.index(status.state),
        "difficulty": lambda status: -_place(status.difficulty),
    }
    return sorted(passed, key=orders.get(sort, lambda status: _by_fact(status, sort)))


def _place(difficulty: str) -> int:
    return DIFFICULTIES.index(difficulty) if difficulty in DIFFICULTIES else -1


def _by_fact(status: CaseStatus, name: str) -> tuple[bool, float]:
    if name not in status.facts:
        return True, 0.0
    value = float(status.facts[name])
    return False, -value if name in HIGH_FIRST else value


@dataclass(frozen=True)
class Progress:
    """How many cases are done."""

    done: int
    total: int
    flagged: int

    @property
    def text(self) -> str:
        """For example "12 of 40, 3 flagged"."""
        flagged = f", {self.flagged} flagged" if self.flagged else ""
        return f"{self.done} of {self.total}{flagged}"


def progress_of(statuses: Sequence[CaseStatus]) -> Progress:
    """Return how many cases have a verdict."""
    done = sum(status.is_done for status in statuses)
    return Progress(done, len(statuses), sum(status.state == FLAGGED for status in statuses))
