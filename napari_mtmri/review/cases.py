# SPDX-License-Identifier: BSD-3-Clause
"""Cases of a folder: images with any masks, found by a rule that can be read and corrected."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_mtmri.batch.cases_table import CASES
from napari_mtmri.batch.file_rules import patient_of
from napari_mtmri.errors import InputError
from napari_mtmri.files import RUN_RECORD
from napari_mtmri.methods.base import METHODS
from napari_mtmri.readers.base import Reader, all_readers, endings
from napari_mtmri.review.case_rule import (
    CaseRule,
    Named,
    apply_rule,
    guess_rule,
    is_mask_word,
    is_probability_word,
)
from napari_mtmri.tables import read_rows

PICTURES = (".png", ".jpg", ".jpeg", ".bmp")  # more often screenshots than volumes
MOST_FILES = 300_000  # of a home folder or a whole disk, chosen by mistake
SLICE_PATIENT = r"^(TCGA_[^_]+_[^_]+|.+)"  # a patient of TCGA has several examinations
OWN_FILES = {"journal.jsonl", "lock.json"}  # of a reader's folder
RESULT_FILES = {
    "masks": "segmentation.nii.gz",
    "probabilities": "probability.nii.gz",
    "sequences": "reconstruction.nii.gz",
    "image": "zero_filled.nii.gz",
}


@dataclass(frozen=True)
class ReviewCase:
    """An image with the masks drawn on it; nothing is read yet.

    Parameters
    ----------
    name : str
    image : Path
    sequences : mapping
        Other images of the case by title.
    masks : mapping
        Choices of a mask by title: "mask", "mtmri", "reader 1". Empty: draw from nothing.
    probabilities : mapping
        Probability maps by the title of their mask.
    patient : str
    models : tuple of str
        Titles of the masks that a model made.
    """

    name: str
    image: Path
    sequences: Mapping[str, Path] = field(default_factory=dict)
    masks: Mapping[str, Path] = field(default_factory=dict)
    probabilities: Mapping[str, Path] = field(default_factory=dict)
    patient: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundCases:
    """The cases of a folder and how they were found.

    Parameters
    ----------
    layout : {"result folders", "folders of slices", "cases.csv", "names"}
    rule : CaseRule
        Empty unless found by names.
    cases : tuple of ReviewCase
    notes : tuple of str
        Sentences on files that belong to no case.
    """

    layout: str
    rule: CaseRule
    cases: tuple[ReviewCase, ...]
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """How the cases were found, in one line."""
        n = len(self.cases)
        what = f"{n} case{'s' * (n != 1)}"
        return (
            f"{what} by names: {self.rule.text}" if self.rule.images else f"{what}: {self.layout}"
        )


def find_cases(folder: Path, rule: CaseRule | None = None) -> FoundCases:
    """Return the cases of a folder; no file is opened but tables and records of results.

    Parameters
    ----------
    folder : Path
        Folder of images and masks in any layout, of result folders, or with ``cases.csv``;
        or such a table.
    rule : CaseRule, optional
        Default: the table, result folders, folders of slices, or a rule guessed from the names.

    Raises
    ------
    InputError
        If there is no such folder, or no case in it.
    RequestError
        If the rule is no valid pattern.
    """
    folder = Path(folder)
    table = folder if folder.suffix.lower() == ".csv" else folder / CASES
    if rule is None and table.is_file():
        return _found("cases.csv", CaseRule(), *_from_table(table), folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of cases; check the name.")
    names, results, slices = _walk(folder)
    if rule is None and results:
        return _found("result folders", CaseRule(), *_from_results(folder, results), folder)
    if rule is None and slices:
        return _found("folders of slices", CaseRule(), *_from_slices(folder, slices, names), folder)
    if rule is None and not names:
        raise InputError(
            f"{folder}: no volume was found in it or its subfolders, by names that end in "
            f"{', '.join(_volumes())}, and no result folder, folder of TCGA slices or {CASES}; "
            f"choose the folder that has the images, or convert them to NIfTI."
        )
    try:
        rule = rule or guess_rule(names)
    except InputError as why:
        raise InputError(f"{folder}: {why}") from why
    named, notes = apply_rule(names, rule)
    return _found("names", rule, [_case(folder, one) for one in named], notes, folder)


def _found(
    layout: str, rule: CaseRule, cases: list[ReviewCase], notes: list[str], folder: Path
) -> FoundCases:
    if not cases:
        how = f"by the rule {rule.text}" if rule.images else f"by its {layout}"
        raise InputError(f"{folder}: no image was found {how}; correct it, or the folder.")
    names = [case.name for case in cases]
    if len(set(names)) < len(names):
        twin = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{folder}: case {twin!r} occurs twice; give each case its own name.")
    return FoundCases(layout, rule, tuple(cases), tuple(notes))


def _volumes() -> tuple[str, ...]:
    return tuple(ending for ending in endings() if ending not in PICTURES)


def _walk(folder: Path) -> tuple[list[str], list[Path], dict[Path, Reader]]:
    """Return relative names of volumes, result folders and folders of slices, in order.

    Folders of readers are skipped.
    """
    volumes, names, results, seen = _volumes(), [], [], 0
    readers = [reader for reader in all_readers() if reader.folders]
    slices: dict[Path, Reader] = {}
    for place, folders, files in os.walk(folder):
        seen += len(files)
        if seen > MOST_FILES:
            raise InputError(
                f"{folder}: has more than {MOST_FILES} files; choose the folder of the images."
            )
        if OWN_FILES & {*files}:
            folders.clear()
            continue
        if RUN_RECORD in files:
            results.append(Path(place))
            folders.clear()
            continue
        reader = next((one for one in readers if files and one.can_read(Path(place))), None)
        if reader is not None:
            slices[Path(place)] = reader
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        prefix = "" if Path(place) == folder else Path(place).relative_to(folder).as_posix() + "/"
        names += [
            prefix + name
            for name in sorted(files)
            if name.lower().endswith(volumes)
            and not name.startswith(".")
            and not (name.endswith(".img") and f"{name[:-4]}.hdr" in files)  # one image, two files
        ]
    return names, sorted(results), {place: slices[place] for place in sorted(slices)}


def _case(folder: Path, named: Named) -> ReviewCase:
    def paths(found: Mapping[str, str]) -> dict[str, Path]:
        return {title: folder / name for title, name in found.items()}

    name, masks = named.name or folder.resolve().name, paths(named.masks)
    return ReviewCase(
        name=name,
        image=folder / named.image,
        sequences=paths(named.sequences),
        masks=masks,
        probabilities=paths(named.probabilities),
        patient=patient_of(name, None),
        models=_by_models(masks),
    )


def _from_table(table: Path) -> tuple[list[ReviewCase], list[str]]:
    """Return the cases of a table; each column with file names is an image or a mask."""
    rows = read_rows(table)
    if not {"case", "image"} <= set(rows[0]):
        raise InputError(
            f"{table}: has the columns {', '.join(rows[0])}; it needs case and image (and mask)."
        )
    cases, notes = [], []
    without = [row["case"] for row in rows if not row["image"]]
    if without:
        notes.append(f"{_several(len(without), 'case')} without an image: {_some(without)}.")
    volumes = tuple(endings())
    for row in rows:
        if not row["case"] or not row["image"]:
            continue
        roles: dict[str, dict[str, Path]] = {"masks": {}, "probabilities": {}, "sequences": {}}
        for column, value in row.items():
            if column in ("case", "image") or not value.lower().endswith(volumes):
                continue
            path = table.parent / value
            if path.exists():
                roles[_role(column)][column] = path
            else:
                notes.append(f"{row['case']}: {value} is missing.")
        cases.append(
            ReviewCase(
                row["case"],
                table.parent / row["image"],
                **roles,
                patient=row.get("patient") or row["case"],
                models=_by_models(roles["masks"]),
            )
        )
    return cases, notes


def _by_models(titles: Iterable[str]) -> tuple[str, ...]:
    """Return the titles that contain the name of a method."""
    methods = {*METHODS.names()}
    return tuple(title for title in titles if methods & {*re.split(r"[^\w-]+", title)})


def _role(column: str) -> str:
    if is_probability_word(column):
        return "probabilities"
    return "masks" if is_mask_word(column) else "sequences"


def _from_results(folder: Path, results: Iterable[Path]) -> tuple[list[ReviewCase], list[str]]:
    """Return cases of result folders; those of one volume are choices of one case."""
    grouped: dict[str, list[tuple[str, Path, Mapping[str, Any]]]] = {}
    notes = []
    for place in results:
        try:
            record = json.loads((place / RUN_RECORD).read_text(encoding="utf-8"))
            name, method = str(record["name"]), str(record["method"])
            places = record.get("places") or {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            notes.append(f"{place}: its {RUN_RECORD} cannot be read.")
            continue
        grouped.setdefault(name, []).append((method, place, places))
    cases = [_of_results(folder, name, found) for name, found in grouped.items()]
    return cases, notes


def _of_results(
    folder: Path, name: str, found: list[tuple[str, Path, Mapping[str, Any]]]
) -> ReviewCase:
    methods = [method for method, _, _ in found]
    titled: dict[str, Path] = {}
    for method, place, _ in found:
        is_twin = methods.count(method) > 1
        titled[f"{method} · {place.relative_to(folder).as_posix()}" if is_twin else method] = place

    def those(file: str) -> dict[str, Path]:
        return {title: place / file for title, place in titled.items() if (place / file).is_file()}

    images = those(RESULT_FILES["sequences"])
    first = next(iter(titled.values()))
    main = next(iter(images), "")
    image = images.pop(main) if main else first / RESULT_FILES["image"]
    images["zero-filled"] = first / RESULT_FILES["image"]
    masks = those(RESULT_FILES["masks"])
    return ReviewCase(
        name=name,
        image=image,
        sequences={title: path for title, path in images.items() if path != image},
        masks=masks,
        probabilities=those(RESULT_FILES["probabilities"]),
        patient=patient_of(name, None),
        models=tuple(masks),
    )


def _from_slices(
    folder: Path, slices: Mapping[Path, Reader], names: list[str]
) -> tuple[list[ReviewCase], list[str]]:
    """Return a case for each folder of slices, which may contain the mask as well."""
    cases = []
    for place, reader in slices.items():
        name = place.relative_to(folder).as_posix() if place != folder else folder.resolve().name
        has_mask = reader.has_labels is not None and reader.has_labels(place)
        cases.append(
            ReviewCase(
                name,
                place,
                masks={"mask": place} if has_mask else {},
                patient=patient_of(place.name, SLICE_PATIENT),
            )
        )
    notes = [f"{_several(len(names), 'volume')} beside them left out: {_some(names)}."] * bool(
        names
    )
    return cases, notes


def _several(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
