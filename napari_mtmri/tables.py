# SPDX-License-Identifier: BSD-3-Clause
"""Reading of CSV tables of cases; writing of tables as CSV, Markdown and JSON.

Only this file writes tables, so that all have the same line ends, escapes and notation for
missing numbers.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError
from napari_mtmri.files import read_text

SEPARATORS = (",", ";", "\t")


def read_rows(table: Path) -> list[dict[str, str]]:
    """Return the rows of a table by column name, in lower case and without spaces around.

    Separated by commas, semicolons or tabs, as spreadsheets write them; a first line
    ``sep=;`` and empty lines are skipped.

    Raises
    ------
    InputError
        If the file is not a table, has no rows, or two columns have the same name.
    """
    try:
        # Spreadsheets write a byte order mark before the first column name.
        text = read_text(table)
        lines = text.splitlines(keepends=True)
        given = re.fullmatch(r"sep=(.)\s*", lines[0]) if lines else None
        lines = lines[1:] if given else lines
        heading = lines[0] if lines else ""
        separator = given[1] if given else max(SEPARATORS, key=heading.count)
        found = list(csv.reader(lines, delimiter=separator))
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        reason = (why.strerror or why) if isinstance(why, OSError) else why
        raise InputError(f"{table}: not a table ({reason}); give a CSV file of cases.") from why
    columns = [name.strip().lower() for name in found[0]] if found else []
    twice = [name for name in columns if name and columns.count(name) > 1]
    if twice:
        raise InputError(f"{table}: two columns are named {twice[0]!r}; rename one of them.")
    rows = [
        dict(zip_longest(columns, (value.strip() for value in line[: len(columns)]), fillvalue=""))
        for line in found[1:]
        if any(value.strip() for value in line)
    ]
    if not rows:
        raise InputError(f"{table}: the table has no cases; add a row for each.")
    return rows


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> str:
    """Return a table as CSV with all digits, so that numbers are read back unchanged.

    Parameters
    ----------
    columns : sequence of str
        Column names.
    rows : iterable of mappings or sequences
        Columns that a mapping lacks are left empty.
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
    """Return a Markdown table without a final line end; ``|`` in a cell is escaped."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def json_text(thing: Any, *, ascii_only: bool = False) -> str:
    """Return nested data as JSON; NaN and infinity become null."""
    return json.dumps(
        _plain(thing), indent=1, ensure_ascii=ascii_only, allow_nan=False, default=str
    )


def _plain(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple, set, frozenset)):
        return [_plain(value) for value in thing]
    if isinstance(thing, float) and not math.isfinite(thing):
        return None
    return thing
