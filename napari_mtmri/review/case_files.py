# SPDX-License-Identifier: BSD-3-Clause
"""Files of one reading of a case: versions of the mask, sources, strokes, autosave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.review.case_list import CaseStatus, readings
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.project import ReviewProject

AUTOSAVE = "autosave.nii.gz"
VERSION = re.compile(r"v(\d+)\.nii\.gz")
DISCARDED = re.compile(r"discarded-(\d+)\.nii\.gz")
STROKES = re.compile(r"strokes-(\d+)\.bin")


@dataclass(frozen=True)
class CaseFiles:
    """Names of the files in the folder of one reading of a case.

    Parameters
    ----------
    folder : Path
    """

    folder: Path

    @property
    def autosave(self) -> Path:
        """The mask as it was at most 20 s ago; removed when a version is saved."""
        return self.folder / AUTOSAVE

    def version(self, number: int) -> Path:
        """Return the path of a version of the mask."""
        return self.folder / f"v{number:04d}.nii.gz"

    def sources(self, version: str) -> Path:
        """Return the path of the sources of the voxels of a version."""
        return self.folder / version.replace(".nii.gz", ".sources.nii.gz")

    def next_version(self) -> int:
        """Return the number of the next version."""
        return max(self._numbers(VERSION), default=0) + 1

    def last_strokes(self) -> Path | None:
        """Return the newest stroke file."""
        number = max(self._numbers(STROKES), default=0)
        return self.strokes(number) if number else None

    def strokes(self, number: int) -> Path:
        """Return the path of a stroke file."""
        return self.folder / f"strokes-{number:04d}.bin"

    def next_strokes(self) -> Path:
        """Return the path of a new stroke file."""
        return self.strokes(max(self._numbers(STROKES), default=0) + 1)

    def next_discarded(self) -> Path:
        """Return where an autosave is kept that the reader did not want."""
        number = max(self._numbers(DISCARDED), default=0) + 1
        return self.folder / f"discarded-{number:04d}.nii.gz"

    def _numbers(self, shape: re.Pattern[str]) -> list[int]:
        if not self.folder.is_dir():
            return []
        matches = (shape.fullmatch(path.name) for path in self.folder.iterdir())
        return [int(match[1]) for match in matches if match]


def reader_readings(project: ReviewProject) -> dict[tuple[str, int], CaseStatus]:
    """Return the status of each reading of a project's reader, from the journal."""
    return readings(read_journal(project.journal, skip_damaged=True))


def mask_path(project: ReviewProject, status: CaseStatus) -> Path | None:
    """Return the mask that a reading has come to: its last version, or the mask it began with.

    None: no mask was saved, and there was none to begin with.
    """
    if status.version:
        return project.mask_folder(status.name, status.reading) / status.version
    masks = project.case(status.name).masks
    return masks.get(status.base)
