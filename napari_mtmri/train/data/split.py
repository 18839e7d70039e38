# SPDX-License-Identifier: BSD-3-Clause
"""Which case is on which side: by patient, and never the same image on two."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import write_whole
from napari_mtmri.rng import keyed_generator
from napari_mtmri.train.data.sources.base import SPLITS, CaseFile
from napari_mtmri.train.recipe import Recipe

COLUMNS = ("case", "patient", "split", "image_sha256")


def assign_splits(files: Sequence[CaseFile], recipe: Recipe) -> list[CaseFile]:
    """Return the cases, each on a side.

    Where the source names no split, patients are put into an order drawn with the seed
    and cut into the recipe's shares; each patient's place in that order depends on the
    seed and the patient alone.

    Raises
    ------
    InputError
        If some cases have a split and others have none.
    """
    named = [bool(file.split) for file in files]
    if all(named):
        return list(files)
    if any(named):
        without = files[named.index(False)].name
        raise InputError(f"case {without!r} has no split, others have; give each one, or none.")
    patients = sorted({file.patient for file in files}, key=lambda name: _place(name, recipe.seed))
    shares = [recipe.data.split.get(side, 0.0) for side in SPLITS]
    ends = np.rint(np.cumsum(shares) / sum(shares) * len(patients))
    sides = {name: SPLITS[int((ends <= n).sum())] for n, name in enumerate(patients)}
    return [replace(file, split=sides[file.patient]) for file in files]


def _place(patient: str, seed: int) -> float:
    return float(keyed_generator(seed, "split", patient).random())


def check_patients(files: Sequence[CaseFile]) -> None:
    """Refuse a patient who is on two sides.

    Raises
    ------
    InputError
        With the patient and the cases.
    """
    _refuse_twins({file.name: (file.patient, file.split) for file in files}, "patient")


def check_images(files: Sequence[CaseFile], hashes: Mapping[str, str]) -> None:
    """Refuse an image that is on two sides, whatever its name.

    Parameters
    ----------
    files : sequence of CaseFile
    hashes : mapping of str to str
        `image_hash` of the cases that were read, by their names.

    Raises
    ------
    InputError
        With the cases.
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
                "put both on one side."
            )


def image_hash(image: np.ndarray) -> str:
    """Return the SHA-256 of an image's values, whatever file they came from.

    Their order does not count, so that a copy with other axes is found too.

    Parameters
    ----------
    image : array (slice, readout, phase)
    """
    values = np.sort(image.ravel()).astype(np.float32) + np.float32(0)  # no -0
    return hashlib.sha256(values.tobytes()).hexdigest()


def write_split(path: Path, files: Sequence[CaseFile], hashes: Mapping[str, str]) -> None:
    """Write who is where; the hash is empty for a case that was not read."""

    def write(beside: Path) -> None:
        with beside.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for case in files:
                table.writerow((case.name, case.patient, case.split, hashes.get(case.name, "")))

    write_whole(path, write)
