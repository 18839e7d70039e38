# SPDX-License-Identifier: BSD-3-Clause
"""Small studies to review, and a clock that tests turn."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nibabel as nib
import numpy as np

from napari_mtmri.review.clock import Clock
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.project import ReviewProject, open_project
from napari_mtmri.review.session import ReviewSession

SHAPE = (12, 10, 6)
AFFINE = np.diag([-1.0, -1.0, 3.0, 1.0])


def write_nifti(path: Path, data: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


def make_study(folder: Path, n_cases: int = 3, shape: tuple[int, int, int] = SHAPE) -> Path:
    """Write images and 0/1 masks: pat01_flair.nii.gz, pat01_mask.nii.gz, ..."""
    rng = np.random.default_rng(1)
    for number in range(1, n_cases + 1):
        image = rng.integers(0, 900, shape).astype(np.int16)
        mask = np.zeros(shape, np.uint8)
        mask[2:5, 3:6, 1:3] = 1
        write_nifti(folder / f"pat{number:02d}_flair.nii.gz", image)
        write_nifti(folder / f"pat{number:02d}_mask.nii.gz", mask)
    return folder


def make_project(folder: Path, n_cases: int = 3, reader: str = "Anna") -> ReviewProject:
    return open_project(make_study(folder, n_cases), reader)


def session_of(project: ReviewProject, **settings: object) -> ReviewSession:
    return ReviewSession(project, **{"retry_s": 0.01, **settings})  # type: ignore[arg-type]


def draw(session: ReviewSession, seed: int = 0, label: int = 1) -> Edit:
    """Make one edit of a few random voxels in the open case."""
    assert session.current is not None
    rng = np.random.default_rng(seed)
    after = session.current.data.copy()
    after.reshape(-1)[rng.integers(0, after.size, 9)] = label
    after.reshape(-1)[rng.integers(0, after.size, 3)] = 0
    edit = Edit.between(session.current.data, after, "brush", label=label)
    session.apply(edit)
    return edit


def hashes(folder: Path, *, without: str = "review") -> dict[str, str]:
    """Return the hash of each file of a folder but those of the review."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and without not in path.relative_to(folder).parts
    }


def voxels(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


class HandClock(Clock):
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.wall, self.seconds = datetime(2026, 5, 4, 12, 3, 4, tzinfo=UTC), 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds
