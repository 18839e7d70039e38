# SPDX-License-Identifier: BSD-3-Clause
"""Simulated heads, for trying a training without data."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from napari_mtmri.rng import keyed_generator
from napari_mtmri.train.data.sources.anatomy import Anatomy, Meaning, simulate_case
from napari_mtmri.train.data.sources.base import SPLITS, CaseFile, Pair, Source
from napari_mtmri.train.recipe import SIMULATED, Recipe
from napari_mtmri.volume import Volume

N_SLICES = 12
SIDES_MM = (192.0, 224.0, 60.0)  # right, anterior, superior
NUMBERS = {
    1: "csf", 2: "grey matter", 3: "white matter", 4: "fat", 5: "skull", 6: "lesion",
}  # fmt: skip
CSF, GREY, WHITE_MATTER, FAT, SKULL, LESION = NUMBERS
MEANING = Meaning(NUMBERS, {LESION: 1}, contrast="flair")
TEXTURE = 0.03


def make_head(name: str, recipe: Recipe) -> Pair:
    """Return the image of a simulated head with a lesion in the white matter, and the lesion.

    FLAIR contrast, unless the recipe sets another one. The shape depends on seed and name.
    """
    draw = keyed_generator(recipe.seed, SIMULATED, name)
    shape = (recipe.data.simulated_size[1], recipe.data.simulated_size[0], N_SLICES)
    affine = np.diag([*(side / n for side, n in zip(SIDES_MM, shape, strict=True)), 1.0])
    head = Volume(_tissues(shape, draw), affine, name, "labels")
    image, labels = simulate_case(name, lambda: Anatomy(head), MEANING, recipe)
    texture = _smooth(shape, draw, 1.0) + draw.normal(size=shape)
    data = image.data * (1 + TEXTURE * texture)
    return image.like(data.clip(0).astype(np.float32)), labels


def _tissues(shape: tuple[int, int, int], draw: np.random.Generator) -> np.ndarray:
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij", sparse=True)
    # The head is the middle part of an ellipsoid; waves fold the cortex.
    width, length = draw.uniform(0.84, 0.92), draw.uniform(0.9, 0.96)
    height = 0.15 + draw.uniform(0.4, 0.5) * z
    radius = np.sqrt((x / width) ** 2 + (y / length) ** 2 + height**2)
    waves, folds = (_smooth(shape, draw, shape[0] / part) for part in (12, 32))
    sulci = 0.08 * (folds - 0.6).clip(0, None)
    out = np.zeros(shape, np.uint8)
    for edge, tissue in ((1.0, FAT), (0.93, SKULL), (0.86, CSF)):
        out[radius < edge] = tissue
    out[radius + 0.015 * waves + sulci < 0.83] = GREY
    out[radius + 0.03 * waves + 2 * sulci < 0.72] = WHITE_MATTER
    out[(abs(x) < 0.025) & (radius > 0.55) & (out != SKULL) & (out != FAT) & (out > 0)] = CSF
    for side in (-1, 1):
        wide, long = draw.uniform(0.06, 0.12), draw.uniform(0.22, 0.35)
        across = x - side * (0.13 + 0.25 * y**2)  # the horns bend outwards
        ventricle = (across / wide) ** 2 + ((y + 0.05) / long) ** 2 + ((z + 0.2) / 0.7) ** 2
        out[ventricle + 0.15 * waves < 1] = CSF
    out[_lesion((x, y, z), 0.03 * waves, draw) & (out == WHITE_MATTER)] = LESION
    return out


def _lesion(
    grid: tuple[np.ndarray, np.ndarray, np.ndarray], folds: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    angle, away = draw.uniform(0, 2 * np.pi), draw.uniform(0.35, 0.5)
    center = (away * np.cos(angle), away * np.sin(angle), draw.uniform(-0.5, 0.5))
    radii = draw.uniform((0.1, 0.1, 0.3), (0.25, 0.25, 0.6))
    parts = [((axis - c) / r) ** 2 for axis, c, r in zip(grid, center, radii, strict=True)]
    return np.asarray(sum(parts) + 8 * folds < 1)


def _smooth(shape: tuple[int, ...], draw: np.random.Generator, width: float) -> np.ndarray:
    """Return a smooth random field with standard deviation 1."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(draw.normal(size=shape), width, mode="wrap")
    return np.asarray(field / max(float(field.std()), 1e-12))


def _list(place: Path, recipe: Recipe) -> list[CaseFile]:
    ends = list(accumulate(recipe.data.n_simulated))
    found = []
    for number in range(ends[-1]):
        name = f"head-{number + 1:02d}"
        split = SPLITS[sum(number >= end for end in ends)]
        load = partial(make_head, name, recipe)
        found.append(CaseFile(name, name, split, SIMULATED, SIMULATED, load))
    return found


HEADS = Source(SIMULATED, lambda place, recipe: str(place) == SIMULATED, _list)
