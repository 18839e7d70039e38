# SPDX-License-Identifier: BSD-3-Clause
"""Verdicts of readers, from the table that an export of a review writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from napari_mtmri.report.page import Part, Table
from napari_mtmri.review.export import RECORD
from napari_mtmri.tables import read_rows

VERDICTS = "verdicts.csv"
HEADING = ("Reader", "Case", "Reading", "Verdict", "Difficulty", "Working time", "Mask (SHA-256)")
NOTE = "The mask is known by the first digits of its SHA-256; the export has all of them."


def is_review(folder: Path) -> bool:
    """Return whether a folder is the export of a review."""
    return (folder / VERDICTS).is_file() and (folder / RECORD).is_file()


def review_part(folder: Path, title: str, names: Mapping[str, str] | None = None) -> Part:
    """Return the verdicts in the export of a review.

    Parameters
    ----------
    folder : Path
    title : str
    names : mapping, optional
        Names to show for the names of cases; readers and other cases are then numbered, and
        comments, which may name a patient, are left out. By default all is shown.

    Raises
    ------
    InputError
        If the table is damaged.
    """
    rows = read_rows(folder / VERDICTS)
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
    return Part(title, (Table("", heading, tuple(lines), (NOTE,), is_text=True),))


def _time_text(seconds: str) -> str:
    try:
        minutes, rest = divmod(round(float(seconds)), 60)
    except (ValueError, OverflowError):
        return "—"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
