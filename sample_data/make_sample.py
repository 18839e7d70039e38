# SPDX-License-Identifier: BSD-3-Clause
"""Make the shipped sample: a real FLAIR head with an inserted lesion and its exact mask.

    python sample_data/make_sample.py raw_patient20_flair.nii.gz sample_data

The source is ``raw_patient20`` of Lesjak et al., Neuroinformatics 2016 (CC BY). The voxels outside
the lesion, the grid and its oblique affine are real; the lesion is not. It is one smooth,
irregular region of frontal white matter that does not touch ventricles and sulci. Inside it the
local intensity is multiplied, least at the border (oedema), most in the core; noise and fine
texture of the scanner are not changed. Voxels partly inside are changed in proportion. The
contrast is that of lower-grade gliomas in FLAIR: the core has about 1.7 times the intensity of the
surrounding white matter. The same input gives the same files, byte for byte.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from scipy.ndimage import label

from napari_mtmri.inserted_lesion import (
    brightened,
    local_mean,
    share_inside,
    smooth,
    smooth_noise,
    tissue_share,
)

SLICES = slice(16, 40)  # from the midbrain to the vertex
CENTER = (99.0, 97.0, 12.0)  # voxel of the cut volume, in the right frontal white matter
RADII_MM = (14.0, 23.0, 15.0)  # along the voxel axes
ROUGHNESS, ROUGHNESS_MM = 0.28, 8.0
SHYNESS, SHYNESS_MM = 2.5, 4.0  # strength and range of the lesion's distance to fluid
EDGE_GAIN, CORE_GAIN, CORE_DEPTH_MM = 0.25, 0.75, 7.0
MOTTLE, MOTTLE_MM = 0.10, 5.0
SEED = 20

Array = np.ndarray[Any, np.dtype[Any]]


def lesion_depth(fluid: Array, spacing: Array) -> Array:
    """Return the depth of each voxel inside the lesion, in mm; negative outside."""
    place = np.stack(np.meshgrid(*map(np.arange, fluid.shape), indexing="ij"), axis=-1)
    away = (place - np.array(CENTER)) * spacing / np.array(RADII_MM)
    depth = 1 - np.sqrt((away**2).sum(-1))
    depth += ROUGHNESS * smooth_noise(fluid.shape, ROUGHNESS_MM, spacing, SEED)
    depth -= SHYNESS * smooth(fluid, SHYNESS_MM, spacing)
    parts, _ = label(depth > 0)
    middle = tuple(round(i) for i in CENTER)
    depth[(parts > 0) & (parts != parts[middle])] = -0.01
    return np.asarray(depth * float(np.mean(RADII_MM)))


def insert_lesion(image: Array, spacing: Array) -> tuple[Array, Array]:
    """Return the image with the lesion, and the fraction of each voxel that is lesion."""
    column, row, number = map(round, CENTER)
    level = float(np.median(image[column - 8 : column + 9, row - 8 : row + 9, number]))
    tissue = tissue_share(image, level)
    depth = lesion_depth(1 - tissue, spacing)
    share = share_inside(depth) * tissue
    step = np.clip(depth / CORE_DEPTH_MM, 0, 1)
    gain = EDGE_GAIN + (CORE_GAIN - EDGE_GAIN) * step**2 * (3 - 2 * step)
    gain *= 1 + MOTTLE * smooth_noise(image.shape, MOTTLE_MM, spacing, SEED + 1)
    return brightened(image, share, gain, local_mean(image, spacing, tissue)), share


def write_nifti(data: Array, like: nib.Nifti1Image, affine: Array, path: Path, what: str) -> None:
    """Write a gzipped NIfTI file whose bytes depend on voxels and grid only."""
    out = nib.Nifti1Image(data, affine)
    out.set_sform(affine, int(like.header["sform_code"]))
    out.set_qform(affine, int(like.header["qform_code"]))
    out.header.set_xyzt_units("mm")
    out.header["descrip"] = what.encode("ascii")
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(out.to_bytes())


def digest(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_unpacked(path: Path) -> str:
    """Return the SHA-256 of the unpacked content: versions of zlib compress differently."""
    return hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()


def facts(source: Path, folder: Path, volume_ml: float) -> dict[str, object]:
    """Return the description of the sample for the user."""
    return {
        "title": "FLAIR head with an inserted lesion",
        "real": "Every voxel outside the lesion, the grid and its oblique affine: a FLAIR scan of "
        "a person with multiple sclerosis, defaced and fat-suppressed by its authors, 24 of its "
        "44 slices. The few small bright spots that this person has are real and not in the mask.",
        "not_real": f"The lesion of {volume_ml:.1f} ml in the right frontal white matter, inserted "
        "by a script, and its mask. It does not displace the brain as a tumour would. K-space "
        "is simulated from magnitude images.",
        "mask": "Voxels that are at least half lesion; the oedema at the border is included, "
        "fluid in sulci is not.",
        "changes": "Slices 17 to 40 of 44 kept; intensity increased inside the lesion; nothing "
        "resampled, cropped in the plane or rescaled.",
        "use": "Never used in training or for choosing any setting.",
        "source": "raw_patient20, University of Ljubljana, Laboratory of Imaging Technologies",
        "citation": 'Lesjak et al., "Validation of White-Matter Lesion Change Detection Methods '
        'on a Novel Publicly Available MRI Image Database", Neuroinformatics, 2016',
        "licence": "CC BY",
        "lesion_ml": round(volume_ml, 2),
        "sha256": {
            source.name: digest(source),
            "flair.nii, unpacked": digest_unpacked(folder / "flair.nii.gz"),
            "lesion.nii, unpacked": digest_unpacked(folder / "lesion.nii.gz"),
        },
    }


def main(source: Path, folder: Path) -> None:
    """Write image, mask and description of the sample."""
    whole = nib.load(source)
    image = np.asarray(whole.dataobj)[:, :, SLICES].astype(np.float64)
    affine = whole.affine.copy()
    affine[:3, 3] += affine[:3, 2] * SLICES.start
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    changed, share = insert_lesion(image, spacing)
    mask = (share >= 0.5).astype(np.uint8)
    counts = np.round(changed).astype(np.uint16)
    folder.mkdir(parents=True, exist_ok=True)
    write_nifti(counts, whole, affine, folder / "flair.nii.gz", "real FLAIR head, inserted lesion")
    write_nifti(mask, whole, affine, folder / "lesion.nii.gz", "mask of the inserted lesion")
    text = json.dumps(facts(source, folder, float(mask.sum() * spacing.prod()) / 1000), indent=1)
    (folder / "sample.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
