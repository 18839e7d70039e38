# SPDX-License-Identifier: BSD-3-Clause
"""Verdicts of readers, from the export of a review or from the journals of its readers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_mtmri.report.page import Part, Table
from napari_mtmri.review.case_list import readings
from napari_mtmri.review.export import RECORD
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.opinions import CONSENSUS
from napari_mtmri.review.project import JOURNAL
from napari_mtmri.review.worklist import is_blind
from napari_mtmri.tables import read_rows

VERDICTS = "verdicts.csv"
HEADING = ("Reader", "Case", "Reading", "Verdict", "Difficulty", "Working time", "Mask (SHA-256)")
NOTE = "The mask is known by the first digits of its SHA-256; the review has all of them."
BLIND = "Readers who still read blind are left out: {}."


def is_review(folder: Path) -> bool:
    """Return whether a folder is the export of a review, or holds the journals of readers."""
    return _is_export(folder) or bool(_journals(folder))


def _is_export(folder: Path) -> bool:
    return (folder / VERDICTS).is_file() and (folder / RECORD).is_file()


def _journals(folder: Path) -> list[Path]:
    """Return the journals of the readers below a review folder; not those of a consensus."""
    found = sorted(folder.glob(f"*/{JOURNAL}")) if folder.is_dir() else []
    return [one for one in found if not one.parent.name.startswith(CONSENSUS)]


def _rows_of(folder: Path) -> tuple[list[dict[str, str]], int]:
    """Return the verdicts in an export or in journals, and the number of readers left out.

    A reader who still reads blind is left out: names would end his blinding.
    """
    if _is_export(folder):
        return read_rows(folder / VERDICTS), 0
    rows, blind = [], 0
    for journal in _journals(folder):
        events = list(read_journal(journal, skip_damaged=True))
        if is_blind(events):
            blind += 1
            continue
        for one in readings(events).values():
            if one.is_done:
                rows.append(
                    {
                        "reader": journal.parent.name,
                        "case": one.name,
                        "reading": str(one.reading),
                        "verdict": one.state,
                        "difficulty": one.difficulty,
                        "active_s": str(one.active_s),
                        "mask_sha256": one.sha256,
                        "comment": one.comment,
                    }
                )
    return rows, blind


def review_part(folder: Path, title: str, names: Mapping[str, str] | None = None) -> Part:
    """Return the verdicts of a review: of its export, or of the journals of its readers.

    Parameters
    ----------
    folder : Path
        Export, or review folder of a project.
    title : str
    names : mapping, optional
        Names to show for the names of cases; readers and other cases are then numbered, and
        comments, which may name a patient, are left out. By default all is shown.

    Raises
    ------
    InputError
        If the table is damaged.
    """
    rows, n_blind = _rows_of(folder)
    readers = list(dict.fromkeys(row.get("reader", "") for row in rows))
    cases = list(dict.fromkeys(row.get("case", "") for row in rows))
    lines = []
    for row in rows:
        reader, case = row.get("reader", ""), row.get("case", "")
        if names is not None:
            reader = f"reader {readers.index(reader) + 1}"
            case = names.get(case, f"reviewed case {cases.index(case) + 1}")
        facts = (
            reader,
            case,
            row.get("reading", ""),
            row.get("verdict", "") or "none",
            row.get("difficulty", "") or "—",
            _time_text(row.get("active_s", "")),
            f"{row['mask_sha256'][:12]}…" if row.get("mask_sha256") else "—",
        )
        lines.append((*facts, row.get("comment", "")) if names is None else facts)
    heading = (*HEADING, "Comment") if names is None else HEADING
    notes = (NOTE, *([BLIND.format(n_blind)] if n_blind else []))
    return Part(title, (Table("", heading, tuple(lines), notes, is_text=True),))


def _time_text(seconds: str) -> str:
    try:
        minutes, rest = divmod(round(float(seconds)), 60)
    except (ValueError, OverflowError):
        return "—"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
