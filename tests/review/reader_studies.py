# SPDX-License-Identifier: BSD-3-Clause
"""Small studies on disk: images, a model's masks, and readers who correct and judge them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

import napari_mtmri as mt
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.project import ReviewProject, open_project
from napari_mtmri.review.session import ReviewSession
from tests.tiny import head_volume

SHAPE = (20, 24, 5)
AFFINE = np.diag([1.0, 1.0, 4.0, 1.0])


def block(start: int = 6, size: int = 5, label: int = 1) -> np.ndarray:
    """A mask with one box."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[start : start + size, 8:14, 1:4] = label
    return mask


def write_study(folder: Path, n: int = 3, label: int = 1) -> Path:
    """Write images and masks of ``n`` cases and their table; return the folder."""
    folder.mkdir(parents=True)
    lines = ["case,image,mask,patient"]
    for number in range(n):
        image = head_volume(SHAPE, seed=number)
        mt.save(image, folder / f"p{number}_image.nii.gz")
        mt.save(image.like(block(label=label), kind="labels"), folder / f"p{number}_mask.nii.gz")
        lines.append(f"p{number},p{number}_image.nii.gz,p{number}_mask.nii.gz,patient{number}")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    return folder


def read_as(
    folder: Path,
    reader: str,
    masks: Mapping[str, np.ndarray],
    verdicts: Mapping[str, str] | None = None,
    *,
    again: bool = False,
) -> ReviewProject:
    """Let a reader give each case a mask and a verdict ("approve" by default)."""
    project = open_project(folder, reader)
    with ReviewSession(project, prefetch=False) as session:
        for name, mask in masks.items():
            opened = session.second_reading(name) if again else session.open(name)
            session.apply(Edit.between(opened.data, mask, "brush"))
            verdict = (verdicts or {}).get(name, "approve")
            session.verdict(verdict, difficulty="easy", comment=f"{reader} on {name}")
    return project
