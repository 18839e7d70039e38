# SPDX-License-Identifier: BSD-3-Clause
"""Sample data: the shipped FLAIR head and a simulated phantom."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.rng import keyed_generator
from napari_mtmri.volume import Volume

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

SAMPLES = {"flair-lesion": ("flair.nii.gz", "lesion.nii.gz", "sample.json")}
# Centre and semi-axes (relative to half the side of the volume), and intensity added.
_ELLIPSOIDS = (
    ((0, 0, 0), (0.72, 0.90, 0.95), 0.9),  # scalp
    ((0, 0, 0), (0.66, 0.84, 0.88), -0.75),  # skull
    ((0, 0, 0), (0.60, 0.78, 0.82), 0.35),  # brain
    ((-0.14, 0.05, 0), (0.10, 0.30, 0.45), -0.3),  # ventricles
    ((0.14, 0.05, 0), (0.10, 0.30, 0.45), -0.3),
)
_LESION_CENTER, _LESION_RADII, _LESION_GAIN = (0.36, 0.30, 0.1), (0.15, 0.20, 0.35), 0.4
_FARTHEST_SHIFT, _TEXTURE = 0.03, 0.05
_WHITE = 1000.0


def open_sample(name: str = "flair-lesion") -> tuple[Volume, Volume]:
    """Return the image and the lesion labels of a shipped sample.

    Raises
    ------
    RequestError
        If there is no sample of this name.
    """
    image, labels, _ = (_sample_file(name, part) for part in range(3))
    return _open(image, "image", "sample"), _open(labels, "labels", "sample lesion")


def sample_text(name: str = "flair-lesion") -> str:
    """Return a description of a sample: what is real, what is not, source and licence.

    Raises
    ------
    RequestError
        If there is no sample of this name.
    """
    facts = json.loads(_sample_file(name, 2).read_text(encoding="utf-8"))
    return (
        f"{facts['title']}. Real: {facts['real']} Not real: {facts['not_real']} "
        f"Mask: {facts['mask']} {facts['use']} "
        f"Source: {facts['source']} ({facts['licence']}); {facts['citation']}."
    )


def phantom(
    shape: tuple[int, int, int] = (64, 64, 16), seed: int = 0, *, lesion: bool = True
) -> tuple[Volume, Volume]:
    """Return a phantom of a head with one lesion in the brain: image and lesion labels.

    Parameters
    ----------
    shape : (int, int, int)
        Number of voxels of 1 x 1 x 3 mm towards right, anterior and superior.
    seed : int
        Random seed for the position of the head, the quadrant of the lesion and the texture.
    lesion : bool
        Insert the lesion; otherwise the labels are empty.

    Returns
    -------
    image : Volume
        float32; the brain has about 500.
    labels : Volume
        uint8; 1 inside the lesion.

    Examples
    --------
    >>> image, labels = phantom((32, 40, 8))
    >>> image.shape, image.codes, labels.kind
    ((32, 40, 8), 'RAS', 'labels')
    """
    draw = keyed_generator(seed, "phantom")
    centres = ((2 * np.arange(n) + 1) / n - 1 for n in shape)
    grid = np.stack(np.meshgrid(*centres, indexing="ij"), -1)
    shift = draw.uniform(-_FARTHEST_SHIFT, _FARTHEST_SHIFT, 3)
    side, end = draw.choice((-1, 1), 2)
    image = np.zeros(shape)
    for center, radii, gain in _ELLIPSOIDS:
        image += gain * _inside(grid, np.array(center) + shift, np.array(radii))
    where = np.array(_LESION_CENTER) * (side, end, 1) + shift
    drawn = _inside(grid, where, np.array(_LESION_RADII)) & lesion
    image += _LESION_GAIN * drawn
    image *= 1 + _TEXTURE * draw.normal(size=shape)
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    data = (_WHITE * image.clip(0)).astype(np.float32)
    name = f"phantom {seed}"
    return (
        Volume(data, affine, name=name),
        Volume(drawn.astype(np.uint8), affine, name=f"{name} lesion", kind="labels"),
    )


def write_samples(folder: Path) -> list[Path]:
    """Write the shipped sample and simulated phantoms as a table of cases.

    ``patient.nii.gz``, ``lesion.nii.gz``, ``phantoms/`` and ``cases.csv`` with a split, so
    that every command has data to be tried on.

    Parameters
    ----------
    folder : Path
        Must be empty or not exist.

    Returns
    -------
    list of Path
        The files, the table last.

    Raises
    ------
    RequestError
        If the folder contains files.
    """
    from napari_mtmri.files import write_text
    from napari_mtmri.readers.nifti import write_nifti
    from napari_mtmri.tables import csv_text

    if folder.is_dir() and any(folder.iterdir()):
        raise RequestError(f"{folder}: contains files; choose an empty folder.")
    (folder / "phantoms").mkdir(parents=True, exist_ok=True)
    cases = [("patient", *open_sample(), "patient.nii.gz", "lesion.nii.gz", "test")]
    for number, split in enumerate(("train", "train", "train", "train", "val", "test"), start=1):
        name = f"phantom-{number}"
        image, lesion = phantom(seed=number)
        start = f"phantoms/{number}"
        cases.append((name, image, lesion, f"{start}.nii.gz", f"{start}_lesion.nii.gz", split))
    rows = []
    for name, image, lesion, place, mask, split in cases:
        write_nifti(image, folder / place)
        write_nifti(lesion, folder / mask)
        rows.append((name, place, mask, split))
    table = folder / "cases.csv"
    write_text(table, csv_text(("case", "image", "mask", "split"), rows))
    return [folder / part for row in rows for part in row[1:3]] + [table]


def _inside(grid: np.ndarray, center: np.ndarray, radii: np.ndarray) -> np.ndarray:
    return np.asarray((((grid - center) / radii) ** 2).sum(-1) < 1)


def _sample_file(name: str, part: int) -> Traversable:
    if name not in SAMPLES:
        raise RequestError(f"sample {name!r} does not exist; there are: {', '.join(SAMPLES)}.")
    return files("napari_mtmri.sample_data") / SAMPLES[name][part]


def _open(file: Traversable, kind: Literal["image", "labels"], name: str) -> Volume:
    from napari_mtmri.readers.nifti import read_nifti

    with as_file(file) as path:
        volume = read_nifti(path, kind)
    return replace(volume, name=name)
