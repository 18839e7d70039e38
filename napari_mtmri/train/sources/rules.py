# SPDX-License-Identifier: BSD-3-Clause
"""A folder of any layout, by the recipe's own rules."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.sources.base import CaseFile, Source, read_pair


def _list(folder: Path, recipe: Recipe) -> list[CaseFile]:
    if not (recipe.image_glob and recipe.labels_glob):
        raise RequestError(
            f"image_glob {recipe.image_glob!r}, labels_glob {recipe.labels_glob!r}: give both."
        )
    images, labels = (
        sorted(folder.glob(pattern)) for pattern in (recipe.image_glob, recipe.labels_glob)
    )
    images = [path for path in images if path not in set(labels)]
    if len(images) != len(labels):
        raise InputError(
            f"{folder}: {len(images)} images and {len(labels)} labels; make image_glob and "
            "labels_glob find one of each for a case."
        )
    found = []
    for image, mask in zip(images, labels, strict=True):
        name = str(image.relative_to(folder)).split(".")[0]
        patient = patient_of(name, recipe.patient_regex)
        found.append(CaseFile(name, patient, "", str(image), str(mask), partial(read_pair, image, mask)))  # fmt: skip
    return found


def patient_of(name: str, pattern: str | None) -> str:
    """Return the patient in a case's name; the whole name without a pattern.

    Raises
    ------
    RequestError
        If the pattern is none, or finds nobody.
    """
    if pattern is None:
        return name
    try:
        match = re.search(pattern, name)
        found = match[1] if match else None
    except (re.error, IndexError) as why:
        raise RequestError(f"patient_regex {pattern!r}: {why}; it needs one group.") from why
    if not found:
        raise RequestError(f"patient_regex {pattern!r} finds no patient in {name!r}; mend it.")
    return found


RULES = Source(
    "image_glob and labels_glob",
    lambda place, recipe: bool(recipe.image_glob or recipe.labels_glob),
    _list,
)
