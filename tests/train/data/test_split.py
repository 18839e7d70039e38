# SPDX-License-Identifier: BSD-3-Clause
"""Split of the patients, with no patient or image in two parts."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import InputError
from napari_mtmri.train.data.cases import CaseFile, find_cases, hash_images
from napari_mtmri.train.data.split import (
    assign_splits,
    check_images,
    check_patients,
    write_split,
)
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import image_hash


def refuse_to_read() -> None:
    raise AssertionError("listing must not read images")


def file(name: str, patient: str | None = None, split: str = "") -> CaseFile:
    return CaseFile(name, patient or name, split, name, name, refuse_to_read)  # type: ignore[arg-type]


names = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=40, unique=True)


@given(names, st.integers(0, 5), st.integers(1, 3))
def test_patients_are_split_in_the_requested_proportions(
    patients: list[str], seed: int, scans: int
) -> None:
    files = [file(f"{p}-{k}", p) for p in patients for k in range(scans)]
    recipe = Recipe(seed=seed, split={"train": 0.5, "val": 0.25, "test": 0.25})
    found = assign_splits(files, recipe)
    check_patients(found)
    by_patient = {f.patient: f.split for f in found}
    for side, share in recipe.data.split.items():
        count = sum(split == side for split in by_patient.values())
        assert abs(count - share * len(patients)) <= 1
    assert assign_splits(files[::-1], recipe)[::-1] == found


def test_another_seed_gives_another_split() -> None:
    files = [file(f"p{number}") for number in range(40)]
    one, other = (assign_splits(files, Recipe(seed=seed)) for seed in (0, 1))
    assert [f.split for f in one] != [f.split for f in other]


def test_a_given_split_is_kept() -> None:
    files = [file("a", split="val"), file("b", split="train")]
    assert assign_splits(files, Recipe()) == files


def test_the_same_image_under_another_name_is_found(folder: Path) -> None:
    image = nib.load(folder / "0_image.nii.gz")
    # Other data type and compression, same values.
    nib.save(nib.Nifti1Image(image.get_fdata(), image.affine), folder / "2_image.nii.gz")
    files = find_cases(folder, Recipe())
    hashes = hash_images(files, Recipe(), str)
    assert set(hashes) == {"p0", "p1", "p2"}
    with pytest.raises(InputError, match=r"same image.*p0.*p2"):
        check_images(files, hashes)
    check_images([replace(f, split="train") for f in files], hashes)


def test_the_same_image_along_other_axes_is_found(folder: Path) -> None:
    image = nib.load(folder / "0_image.nii.gz")
    labels = nib.load(folder / "0_mask.nii.gz")
    for one, kind in ((image, "image"), (labels, "mask")):
        turned = one.as_reoriented(np.array([[2, 1], [0, -1], [1, 1]]))
        nib.save(turned, folder / f"2_{kind}.nii.gz")
    files = find_cases(folder, Recipe())
    with pytest.raises(InputError, match=r"same image.*p0.*p2"):
        check_images(files, hash_images(files, Recipe(), str))


@given(st.integers(0, 2**32 - 1))
def test_one_changed_voxel_makes_another_image(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 200, (3, 4, 5)).astype(np.uint8)
    other = image.copy()
    other[tuple(rng.integers(0, image.shape))] += 1
    assert image_hash(image) == image_hash(image.astype(np.float64)) != image_hash(other)


def test_the_table_of_the_split_lists_all_cases(tmp_path: Path) -> None:
    files = [file("a-1", "a", "train"), file("b-1", "b", "val"), file("c-1", "c", "test")]
    write_split(tmp_path / "split.csv", files, {"a-1": "12", "b-1": "34"}, {"a-1": "56"})
    with (tmp_path / "split.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [tuple(row.values()) for row in rows] == [
        ("a-1", "a", "train", "12", "56"), ("b-1", "b", "val", "34", ""),
        ("c-1", "c", "test", "", ""),
    ]  # fmt: skip
    assert tuple(rows[0]) == ("case", "patient", "split", "image_sha256", "labels_sha256")
