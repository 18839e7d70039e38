# SPDX-License-Identifier: BSD-3-Clause
"""Journal of a reader: JSON lines, each with the hash of the line before; only ever extended.

Beside it lies the head: the number of lines and the hash of the last. It is written after each
line, so that a journal cut short is noticed. Quoted in an export or a report, it shows later
that nothing was changed since.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from napari_mtmri import __version__
from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.files import write_whole
from napari_mtmri.review.clock import SYSTEM_CLOCK, Clock

HEAD_SUFFIX = ".head"
START = "0" * 64
SOFTWARE = f"napari-mtmri {__version__}"
CLOCK_SET_BACK = timedelta(seconds=2)

Event = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """Number of lines of a journal and the hash of the last one."""

    count: int = 0
    hash: str = START

    @property
    def text(self) -> str:
        """One line to quote in exports and reports."""
        return f"{self.count} lines, head {self.hash}"


class Journal:
    """Appends events to the journal of a reader.

    Parameters
    ----------
    path : Path
        ``journal.jsonl``; made with the first event.
    who : str
        Reader.
    clock : Clock

    Raises
    ------
    InputError
        If the last line is torn (see `repair`) or is no event.
    """

    def __init__(self, path: Path, who: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self.path, self._who, self._clock = path, who, clock
        lines, torn = split_lines(path)
        if torn:
            raise InputError(f"{path}: its last line is torn; repair it.")
        last = parse_line(lines[-1]) if lines else None
        if lines and last is None:
            raise InputError(f"{path}: its last line is no event; verify the journal.")
        self._head = Head(len(lines), last["hash"]) if last else Head()
        self._last_time = datetime.fromisoformat(last["time"]) if last else None
        self._size = path.stat().st_size if path.exists() else 0

    @property
    def head(self) -> Head:
        """Number of lines, and hash of the last."""
        return self._head

    def append(self, event: str, time: datetime | None = None, **facts: Any) -> Event:
        """Append one event and write the head; both are on the disk when this returns.

        Parameters
        ----------
        event : str
            What happened: "opened", "saved", "approved", ...
        time : datetime, optional
            When; default: now.
        **facts
            Plain data.

        Raises
        ------
        ResourceError
            If they cannot be written.
        """
        fields = self.add(event, time, **facts)
        self.write_head()
        return fields

    def add(self, event: str, time: datetime | None = None, **facts: Any) -> Event:
        """Append one event without writing the head.

        Raises
        ------
        ResourceError
            If it cannot be written; the journal is as before, and the call may be repeated.
        """
        when = time or self._clock.now()
        fields: Event = {
            "seq": self._head.count + 1,
            "prev": self._head.hash,
            "time": when.isoformat(timespec="milliseconds"),
            "event": event,
            "who": self._who,
            "software": SOFTWARE,
            **facts,
        }
        if self._last_time is not None and when < self._last_time - CLOCK_SET_BACK:
            fields["clock_set_back_s"] = round((self._last_time - when).total_seconds(), 3)
        fields["hash"] = hash_of(fields)
        line = json.dumps(fields, ensure_ascii=False, allow_nan=False) + "\n"
        self._size = append_bytes(self.path, line.encode(), self._size)
        self._head, self._last_time = Head(self._head.count + 1, fields["hash"]), when
        return fields

    def write_head(self) -> None:
        """Write the head beside the journal.

        Raises
        ------
        ResourceError
            If it cannot be written; the head on the disk is as before.
        """
        write_head(self.path, self._head)


def append_bytes(path: Path, data: bytes, size: int) -> int:
    """Append bytes to a file of a known size, wait for the disk, and return the new size.

    What an earlier, failed attempt left behind ``size`` is overwritten.

    Raises
    ------
    ResourceError
        If the file cannot be written, or is shorter than ``size``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if size else "ab") as file:
            found = file.seek(0, os.SEEK_END)
            if found < size:
                raise ResourceError(
                    f"{path}: has {found} bytes instead of {size}; connect its disk again."
                )
            if found > size:
                file.truncate(size)
                file.seek(size)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as why:
        raise ResourceError(
            f"{path}: cannot be written ({why.strerror or why}); free some space or connect its "
            "disk again."
        ) from why
    return size + len(data)


def hash_of(event: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an event without its own hash, in a form that is unique."""
    rest = {key: value for key, value in event.items() if key != "hash"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def head_path(journal: Path) -> Path:
    """Return the path of the head of a journal."""
    return journal.with_suffix(HEAD_SUFFIX)


def write_head(journal: Path, head: Head) -> None:
    """Write the head beside a journal, whole or not at all."""
    text = json.dumps({"count": head.count, "hash": head.hash}) + "\n"
    write_whole(head_path(journal), lambda file: file.write_text(text, encoding="utf-8"))


def read_head(journal: Path) -> Head | None:
    """Return the head beside a journal; None if there is none that can be read."""
    try:
        found = json.loads(head_path(journal).read_text(encoding="utf-8"))
        return Head(int(found["count"]), str(found["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_journal(path: Path, *, skip_damaged: bool = False) -> list[Event]:
    """Return the events of a journal, oldest first; a torn last line is left out.

    Parameters
    ----------
    path : Path
    skip_damaged : bool
        Leave out lines that are no events, instead of refusing the journal.

    Raises
    ------
    InputError
        If another line is no event.
    """
    events = []
    for number, line in enumerate(split_lines(path)[0], start=1):
        event = parse_line(line)
        if event is not None:
            events.append(event)
        elif not skip_damaged:
            raise InputError(f"{path}: line {number} is no event; verify the journal.")
    return events


def split_lines(path: Path) -> tuple[list[bytes], bytes]:
    """Return the complete lines of a journal, and what comes after the last line end."""
    try:
        *lines, torn = path.read_bytes().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return [], b""
    except OSError as why:
        raise InputError(f"{path}: cannot be read ({why.strerror or why}).") from why
    return lines, torn


def parse_line(line: bytes) -> Event | None:
    """Return the event of a line, or None if it is none."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    typed = {"seq": int, "prev": str, "time": str, "event": str, "who": str, "hash": str}
    whole = all(isinstance(event.get(key), kind) for key, kind in typed.items())
    return event if whole else None
