# SPDX-License-Identifier: BSD-3-Clause
"""A table ``cases.csv``: case, image, mask, optionally split and patient."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal

from napari_mtmri.batch.cases_table import CASES, table_of
from napari_mtmri.batch.file_rules import patient_of
from napari_mtmri.errors import InputError
from napari_mtmri.tables import read_rows
from napari_mtmri.train.data.sources.base import SPLITS, CaseFile, Source, Split, read_pair
from napari_mtmri.train.recipe import Recipe

Row = Mapping[str, str]


def read_table(table: Path) -> list[Row]:
    """Return the rows of a table of cases.

    Raises
    ------
    InputError
        If the file is not a table, or has no column ``case``.
    """
    rows: list[Row] = list(read_rows(table))
    if "case" not in rows[0]:
        columns = ", ".join(rows[0])
        raise InputError(f"{table}: has the columns {columns}; add a column case.")
    return rows


def side_of(table: Path, row: Row, recipe: Recipe) -> tuple[str, Split | Literal[""]]:
    """Return patient and split of a row; the split is empty if not given.

    Raises
    ------
    InputError
        If the split is not train, val or test.
    """
    name, split = row["case"], row.get("split", "")
    patient = row.get("patient") or patient_of(name, recipe.data.patient_regex)
    if split and split not in SPLITS:
        raise InputError(f"{table}: case {name!r} has split {split!r}; use {', '.join(SPLITS)}.")
    return patient, next((side for side in SPLITS if side == split), "")


def _list(place: Path, recipe: Recipe) -> list[CaseFile]:
    table = table_of(place)
    return [_case(table, row, recipe) for row in read_table(table)]


def _case(table: Path, row: Row, recipe: Recipe) -> CaseFile:
    name, image, labels = row["case"], row.get("image"), row.get("labels") or row.get("mask")
    if not (name and image and labels):
        raise InputError(
            f"{table}: case {name!r} has image {image!r} and mask {labels!r}; give both, or "
            "remove the row."
        )
    files = table.parent / image, table.parent / labels
    patient, split = side_of(table, row, recipe)
    load = partial(read_pair, *files)
    return CaseFile(name, patient, split, str(files[0]), str(files[1]), load)


TABLES = Source(
    "a table cases.csv",
    lambda place, recipe: place.suffix == ".csv" or (place / CASES).is_file(),
    _list,
)
