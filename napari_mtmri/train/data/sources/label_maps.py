# SPDX-License-Identifier: BSD-3-Clause
"""A folder of tissue label maps, with a list of the tissue of each number."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from napari_mtmri.errors import InputError
from napari_mtmri.files import read_text
from napari_mtmri.readers.base import has_ending, read_volume
from napari_mtmri.readers.image import case_name
from napari_mtmri.tissues import TISSUES
from napari_mtmri.train.data.sources.anatomy import (
    MOST_NUMBER,
    Anatomy,
    Meaning,
    simulated_case,
    with_sides,
)
from napari_mtmri.train.data.sources.base import CaseFile, Source
from napari_mtmri.train.recipe import Recipe

LIST = "tissues.json"
ENDINGS = (".nii", ".nii.gz", ".mgz", ".mgh", ".mnc")
MOST_CLASS = 255


def read_meaning(path: Path) -> Meaning:
    """Return the content of ``tissues.json``: {"1": {"tissue": "csf", "class": 1}, ...}.

    Raises
    ------
    InputError
        If the file is not such a list, or a tissue is unknown.
    """
    try:
        content = json.loads(read_text(path))
        tissues = {int(number): str(entry["tissue"]) for number, entry in content.items()}
        classes = {int(n): int(entry["class"]) for n, entry in content.items() if "class" in entry}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as why:
        raise InputError(
            f'{path}: not a list of tissues ({why}); write {{"1": {{"tissue": "csf", "class": 1}}}}.'
        ) from why
    unknown = sorted(set(tissues.values()) - set(TISSUES[1.5]))
    if unknown:
        raise InputError(f"{path}: unknown {', '.join(unknown)}; known: {', '.join(TISSUES[1.5])}.")
    for number in tissues:
        if not 1 <= number <= MOST_NUMBER or not 0 <= classes.get(number, 0) <= MOST_CLASS:
            raise InputError(
                f"{path}: number {number} with class {classes.get(number, 0)}; numbers run from 1 "
                f"to {MOST_NUMBER}, classes to {MOST_CLASS}."
            )
    return Meaning(tissues, classes)


def _read(path: Path) -> Anatomy:
    return Anatomy(read_volume(path, "labels"))


def _list(folder: Path, recipe: Recipe) -> list[CaseFile]:
    meaning = read_meaning(folder / LIST)
    files = [
        simulated_case(case_name(path), str(path), partial(_read, path), meaning, recipe)
        for path in sorted(folder.iterdir())
        if has_ending(path, ENDINGS)
    ]
    return with_sides(folder, files, recipe)


LABEL_MAPS = Source(
    f"tissue label maps with {LIST}", lambda place, recipe: (place / LIST).is_file(), _list
)
