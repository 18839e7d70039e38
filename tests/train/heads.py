# SPDX-License-Identifier: BSD-3-Clause
"""A recipe and cases for trainings of one second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.recipe import Recipe

TINY = Recipe(
    recon_cascades=1, recon_convs=2, recon_features=4, seg_features=2, seg_depth=1, epochs=2,
    batch_size=2, learning_rate=1e-3, lesion_fraction=0.5, slices_per_case=3, augment="affine",
    crop=(16, 16), validation_slices=2,
)  # fmt: skip


def changed(**keys: object) -> Recipe:
    return Recipe(**{**TINY.flat(mode="python"), **keys})


def head(name: str, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[-1:1:20j, -1:1:18j]
    inside = (rows**2 + columns**2 < 0.7)[None] * np.ones((5, 1, 1))
    image = (inside * (100 + 20 * rng.random((5, 20, 18)))).astype(np.uint8)
    labels = np.zeros((5, 20, 18), np.uint8)
    labels[2:4, 8:12, 6:9] = 1
    return Case(name, image, labels, 2)


def write_cases(place: Path, splits: Sequence[str]) -> Path:
    import nibabel as nib

    place.mkdir()
    lines = ["case,image,mask,split"]
    for number, split in enumerate(splits):
        case = head(f"p{number}", number)
        for kind, stack in (("image", case.image), ("mask", case.labels)):
            nib.save(
                nib.Nifti1Image(stack.transpose(2, 1, 0), np.eye(4)),
                place / f"{number}_{kind}.nii.gz",
            )
        lines.append(f"p{number},{number}_image.nii.gz,{number}_mask.nii.gz,{split}")
    (place / "cases.csv").write_text("\n".join(lines))
    return place
