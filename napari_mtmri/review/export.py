# SPDX-License-Identifier: BSD-3-Clause
"""Export of what was signed off: masks, tables, provenance; complete or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_mtmri import __version__
from napari_mtmri.errors import InputError
from napari_mtmri.files import remove_left_folders, sha256, whole_folder, write_text
from napari_mtmri.plotting import RESEARCH
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.case_list import CaseStatus
from napari_mtmri.review.journal import Event, Head, read_head, read_journal
from napari_mtmri.review.lesions import COLUMNS as LESION_COLUMNS
from napari_mtmri.review.lesions import measure_lesions
from napari_mtmri.review.mask_store import LABEL_NAMES, read_label_names, write_mask
from napari_mtmri.review.opinions import Opinion, find_opinions, require_unblinded
from napari_mtmri.review.project import ReviewProject, folder_name
from napari_mtmri.review.provenance import Exported, provenance
from napari_mtmri.review.reading import RANKED, SCORED, readings_csv
from napari_mtmri.review.worklist import earlier_blinding
from napari_mtmri.tables import csv_text, json_text
from napari_mtmri.volume import Volume

RECORD = "export.json"  # by which an export is known
VERDICT_COLUMNS = (
    "reader", "case", "reading", "verdict", "difficulty", "comment", "active_s", "mask",
    "mask_sha256", "sources", "journal_lines", "journal_head",
)  # fmt: skip
ENTITY = re.compile(r"^(sub|ses|acq|run|ce|rec)-[A-Za-z0-9]+$")
BIDS_VERSION = "1.10.0"


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Parameters
    ----------
    folder : Path
    n_masks : int
    readers : tuple of str
    notes : tuple of str
        Sentences for the user.
    """

    folder: Path
    n_masks: int
    readers: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One line for the user."""
        masks = f"{self.n_masks} mask{'s' * (self.n_masks != 1)}"
        return f"{masks} of {', '.join(self.readers)} exported to {self.folder}"


def export_review(
    project: ReviewProject,
    folder: Path,
    readers: Sequence[str] | None = None,
    *,
    bids: bool = False,
) -> ExportReport:
    """Write the signed-off masks of a project with their tables to a folder.

    The folder has masks on the grid of their images, the source of each voxel (0 none, 1
    model, 2 reader, 3 edited by a reader), ``verdicts.csv`` and ``lesions.csv``,
    ``readings.csv`` with scores of image quality if there are any, and ``provenance.json`` in
    terms of PROV. The head of each journal is quoted in ``verdicts.csv``.

    While the project's reader is blind, only his own masks are exported, under the titles that
    he sees.

    Parameters
    ----------
    project : ReviewProject
    folder : Path
        New or empty, or an earlier export, which is replaced.
    readers : sequence of str, optional
        By default all readers.
    bids : bool
        Name the masks like derivatives of BIDS.

    Raises
    ------
    RequestError
        If the folder contains anything else, a reader does not exist, or another reader is
        blind.
    InputError
        If nothing was signed off, or a file cannot be read.
    ResourceError
        If the disk refuses; no partial folder is left.
    """
    blinding = earlier_blinding(project)
    if blinding.is_on:
        readers = [project.reader]
    else:
        require_unblinded(project, readers)
    opinions = [one for found in find_opinions(project, readers or project.readers()).values()
                for one in found]  # fmt: skip
    if not opinions:
        raise InputError(f"{project.folder}: nothing is signed off yet; give a case a verdict.")
    if blinding.is_on:
        opinions = [_blinded(one, blinding.case_title, blinding.text) for one in opinions]
    names = tuple(dict.fromkeys(one.status.reader for one in opinions))
    journals = {name: _Journal.of(project.of(name)) for name in names}
    with whole_folder(folder, RECORD, "an export of a review") as place:
        writer = _Writer(place, journals, blinding.text, bids=bids)
        for opinion in opinions:
            writer.add(opinion)
        writer.finish()
        if read_label_names(project.folder):
            shutil.copyfile(project.folder / LABEL_NAMES, place / LABEL_NAMES)
    remove_left_folders(folder.parent)
    return ExportReport(folder, len(opinions), names, tuple(writer.notes))


@dataclass(frozen=True)
class _Journal:
    """Events and head of a reader's journal."""

    events: tuple[Event, ...]
    head: Head

    @classmethod
    def of(cls, project: ReviewProject) -> _Journal:
        head = read_head(project.journal) or Head()
        return cls(tuple(read_journal(project.journal, skip_damaged=True)), head)

    def of_reading(self, case: str, reading: int) -> tuple[Event, ...]:
        """Return the events of one reading of a case."""
        return tuple(
            one
            for one in self.events
            if one.get("case") == case and one.get("reading", 1) == reading
        )


