# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_mtmri.batch.file_rules import patient_of
from napari_mtmri.display import upright_view
from napari_mtmri.errors import InputError, RequestError, ResourceError
from napari_mtmri.train.data.cases import (
    Case,
    CaseFile,
    find_cases,
    load_case,
    load_cases,
    with_classes,
)
from napari_mtmri.train.data.preview import look
from napari_mtmri.train.recipe import Recipe
from tests.train.heads import write_cases


class Endless(Sequence[CaseFile]):
    """More cases than fit into any memory, all the same."""

    def __init__(self, one: CaseFile) -> None:
        self._one = one

    def __len__(self) -> int:
        return 10**12

    def __getitem__(self, index: Any) -> Any:
        if index > 2:
            raise IndexError("too many cases were read")
        return self._one


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
    ("table", "message"),
    [
        ("case,image,split\na,b,train\n", "mask"),
        ("case,image,mask,split\na,b,c,training\n", "training"),
        ("case,image,mask,split\na,b,,train\n", "mask ''"),
        ("case,image,mask,split\na,b,c,train\na,b,c,val\n", "twice"),
        ("case,image,mask,split\na,b,c,train\nd,b,c,\n", "no split"),
        ("case,image,mask,split\n", "the table has no cases"),
        ("name;image;mask\na;b;c\n", "column case"),
        ("case,patient,image,mask,split\na,x,b,c,train\nd,x,e,f,val\n", "same patient"),
    ],
)
def test_an_unusable_table_is_refused(table: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(table)
    with pytest.raises(InputError, match=message):
        find_cases(tmp_path, Recipe())


def test_a_folder_of_unknown_layout_is_refused_with_the_known_layouts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cases\.csv.*kaggle"):
        find_cases(tmp_path, Recipe())
    with pytest.raises(InputError, match=r"no such folder.*cases\.csv"):
        find_cases(tmp_path / "nowhere", Recipe())


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda a: np.full(a.shape, np.nan, np.float32), "NaN"),
        (lambda a: np.zeros_like(a), "all voxels are 0"),
        (lambda a: (a - a.mean()) / a.std(), "not magnitudes"),
        (lambda a: np.stack([a, a], axis=-1), "series"),
        (lambda a: a[:-1], "shape"),
    ],
)
def test_an_unusable_image_is_named(
    edit: Callable[[np.ndarray], np.ndarray], message: str, folder: Path
) -> None:
    change(folder / "1_image.nii.gz", edit)
    files = [f for f in find_cases(folder, Recipe()) if f.split == "train"]
    with pytest.raises(InputError, match=message):
        load_cases(files, Recipe(), refuse)
    messages: list[str] = []
    kept = load_cases(files, Recipe(skip_unreadable=True), messages.append)
    assert [case.name for case in kept] == ["p0"]
    assert len(messages) == 1
    assert "p1" in messages[0]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "0_mask.nii.gz").unlink()
    with pytest.raises(InputError, match="0_mask"):
        load_case(find_cases(folder, Recipe())[0], Recipe())


def test_labels_on_another_grid_are_refused(folder: Path) -> None:
    mask = nib.load(folder / "0_mask.nii.gz")
    flipped = nib.Nifti1Image(np.asarray(mask.dataobj), np.diag([-1, 1, 1, 1]))
    nib.save(flipped, folder / "0_mask.nii.gz")
    with pytest.raises(InputError, match=r"corners lie.*0_image"):
        load_case(find_cases(folder, Recipe())[0], Recipe())


def test_negative_values_from_interpolation_become_magnitudes(folder: Path) -> None:
    first = find_cases(folder, Recipe())[0]
    before = load_case(first, Recipe()).image.astype(np.float32)
    change(folder / "0_image.nii.gz", lambda a: np.where(a > 0, a, np.float32(-0.5)))
    after = load_case(first, Recipe()).image
    np.testing.assert_array_equal(after, np.where(before > 0, before, 0.5))


def test_labels_beyond_the_classes_are_refused(folder: Path) -> None:
    change(folder / "0_mask.nii.gz", lambda a: (a * 4).astype(np.uint8))
    first = find_cases(folder, Recipe())[0]
    with pytest.raises(InputError, match="0 to 4"):
        load_case(first, Recipe(classes=3))
    assert load_case(first, Recipe(classes=4)).labels.max() == 4


