# SPDX-License-Identifier: BSD-3-Clause
"""List of cases, from a CSV table or from files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from napari_mtmri.batch.file_rules import patient_of
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.readers.image import case_name
from napari_mtmri.tables import read_rows

T = TypeVar("T")
CASES = "cases.csv"
TRAIN = "train"


@dataclass(frozen=True)
class CaseRow:
    """One case: a volume to run methods on, or a result folder to score.

    Parameters
    ----------
    case : str
        Name of the case.
    image : Path, optional
        Fully sampled volume.
    labels : Path, optional
        Reference segmentation.
    run : Path, optional
        Result folder, instead of the image.
    reference : Path, optional
        Fully sampled volume to score the result folder with.
    patient : str
        Patient, of whom several cases may be sessions; by default as `patient_of` finds it in
        the name of the case.
    """

    case: str
    image: Path | None = None
    labels: Path | None = None
    run: Path | None = None
    reference: Path | None = None
    patient: str = ""

    def __post_init__(self) -> None:
        """Find the patient, as the split of a training does."""
        if not self.patient:
            object.__setattr__(self, "patient", patient_of(self.case, None))


Cases = str | Path | Sequence[str | Path | CaseRow]


def as_rows(cases: Cases, labels: Sequence[str | Path] | None = None) -> list[CaseRow]:
    """Return the cases of a table or of a list of volumes.

    Parameters
    ----------
    cases : path, or sequence of path or CaseRow
        Table of cases (or folder with ``cases.csv``), one volume, or several volumes,
        named by `case_names`.
    labels : sequence of path, optional
        Reference segmentations, one per volume, in the same order.

    Raises
    ------
    InputError
        If the table cannot be used.
    RequestError
        If a volume is given twice, or the numbers of volumes and labels differ.
    """
    if isinstance(cases, (str, Path)):
        place = Path(cases)
        if labels is None and (place.suffix == ".csv" or (place / CASES).is_file()):
            return read_cases(place)
        cases = [place]
    rows = [one for one in cases if isinstance(one, CaseRow)]
    paths = [Path(one) for one in cases if not isinstance(one, CaseRow)]
    drawn = [None] * len(paths) if not labels else [Path(one) for one in labels]
    if len(drawn) != len(paths):
        raise RequestError(
            f"{len(drawn)} `labels` for {len(paths)} volumes; give one per volume, in order."
        )
    names = case_names(paths)
    return rows + [CaseRow(*one) for one in zip(names, paths, drawn, strict=True)]


def read_cases(table: Path, split: str | None = None) -> list[CaseRow]:
    """Return the cases of a table whose paths are relative to the table.

    Columns: case and image, optionally mask (or labels), split and patient; or case and run,
    optionally reference, labels and patient.

    Parameters
    ----------
    table : Path
        CSV file, or a folder with ``cases.csv``.
    split : str, optional
        Return only the cases of this split; by default all but those marked "train".

    Raises
    ------
    InputError
        If columns or values are missing, a case occurs twice, or the split has no case.
    """
    table = table_of(table)
    rows = read_rows(table)
    _check_columns(table, rows[0])
    splits = splits_of(table)
    if split is None and TRAIN in splits:
        rows = [row for row in rows if row.get("split") != TRAIN]
        if not rows:
            raise InputError(
                f"{table}: has only training cases, whose scores would be too good; "
                f"give the split {TRAIN!r} to use them all the same."
            )
    if split is not None:
        rows = [row for row in rows if row.get("split") == split]
        if not rows:
            raise InputError(
                f"{table}: no case has the split {split!r}; existing: {', '.join(splits) or 'none'}."
            )
    found = [_case_row(table, row) for row in rows]
    twice = repeated(row.case for row in found if row.image is not None)
    if twice:
        raise InputError(f"{table}: case {twice[0]!r} occurs twice; give each case its own name.")
    return found


def splits_of(table: Path) -> list[str]:
    """Return the sorted names of the splits in a table of cases."""
    return sorted({row.get("split", "") for row in read_rows(table_of(table))} - {""})


def table_of(place: Path) -> Path:
    """Return the path of the table in a folder, or the path itself if it is a file."""
    return place / CASES if place.is_dir() else place


def case_names(paths: Sequence[Path]) -> list[str]:
    """Return a case name for each file; equal names are prefixed with their folders.

    Raises
    ------
    RequestError
        If a file is given twice.
    """
    # Not resolved: a link into a store of files has the name that the user gave it.
    resolved = [Path(os.path.abspath(path)) for path in paths]
    twice = repeated(resolved)
    if twice:
        raise RequestError(f"{twice[0]}: is given twice; give it once.")
    stems = [case_name(path) for path in resolved]
    folders = [path.parent.parts[1:] for path in resolved]
    depths = [0] * len(resolved)
    for _ in range(max(map(len, folders), default=0)):
        names = _names(stems, folders, depths)
        counts = Counter(names)
        depths = [
            min(depth + (counts[name] > 1), len(above))
            for name, depth, above in zip(names, depths, folders, strict=True)
        ]
    names = _names(stems, folders, depths)
    if len(set(names)) < len(names):  # a/x.nii and a/x.mgz
        return [f"{number:03d}-{path.name}" for number, path in enumerate(resolved, start=1)]
    return names


def repeated(things: Iterable[T]) -> list[T]:
    """Return the things that occur more than once, in order."""
    return [thing for thing, count in Counter(things).items() if count > 1]


def _names(
    stems: Sequence[str], folders: Sequence[tuple[str, ...]], depths: Sequence[int]
) -> list[str]:
    """Return each stem, prefixed with the names of ``depth`` folders above it."""
    return [
        "-".join((*above[len(above) - depth :], stem))
        for stem, above, depth in zip(stems, folders, depths, strict=True)
    ]


def _check_columns(table: Path, row: Mapping[str, str]) -> None:
    if "case" not in row or not {"image", "run"} & set(row):
        raise InputError(
            f"{table}: has the columns {', '.join(row)}; it needs case and image (and mask), or "
            "case and run (and reference, labels)."
        )


def _case_row(table: Path, row: Mapping[str, str]) -> CaseRow:
    def place(*names: str) -> Path | None:
        words = [row[name] for name in names if row.get(name)]
        return table.parent / words[0] if words else None

    if not row["case"] or not (row.get("image") or row.get("run")):
        raise InputError(f"{table}: the line {dict(row)} lacks a case name or a file; complete it.")
    return CaseRow(
        row["case"],
        place("image"),
        place("labels", "mask"),
        place("run"),
        place("reference"),
        row.get("patient", ""),
    )
