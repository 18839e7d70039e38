# SPDX-License-Identifier: BSD-3-Clause
"""ATLAS, T1-weighted images of stroke: releases 1.2 and 2.0 as they are published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.sources.base import CaseFile, Pair, Source, read_volume

# R1.2: Site/patient/tNN/…_t1w_deface_stx.nii.gz; one file a lesion: …_LesionSmooth[_k]_stx.nii.gz.
IMAGE_1, LESIONS_1 = "*/*/t*/*t1w*stx.nii*", "*LesionSmooth*stx.nii*"
# R2.0, a BIDS derivative: sub-…/ses-…/anat/…_T1w.nii.gz and …_label-L_…_mask.nii.gz.
IMAGE_2, LESIONS_2 = "**/sub-*/ses-*/anat/*_T1w.nii*", "*_label-L*_mask.nii*"
INSIDE = 0.5  # lesions of R1.2 are smoothed, 0 to 1 or 0 to 255


def _list(folder: Path, recipe: Recipe) -> list[CaseFile]:
    found = []
    for image in sorted(folder.glob(IMAGE_1)):
        lesions = sorted(image.parent.glob(LESIONS_1))
        patient = f"{image.parents[2].name}-{image.parents[1].name}"
        found.append(_case(f"{patient}-{image.parent.name}", patient, image, lesions))
    for image in sorted(folder.glob(IMAGE_2)):
        lesions = sorted(image.parent.glob(LESIONS_2))
        patient, session = image.parents[2].name, image.parents[1].name
        if lesions:  # the masks of the published test set are withheld
            found.append(_case(f"{patient}_{session}", patient, image, lesions))
    return found


def _case(name: str, patient: str, image: Path, lesions: Sequence[Path]) -> CaseFile:
    if not lesions:
        raise InputError(f"{image}: no lesion mask beside it; copy the folder again.")
    shown = ", ".join(path.name for path in lesions)
    load = partial(read_united, image, tuple(lesions))
    return CaseFile(name, patient, "", str(image), shown, load)


def read_united(image: Path, lesions: Sequence[Path]) -> Pair:
    """Return an image and the union of its lesion masks."""
    masks = [read_volume(path, "image") for path in lesions]
    first = masks[0]
    shapes = {mask.shape for mask in masks}
    if len(shapes) > 1:
        raise InputError(f"{lesions[0]}: masks of shapes {sorted(shapes)}; copy them again.")
    union = np.zeros(first.shape, np.uint8)
    for mask in masks:
        union |= (mask.data > INSIDE * max(float(mask.data.max()), 1e-12)).astype(np.uint8)
    return read_volume(image, "image"), replace(first, data=union, kind="labels")


ATLAS = Source(
    "ATLAS R1.2 or R2.0",
    lambda place, recipe: place.is_dir() and any(
        next(place.glob(pattern), None) for pattern in (IMAGE_1, IMAGE_2)
    ),
    _list,
)  # fmt: skip
