# SPDX-License-Identifier: BSD-3-Clause
"""A folder of any layout, by the file name patterns of the recipe."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_mtmri.batch.file_rules import count_wildcards, matching_files, patient_of
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import shown_name
from napari_mtmri.readers.image import case_name
from napari_mtmri.train.data.sources.base import CaseFile, Source, read_pair
from napari_mtmri.train.recipe import Recipe


def _list(folder: Path, recipe: Recipe) -> list[CaseFile]:
    globs = recipe.data.image_glob, recipe.data.labels_glob
    if not all(globs):
        raise RequestError(f"`image_glob` {globs[0]!r}, `labels_glob` {globs[1]!r}: give both.")
    images, labels = (matching_files(folder, str(pattern)) for pattern in globs)
    shared = min(count_wildcards(str(pattern)) for pattern in globs)
    by_words: dict[tuple[str, ...], list[Path]] = {}
    for path, words in labels.items():
        by_words.setdefault(words[:shared], []).append(path)
    found = []
    for image, words in images.items():
        if image in labels:
            continue
        matching = by_words.pop(words[:shared], [])
        if len(matching) != 1:
            names = ", ".join(map(str, matching)) or "none"
            raise InputError(
                f"{image}: labels that match are {names}; the first wildcards of `image_glob` "
                "and `labels_glob` must match the same text for one case."
            )
        found.append(_case(folder, image, matching[0], recipe))
    return found


def _case(folder: Path, image: Path, labels: Path, recipe: Recipe) -> CaseFile:
    name = shown_name((image.parent / case_name(image)).relative_to(folder).as_posix())
    patient = patient_of(name, recipe.data.patient_regex)
    load = partial(read_pair, image, labels)
    return CaseFile(name, patient, "", str(image), str(labels), load)


RULES = Source(
    "image_glob and labels_glob",
    lambda place, recipe: bool(recipe.data.image_glob or recipe.data.labels_glob),
    _list,
)
