# SPDX-License-Identifier: BSD-3-Clause
"""ATLAS, T1-weighted images of stroke: releases 1.2 and 2.0 as published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.readers.base import read_volume
from napari_mtmri.train.data.sources.base import CaseFile, Pair, Source
from napari_mtmri.train.recipe import Recipe

# R1.2: Site/patient/tNN/…_t1w_deface_stx.nii.gz; one file per lesion: …_LesionSmooth[_k]_stx.nii.gz.
IMAGE_1, LESIONS_1 = "*/*/t*/*t1w*stx.nii*", "*LesionSmooth*stx.nii*"
# R2.0, in BIDS: site/sub-…/ses-…/anat/…_T1w.nii.gz and …_label-L_desc-T1lesion_mask.nii.gz.
IMAGE_2, LESIONS_2 = "sub-*/ses-*/anat/*_T1w.nii*", "*_label-L*_mask.nii*"
ABOVE = ("", "*/", "*/*/", "*/*/*/")  # up to three parent folders
INSIDE = 0.5  # lesions of R1.2 are smoothed, 0 to 1 or 0 to 255


def _images(folder: Path, pattern: str) -> Iterator[Path]:
    return (path for above in ABOVE for path in sorted(folder.glob(above + pattern)))


def _list(folder: Path, recipe: Recipe) -> list[CaseFile]:
    found = []
    for image in _images(folder, IMAGE_1):
        lesions = sorted(image.parent.glob(LESIONS_1))
        if not lesions:
            raise InputError(f"{image}: no lesion mask {LESIONS_1} next to it; copy it again.")
        site, patient, visit = image.parts[-4:-1]
        found.append(_case(f"{site}-{patient}-{visit}", f"{site}-{patient}", image, lesions))
    for image in _images(folder, IMAGE_2):
        lesions = sorted(image.parent.glob(LESIONS_2))
        patient, session = image.parts[-4:-2]
        if lesions:  # the masks of the published test set are withheld
            found.append(_case(f"{patient}_{session}", patient, image, lesions))
    return found


def _case(name: str, patient: str, image: Path, lesions: Sequence[Path]) -> CaseFile:
    shown = ", ".join(map(str, lesions))
    return CaseFile(name, patient, "", str(image), shown, partial(read_united, image, lesions))


def read_united(image: Path, lesions: Sequence[Path]) -> Pair:
    """Return an image and the union of its lesion masks, on the same grid."""
    volume = read_volume(image, "image")
    union = np.zeros(volume.shape, bool)
    for path in lesions:
        mask = read_volume(path, "image").data
        if mask.shape != union.shape:
            raise InputError(
                f"{path}: shape {mask.shape} is not that of its image, {union.shape}; copy the file again."
            )
        union |= mask > INSIDE * max(float(mask.max()), 1e-12)
    return volume, volume.like(union.astype(np.uint8), kind="labels")


ATLAS = Source(
    "ATLAS R1.2 or R2.0",
    lambda place, recipe: (
        place.is_dir()
        and any(next(_images(place, pattern), None) for pattern in (IMAGE_1, IMAGE_2))
    ),
    _list,
)