@pytest.mark.parametrize("number", [-1, 255, 256, 1000])
def test_with_a_single_class_every_label_becomes_1(number: int, folder: Path) -> None:
    first = find_cases(folder, Recipe())[0]
    before = load_case(first, Recipe()).labels
    change(folder / "0_mask.nii.gz", lambda a: a.astype(np.int16) * np.int16(number))
    np.testing.assert_array_equal(load_case(first, Recipe(classes=1)).labels, before > 0)
    if number not in range(256):  # would wrap around
        with pytest.raises(InputError, match=f"{number}.*set `classes`"):
            load_case(first, Recipe())


def test_cases_larger_than_the_free_memory_are_refused_with_sizes(folder: Path) -> None:
    first = find_cases(folder, Recipe())[0]
    with pytest.raises(ResourceError, match=r"more cases like p0 need .* GiB"):
        load_cases(Endless(first), Recipe(), refuse)


def test_slices_of_several_sizes_need_a_crop(folder: Path) -> None:
    for kind in ("image", "mask"):
        change(folder / f"1_{kind}.nii.gz", lambda a: a[:, :-2])
    files = [f for f in find_cases(folder, Recipe()) if f.split == "train"]
    with pytest.raises(InputError, match=r"\(20, 18\) \(p0\) and \(18, 18\) \(p1\).*crop"):
        load_cases(files, Recipe(), refuse)
    for recipe in (Recipe(crop=(16, 16)), Recipe(resize=(16, 16)), Recipe(batch_size=1)):
        assert len(load_cases(files, recipe, refuse)) == 2


def test_labels_are_counted_in_the_training_cases(cases: list[Case]) -> None:
    def with_label(case: Case, label: int) -> Case:
        labels = case.labels.copy()
        labels[0, 0, 0] = label
        return replace(case, labels=labels)

    messages: list[str] = []
    train, val = [with_label(cases[0], 3)], [cases[1]]
    assert with_classes(Recipe(), train, val, messages.append).data.classes == 3
    assert messages == ["no training case has label 2 of 3."]
    only_255 = [replace(cases[0], labels=cases[0].labels * np.uint8(255))]
    assert with_classes(Recipe(), only_255, val).data.classes == 1
    with pytest.raises(InputError, match="has label 4"):
        with_classes(Recipe(), train, [with_label(cases[1], 4)])
    assert with_classes(Recipe(classes=2), train, val) == Recipe(classes=2)


def test_resizing_keeps_labels_integer_and_in_place(folder: Path) -> None:
    first = find_cases(folder, Recipe())[0]
    before, after = load_case(first, Recipe()), load_case(first, Recipe(resize=(40, 36)))
    assert after.image.shape == (len(before.image), 40, 36)
    assert set(np.unique(after.labels)) == {0, 1}
    assert after.labels.mean() == pytest.approx(before.labels.mean(), rel=0.05)
    np.testing.assert_allclose(
        np.argwhere(after.labels).mean(0)[1:] / 2, np.argwhere(before.labels).mean(0)[1:], atol=0.6
    )


