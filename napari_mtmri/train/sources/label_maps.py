# SPDX-License-Identifier: BSD-3-Clause
"""Tissue label maps, of which images are simulated: BrainWeb's, or anybody's with a list."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from napari_mtmri.draws import generator
from napari_mtmri.errors import InputError
from napari_mtmri.tissues import (
    LESION_T2,
    TISSUES,
    bias_field,
    keep_head,
    signals,
    simulate_image,
)
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.sources.base import CaseFile, Pair, Source, read_volume
from napari_mtmri.volume import Volume

LIST = "tissues.json"
BRAIN_WEB_FILE = re.compile(r"subject(\d\d)_(tissues|crisp_v)\.(nii|nii\.gz|mnc|mnc\.gz)")
BRAIN_WEB_SUBJECTS = (
    4, 5, 6, 18, 20, 38, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54,
)  # fmt: skip
WHITE = 1000.0  # what the brightest voxel is scaled to
DEFAULT_LOOK = "t1-spgr"  # of a recipe that says "as-is"


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a label map stand for.

    Parameters
    ----------
    tissues : mapping of int to str
        Names as in `tissues.TISSUES`.
    classes : mapping of int to int
        Which number becomes which label to be found; the others are background.
    """

    tissues: Mapping[int, str]
    classes: Mapping[int, int]


BRAIN_WEB = Meaning(
    {
        1: "csf", 2: "grey matter", 3: "white matter", 4: "fat", 5: "muscle", 6: "skin",
        7: "skull", 8: "vessel", 9: "fat", 10: "dura", 11: "marrow",
    },
    {1: 1, 3: 2, 2: 3},  # CSF, white matter, grey matter, in the order of the paper's Table 4
)  # fmt: skip


def read_meaning(path: Path) -> Meaning:
    """Return what ``tissues.json`` says: {"1": {"tissue": "csf", "class": 1}, ...}.

    Raises
    ------
    InputError
        If it is no such list, or names a tissue that is not known.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        tissues = {int(number): str(entry["tissue"]) for number, entry in content.items()}
        classes = {int(n): int(entry["class"]) for n, entry in content.items() if "class" in entry}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as why:
        raise InputError(
            f'{path}: not a list of tissues ({why}); write {{"1": {{"tissue": "csf", "class": 1}}}}.'
        ) from why
    unknown = sorted(set(tissues.values()) - set(TISSUES[1.5]))
    if unknown:
        raise InputError(f"{path}: unknown {', '.join(unknown)}; known: {', '.join(TISSUES[1.5])}.")
    return Meaning(tissues, classes)


def simulate_case(labels: Volume, meaning: Meaning, recipe: Recipe) -> Pair:
    """Return the image of a label map as the recipe wants it, and the labels to be found.

    The same for the same seed and case; bias and lesions are drawn from both.
    """
    draw = generator(recipe.seed, labels.name, "tissues")
    crisp = keep_head(np.asarray(labels.data))
    look = DEFAULT_LOOK if recipe.sequence == "as-is" else recipe.sequence
    values = signals(look, recipe.field_t, lesion_t2=float(draw.uniform(*LESION_T2)))
    image = simulate_image(crisp, meaning.tissues, values)
    if recipe.bias_percent:
        image = image * bias_field(image.shape, recipe.bias_percent, draw, crisp > 0)
    image *= WHITE / max(float(image.max()), 1e-12)
    found = np.zeros(crisp.shape, np.uint8)
    for number, label in meaning.classes.items():
        found[crisp == number] = label
    return (
        replace(labels, data=image.astype(np.float32), kind="image"),
        replace(labels, data=found, kind="labels"),
    )


def _read(path: Path, meaning: Meaning, recipe: Recipe) -> Pair:
    return simulate_case(read_volume(path, "labels"), meaning, recipe)


def _case(name: str, path: Path, meaning: Meaning, recipe: Recipe) -> CaseFile:
    look = f"{recipe.sequence} of {path}"
    return CaseFile(name, name, "", look, str(path), partial(_read, path, meaning, recipe))


def _list_brain_web(folder: Path, recipe: Recipe) -> list[CaseFile]:
    found = ((BRAIN_WEB_FILE.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    return [_case(f"subject{match[1]}", path, BRAIN_WEB, recipe) for match, path in found if match]


def _list_maps(folder: Path, recipe: Recipe) -> list[CaseFile]:
    meaning = read_meaning(folder / LIST)
    endings = (".nii", ".nii.gz", ".mgz", ".mgh", ".mnc")
    maps = [path for path in sorted(folder.iterdir()) if path.name.endswith(endings)]
    return [_case(path.name.split(".")[0], path, meaning, recipe) for path in maps]


def _fetched(subject: int, recipe: Recipe) -> Pair:
    """Return a case of BrainWeb that the library brainweb-dl has or fetches."""
    try:
        from brainweb_dl import get_mri
    except ImportError as why:
        raise InputError(
            "--data brainweb needs the library brainweb-dl (pip install brainweb-dl); or name a "
            "folder with the tissue models."
        ) from why
    crisp = np.asarray(get_mri(subject, "crisp"))
    # Its arrays run to superior, anterior and right.
    data = crisp.transpose(2, 1, 0).astype(np.uint8)
    volume = Volume(data, np.diag([0.5, 0.5, 0.5, 1.0]), f"subject{subject:02d}", "labels")
    return simulate_case(volume, BRAIN_WEB, recipe)


def _list_fetched(place: Path, recipe: Recipe) -> list[CaseFile]:
    names = [(number, f"subject{number:02d}") for number in BRAIN_WEB_SUBJECTS]
    return [
        CaseFile(name, name, "", f"{recipe.sequence} of {name}", "BrainWeb", partial(_fetched, number, recipe))
        for number, name in names
    ]  # fmt: skip


BRAIN_WEB_FILES = Source(
    "BrainWeb's tissue models",
    lambda place, recipe: (
        place.is_dir() and any(BRAIN_WEB_FILE.fullmatch(path.name) for path in place.iterdir())
    ),
    _list_brain_web,
)
BRAIN_WEB_LIBRARY = Source(
    "brainweb", lambda place, recipe: str(place) == "brainweb", _list_fetched
)
LABEL_MAPS = Source(
    f"tissue label maps with {LIST}", lambda place, recipe: (place / LIST).is_file(), _list_maps
)
