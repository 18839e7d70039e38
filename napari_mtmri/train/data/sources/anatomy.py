# SPDX-License-Identifier: BSD-3-Clause
"""Cases whose images are simulated from maps of tissues."""

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
RIM = 2  # voxels around a blob beside the head, where fuzzy maps fade out


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a label map stand for.

    Parameters
    ----------
    tissues : mapping of int to str
        Names as in `tissues.TISSUES`.
    classes : mapping of int to int
        Which number becomes which label to be found; the others are background.
    contrast : str
        One of `tissues.SEQUENCES`, for a recipe that says "as-is".
    """

    tissues: Mapping[int, str]
    classes: Mapping[int, int]
    contrast: str = "t1-spgr"


@dataclass(frozen=True)
class Anatomy:
    """A head as tissues.

    Parameters
    ----------
    labels : Volume
        The tissue that fills most of each voxel.
    fractions : mapping of int to array, optional
        How much of each voxel each tissue fills; softened labels where there are none.
    """

    labels: Volume
    fractions: Mapping[int, np.ndarray] | None = None


def simulated_case(
    name: str, source: str, read: Callable[[], Anatomy], meaning: Meaning, recipe: Recipe
) -> CaseFile:
    """Return the case of an anatomy; its patient is its name, its split not known.

    Parameters
    ----------
    name : str
    source : str
        Where the anatomy lies, for people.
    read : callable
        It can be pickled.
    meaning : Meaning
    recipe : Recipe
    """
    load = partial(simulate_case, name, read, meaning, recipe)
    return CaseFile(name, name, "", f"{_contrast(meaning, recipe)} of {source}", source, load)


def simulate_case(name: str, read: Callable[[], Anatomy], meaning: Meaning, recipe: Recipe) -> Pair:
    """Return the image of an anatomy as the recipe wants it, and the labels to be found.

    Bias and the T2 of lesions are drawn from the seed and the name.

    Raises
    ------
    InputError
        If the anatomy cannot be read, or is none.
    """
    anatomy, draw = read(), keyed_generator(recipe.seed, name, "tissues")
    found = np.asarray(anatomy.labels.data)
    low, high = int(found.min()), int(found.max())
    if not 0 <= low < high <= MOST_NUMBER:
        raise InputError(
            f"{anatomy.labels.path or name}: numbers from {low} to {high} are no map of tissues; "
            f"they begin with 0 and end at {MOST_NUMBER} at most."
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
        table[number : number + 1] = label  # a number beyond those of this map fits nowhere
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
    """Return the cases with patient and split of a ``cases.csv`` beside them, if there is one.

    Raises
    ------
    InputError
        If it does not have a line for each.
    """
    table = folder / CASES
    if not table.is_file():
        return list(files)
    sides = {row["case"]: side_of(table, row, recipe) for row in read_table(table)}
    missing = [file.name for file in files if file.name not in sides]
    if missing:
        raise InputError(f"{table}: has no line for case {missing[0]!r}; add it.")
    pairs = ((file, *sides[file.name]) for file in files)
    return [replace(file, patient=patient, split=split) for file, patient, split in pairs]
