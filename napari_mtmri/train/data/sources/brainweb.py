# SPDX-License-Identifier: BSD-3-Clause
"""The 20 normal brains of BrainWeb: from files, or through the library brainweb-dl."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.readers.image import read_image
from napari_mtmri.train.data.sources.anatomy import Anatomy, Meaning, simulated_case, with_sides
from napari_mtmri.train.data.sources.base import CaseFile, Source
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import Volume

NAME = "brainweb"
MEANING = Meaning(
    {
        1: "csf", 2: "grey matter", 3: "white matter", 4: "fat", 5: "muscle", 6: "skin",
        7: "skull", 8: "vessel", 9: "fat", 10: "dura", 11: "marrow",
    },
    {1: 1, 3: 2, 2: 3},  # CSF, white matter, grey matter, in the order of the paper's Table 4
)  # fmt: skip
SUBJECTS = (4, 5, 6, 18, 20, 38, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54)
CRISP = ("tissues", "crisp_v")
# The fuzzy models, in the order of their numbers in the crisp model.
FUZZY = (
    "bck_v", "csf_v", "gm_v", "wm_v", "fat_v", "muscles_v", "muscles_skin_v", "skull_v",
    "vessels_v", "fat2_v", "dura_v", "marrow_v",
)  # fmt: skip
FILE = re.compile(r"subject(\d\d)_(\w+)\.(?:nii|nii\.gz|mnc|mnc\.gz)")
# Voxel to mm of the arrays of brainweb-dl with their axes reversed, 0.5 mm apart.
LIBRARY_AFFINE = np.array(
    [[0.5, 0, 0, -90.25], [0, 0.5, 0, -126.25], [0, 0, 0.5, -72.25], [0, 0, 0, 1]]
)


def _models(folder: Path) -> dict[str, dict[str, Path]]:
    """Return the files of each subject by the name of their model."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = FILE.fullmatch(path.name)
        if match and match[2] in (*CRISP, *FUZZY):
            found.setdefault(f"subject{match[1]}", {}).setdefault(match[2], path)
    return found


def _list_files(folder: Path, recipe: Recipe) -> list[CaseFile]:
    files = [_case(name, models, recipe) for name, models in _models(folder).items()]
    return with_sides(folder, files, recipe)


def _case(name: str, models: Mapping[str, Path], recipe: Recipe) -> CaseFile:
    missing = [model for model in FUZZY if model not in models]
    if not missing:
        paths = [models[model] for model in FUZZY]
        read, source = partial(_read_fuzzy, paths), f"{paths[0]} and the other 11"
        return simulated_case(name, source, read, MEANING, recipe)
    crisp = next((models[model] for model in CRISP if model in models), None)
    if crisp is None:
        where = next(iter(models.values())).parent
        raise InputError(
            f"{where}: {name} lacks {', '.join(missing)}; add these files, or crisp_v alone."
        )
    return simulated_case(name, str(crisp), partial(_read_crisp, crisp), MEANING, recipe)


def _read_crisp(path: Path) -> Anatomy:
    return Anatomy(read_image(path, "labels"))


def _read_fuzzy(paths: Sequence[Path]) -> Anatomy:
    air = read_image(paths[0], "image")
    whole = max(float(air.data.max()), 1e-12)  # value of a voxel with one tissue: 1, 255 or 4095
    labels, most, fractions = np.zeros(air.shape, np.uint8), air.data / whole, {}
    for number, path in enumerate(paths[1:], start=1):
        volume = read_image(path, "image")
        volume.require_same_grid(air, f"{paths[0]}")
        part = volume.data / whole
        labels[part > most] = number
        most = np.maximum(most, part)
        fractions[number] = part.astype(np.float16)  # at 0.5 mm, all models take 1.3 GB
    return Anatomy(air.like(labels, kind="labels"), fractions)


def _list_library(place: Path, recipe: Recipe) -> list[CaseFile]:
    if find_spec("brainweb_dl") is None:
        raise ResourceError(
            "data = brainweb: the library brainweb-dl is not installed; run pip install "
            "'napari-mtmri[brainweb]', or give a folder with the tissue models."
        )
    names = {number: f"subject{number:02d}" for number in SUBJECTS}
    return [
        simulated_case(name, f"{name} of BrainWeb", partial(_fetch, number), MEANING, recipe)
        for number, name in names.items()
    ]


def _fetch(subject: int) -> Anatomy:
    """Return an anatomy from the cache or the download of brainweb-dl."""
    from brainweb_dl import get_mri

    try:
        crisp = np.asarray(get_mri(subject, "crisp"))
    except (OSError, EOFError, ValueError, zlib.error) as why:
        raise InputError(
            f"subject{subject:02d}: brainweb-dl could not get it ({why}); try again, or give a "
            "folder with the tissue models."
        ) from why
    # Its array axes run to superior, anterior and right, although its affine differs.
    data = np.ascontiguousarray(crisp.transpose(2, 1, 0).astype(np.uint8))
    return Anatomy(Volume(data, LIBRARY_AFFINE, f"subject{subject:02d}", "labels"))


BRAIN_WEB_FILES = Source(
    "BrainWeb's tissue models", lambda place, recipe: bool(_models(place)), _list_files
)
BRAIN_WEB_LIBRARY = Source(
    NAME, lambda place, recipe: str(place) == NAME and not place.exists(), _list_library
)
