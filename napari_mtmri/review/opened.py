# SPDX-License-Identifier: BSD-3-Clause
"""An opened case: image, mask, history of edits, and what a crash left behind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import InputError, MtmriError, RequestError
from napari_mtmri.files import sha256
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.case_files import CaseFiles
from napari_mtmri.review.case_list import CaseStatus
from napari_mtmri.review.cases import ReviewCase
from napari_mtmri.review.edits import Array, Edit, History
from napari_mtmri.review.mask_store import Mask, empty_mask, read_mask
from napari_mtmri.review.sources import first_sources, source_map
from napari_mtmri.review.stroke_file import START, Record, read_records, replay, start_of, unsaved
from napari_mtmri.volume import Volume


@dataclass(frozen=True, eq=False)
class Recovery:
    """Edits that a crash left unsaved.

    Parameters
    ----------
    restored : integer array, (i, j, k)
        The mask with these edits.
    on_disk : integer array, (i, j, k)
        The mask as it was last saved.
    n_edits : int
        Number of unsaved edits, undos and redos.
    when : datetime
        When the last of them was written.
    history : History
        Of the restored mask.
    strokes : Path or None
        File of the edits; None if it was damaged and the mask is the autosaved one.
    size : int
        Bytes of this file that are sound.
    sources : uint8 array, (i, j, k)
        Sources of the voxels before the edits of the history.
    """

    restored: Array
    on_disk: Array
    n_edits: int
    when: datetime
    history: History = field(repr=False)
    sources: NDArray[np.uint8] = field(repr=False)
    strokes: Path | None = None
    size: int = 0


@dataclass(eq=False)
class OpenCase:
    """A case in memory; edits go through the session.

    Parameters
    ----------
    case : ReviewCase
    status : CaseStatus
        Of this reading, when it was opened.
    image : Volume
    mask : Mask
        As it was opened; its ``data`` is changed by edits.
    history : History
    start_sources : uint8 array, (i, j, k)
        Sources of the voxels before the edits of the history.
    notes : tuple of str
        Sentences for the reader: resampled, changed outside, ...
    recovery : Recovery or None
        What a crash left behind, until the reader has chosen.
    """

    case: ReviewCase
    status: CaseStatus
    image: Volume
    mask: Mask
    history: History
    start_sources: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    recovery: Recovery | None = None

    @property
    def name(self) -> str:
        """Name of the case."""
        return self.case.name

    @property
    def reading(self) -> int:
        """Number of the reading, from 1."""
        return self.status.reading

    @property
    def data(self) -> Array:
        """The mask that is edited, (i, j, k), in the voxel axes of the image's file."""
        return self.history.mask

    def sources(self) -> NDArray[np.uint8]:
        """Return who decided each voxel: `sources.NONE`, MODEL, READER or EDITED."""
        return source_map(self.start_sources, self.history.done)

    def sequence(self, title: str) -> Volume:
        """Return another image of the case.

        Raises
        ------
        RequestError
            If there is none of this title.
        InputError
            If it cannot be read.
        """
        return read_volume(_choice(self.case.sequences, title, "sequence"))

    def other_mask(self, title: str) -> Mask:
        """Return another mask of the case, on the grid of the image.

        Raises
        ------
        RequestError
            If there is none of this title.
        InputError
            If it cannot be read.
        """
        return read_mask(_choice(self.case.masks, title, "mask"), self.image)

    def probability(self, title: str) -> Volume | None:
        """Return the probability map of a mask if there is one on the grid of the image."""
        path = self.case.probabilities.get(title)
        volume = read_volume(path) if path is not None else None
        return volume if volume is not None and volume.same_grid(self.image) else None


def _choice(paths: Any, title: str, what: str) -> Path:
    if title not in paths:
        raise RequestError(
            f"There is no {what} {title!r}; choose one of {', '.join(paths) or 'none'}."
        )
    return Path(paths[title])


