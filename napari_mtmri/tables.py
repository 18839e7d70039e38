# SPDX-License-Identifier: BSD-3-Clause
"""Tables of cases as people write them: CSV, a heading and a line for each."""

from __future__ import annotations

import csv
from pathlib import Path

from napari_mtmri.errors import InputError

CASES = "cases.csv"


def table_of(place: Path) -> Path:
    """Return the table that a folder of cases holds, or the file that is named itself."""
    return place / CASES if place.is_dir() else place


def read_rows(table: Path) -> list[dict[str, str]]:
    """Return the lines of a table by its heading, without blanks around the words.

    Raises
    ------
    InputError
        If it is no table, or has no line.
    """
    try:
        # Spreadsheets put a mark before the first column's name.
        with table.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        reason = why.strerror if isinstance(why, OSError) else why
        raise InputError(f"{table}: not a table ({reason}); name a CSV file of cases.") from why
    rows = [
        {key.strip(): (value or "").strip() for key, value in line.items() if isinstance(key, str)}
        for line in lines
    ]
    if not rows:
        raise InputError(f"{table}: no cases in it; it needs a heading and a line for each.")
    return rows
