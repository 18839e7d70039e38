# SPDX-License-Identifier: BSD-3-Clause
"""Verification of a journal, and repair of a torn last line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.files import write_whole
from napari_mtmri.review.journal import (
    START,
    Event,
    Head,
    hash_of,
    parse_line,
    read_head,
    split_lines,
    write_head,
)


@dataclass(frozen=True)
class Problem:
    """Something wrong with a journal.

    Parameters
    ----------
    kind : {"altered", "missing", "reordered", "shorter", "torn", "head"}
    line : int
        Number of the line in the file, from 1.
    text : str
        One sentence.
    """

    kind: str
    line: int
    text: str


@dataclass(frozen=True)
class JournalCheck:
    """Result of the verification of a journal.

    Parameters
    ----------
    path : Path
    head : Head
        Of the lines that are in the file.
    problems : tuple of Problem
    """

    path: Path
    head: Head
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def is_repairable(self) -> bool:
        """Whether nothing but a torn last line is wrong."""
        return bool(self.problems) and all(one.kind == "torn" for one in self.problems)

    @property
    def text(self) -> str:
        """One line for each problem, or one that says that there is none."""
        if self.ok:
            return f"{self.path}: verified; {self.head.text}."
        return "\n".join(f"{self.path}: {one.text}" for one in self.problems)


def verify(path: Path) -> JournalCheck:
    """Return what is wrong with a journal, line by line.

    A line more than the head counts is no fault: a crash can come between the two.
    """
    lines, torn = split_lines(path)
    events = [parse_line(line) for line in lines]
    problems = [*_altered(events), *_missing(events), *_reordered(events), *_replaced(events)]
    if torn:
        problems.append(Problem("torn", len(lines) + 1, "its last line is torn; repair it."))
    last = events[-1] if events else None
    problems += _wrong_head(path, events, is_sound=not problems)
    found = Head(len(events), last["hash"] if last else START)
    return JournalCheck(path, found, tuple(sorted(problems, key=lambda one: one.line)))


def _is_sound(event: Event | None) -> bool:
    return event is not None and hash_of(event) == event["hash"]


def _altered(events: Sequence[Event | None]) -> list[Problem]:
    """Return the lines whose hash is not that of their text."""
    return [
        Problem("altered", number, f"line {number} was altered.")
        for number, event in enumerate(events, start=1)
        if not _is_sound(event)
    ]


def _places(events: Sequence[Event | None]) -> list[int]:
    """Return the place of each line; for one that was altered, the place after the line before."""
    places: list[int] = []
    for event in events:
        sound = event["seq"] if event is not None and _is_sound(event) else 0
        places.append(sound or (places[-1] if places else 0) + 1)
    return places


def _missing(events: Sequence[Event | None]) -> list[Problem]:
    places = _places(events)
    gone = sorted({*range(1, max(places, default=0) + 1)} - {*places})
    problems = []
    while gone:
        n = next((n for n in range(1, len(gone)) if gone[n] != gone[0] + n), len(gone))
        text = f"line {gone[0]} is" if n == 1 else f"lines {gone[0]} to {gone[n - 1]} are"
        problems.append(Problem("missing", gone[0], f"{text} missing."))
        del gone[:n]
    return problems


def _reordered(events: Sequence[Event | None]) -> list[Problem]:
    places = _places(events)
    times = Counter(places)
    return [
        Problem("reordered", number, f"line {number} belongs at place {place}.")
        for number, (place, wanted) in enumerate(zip(places, sorted(places), strict=True), start=1)
        if place != wanted or times[place] > 1
    ]


def _replaced(events: Sequence[Event | None]) -> list[Problem]:
    """Return sound lines that are not the ones to which the lines after them refer."""
    by_place = {event["seq"]: event for event in events if event is not None and _is_sound(event)}
    problems = []
    for place, event in by_place.items():
        before = by_place.get(place - 1)
        wanted = START if place == 1 else before["hash"] if before is not None else event["prev"]
        if event["prev"] != wanted:
            problems.append(Problem("altered", place - 1, f"line {place - 1} was replaced."))
    return problems


def _wrong_head(path: Path, events: Sequence[Event | None], *, is_sound: bool) -> list[Problem]:
    head, count = read_head(path), len(events)
    if head is None:
        return [Problem("head", count, "its head is missing or damaged.")] if events else []
    if head.count > count:
        text = f"it has {count} lines, but its head counts {head.count}."
        return [Problem("shorter", count, text)]
    named = events[head.count - 1] if head.count else None
    if is_sound and named is not None and named["hash"] != head.hash:
        return [Problem("head", head.count, f"line {head.count} is not the one its head names.")]
    return []


def repair(path: Path) -> int:
    """Cut a torn last line off a journal and return the number of bytes cut.

    The bytes are kept beside the journal, in ``journal.torn``. A head that misses, or that
    a crash left behind its journal, is written again.
    """
    lines, torn = split_lines(path)
    if torn:
        aside = path.with_suffix(".torn")
        old = aside.read_bytes() if aside.exists() else b""
        write_whole(aside, lambda file: file.write_bytes(old + torn + b"\n"))
        with path.open("r+b") as file:
            file.truncate(sum(len(line) + 1 for line in lines))
            os.fsync(file.fileno())
    check, head = verify(path), read_head(path)
    behind = head is None or head.count < check.head.count
    if behind and all(problem.kind == "head" for problem in check.problems):
        write_head(path, check.head)
    return len(torn)