class _Writer:
    """Writes the masks of an export and gathers its tables."""

    def __init__(
        self,
        place: Path,
        journals: dict[str, _Journal],
        shown: Callable[[str], str],
        *,
        bids: bool,
    ) -> None:
        self._place, self._journals, self._shown, self._bids = place, journals, shown, bids
        self._verdicts: list[dict[str, Any]] = []
        self._lesions: list[dict[str, Any]] = []
        self._exported: list[Exported] = []
        self.notes: list[str] = []

    def add(self, opinion: Opinion) -> None:
        """Write one mask and note its verdict and lesions."""
        image = read_volume(opinion.case.image)
        mask, sources = bids_names(opinion) if self._bids else plain_names(opinion)
        labels = self._write(opinion, image, mask)
        if opinion.sources is not None and opinion.sources.is_file():
            self._copy(opinion.sources, sources)
        else:
            sources = ""
        if self._bids:
            self._text(mask.replace(".nii.gz", ".json"), json_text(_sidecar(opinion)))
        self._note(opinion, image, labels, mask, sources)

    def _write(self, opinion: Opinion, image: Volume, name: str) -> Any:
        """Write the mask of an opinion and return its labels."""
        found = opinion.read_mask(image)
        if opinion.status.version and opinion.mask is not None:
            self._copy(opinion.mask, name)
            if opinion.status.sha256 not in ("", sha256(opinion.mask)):
                self.notes.append(f"{name}: was changed by another program after the verdict.")
        else:
            (self._place / name).parent.mkdir(parents=True, exist_ok=True)
            write_mask(found, found.data, self._place / name)
        return found.data

    def _copy(self, source: Path, name: str) -> None:
        target = self._place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def _note(self, opinion: Opinion, image: Volume, labels: Any, mask: str, sources: str) -> None:
        status = opinion.status
        journal = self._journals[status.reader]
        digest = sha256(self._place / mask)
        who = {"reader": status.reader, "case": status.title, "reading": status.reading}
        self._verdicts.append({
            **who, "verdict": status.state, "difficulty": status.difficulty,
            "comment": status.comment, "active_s": status.active_s, "mask": mask,
            "mask_sha256": digest, "sources": sources, "journal_lines": journal.head.count,
            "journal_head": journal.head.hash,
        })  # fmt: skip
        table = measure_lesions(
            labels,
            image.affine,
            spacing_known=image.spacing_known,
            image=image.data if image.kind == "image" else None,
        )
        self._lesions += [{**who, **row} for row in table.rows()]
        # The name of a tool may contain the title of a mask: "begin with mtmri".
        events = tuple(
            {**one, "tools": {self._shown(tool): n for tool, n in one.get("tools", {}).items()}}
            for one in journal.of_reading(status.name, status.reading)
        )
        self._exported.append(
            Exported(mask, status.title, status.reader, status.reading, digest, events)
        )

    def finish(self) -> None:
        """Write the tables and records."""
        write = self._text
        columns = ("reader", "case", "reading", *LESION_COLUMNS)
        write("verdicts.csv", csv_text(VERDICT_COLUMNS, self._verdicts))
        write("lesions.csv", csv_text(columns, self._lesions))
        scores = [event for one in self._journals.values() for event in one.events]
        if any(event["event"] in (SCORED, RANKED) for event in scores):
            write("readings.csv", readings_csv(scores))
        heads = {name: one.head for name, one in self._journals.items()}
        write("provenance.json", json_text(provenance(self._exported, heads)))
        software = {"software": f"napari-mtmri {__version__}", "note": RESEARCH}
        write(RECORD, json_text({**software, "masks": len(self._verdicts)}))
        if self._bids:
            write("dataset_description.json", json_text(_description()))

    def _text(self, name: str, text: str) -> None:
        write_text(self._place / name, text)


def plain_names(opinion: Opinion) -> tuple[str, str]:
    """Return the paths of a mask and of its sources in an export, by reader and case."""
    again = f"_reading-{opinion.status.reading}" if opinion.status.reading > 1 else ""
    name = f"{opinion.status.reader}/{folder_name(opinion.status.title)}{again}.nii.gz"
    return f"masks/{name}", f"sources/{name}"


def bids_names(opinion: Opinion) -> tuple[str, str]:
    """Return the paths of a mask and of its sources as derivatives of BIDS.

    Entities of the image's file name are kept. Without any, the subject is the case.
    """
    title, words = opinion.status.title, opinion.case.image.name.partition(".")[0].split("_")
    kept = [word for word in words if ENTITY.match(word)]
    if title != opinion.case.name or not kept or not kept[0].startswith("sub-"):
        kept = [f"sub-{_alnum(title)}"]
    folders = [word for word in kept if word[:4] in ("sub-", "ses-")]
    start = "/".join((*folders, "anat", "_".join((*kept, "space-orig"))))
    who = _alnum(opinion.name)
    return f"{start}_desc-{who}_dseg.nii.gz", f"{start}_desc-{who}Sources_dseg.nii.gz"


def _alnum(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text) or "x"


def _description() -> dict[str, Any]:
    return {
        "Name": "Reviewed segmentations",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "napari-mtmri", "Version": __version__}],
    }


def _sidecar(opinion: Opinion) -> dict[str, Any]:
    is_blind = opinion.status.title != opinion.case.name
    return {
        "Manual": True,
        "SpatialReference": "orig",
        "Sources": [] if is_blind else [opinion.case.image.name],
        "Description": f"Segmentation {opinion.status.state} by {opinion.name}",
    }


def _blinded(opinion: Opinion, title: Callable[[str], str], text: Callable[[str], str]) -> Opinion:
    """Return an opinion under the title that a blind reader sees."""
    status: CaseStatus = opinion.status
    shown = replace(status, title=title(status.name), comment=text(status.comment))
    return replace(opinion, status=shown)