def load_case(
    case: ReviewCase, status: CaseStatus, folder: Path, *, recover: bool = True
) -> OpenCase:
    """Read a case from the disk.

    Parameters
    ----------
    case : ReviewCase
    status : CaseStatus
        Its version is read; without one, its base mask, or an empty mask.
    folder : Path
        Of the reading.
    recover : bool
        Look for edits that a crash left unsaved.

    Raises
    ------
    InputError
        If the image or every mask cannot be read.
    """
    image = read_volume(case.image)
    files = CaseFiles(folder)
    mask, notes = _saved_mask(case, status, files, image)
    start = _start_sources(case, status, files, mask)
    opened = OpenCase(
        case, status, image, mask, History(mask.data), start, (*image.warnings, *mask.notes, *notes)
    )
    if recover:
        try:
            opened.recovery = _from_strokes(opened, files)
        except InputError as why:
            opened.notes = (*opened.notes, str(why))
            opened.recovery = _from_autosave(opened, files)
    return opened


def _saved_mask(
    case: ReviewCase, status: CaseStatus, files: CaseFiles, image: Volume
) -> tuple[Mask, list[str]]:
    """Return the last version, or what comes nearest to it."""
    if not status.version:
        return base_mask(case, status.base, image), []
    path = files.folder / status.version
    try:
        mask = read_mask(path, image)
    except InputError as why:
        return base_mask(case, status.base, image), [f"{why} The mask it began with is shown."]
    changed = status.sha256 and sha256(path) != status.sha256
    notes = [f"{path.name}: was changed by another program since it was saved."]
    return mask, notes if changed else []


def base_mask(case: ReviewCase, title: str, image: Volume) -> Mask:
    """Return one of the masks of a case, or an empty mask if there is none of this title.

    The dtype of the file is kept.
    """
    path = case.masks.get(title)
    return empty_mask(image) if path is None else read_mask(path, image)


def _start_sources(
    case: ReviewCase, status: CaseStatus, files: CaseFiles, mask: Mask
) -> NDArray[np.uint8]:
    if status.version:
        path = files.sources(status.version)
        try:
            found = read_volume(path, "labels").data
            if found.shape == mask.data.shape:
                return np.array(found, np.uint8)
        except InputError:
            pass  # a mask without sources counts as the reader's
        return first_sources(mask.data, by_model=False)
    return first_sources(mask.data, by_model=status.base in case.models)


def _from_strokes(opened: OpenCase, files: CaseFiles) -> Recovery | None:
    """Return the unsaved edits in the newest stroke file, if they change the mask.

    Raises
    ------
    InputError
        If the file is damaged from its beginning.
    """
    path = files.last_strokes()
    if path is None:
        return None
    records, size = read_records(path)
    if not unsaved(records):
        return None
    start = start_of(path, records)
    status = replace(opened.status, version=start["version"], base=start["mask"], sha256="")
    mask, notes = _saved_mask(opened.case, status, files, opened.image)
    opened.notes = (*opened.notes, *notes)
    history = replay(records, mask.data)
    if np.array_equal(history.mask, opened.data):
        return None
    return Recovery(
        restored=history.mask,
        on_disk=opened.data.copy(),
        n_edits=unsaved(records),
        when=_written(path),
        history=history,
        sources=_start_sources(opened.case, status, files, mask),
        strokes=path,
        size=size,
    )


def _from_autosave(opened: OpenCase, files: CaseFiles) -> Recovery | None:
    """Return the autosaved mask as one edit, where strokes are damaged."""
    if not files.autosave.is_file():
        return None
    try:
        found = read_mask(files.autosave, opened.image)
        history = History(opened.data.copy())
        history.apply(Edit.between(opened.data, found.data, "autosave"))
    except MtmriError as why:
        opened.notes = (*opened.notes, str(why))
        return None
    return Recovery(
        restored=history.mask,
        on_disk=opened.data.copy(),
        n_edits=1,
        when=_written(files.autosave),
        history=history,
        sources=opened.start_sources,
    )


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone()


def start_record(opened: OpenCase) -> Record:
    """Return the first record of a stroke file: what its edits are made on."""
    return Record(
        START,
        {
            "case": opened.name,
            "reading": opened.reading,
            "version": opened.status.version,
            "mask": opened.status.base,
            "shape": list(opened.data.shape),
            "dtype": opened.data.dtype.str,
        },
    )
