# SPDX-License-Identifier: BSD-3-Clause
"""The LGG set "kaggle_3m": a folder ``TCGA_*`` of slices for each patient."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_mtmri.train.data.sources.base import CaseFile, Source, read_pair
from napari_mtmri.train.recipe import Recipe

FOLDERS = "TCGA_*"
PATIENT_WORDS = 3  # TCGA_site_number, then the date of the examination


def _list(folder: Path, recipe: Recipe) -> list[CaseFile]:
    return [
        CaseFile(
            place.name,
            "_".join(place.name.split("_")[:PATIENT_WORDS]),
            "",
            str(place),
            f"{place.name}_*_mask.tif",
            partial(read_pair, place, place),
        )
        for place in sorted(folder.glob(FOLDERS))
        if place.is_dir()
    ]


KAGGLE = Source(
    "kaggle_3m",
    lambda place, recipe: (
        place.is_dir() and next(place.glob(f"{FOLDERS}/TCGA_*.tif"), None) is not None
    ),
    _list,
)
