# SPDX-License-Identifier: BSD-3-Clause
"""The shipped sample, and a phantom made here."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.volume import Volume

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SAMPLES = {"flair-lesion": ("flair.nii.gz", "lesion.nii.gz", "sample.json")}
# Centre and half axes (in half sides of the volume), and brightness added.
_ELLIPSOIDS = (
    ((0, 0, 0), (0.72, 0.90, 0.95), 0.9),  # scalp
    ((0, 0, 0), (0.66, 0.84, 0.88), -0.75),  # skull
    ((0, 0, 0), (0.60, 0.78, 0.82), 0.35),  # brain
    ((-0.14, 0.05, 0), (0.10, 0.30, 0.45), -0.3),  # ventricles
    ((0.14, 0.05, 0), (0.10, 0.30, 0.45), -0.3),
)
_LESION = ((0.30, 0.30, 0.1), (0.16, 0.20, 0.35))
_LESION_GAIN = 0.4


def sample_names() -> tuple[str, ...]:
    """Return the names of the shipped samples."""
    return tuple(SAMPLES)


def open_sample(name: str = "flair-lesion") -> tuple[Volume, Volume]:
    """Return a shipped sample: the image and the labels drawn on it.

    Raises
    ------
    RequestError
        If there is no such sample.
    """
    image, labels, _ = (_sample_file(name, part) for part in range(3))
    return _open(image, "image", "sample"), _open(labels, "labels", "sample lesion")


def sample_text(name: str = "flair-lesion") -> str:
    """Return what of a sample is real and what is not, with its source."""
    facts = json.loads(_sample_file(name, 2).read_text(encoding="utf-8"))
    return (
        f"{facts['title']}. Real: {facts['real']} Not real: {facts['not_real']} "
        f"{facts['never']} Source: {facts['source']} ({facts['licence']})."
    )


def phantom(
    shape: tuple[int, int, int] = (64, 64, 16), *, seed: int = 0, lesion: bool = True
) -> tuple[Volume, Volume]:
    """Return a head of ellipsoids with one lesion, and its labels; RAS axes, 3 mm slices.

    Parameters
    ----------
    shape : (int, int, int)
        Voxels to right, anterior and superior.
    seed : int
        Moves the ellipsoids a little and gives them texture.
    """
    draw = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"), -1)
    image = np.zeros(shape)
    shift = draw.uniform(-0.03, 0.03, 3)
    for center, radii, gain in _ELLIPSOIDS:
        image += gain * _inside(grid, np.array(center) + shift, np.array(radii))
    where = np.array(_LESION[0]) * (draw.choice((-1, 1)), draw.choice((-1, 1)), 1) + shift
    drawn = _inside(grid, where, np.array(_LESION[1])) if lesion else np.zeros(shape)
    image += _LESION_GAIN * drawn
    image *= 1 + 0.05 * draw.normal(size=shape)
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    data = (1000 * image.clip(0)).astype(np.float32)
    return (
        Volume(data, affine, name=f"phantom {seed}"),
        Volume(drawn.astype(np.uint8), affine, name=f"phantom {seed} lesion", kind="labels"),
    )


def _inside(grid: np.ndarray, center: np.ndarray, radii: np.ndarray) -> np.ndarray:
    return np.asarray((((grid - center) / radii) ** 2).sum(-1) < 1)


def _sample_file(name: str, part: int) -> Traversable:
    if name not in SAMPLES:
        raise RequestError(f"sample {name!r} does not exist; there are: {', '.join(SAMPLES)}.")
    return files("napari_mtmri.sample_data") / SAMPLES[name][part]


def _open(file: Traversable, kind: str, name: str) -> Volume:
    from napari_mtmri.readers.nifti import read_nifti

    with as_file(file) as path:
        volume = read_nifti(path, "labels" if kind == "labels" else "image")
    return replace(volume, name=name)
