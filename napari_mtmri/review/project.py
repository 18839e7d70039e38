# SPDX-License-Identifier: BSD-3-Clause
"""Review project: cases, and a folder beside them in which each reader has a folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from napari_mtmri.errors import RequestError
from napari_mtmri.review.case_rule import CaseRule
from napari_mtmri.review.cases import FoundCases, ReviewCase, find_cases

REVIEW = "review"
JOURNAL = "journal.jsonl"
MASKS = "masks"
LONGEST_NAME = 80
FORBIDDEN = re.compile(r"[^\w .@+-]")
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


@dataclass(frozen=True)
class ReviewProject:
    """Cases to review, and where a reader's work lies.

    ::

        review/<reader>/journal.jsonl, journal.head, lock.json
        review/<reader>/masks/<case>/reading-1/v0001.nii.gz, strokes-0001.bin, ...

    Parameters
    ----------
    data : Path
        Folder of the originals; nothing is written among them but the review folder.
    folder : Path
        Review folder.
    reader : str
    found : FoundCases
    """

    data: Path
    folder: Path
    reader: str
    found: FoundCases

    @property
    def cases(self) -> tuple[ReviewCase, ...]:
        """Cases in the order of their names."""
        return self.found.cases

    def case(self, name: str) -> ReviewCase:
        """Return a case by its name.

        Raises
        ------
        RequestError
            If there is none.
        """
        for case in self.cases:
            if case.name == name:
                return case
        raise RequestError(f"{self.data}: has no case {name!r}; choose one of the list.")

    @property
    def reader_folder(self) -> Path:
        """Folder of this reader."""
        return self.folder / self.reader

    @property
    def journal(self) -> Path:
        """Journal of this reader."""
        return self.reader_folder / JOURNAL

    def mask_folder(self, case: str, reading: int = 1) -> Path:
        """Return the folder of the masks of one reading of a case."""
        return self.reader_folder / MASKS / folder_name(case) / f"reading-{reading}"

    def readers(self) -> tuple[str, ...]:
        """Return the readers with a journal, sorted."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(path.parent.name for path in self.folder.glob(f"*/{JOURNAL}")))

    def of(self, reader: str) -> ReviewProject:
        """Return the same project for another reader."""
        return replace(self, reader=_known_spelling(self.folder, check_reader(reader)))


def open_project(
    data: str | Path,
    reader: str,
    *,
    folder: str | Path | None = None,
    rule: CaseRule | None = None,
) -> ReviewProject:
    """Return the review project of a folder; nothing is written yet.

    Parameters
    ----------
    data : path
        Folder of images and masks, of result folders, or with ``cases.csv``.
    reader : str
        Name of the reader, also that of a folder: letters, digits, spaces and ``. @ + - _``.
    folder : path, optional
        Review folder; default: ``review`` in the folder of the data.
    rule : CaseRule, optional
        How files become cases.

    Raises
    ------
    InputError
        If no case is found.
    RequestError
        If the name cannot be that of a folder, or the rule is not valid.
    """
    data = Path(data)
    found = find_cases(data, rule)
    home = data if data.is_dir() else data.parent
    place = Path(folder) if folder is not None else home / REVIEW
    if place.is_file():
        raise RequestError(f"{place}: is a file; choose a folder as review folder.")
    return ReviewProject(home, place, _known_spelling(place, check_reader(reader)), found)


def check_reader(name: str) -> str:
    """Return the name of a reader without surrounding spaces.

    Raises
    ------
    RequestError
        If it cannot be the name of a folder on every system.
    """
    name = unicodedata.normalize("NFC", name).strip()
    found = FORBIDDEN.search(name)
    wrong = repr(found[0]) if found else ""
    if not name or len(name) > LONGEST_NAME or name[0] == "." or name[-1] == ".":
        wrong = (
            "a point at an end" if name.strip(".") and len(name) <= LONGEST_NAME else "its length"
        )
    if wrong or RESERVED.fullmatch(name):
        raise RequestError(
            f"`reader` {name!r} cannot name a folder ({wrong or 'a reserved name'}); use letters, "
            "digits, spaces and . @ + - _."
        )
    return name


def _known_spelling(folder: Path, reader: str) -> str:
    """Return the spelling of a reader who is known in other capitals."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name.casefold() == reader.casefold() and path.is_dir():
                return path.name
    return reader


def folder_name(case: str) -> str:
    """Return a folder name for a case: its own, or made safe with a part of its hash."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", case).strip("._")[:LONGEST_NAME]
    if safe == case and not RESERVED.fullmatch(case):
        return case
    return f"{safe or 'case'}-{hashlib.sha256(case.encode()).hexdigest()[:8]}"
