# SPDX-License-Identifier: BSD-3-Clause
"""List of the cases of a reader: states, order of reading, what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from napari_mtmri.errors import InputError
from napari_mtmri.review.blind import Blinding, blind_project
from napari_mtmri.review.case_files import reader_readings
from napari_mtmri.review.case_list import CaseFilter, CaseStatus, Progress, progress_of, select
from napari_mtmri.review.journal import Event, read_journal
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.reader_store import ReaderStore


class Worklist:
    """Cases in the order in which they are read.

    Parameters
    ----------
    store : ReaderStore
    """

    def __init__(self, store: ReaderStore) -> None:
        self._store, self._project = store, store.project
        self._others: dict[Path, tuple[int, frozenset[str]]] = {}
        self.blinding = earlier_blinding(self._project)
        self._order = self.blinding.names

    def blind(self, seed: int | None) -> None:
        """Hide names and shuffle the cases; None shows all."""
        self.blinding = blind_project(self._project, seed)
        self._order = self.blinding.names

    def statuses(self) -> dict[str, CaseStatus]:
        """Return the status of the last reading of each case."""
        last = dict.fromkeys(self.blinding.names, 1)
        for name, reading in list(self._store.readings):
            if name in last:
                last[name] = max(last[name], reading)
        readers = self._readers_by_case()
        return {
            name: replace(
                self._store.status(name, reading),
                title=self.blinding.case_title(name),
                readers=tuple(sorted(readers.get(name, ()))),
            )
            for name, reading in last.items()
        }

    def readings(self, name: str) -> list[CaseStatus]:
        """Return the readings of a case by this reader, the first one first."""
        found = [status for key, status in list(self._store.readings.items()) if key[0] == name]
        return sorted(found, key=lambda status: status.reading)

    def select(self, shown: CaseFilter | None, sort: str) -> list[CaseStatus]:
        """Return the cases that pass a filter, in order; this becomes the order of reading."""
        found = select(list(self.statuses().values()), shown, sort)
        self._order = tuple(status.name for status in found)
        return found

    @property
    def progress(self) -> Progress:
        """How many cases have a verdict."""
        return progress_of(list(self.statuses().values()))

    def after(self, name: str | None) -> str | None:
        """Return the next case without a verdict, from the beginning again after the last."""
        place = self._order.index(name) if name in self._order else -1
        ahead = [*self._order[place + 1 :], *self._order[: max(place, 0)]]
        statuses = self.statuses()
        return next((one for one in ahead if not statuses[one].is_done), None)

    def before(self, name: str | None) -> str | None:
        """Return the case before another one, with or without a verdict."""
        place = self._order.index(name) if name in self._order else 0
        return self._order[place - 1] if place else None

    def _readers_by_case(self) -> dict[str, set[str]]:
        """Return which readers have given a verdict on each case; in blind mode only this one."""
        found: dict[str, set[str]] = {}
        for status in list(self._store.readings.values()):
            if status.is_done:
                found.setdefault(status.name, set()).add(self._project.reader)
        if not self.blinding.hides("reader"):
            for reader in self._project.readers():
                if reader != self._project.reader:
                    for name in self._done_by(reader):
                        found.setdefault(name, set()).add(reader)
        return found

    def _done_by(self, reader: str) -> frozenset[str]:
        """Return the cases of another reader; the journal is read again when it has grown."""
        other = self._project.of(reader)
        try:
            size = other.journal.stat().st_size
            if self._others.get(other.journal, (-1,))[0] != size:
                done = {one.name for one in reader_readings(other).values() if one.is_done}
                self._others[other.journal] = size, frozenset(done)
        except (OSError, InputError):
            return frozenset()
        return self._others[other.journal][1]


def is_blind(events: Iterable[Event]) -> bool:
    """Return whether the reader of a journal still reads blind."""
    changes = [one["event"] for one in events if one["event"] in ("blinded", "unblinded")]
    return bool(changes) and changes[-1] == "blinded"


def earlier_blinding(project: ReviewProject) -> Blinding:
    """Return the blinding of a reader's last session, as the journal tells it."""
    seed: int | None = None
    order: list[str] = []
    for event in read_journal(project.journal, skip_damaged=True):
        if event["event"] == "blinded":
            seed, order = int(event["seed"]), [str(name) for name in event["order"]]
        elif event["event"] == "unblinded":
            seed, order = None, []
    return blind_project(project, seed, order)
