# SPDX-License-Identifier: BSD-3-Clause
"""A table ``cases.csv``: case, image, mask, and perhaps split and patient."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

from napari_mtmri.errors import InputError
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.sources.base import CaseFile, Source, read_pair

TABLE = "cases.csv"
NEEDED = ("case", "image", "mask")
SPLITS = ("train", "val", "test")


def _table(place: Path) -> Path:
    return place / TABLE if place.is_dir() else place


def _list(place: Path, recipe: Recipe) -> list[CaseFile]:
    table = _table(place)
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as why:
        raise InputError(f"{table}: not a table of cases ({why}); save it as CSV.") from why
    missing = set(NEEDED) - set(rows[0] if rows else ())
    if missing:
        raise InputError(f"{table}: no column {', '.join(sorted(missing))}; add it.")
    return [_case(table, row) for row in rows]


def _case(table: Path, row: dict[str, str]) -> CaseFile:
    name, split = row["case"], (row.get("split") or "").strip()
    if not all(row[key] for key in NEEDED):
        raise InputError(f"{table}: case {name!r} has an empty cell; fill it or remove the line.")
    if split and split not in SPLITS:
        raise InputError(f"{table}: case {name!r} has split {split!r}; use {', '.join(SPLITS)}.")
    image, labels = table.parent / row["image"], table.parent / row["mask"]
    load = partial(read_pair, image, labels)
    patient = row.get("patient") or name
    return CaseFile(name, patient, split, str(image), str(labels), load)  # type: ignore[arg-type]


TABLES = Source(
    "a table cases.csv",
    lambda place, recipe: place.suffix == ".csv" or (place / TABLE).is_file(),
    _list,
)
