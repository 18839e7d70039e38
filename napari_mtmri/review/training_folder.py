# SPDX-License-Identifier: BSD-3-Clause
"""Approved cases as a folder that a training takes as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri import __version__
from napari_mtmri.batch.cases_table import CASES
from napari_mtmri.errors import InputError
from napari_mtmri.files import remove_left_folders, whole_folder, write_text
from napari_mtmri.readers.base import read_volume
from napari_mtmri.readers.nifti import write_nifti
from napari_mtmri.review.mask_store import write_mask
from napari_mtmri.review.opinions import CONSENSUS, Opinion, find_opinions, require_unblinded
from napari_mtmri.review.project import ReviewProject, folder_name
from napari_mtmri.tables import csv_text, json_text, read_rows

RECORD = "training-data.json"  # by which a folder of this kind is known
COLUMNS = ("case", "image", "mask", "patient", "split", "reader", "mask_sha256")


@dataclass(frozen=True)
class TrainingFolder:
    """A folder of approved cases.

    Parameters
    ----------
    folder : Path
    cases : tuple of str
    notes : tuple of str
        Sentences for the user.
    """

    folder: Path
    cases: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One line for the user."""
        n = len(self.cases)
        return f"{n} approved case{'s' * (n != 1)} for training in {self.folder}"


def export_training(
    project: ReviewProject, folder: Path, readers: Sequence[str] | None = None
) -> TrainingFolder:
    """Write images and masks of the approved cases, and their table, to a folder.

    The folder is complete in itself: ``napari-mtmri train --preset fine-tune --data FOLDER``.
    If there is a consensus on a case, its verdict and mask count. Without one, the mask is that
    of the first reader in alphabetical order who approved it, which a note says. The patients
    stay together, and a split that the data define is kept, so that test cases are never
    trained on.

    Parameters
    ----------
    project : ReviewProject
    folder : Path
        New or empty, or an earlier folder of this kind, which is replaced.
    readers : sequence of str, optional
        By default all readers.

    Raises
    ------
    RequestError
        If the folder contains anything else, or a reader does not exist or is blind.
    InputError
        If no case is approved, or a file cannot be read.
    ResourceError
        If the disk refuses; no partial folder is left.
    """
    require_unblinded(project, readers)
    opinions = find_opinions(project, readers or project.readers())
    chosen: dict[str, Opinion] = {}
    notes = []
    for name, found in opinions.items():
        combined = [one for one in found if one.status.reader.startswith(CONSENSUS)]
        approved = sorted((one for one in combined or found if one.is_approved), key=_preference)
        if approved:
            chosen[name] = approved[0]
            notes += _ambiguity(name, approved)
    if not chosen:
        raise InputError(f"{project.folder}: no case is approved yet; approve one first.")
    splits = _splits(project)
    with whole_folder(folder, RECORD, "a folder of approved cases") as place:
        rows = [_write(place, opinion, splits) for opinion in chosen.values()]
        write_text(place / CASES, csv_text(COLUMNS, rows))
        facts = {"software": f"napari-mtmri {__version__}", "cases": len(rows)}
        write_text(place / RECORD, json_text(facts))
    remove_left_folders(folder.parent)
    return TrainingFolder(folder, tuple(chosen), tuple(notes))


def _preference(opinion: Opinion) -> tuple[str, int]:
    """Return a key: by reader, the last reading first."""
    return opinion.status.reader, -opinion.status.reading


def _ambiguity(name: str, approved: Sequence[Opinion]) -> list[str]:
    first = approved[0].status.reader
    others = sorted({one.status.reader for one in approved} - {first})
    if not others or first.startswith(CONSENSUS):
        return []
    return [f"{name}: approved by {', '.join([first, *others])}; the mask of {first} was taken."]


def _splits(project: ReviewProject) -> dict[str, str]:
    """Return the split of each case in the table of the data; empty without a table."""
    table = project.data / CASES
    if not table.is_file():
        return {}
    return {row.get("case", ""): row.get("split", "") for row in read_rows(table)}


def _write(place: Path, opinion: Opinion, splits: dict[str, str]) -> dict[str, str]:
    """Write image and mask of a case and return its row of the table."""
    case, name = opinion.case, folder_name(opinion.case.name)
    image = read_volume(case.image)
    mask = opinion.read_mask(image)
    files = {kind: f"{kind}s/{name}.nii.gz" for kind in ("image", "mask")}
    for file in files.values():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
    write_nifti(image, place / files["image"])
    write_mask(mask, mask.data, place / files["mask"])
    return {
        "case": case.name,
        **files,
        "patient": case.patient or case.name,
        "split": splits.get(case.name, ""),
        "reader": opinion.name,
        "mask_sha256": opinion.status.sha256,
    }
