# SPDX-License-Identifier: BSD-3-Clause
"""Tables: CSV as people write them is read; CSV, Markdown and JSON are written.

This is the only file that writes tables, so that they all have the same line ends, the
same escapes and the same way to leave a number out.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError


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


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> str:
    """Return a table as CSV with all digits; reading a number back gives an equal one.

    Parameters
    ----------
    columns : sequence of str
        Heading.
    rows : iterable of mappings or sequences
        A mapping may lack columns, which are then empty.
    """
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        if isinstance(row, Mapping):
            row = [row.get(name, "") for name in columns]
        table.writerow(row)
    return file.getvalue()


def markdown_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table without a line end; ``|`` in a cell is escaped."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def json_text(thing: Any) -> str:
    """Return nested data as JSON; NaN and infinity, which JSON does not have, become null."""
    return json.dumps(_plain(thing), indent=1, ensure_ascii=False, allow_nan=False, default=str)


def _plain(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple, set, frozenset)):
        return [_plain(value) for value in thing]
    if isinstance(thing, float) and not math.isfinite(thing):
        return None
    return thing
