# SPDX-License-Identifier: BSD-3-Clause
"""A folder of any layout, by the file name patterns of the recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.readers.image import case_name
from napari_mtmri.train.data.sources.base import CaseFile, Source, read_pair
from napari_mtmri.train.recipe import Recipe

BIDS_PATIENT = re.compile(r"(?:^|/)(sub-[^/_]+)")
WILDCARD = re.compile(r"(\*\*/|\*|\?|\[[^\]]+\])")
Found = Mapping[Path, tuple[str, ...]]


def _list(folder: Path, recipe: Recipe) -> list[CaseFile]:
    globs = recipe.data.image_glob, recipe.data.labels_glob
    if not all(globs):
        raise RequestError(f"`image_glob` {globs[0]!r}, `labels_glob` {globs[1]!r}: give both.")
    images, labels = (_found(folder, str(pattern)) for pattern in globs)
    shared = min(len(WILDCARD.findall(str(pattern))) for pattern in globs)
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
    name = (image.parent / case_name(image)).relative_to(folder).as_posix()
    patient = patient_of(name, recipe.data.patient_regex)
    load = partial(read_pair, image, labels)
    return CaseFile(name, patient, "", str(image), str(labels), load)


def _found(folder: Path, pattern: str) -> Found:
    """Return the files that match a pattern, each with the text its wildcards match."""
    shape = re.compile("".join(map(_expression, WILDCARD.split(pattern))))
    found = {}
    for path in sorted(folder.glob(pattern)):
        match = shape.fullmatch(path.relative_to(folder).as_posix())
        if match and not path.name.startswith("."):
            found[path] = match.groups()
    return found


def _expression(part: str) -> str:
    """Return a part of a glob as a regular expression; a wildcard becomes a group."""
    if part.startswith("["):
        return f"({part.replace('[!', '[^')})"
    return {"**/": "((?:[^/]+/)*)", "*": "([^/]*)", "?": "([^/])"}.get(part, re.escape(part))


def patient_of(name: str, pattern: str | None) -> str:
    """Return the patient of a case.

    Parameters
    ----------
    name : str
        Name of the case.
    pattern : str or None
        Regular expression whose first group is the patient; None: the "sub-..." of a BIDS
        name, or else the whole name.

    Raises
    ------
    RequestError
        If the pattern is not a regular expression with a group, or does not match.
    """
    if pattern is None:
        match = BIDS_PATIENT.search(name)
        return match[1] if match else name
    try:
        match = re.search(pattern, name)
        found = match[1] if match else None
    except (re.error, IndexError) as why:
        raise RequestError(
            f"`patient_regex` {pattern!r}: {why}; give a regular expression with a group."
        ) from why
    if not found:
        raise RequestError(f"`patient_regex` {pattern!r} finds no patient in {name!r}; correct it.")
    return found


RULES = Source(
    "image_glob and labels_glob",
    lambda place, recipe: bool(recipe.data.image_glob or recipe.data.labels_glob),
    _list,
)