def place(root: Path, names: Sequence[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("images", "labels", "files"),
    [
        ("*/image.nii.gz", "*/*mask*.nii.gz", ["{}/image.nii.gz", "{}/the_mask_1.nii.gz"]),
        ("images/*.nii.gz", "labels/*.nii.gz", ["images/{}.nii.gz", "labels/{}.nii.gz"]),
        ("images/*_0000.nii.gz", "labels/*.nii.gz", ["images/{}_0000.nii.gz", "labels/{}.nii.gz"]),
        ("**/*_t1.nii", "**/*_seg.nii", ["x/v1.2/{}_t1.nii", "x/v1.2/{}_seg.nii"]),
        ("*.nii", "*_seg.nii", ["{}.nii", "{}_seg.nii"]),
        ("[a-c]?.nii", "[!0-9]?_seg.nii", ["{}.nii", "{}_seg.nii"]),
    ],
)
def test_patterns_pair_files_by_the_text_that_their_wildcards_match(
    images: str, labels: str, files: list[str], tmp_path: Path
) -> None:
    place(tmp_path, [name.format(case) for case in ("a1", "b1", "c2") for name in files])
    place(tmp_path, [f"{Path(name).parent}/._{Path(name).name}".format("a1") for name in files])
    recipe = Recipe(image_glob=images, labels_glob=labels, patient_regex=r"([abc])[12]")
    found = find_cases(tmp_path, recipe)
    assert [(f.patient, f.image, f.labels) for f in found] == [
        (case[0], *(str(tmp_path / name.format(case)) for name in files))
        for case in ("a1", "b1", "c2")
    ]


def test_patterns_do_not_pair_files_by_order(tmp_path: Path) -> None:
    place(tmp_path, ["images/a.nii", "images/b.nii", "labels/b.nii", "labels/c.nii"])
    with pytest.raises(InputError, match=r"images/a\.nii: labels that match are none"):
        find_cases(tmp_path, Recipe(image_glob="images/*.nii", labels_glob="labels/*.nii"))
    place(tmp_path, ["labels/a-1.nii", "labels/a-2.nii"])
    with pytest.raises(InputError, match=r"a-1\.nii, .*a-2\.nii"):
        find_cases(tmp_path, Recipe(image_glob="images/*.nii", labels_glob="labels/*-*.nii"))
    with pytest.raises(RequestError, match="give both"):
        find_cases(tmp_path, Recipe(image_glob="images/*.nii"))


def test_the_patient_comes_from_the_expression_or_bids_or_the_case(
    tmp_path: Path,
) -> None:
    assert patient_of("a/sub-07/ses-2/x_T1w", None) == "sub-07"
    assert patient_of("sub-07_ses-2", None) == "sub-07"
    assert patient_of("subject-07", None) == "subject-07"
    assert patient_of("TCGA_1", r"_(\d)") == "1"
    for wrong in (r"(", r"_\d", r"x(\d)"):
        with pytest.raises(RequestError, match="patient_regex"):
            patient_of("TCGA_1", wrong)


def test_a_table_from_a_spreadsheet_is_read(folder: Path) -> None:
    lines = (folder / "cases.csv").read_text().replace("mask,", "labels,").replace(",", " , ")
    (folder / "cases.csv").write_text("\ufeff" + lines, encoding="utf-8")
    files = find_cases(folder, Recipe())
    assert [f.split for f in files] == ["train", "train", "val"]
    load_case(files[0], Recipe())


def test_patterns_find_pairs_and_patients(tmp_path: Path) -> None:
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
    with pytest.raises(InputError, match=r"scan0/image\.nii\.gz: labels that match are none"):
        find_cases(tmp_path / "free", recipe)


def test_a_preview_reads_each_of_its_cases_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading may mean simulating: BrainWeb's heads take seconds each."""
    read: list[str] = []
    opened = CaseFile.open

    def counted(file: CaseFile) -> Any:
        read.append(file.name)
        return opened(file)

    monkeypatch.setattr(CaseFile, "open", counted)
    seen = look(str(folder), Recipe())
    assert read == ["p0", "p1", "p2"]
    assert len(seen.seen) == 6


def test_slices_of_a_case_are_shown_as_the_slices_of_its_file(folder: Path) -> None:
    file = find_cases(folder, Recipe())[0]
    case, (image, _) = load_case(file, Recipe()), file.open()
    view = upright_view(image, image.axes.slice)
    for number in (0, len(case.image) // 2):
        shown = case.picture(case.image[number])
        np.testing.assert_array_equal(shown, view.picture(image.data, number))


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode here")
def test_a_folder_whose_name_is_not_utf8_gives_a_case_that_can_be_written(tmp_path: Path) -> None:
    cases = write_cases(tmp_path / "cases", ["train"])
    place = tmp_path / "free" / os.fsdecode(b"caf\xe9")
    place.mkdir(parents=True)
    for kind in ("image", "mask"):
        (cases / f"0_{kind}.nii.gz").rename(place / f"{kind}.nii.gz")
    recipe = Recipe(image_glob="**/image.nii.gz", labels_glob="**/mask.nii.gz")
    [file] = find_cases(tmp_path / "free", recipe)
    assert file.name == r"caf\xe9/image"
    load_case(file, Recipe())
