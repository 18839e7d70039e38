# SPDX-License-Identifier: BSD-3-Clause
"""Cases whose images are simulated from tissue label maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from napari_mtmri.batch.cases_table import CASES
from napari_mtmri.errors import InputError
from napari_mtmri.rng import keyed_generator
from napari_mtmri.tissues import LESION_T2, bias_field, keep_head, mix, signals, simulate_image
from napari_mtmri.train.data.sources.base import CaseFile, Pair
from napari_mtmri.train.data.sources.table import read_table, side_of
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import Volume

BRIGHTEST = 1000.0
MOST_NUMBER = 2**16 - 1
RIM = 2  # voxels around a spot outside the head, over which fuzzy maps fade out


@dataclass(frozen=True)
class Meaning:
    """Tissues and label classes of the numbers in a label map.

    Parameters
    ----------
    tissues : mapping of int to str
        Tissue of each number; names as in `tissues.TISSUES`.
    classes : mapping of int to int
        Label of each number in the segmentation; numbers that are missing are background.
    contrast : str
        One of `tissues.SEQUENCES`; used if ``sequence`` of the recipe is "as-is".
    """

    tissues: Mapping[int, str]
    classes: Mapping[int, int]
    contrast: str = "t1-spgr"


@dataclass(frozen=True)
class Anatomy:
    """Tissues of a head.

    Parameters
    ----------
    labels : Volume
        Number of the main tissue in each voxel.
    fractions : mapping of int to array, (i, j, k), optional
        Fraction of each voxel that each tissue fills; without them, labels are smoothed.
    """

    labels: Volume
    fractions: Mapping[int, np.ndarray] | None = None


def simulated_case(
    name: str, source: str, read: Callable[[], Anatomy], meaning: Meaning, recipe: Recipe
) -> CaseFile:
    """Return the case of an anatomy; the patient is its name, the split is empty.

    Parameters
    ----------
    name : str
    source : str
        Description of the origin, for messages.
    read : callable
        Returns the anatomy; can be pickled.
    meaning : Meaning
    recipe : Recipe
    """
    load = partial(simulate_case, name, read, meaning, recipe)
    return CaseFile(name, name, "", f"{_contrast(meaning, recipe)} of {source}", source, load)


def simulate_case(name: str, read: Callable[[], Anatomy], meaning: Meaning, recipe: Recipe) -> Pair:
    """Return the image of an anatomy, simulated as in the recipe, and its labels.

    Bias field and T2 of lesions are random and depend on seed and name.

    Raises
    ------
    InputError
        If the anatomy cannot be read, or is not a map of tissues.
    """
    anatomy, draw = read(), keyed_generator(recipe.seed, name, "tissues")
    found = np.asarray(anatomy.labels.data)
    low, high = int(found.min()), int(found.max())
    if not 0 <= low < high <= MOST_NUMBER:
        raise InputError(
            f"{anatomy.labels.path or name}: numbers from {low} to {high} are not a map of "
            f"tissues; use numbers from 0 (air) up to {MOST_NUMBER} at most."
        )
    crisp, contrast = keep_head(found), _contrast(meaning, recipe)
    values = signals(contrast, recipe.data.field_t, lesion_t2=float(draw.uniform(*LESION_T2)))
    if anatomy.fractions is None:
        image = simulate_image(crisp, meaning.tissues, values)
    else:
        image = mix(anatomy.fractions, meaning.tissues, values)
        image[_around(crisp != found)] = 0
    if recipe.data.bias_percent:
        image *= bias_field(image.shape, recipe.data.bias_percent, draw, crisp > 0)
    image *= BRIGHTEST / max(float(image.max()), 1e-12)
    table = np.zeros(int(crisp.max()) + 1, np.uint8)
    for number, label in meaning.classes.items():
        table[number : number + 1] = label  # empty slice if the map lacks this number
    grid = replace(anatomy.labels, name=name)
    return replace(grid, data=image, kind="image"), replace(grid, data=table[crisp], kind="labels")


def _contrast(meaning: Meaning, recipe: Recipe) -> str:
    return meaning.contrast if recipe.data.sequence == "as-is" else recipe.data.sequence


def _around(blobs: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_dilation

    if not blobs.any():
        return blobs
    return np.asarray(binary_dilation(blobs, np.ones((3, 3, 3)), iterations=RIM))


def with_sides(folder: Path, files: Sequence[CaseFile], recipe: Recipe) -> list[CaseFile]:
    """Return the cases with patient and split from ``cases.csv`` in their folder, if it exists.

    Raises
    ------
    InputError
        If the table lacks a case.
    """
    table = folder / CASES
    if not table.is_file():
        return list(files)
    sides = {row["case"]: side_of(table, row, recipe) for row in read_table(table)}
    missing = [file.name for file in files if file.name not in sides]
    if missing:
        raise InputError(f"{table}: has no row for case {missing[0]!r}; add it.")
    pairs = ((file, *sides[file.name]) for file in files)
    return [replace(file, patient=patient, split=split) for file, patient, split in pairs]
