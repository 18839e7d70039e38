# SPDX-License-Identifier: BSD-3-Clause
"""Make the shipped sample: a real FLAIR head with an inserted lesion and its exact mask.

    python sample_data/make_sample.py raw_patient20_flair.nii.gz sample_data

The source is ``raw_patient20`` of Lesjak et al., Neuroinformatics 2016 (CC BY). What is real:
every voxel outside the lesion, the grid, the oblique affine. What is not: the lesion. It is a
smooth irregular shape in the white matter of one hemisphere; inside it the image is brightened
(multiplied, so that the texture of the place stays), less towards the border (oedema), in
proportion to how much of a voxel it fills (partial volume). Seeded: the same files each time.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import gaussian_filter, label, zoom

SLICES = slice(16, 40)
CENTER_MM = (
    -34.0,
    26.0,
    0.0,
)  # of the lesion, from the middle of the head: right, anterior, superior
RADII_MM = (17.0, 24.0, 15.0)
ROUGHNESS = 0.35
CORE_GAIN, RIM_GAIN = 0.85, 0.45
SUPERSAMPLING = 3
SEED = 20


def lesion_depth(shape: tuple[int, ...], affine: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Return how deep each voxel lies in the lesion: above 0 inside, 1 at its middle."""
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    place = grid @ affine[:3, :3].T + affine[:3, 3] - center
    distance = np.sqrt(((place / np.array(RADII_MM)) ** 2).sum(-1))
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    rough = np.random.default_rng(SEED).normal(size=shape)
    rough = gaussian_filter(rough, 9.0 / spacing)
    depth = 1 - distance + ROUGHNESS * rough / rough.std()
    parts, _ = label(depth > 0)
    middle = tuple(int(i) for i in np.linalg.solve(affine[:3, :3], center - affine[:3, 3]).round())
    return np.where((parts == parts[middle]) | (depth <= 0), depth, -0.01)


def fraction_inside(depth: np.ndarray) -> np.ndarray:
    """Return the share of each voxel that lies inside, by supersampling."""
    fine = zoom(depth, SUPERSAMPLING, order=1, grid_mode=True, mode="nearest") > 0
    shape = [side for n in depth.shape for side in (n, SUPERSAMPLING)]
    return fine.reshape(shape).mean(axis=(1, 3, 5))


def insert(image: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the image with the lesion, and its mask (voxels at least half inside)."""
    head = np.argwhere(image > 0.2 * np.percentile(image, 99))
    middle = affine[:3, :3] @ ((head.min(0) + head.max(0)) / 2) + affine[:3, 3]
    depth = lesion_depth(image.shape, affine, middle + np.array(CENTER_MM))
    inside = fraction_inside(depth)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    gain = RIM_GAIN + (CORE_GAIN - RIM_GAIN) * np.clip(depth / 0.5, 0, 1)
    swing = gaussian_filter(np.random.default_rng(SEED + 1).normal(size=image.shape), 4.0 / spacing)
    gain = gain * (1 + 0.12 * swing / swing.std())
    # Tissue of the lesion tends to one level: dark sulci inside it fill up, bright spots do not.
    local = gaussian_filter(image.astype(float), 3.0 / spacing)
    tissue = 0.5 * image + 0.5 * np.maximum(image, local)
    lesion = tissue * (1 + gain)
    return image + inside * (lesion - image), (inside >= 0.5).astype(np.uint8)


def write(
    data: np.ndarray, image: nib.Nifti1Image, affine: np.ndarray, path: Path, what: str
) -> None:
    """Write a gzipped NIfTI file whose bytes depend on the voxels alone."""
    out = nib.Nifti1Image(data, affine)
    out.set_sform(affine, 1)
    out.set_qform(affine, 1)
    out.header.set_xyzt_units("mm")
    out.header["descrip"] = what.encode()
    path.write_bytes(gzip.compress(out.to_bytes(), 9, mtime=0))


def main(source: Path, folder: Path) -> None:
    """Write image, mask and the facts about them."""
    image = nib.load(source)
    data = np.asarray(image.dataobj)[:, :, SLICES].astype(np.float64)
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, 2] * SLICES.start
    changed, mask = insert(data, affine)
    whole = np.clip(np.round(changed), 0, np.iinfo(np.uint16).max).astype(np.uint16)
    write(whole, image, affine, folder / "flair.nii.gz", "real FLAIR head, inserted lesion")
    write(mask, image, affine, folder / "lesion.nii.gz", "mask of the inserted lesion")
    ml = mask.sum() * abs(np.linalg.det(affine[:3, :3])) / 1000
    facts = {
        "title": "FLAIR head with an inserted lesion",
        "real": "Every voxel outside the lesion: a FLAIR scan of a person with multiple sclerosis "
        "(defaced, fat-suppressed), 24 of its 44 slices, on its own oblique grid.",
        "not_real": f"The lesion of {ml:.1f} ml, inserted by sample_data/make_sample.py, and its mask "
        "(voxels at least half inside, oedema included). The k-space is simulated from magnitudes.",
        "never": "Not used in training or for choosing anything.",
        "source": "raw_patient20 of Lesjak et al., Neuroinformatics 2016, University of Ljubljana",
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "licence": "CC BY",
        "lesion_ml": round(float(ml), 2),
    }
    (folder / "sample.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
