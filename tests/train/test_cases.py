# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import InputError
from napari_mtmri.train.cases import CaseFile, find_cases, load_case, load_cases
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.split import assign_splits, check_images, check_patients, image_hash
from tests.train.heads import write_cases


def nobody() -> None:
    raise AssertionError("a listing reads nothing")


def file(name: str, patient: str | None = None, split: str = "") -> CaseFile:
    return CaseFile(name, patient or name, split, name, name, nobody)  # type: ignore[arg-type]


def refuse(text: str) -> None:
    raise AssertionError(text)


def change(path: Path, edit: Callable[[np.ndarray], np.ndarray]) -> None:
    image = nib.load(path)
    nib.save(nib.Nifti1Image(edit(np.asarray(image.dataobj)), image.affine), path)


def test_a_table_names_cases_files_and_splits(folder: Path) -> None:
    files = find_cases(folder, Recipe())
    assert [(f.name, f.split) for f in files] == [("p0", "train"), ("p1", "train"), ("p2", "val")]
    assert find_cases(folder / "cases.csv", Recipe()) == files
    image, labels = files[0].open()
    assert image.shape == labels.shape
    case = load_case(files[0], Recipe())
    assert case.image.shape == case.labels.shape
    assert case.labels.max() == 1


def test_cases_can_be_sent_to_other_processes(folder: Path) -> None:
    for files in (find_cases(folder, Recipe()), find_cases("simulated", Recipe())):
        again = pickle.loads(pickle.dumps(files))
        assert again == files
        np.testing.assert_array_equal(again[0].open()[0].data, files[0].open()[0].data)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("case,image,split\na,b,train\n", "mask"),
        ("case,image,mask,split\na,b,c,training\n", "training"),
        ("case,image,mask,split\na,b,,train\n", "empty cell"),
        ("case,image,mask,split\na,b,c,train\na,b,c,val\n", "twice"),
        ("case,image,mask,split\na,b,c,train\nd,b,c,\n", "no split"),
        ("case,image,mask,split\n", "case"),
        ("case,patient,image,mask,split\na,x,b,c,train\nd,x,e,f,val\n", "same patient"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(table: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(table)
    with pytest.raises(InputError, match=said):
        find_cases(tmp_path, Recipe())


def test_a_folder_of_nothing_known_is_refused_with_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cases\.csv.*kaggle"):
        find_cases(tmp_path, Recipe())
    with pytest.raises(InputError, match="no such folder"):
        find_cases(tmp_path / "nowhere", Recipe())


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda a: np.full(a.shape, np.nan, np.float32), "NaN"),
        (lambda a: np.zeros_like(a), "every voxel is 0"),
        (lambda a: a[:-1], "shape"),
    ],
)
def test_an_image_that_cannot_be_used_is_named(
    edit: Callable[[np.ndarray], np.ndarray], said: str, folder: Path
) -> None:
    change(folder / "1_image.nii.gz", edit)
    files = [f for f in find_cases(folder, Recipe()) if f.split == "train"]
    with pytest.raises(InputError, match=said):
        load_cases(files, Recipe(), refuse)
    heard: list[str] = []
    kept = load_cases(files, Recipe(skip_unreadable=True), heard.append)
    assert [case.name for case in kept] == ["p0"]
    assert len(heard) == 1
    assert "p1" in heard[0]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "0_mask.nii.gz").unlink()
    with pytest.raises(InputError, match="0_mask"):
        load_case(find_cases(folder, Recipe())[0], Recipe())


def test_more_labels_than_classes_are_refused(folder: Path) -> None:
    change(folder / "0_mask.nii.gz", lambda a: (a * 4).astype(np.uint8))
    first = find_cases(folder, Recipe())[0]
    with pytest.raises(InputError, match="0 to 4"):
        load_case(first, Recipe(classes=3))
    assert load_case(first, Recipe(classes=4)).labels.max() == 4


def test_resizing_keeps_labels_whole_and_where_they_were(folder: Path) -> None:
    first = find_cases(folder, Recipe())[0]
    before, after = load_case(first, Recipe()), load_case(first, Recipe(resize=(40, 36)))
    assert after.image.shape == (len(before.image), 40, 36)
    assert set(np.unique(after.labels)) == {0, 1}
    assert after.labels.mean() == pytest.approx(before.labels.mean(), rel=0.05)
    np.testing.assert_allclose(
        np.argwhere(after.labels).mean(0)[1:] / 2, np.argwhere(before.labels).mean(0)[1:], atol=0.6
    )


names = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=40, unique=True)


@given(names, st.integers(0, 5), st.integers(1, 3))
def test_patients_are_split_in_the_shares_asked_for(
    patients: list[str], seed: int, scans: int
) -> None:
    files = [file(f"{p}-{k}", p) for p in patients for k in range(scans)]
    recipe = Recipe(seed=seed, split={"train": 0.5, "val": 0.25, "test": 0.25})
    found = assign_splits(files, recipe)
    check_patients(found)
    by_patient = {f.patient: f.split for f in found}
    for side, share in recipe.split.items():
        count = sum(split == side for split in by_patient.values())
        assert abs(count - share * len(patients)) <= 1
    assert assign_splits(files[::-1], recipe)[::-1] == found


def test_another_seed_splits_otherwise() -> None:
    files = [file(f"p{number}") for number in range(40)]
    one, other = (assign_splits(files, Recipe(seed=seed)) for seed in (0, 1))
    assert [f.split for f in one] != [f.split for f in other]


def test_a_split_that_is_named_is_kept() -> None:
    files = [file("a", split="val"), file("b", split="train")]
    assert assign_splits(files, Recipe()) == files


def test_the_same_image_under_another_name_is_found(folder: Path) -> None:
    image = nib.load(folder / "0_image.nii.gz")
    # Another type, another compression: the same values.
    nib.save(nib.Nifti1Image(image.get_fdata(), image.affine), folder / "2_image.nii.gz")
    files = find_cases(folder, Recipe())
    hashes = {f.name: image_hash(load_case(f, Recipe()).image) for f in files}
    with pytest.raises(InputError, match=r"same image.*p0.*p2"):
        check_images(files, hashes)
    check_images([replace(f, split="train") for f in files], hashes)


def test_rules_find_pairs_and_patients(tmp_path: Path) -> None:
    cases = write_cases(tmp_path / "cases", ["train"] * 3)
    for number in range(3):
        place = tmp_path / "free" / f"sub-{number // 2}" / f"scan{number}"
        place.mkdir(parents=True)
        for kind in ("image", "mask"):
            (cases / f"{number}_{kind}.nii.gz").rename(place / f"{kind}.nii.gz")
    recipe = Recipe(
        image_glob="**/image.nii.gz", labels_glob="**/mask.nii.gz", patient_regex=r"sub-(\d)"
    )
    files = find_cases(tmp_path / "free", recipe)
    assert [f.patient for f in files] == ["0", "0", "1"]
    assert files[0].split == files[1].split
    (tmp_path / "free/sub-0/scan0/mask.nii.gz").unlink()
    with pytest.raises(InputError, match="3 images and 2 labels"):
        find_cases(tmp_path / "free", recipe)
