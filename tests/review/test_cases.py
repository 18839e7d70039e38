# SPDX-License-Identifier: BSD-3-Clause
"""Cases are found in the layouts people have, and the rule that is shown finds them again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.review.case_rule import CaseRule, apply_rule, guess_rule
from napari_mtmri.review.cases import find_cases

BESIDE = ["a_flair.nii.gz", "a_mask.nii.gz", "b_flair.nii.gz", "b_mask.nii.gz", "c_flair.nii.gz"]
LAYOUTS = {
    "masks beside": (BESIDE, {"a": ["mask"], "b": ["mask"], "c": []}),
    "image without a word": (
        ["p1.nii", "p1_seg.nii", "p2.nii", "p2_seg.nii"],
        {"p1": ["seg"], "p2": ["seg"]},
    ),
    "a folder a case": (
        ["p1/flair.nii.gz", "p1/lesion.nii.gz", "p2/flair.nii.gz", "p2/lesion.nii.gz"],
        {"p1": ["lesion"], "p2": ["lesion"]},
    ),
    "one case alone": (["flair.nii.gz", "lesion.nii.gz"], {"": ["lesion"]}),
    "two folders": (
        ["images/a.nii.gz", "images/b.nii.gz", "masks/a.nii.gz", "masks/b.nii.gz"],
        {"a": ["masks"], "b": ["masks"]},
    ),
    "nnU-Net": (
        ["imagesTr/a_001_0000.nii.gz", "imagesTr/a_002_0000.nii.gz", "labelsTr/a_001.nii.gz"],
        {"a_001": ["labelsTr"], "a_002": []},
    ),
    "several masks": (
        ["p1_t2.nii", "p1_mask_mtmri.nii", "p1_mask_reader1.nii", "p2_t2.nii"],
        {"p1": ["mtmri", "reader1"], "p2": []},
    ),
    "reader before the word": (
        ["p1.mgz", "p1_anna_mask.mgz", "p1_ben_mask.mgz", "p2.mgz"],
        {"p1": ["anna", "ben"], "p2": []},
    ),
    "readers' folders": (
        ["images/a.nii", "images/b.nii", "masks/anna/a.nii", "masks/ben/a.nii"],
        {"a": ["anna", "ben"], "b": []},
    ),
    "sites": (
        ["s1/images/a.nii", "s2/images/a.nii", "s1/masks/a.nii", "s2/masks/a.nii"],
        {"s1/a": ["masks"], "s2/a": ["masks"]},
    ),
    "BIDS": (
        [
            "sub-01/anat/sub-01_FLAIR.nii.gz",
            "sub-02/ses-1/anat/sub-02_ses-1_FLAIR.nii.gz",
            "sub-02/ses-2/anat/sub-02_ses-2_FLAIR.nii.gz",
            "derivatives/mtmri/sub-01/anat/sub-01_desc-lesion_mask.nii.gz",
            "derivatives/mtmri/sub-02/ses-2/anat/sub-02_ses-2_desc-lesion_mask.nii.gz",
        ],
        {"sub-01": ["mtmri"], "sub-02_ses-1": [], "sub-02_ses-2": ["mtmri"]},
    ),
}


@pytest.mark.parametrize(("names", "wanted"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_are_found(names: list[str], wanted: dict[str, list[str]]) -> None:
    cases, notes = apply_rule(names, guess_rule(names))
    assert {case.name: list(case.masks) for case in cases} == wanted
    assert notes == []


@pytest.mark.parametrize("names", [names for names, _ in LAYOUTS.values()], ids=LAYOUTS)
def test_every_file_is_in_one_place_of_one_case(names: list[str]) -> None:
    cases, _ = apply_rule(names, guess_rule(names))
    used = [
        name
        for case in cases
        for name in (case.image, *case.sequences.values(), *case.masks.values())
    ]
    assert sorted(used) == sorted(names)


def test_sequences_of_a_case_are_further_images_and_flair_comes_first() -> None:
    names = [
        f"p{n}_{w}.nii.gz" for n in (1, 2, 10) for w in ("t1", "t1ce", "flair", "mask", "prob")
    ]
    cases, _ = apply_rule(names, guess_rule(names))
    assert [case.name for case in cases] == ["p1", "p2", "p10"]
    assert cases[0].image == "p1_flair.nii.gz"
    assert list(cases[0].sequences) == ["t1ce", "t1"]
    assert list(cases[0].probabilities.values()) == ["p1_prob.nii.gz"]


def test_the_rule_can_be_read_and_corrected() -> None:
    rule = guess_rule(BESIDE)
    assert rule.text == "images *_flair.nii.gz; masks *_mask.nii.gz"
    names = ["x/one.nii", "x/one_v2.nii", "y/two.nii", "y/two_v2.nii"]
    rule = CaseRule(images="*/*.nii", masks="*/*_v2.nii")
    cases, _ = apply_rule(names, rule)
    assert {case.name: list(case.masks) for case in cases} == {"x/one": ["v2"], "y/two": ["v2"]}
    rule = CaseRule(images="*/*.nii", masks="*/*_v2.nii", case_regex="^(one|two)")
    assert [case.name for case in apply_rule(names, rule)[0]] == ["one", "two"]


def test_many_different_names_give_few_globs() -> None:
    names = [f"p{n:03d}_flair.nii" for n in range(40)]
    names += [f"p{n:03d}_mask_2026{n:03d}.nii" for n in range(40)]
    rule = guess_rule(names)
    assert len(rule.masks) < 60
    cases, _ = apply_rule(names, rule)
    assert all(len(case.masks) == 1 for case in cases)


def test_masks_of_no_image_are_said(tmp_path: Path) -> None:
    for name in [*BESIDE, "d_mask.nii.gz"]:
        (tmp_path / name).touch()
    found = find_cases(tmp_path)
    assert len(found.cases) == 3
    [note] = found.notes
    assert note == "1 of 3 masks belong to no image: d_mask.nii.gz."
    assert found.text == "3 cases by names: images *_flair.nii.gz; masks *_mask.nii.gz"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (CaseRule(images=""), "`images` is empty"),
        (CaseRule(images="*.nii", case_regex="("), "case_regex"),
        (CaseRule(images="*.nii", case_regex="no group"), "case_regex"),
    ],
)
def test_rules_that_are_no_rules_are_refused(rule: CaseRule, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        apply_rule(["a.nii", "no group.nii"], rule)


def test_folders_without_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        find_cases(tmp_path / "none")
    with pytest.raises(InputError, match=r"no volume was found.*\.nii\.gz.*choose") as why:
        find_cases(tmp_path)
    assert str(why.value).startswith(f"{tmp_path}: ")
    (tmp_path / "a_mask.nii").touch()
    with pytest.raises(InputError, match=f"{tmp_path}: all 1 volumes look like masks"):
        find_cases(tmp_path)
    with pytest.raises(InputError, match=r"no image was found by the rule images \*\.mgz"):
        find_cases(tmp_path, CaseRule(images="*.mgz"))


def test_a_table_names_images_masks_and_patients(tmp_path: Path) -> None:
    for name in ("1.nii", "1m.nii", "1x.nii", "1t.nii", "2.nii"):
        (tmp_path / name).touch()
    (tmp_path / "cases.csv").write_text(
        "case,image,mask,mask mtmri,t1,patient,site\n"
        "one,1.nii,1m.nii,1x.nii,1t.nii,p1,here\ntwo,2.nii,2m.nii,,,p2,there\nthree,,,,,p3,\n"
    )
    found = find_cases(tmp_path)
    assert found.text == "2 cases: cases.csv"
    one, two = found.cases
    assert one.masks == {"mask": tmp_path / "1m.nii", "mask mtmri": tmp_path / "1x.nii"}
    assert one.sequences == {"t1": tmp_path / "1t.nii"}
    assert (one.patient, two.masks) == ("p1", {})
    assert one.models == ("mask mtmri",)
    assert sorted(found.notes) == ["1 case without an image: three.", "two: 2m.nii is missing."]
    assert find_cases(tmp_path / "cases.csv").cases == found.cases


def test_a_table_that_names_a_case_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.nii").touch()
    (tmp_path / "cases.csv").write_text("case,image\none,1.nii\none,1.nii\n")
    with pytest.raises(InputError, match="'one' occurs twice"):
        find_cases(tmp_path)


def test_results_of_several_methods_are_choices_of_one_case(tmp_path: Path) -> None:
    for case, method in (("a", "mtmri"), ("a", "two-stage"), ("b", "mtmri")):
        folder = tmp_path / case / method
        folder.mkdir(parents=True)
        record = {"name": case, "method": method}
        (folder / "run.json").write_text(json.dumps(record))
        for name in ("zero_filled", "reconstruction", "segmentation", "probability"):
            (folder / f"{name}.nii.gz").touch()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "run.json").write_text("{")
    found = find_cases(tmp_path)
    a, b = found.cases
    assert (a.name, b.name) == ("a", "b")
    assert list(a.masks) == list(a.models) == ["mtmri", "two-stage"]
    assert list(a.probabilities) == ["mtmri", "two-stage"]
    assert a.image == tmp_path / "a" / "mtmri" / "reconstruction.nii.gz"
    assert list(a.sequences) == ["two-stage", "zero-filled"]
    assert len(found.notes) == 1


def test_each_folder_of_slices_is_a_case(tmp_path: Path) -> None:
    for name in ("TCGA_CS_1_19960909", "TCGA_CS_1_19970101", "more/TCGA_HT_2_2000"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / f"{folder.name}_1.tif").touch()
        if name != "TCGA_CS_1_19970101":
            (folder / f"{folder.name}_1_mask.tif").touch()
    (tmp_path / "data.csv").touch()
    found = find_cases(tmp_path)
    assert found.text == "3 cases: folders of slices"
    assert not found.notes
    assert {case.name: (case.patient, list(case.masks)) for case in found.cases} == {
        "TCGA_CS_1_19960909": ("TCGA_CS_1", ["mask"]),
        "TCGA_CS_1_19970101": ("TCGA_CS_1", []),
        "more/TCGA_HT_2_2000": ("TCGA_HT_2", ["mask"]),
    }
    [alone] = find_cases(tmp_path / "TCGA_CS_1_19960909").cases
    assert (alone.name, alone.image) == (found.cases[0].name, found.cases[0].image)
    (tmp_path / "other.nii").touch()
    assert find_cases(tmp_path).notes == ("1 volume beside them left out: other.nii.",)


def test_folders_of_readers_and_hidden_files_are_no_cases(tmp_path: Path) -> None:
    reader = tmp_path / "review" / "Anna"
    (reader / "masks" / "a").mkdir(parents=True)
    (reader / "journal.jsonl").touch()
    (reader / "masks" / "a" / "v0001.nii.gz").touch()
    (tmp_path / ".hidden").mkdir()
    for name in ("a.nii", ".b.nii", ".hidden/c.nii", "d.img", "d.hdr"):
        (tmp_path / name).touch()
    assert [case.name for case in find_cases(tmp_path).cases] == ["a", "d"]


def test_nothing_is_opened_to_list_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BESIDE:
        (tmp_path / name).touch()  # empty: reading any would fail
    assert len(find_cases(tmp_path).cases) == 3


def test_a_whole_disk_chosen_by_mistake_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_mtmri.review.cases.MOST_FILES", 4)
    for name in BESIDE:
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="more than 4 files"):
        find_cases(tmp_path)
