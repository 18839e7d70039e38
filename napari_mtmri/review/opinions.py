# SPDX-License-Identifier: BSD-3-Clause
"""Opinions: the verdict and the mask of each reader on each case, read from the journals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.errors import RequestError
from napari_mtmri.review.case_files import CaseFiles, mask_path, reader_readings
from napari_mtmri.review.case_list import APPROVED, REJECTED, CaseStatus
from napari_mtmri.review.cases import ReviewCase
from napari_mtmri.review.mask_store import Mask, empty_mask, read_mask
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.worklist import earlier_blinding
from napari_mtmri.volume import Volume

CONSENSUS = "consensus-"  # a reader whose masks are made of those of others


@dataclass(frozen=True)
class Opinion:
    """One reading of a case that ended with a verdict.

    Parameters
    ----------
    case : ReviewCase
    status : CaseStatus
        Verdict, difficulty, comment, time and version of the mask.
    mask : Path or None
        The mask that was signed off; None: an empty one.
    sources : Path or None
        Who decided each voxel of it.
    """

    case: ReviewCase
    status: CaseStatus
    mask: Path | None
    sources: Path | None = None

    @property
    def name(self) -> str:
        """Reader, with the number of the reading from the second on."""
        again = f", reading {self.status.reading}" if self.status.reading > 1 else ""
        return f"{self.status.reader}{again}"

    @property
    def has_mask(self) -> bool:
        """Whether the mask counts: it was not rejected."""
        return self.status.state != REJECTED

    @property
    def is_approved(self) -> bool:
        """Whether the reader approved the mask."""
        return self.status.state == APPROVED

    def read_mask(self, image: Volume) -> Mask:
        """Return the mask on the grid of the image of the case.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        return empty_mask(image) if self.mask is None else read_mask(self.mask, image)


def find_opinions(
    project: ReviewProject, readers: Sequence[str] | None = None
) -> dict[str, list[Opinion]]:
    """Return the opinions on each case that has any, by the name of the case.

    Parameters
    ----------
    project : ReviewProject
    readers : sequence of str, optional
        By default all readers except a consensus of others.

    Raises
    ------
    RequestError
        If a reader has no journal.
    InputError
        If a journal cannot be read.
    """
    known = project.readers()
    for reader in readers or ():
        if reader not in known:
            raise RequestError(
                f"`reader` {reader!r} has no journal in {project.folder}; there are: "
                f"{', '.join(known) or 'none'}."
            )
    wanted = readers or [name for name in known if not name.startswith(CONSENSUS)]
    found: dict[str, list[Opinion]] = {case.name: [] for case in project.cases}
    for reader in wanted:
        theirs = project.of(reader)
        for (name, _), status in sorted(reader_readings(theirs).items()):
            if name in found and status.is_done:
                found[name].append(_opinion(theirs, status))
    return {name: opinions for name, opinions in found.items() if opinions}


def require_unblinded(project: ReviewProject, readers: Sequence[str] | None = None) -> None:
    """Check that no reader is blind, before names are shown.

    Parameters
    ----------
    project : ReviewProject
    readers : sequence of str, optional
        By default all readers.

    Raises
    ------
    RequestError
        If one is.
    """
    for reader in readers or project.readers():
        if earlier_blinding(project.of(reader)).is_on:
            raise RequestError(
                f"{reader} still reads blind; unblind this reader first, or choose other readers "
                "with `reader`."
            )


def _opinion(project: ReviewProject, status: CaseStatus) -> Opinion:
    files = CaseFiles(project.mask_folder(status.name, status.reading))
    sources = files.sources(status.version) if status.version else None
    return Opinion(project.case(status.name), status, mask_path(project, status), sources)
