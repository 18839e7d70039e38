# SPDX-License-Identifier: BSD-3-Clause
"""Split of the cases into train, val and test: by patient, no image in two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import write_text
from napari_mtmri.rng import keyed_generator
from napari_mtmri.tables import csv_text, read_rows
from napari_mtmri.train.data.sources.base import SPLITS, CaseFile
from napari_mtmri.train.recipe import Recipe

COLUMNS = ("case", "patient", "split", "image_sha256", "labels_sha256")


def assign_splits(files: Sequence[CaseFile], recipe: Recipe) -> list[CaseFile]:
    """Return the cases, each with its split.

    If the source defines no split, patients are sorted by a random number, which depends
    only on seed and patient, and divided by the fractions of the recipe.

    Raises
    ------
    InputError
        If only some of the cases have a split.
    """
    named = [bool(file.split) for file in files]
    if all(named):
        return list(files)
    if any(named):
        without = files[named.index(False)].name
        raise InputError(
            f"case {without!r} has no split but others have; give all cases a split, or none."
        )
    patients = sorted({file.patient for file in files}, key=lambda name: _place(name, recipe.seed))
    shares = [recipe.data.split.get(side, 0.0) for side in SPLITS]
    ends = np.rint(np.cumsum(shares) / sum(shares) * len(patients))
    sides = {name: SPLITS[int((ends <= n).sum())] for n, name in enumerate(patients)}
    return [replace(file, split=sides[file.patient]) for file in files]


def _place(patient: str, seed: int) -> float:
    return float(keyed_generator(seed, "split", patient).random())


def check_patients(files: Sequence[CaseFile]) -> None:
    """Check that no patient is in two splits.

    Raises
    ------
    InputError
        If one is; the message names the cases.
    """
    _refuse_twins({file.name: (file.patient, file.split) for file in files}, "patient")


def check_images(files: Sequence[CaseFile], hashes: Mapping[str, str]) -> None:
    """Check that no image is in two splits, under any name.

    Parameters
    ----------
    files : sequence of CaseFile
    hashes : mapping of str to str
        `image_hash` by case name, of the cases that were read.

    Raises
    ------
    InputError
        If one is; the message names the cases.
    """
    known = {file.name: (hashes[file.name], file.split) for file in files if file.name in hashes}
    _refuse_twins(known, "image")


def _refuse_twins(cases: Mapping[str, tuple[str, str]], what: str) -> None:
    first: dict[str, tuple[str, str]] = {}
    for name, (key, side) in cases.items():
        other, where = first.setdefault(key, (name, side))
        if where != side:
            raise InputError(
                f"the same {what} is in {where} (case {other}) and in {side} (case {name}); "
                "put both into one split."
            )


def write_split(
    path: Path,
    files: Sequence[CaseFile],
    hashes: Mapping[str, str],
    labels_hashes: Mapping[str, str],
) -> None:
    """Write the table of cases with their split; hashes of what was not read are empty."""
    write_text(path, csv_text(COLUMNS, _rows(files, hashes, labels_hashes)))


def check_unchanged(
    path: Path,
    files: Sequence[CaseFile],
    hashes: Mapping[str, str],
    labels_hashes: Mapping[str, str],
) -> None:
    """Check that the cases are those of a table of `write_split`.

    A training that resumed with other cases would validate on cases that it was trained on.

    Raises
    ------
    InputError
        If a case was added or removed, or has another split, image or labels; the message
        names it.
    """
    before = {row["case"]: row for row in read_rows(path)}
    now = {
        row[0]: dict(zip(COLUMNS, row, strict=True)) for row in _rows(files, hashes, labels_hashes)
    }
    advice = "restore the data, or start another training in another folder."
    for case in sorted(before.keys() ^ now.keys()):
        what = "is new" if case in now else "is missing"
        raise InputError(f"{path}: case {case!r} {what} since this training began; {advice}")
    for case, row in now.items():
        for column, word in (
            ("split", "another split"),
            ("image_sha256", "another image"),
            ("labels_sha256", "other labels"),
        ):
            old, new = before[case].get(column, ""), row[column]
            if old and new and old != new:
                change = f" ({old}, now {new})" if column == "split" else ""
                raise InputError(
                    f"{path}: case {case!r} has {word} than when this training "
                    f"began{change}; {advice}"
                )


def _rows(
    files: Sequence[CaseFile], hashes: Mapping[str, str], labels_hashes: Mapping[str, str]
) -> list[tuple[str, ...]]:
    return [
        (
            one.name,
            one.patient,
            one.split,
            hashes.get(one.name, ""),
            labels_hashes.get(one.name, ""),
        )
        for one in files
    ]
