# SPDX-License-Identifier: BSD-3-Clause
"""The table of cases that ``evaluate`` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.errors import InputError
from napari_mtmri.tables import read_rows, table_of

NAMES = ("case", "image", "run")


@dataclass(frozen=True)
class Row:
    """One line: a volume to run methods on, or a run folder to score.

    Parameters
    ----------
    case : str
    image, run : Path or None
        One of the two.
    labels : Path or None
        What somebody drew.
    reference : Path or None
        The fully sampled volume of a run folder.
    """

    case: str
    image: Path | None
    run: Path | None
    labels: Path | None
    reference: Path | None


def read_cases(table: Path, split: str | None = None) -> list[Row]:
    """Return the lines of a table; its paths are relative to it.

    Columns: case and image, with mask (or labels) and split where there are such; or
    case and run, with reference and labels.

    Parameters
    ----------
    table : Path
        CSV file, or a folder with ``cases.csv``.
    split : str, optional
        Only the lines of this split.

    Raises
    ------
    InputError
        If it is no such table, or no line is left.
    """
    table = table_of(table)
    rows = read_rows(table)
    _check_columns(table, rows[0])
    if split is not None:
        splits = sorted({row.get("split", "") for row in rows} - {""})
        rows = [row for row in rows if row.get("split") == split]
        if not rows:
            raise InputError(
                f"{table}: no case has the split {split!r}; there are: {', '.join(splits) or 'none'}."
            )
    found = [_row(table, row) for row in rows]
    images = [row.case for row in found if row.image is not None]
    twice = [case for case in images if images.count(case) > 1]
    if twice:
        raise InputError(f"{table}: case {twice[0]!r} is there twice; give each its own name.")
    return found


def splits_of(table: Path) -> list[str]:
    """Return the splits that a table knows."""
    return sorted({row.get("split", "") for row in read_rows(table_of(table))} - {""})


def _check_columns(table: Path, row: Mapping[str, str]) -> None:
    if "case" not in row or not {"image", "run"} & set(row):
        raise InputError(
            f"{table}: columns {', '.join(row)}; it needs case and image (and mask), or case and "
            "run (and reference, labels)."
        )


def _row(table: Path, row: Mapping[str, str]) -> Row:
    def place(*names: str) -> Path | None:
        words = [row[name] for name in names if row.get(name)]
        return table.parent / words[0] if words else None

    if not row["case"] or not (row.get("image") or row.get("run")):
        raise InputError(f"{table}: the line {dict(row)} names no case or no file; complete it.")
    return Row(
        row["case"], place("image"), place("run"), place("labels", "mask"), place("reference")
    )
