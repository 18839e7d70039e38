# SPDX-License-Identifier: BSD-3-Clause
"""Folders of TCGA slices ("kaggle_3m")."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import tifffile

import napari_mtmri as mt
from napari_mtmri.errors import InputError

CASE = "TCGA_CS_4941_19960909"


def put(folder: Path, flair: np.ndarray, labels: np.ndarray | None = None, **how: Any) -> Path:
    """Write FLAIR (column, row, slice) as in the data set, with other values in other channels."""
    folder.mkdir(exist_ok=True)
    for k in range(flair.shape[2]):
        plane = flair[..., k].T
        channels = np.stack([255 - plane, plane, plane // 2], axis=-1)
        tifffile.imwrite(folder / f"{CASE}_{k + 1}.tif", channels, photometric="rgb", **how)
        if labels is not None:
            drawn = labels[..., k].T * np.uint8(255)
            tifffile.imwrite(folder / f"{CASE}_{k + 1}_mask.tif", drawn, **how)
    return folder


@pytest.fixture
def flair(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (16, 20, 12), dtype=np.uint8)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_slices_are_stacked_by_their_numbers(
    flair: np.ndarray, compression: str | None, tmp_path: Path
) -> None:
    labels = (flair > 200).astype(np.uint8)
    folder = put(tmp_path / CASE, flair, labels, compression=compression)
    volume, drawn = mt.open(folder), mt.open(folder, kind="labels")
    np.testing.assert_array_equal(volume.data, flair)
    np.testing.assert_array_equal(drawn.data, labels)
    assert (volume.name, volume.kind, drawn.kind) == (CASE, "image", "labels")
    assert volume.sha256 != drawn.sha256
    assert drawn.same_grid(volume)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode here")
def test_a_folder_whose_name_is_not_utf8_has_a_name_that_can_be_written(
    flair: np.ndarray, tmp_path: Path
) -> None:
    volume = mt.open(put(tmp_path / os.fsdecode(b"caf\xe9"), flair))
    assert volume.name == r"caf\xe9"
    volume.name.encode("utf-8")


def test_a_real_case_written_as_slices_is_the_same_volume(
    shared_data: Path, tmp_path: Path
) -> None:
    real = mt.open(shared_data / "lgg-flair" / f"{CASE}_flair.nii.gz")
    drawn = mt.open(shared_data / "lgg-flair" / f"{CASE}_mask.nii.gz", kind="labels")
    folder = put(tmp_path / CASE, real.data, drawn.data)
    volume = mt.open(folder)
    np.testing.assert_array_equal(volume.data, real.data)
    np.testing.assert_array_equal(volume.affine, real.affine)
    assert not volume.spacing_known
    assert not real.spacing_known
    np.testing.assert_array_equal(mt.open(folder, kind="labels").data, drawn.data)
    copy = mt.save(volume, tmp_path / "copy.nii.gz")
    np.testing.assert_array_equal(nib.load(copy).affine, real.affine)


@pytest.mark.parametrize(
    ("gone", "said"), [([1], r"\[1\]"), ([5, 9], r"\[5, 9\]"), (range(1, 12), r"\[1, 2, 3, 4, 5,")]
)
def test_missing_slices_are_named(gone: Any, said: str, flair: np.ndarray, tmp_path: Path) -> None:
    folder = put(tmp_path / CASE, flair)
    for k in gone:
        (folder / f"{CASE}_{k}.tif").unlink()
    with pytest.raises(InputError, match=rf"slices {said}.* missing"):
        mt.open(folder)


def test_a_mask_that_is_missing_is_named(flair: np.ndarray, tmp_path: Path) -> None:
    folder = put(tmp_path / CASE, flair, flair // 255)
    (folder / f"{CASE}_7_mask.tif").unlink()
    mt.open(folder)
    with pytest.raises(InputError, match=rf"{CASE}_7_mask\.tif: is missing"):
        mt.open(folder, kind="labels")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"{CASE}_99999999999.tif", r"slices \[13, 14, "),
        ("TCGA_XX_0000_20000101_13.tif", "slices of 2 cases"),
        (f"{CASE}_0.tif", "not numbered 1, 2, 3"),
        (f"{CASE}_012.tif", "not numbered 1, 2, 3"),
    ],
)
def test_slices_that_are_not_one_case_are_refused(
    name: str, said: str, flair: np.ndarray, tmp_path: Path
) -> None:
    folder = put(tmp_path / CASE, flair)
    (folder / name).write_bytes((folder / f"{CASE}_1.tif").read_bytes())
    with pytest.raises(InputError, match=said):
        mt.open(folder)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((20, 16, 3), np.uint16), "uint16"),
        (np.zeros((20, 16), np.uint8), "three channels"),
        (np.zeros((20, 16, 4), np.uint8), "three channels"),
        (np.zeros((20, 17, 3), np.uint8), "other slices"),
        (np.zeros((9000, 9000, 3), np.uint8), "are not a slice"),
    ],
)
def test_an_invalid_slice_is_refused_before_decompression(
    picture: np.ndarray, said: str, flair: np.ndarray, tmp_path: Path
) -> None:
    folder = put(tmp_path / CASE, flair)
    tifffile.imwrite(folder / f"{CASE}_3.tif", picture, compression="zlib")
    with pytest.raises(InputError, match=rf"{CASE}_3\.tif.*{said}"):
        mt.open(folder)


@pytest.mark.parametrize("content", [b"", b"II*\0", b"no picture" * 50])
def test_a_damaged_slice_is_refused_with_its_name(
    content: bytes, flair: np.ndarray, tmp_path: Path
) -> None:
    folder = put(tmp_path / CASE, flair)
    (folder / f"{CASE}_3.tif").write_bytes(content)
    with pytest.raises(InputError, match=rf"{CASE}_3\.tif"):
        mt.open(folder)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.tif").touch()
    with pytest.raises(InputError, match="format cannot be read"):
        mt.open(tmp_path)


def test_a_slice_of_one_piece_per_pixel_is_refused(tmp_path: Path) -> None:
    data = np.zeros((160, 160, 3), np.uint8)
    tifffile.imwrite(tmp_path / "TCGA_A_1.tif", data, tile=(16, 16), photometric="rgb")
    mt.open(tmp_path)
    data = np.zeros((16, 16 * 9000, 3), np.uint8)
    tifffile.imwrite(
        tmp_path / "TCGA_A_1.tif", data, tile=(16, 16), photometric="rgb", compression="zlib"
    )
    with pytest.raises(InputError, match="9000 pieces"):
        mt.open(tmp_path)
