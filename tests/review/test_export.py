# SPDX-License-Identifier: BSD-3-Clause
"""Export: masks equal what was signed off, tables agree with the journals, nothing else."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import sha256
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.consensus import majority, make_consensus
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.export import export_review
from napari_mtmri.review.journal import read_head
from napari_mtmri.review.lesions import measure_lesions
from napari_mtmri.review.mask_store import LabelName, write_label_names
from napari_mtmri.review.project import open_project
from napari_mtmri.review.session import ReviewSession
from napari_mtmri.review.training_folder import export_training
from napari_mtmri.train.data.cases import find_cases, load_case
from napari_mtmri.train.recipe import Recipe
from tests.review.reader_studies import AFFINE, block, read_as, write_study


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in folder.rglob("*")
        if path.is_file() and "review" not in path.parts
    }


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = write_study(tmp_path / "study")
    read_as(folder, "ann", {"p0": block(7), "p1": block(8, label=3)}, {"p1": "flag"})
    read_as(folder, "bob", {"p0": block(5)})
    return folder


def test_exported_masks_are_those_signed_off_and_the_originals_stay(
    study: Path, tmp_path: Path
) -> None:
    before = hashes(study)
    out = tmp_path / "out"
    report = export_review(open_project(study, "ann"), out)
    assert (report.n_masks, report.readers) == (3, ("ann", "bob"))
    wanted = {"ann/p0": block(7), "ann/p1": block(8, label=3), "bob/p0": block(5)}
    for name, mask in wanted.items():
        found = read_volume(out / "masks" / f"{name}.nii.gz", "labels")
        image = read_volume(study / f"{name[-2:]}_image.nii.gz")
        assert (found.data == mask).all()
        assert found.same_grid(image)
        sources = read_volume(out / "sources" / f"{name}.nii.gz", "labels")
        assert {*np.unique(sources.data)} <= {0, 1, 2, 3}
    assert hashes(study) == before


def test_verdicts_quote_the_head_of_the_journal(study: Path, tmp_path: Path) -> None:
    project = open_project(study, "ann")
    export_review(project, tmp_path / "out")
    found = {(row["reader"], row["case"]): row for row in rows(tmp_path / "out" / "verdicts.csv")}
    assert found["ann", "p1"]["verdict"] == "flagged"
    assert found["bob", "p0"]["comment"] == "bob on p0"
    for row in found.values():
        head = read_head(project.of(row["reader"]).journal)
        assert head is not None
        assert (int(row["journal_lines"]), row["journal_head"]) == (head.count, head.hash)
        assert row["mask_sha256"] == sha256(tmp_path / "out" / row["mask"])


def test_lesions_are_those_of_the_table(study: Path, tmp_path: Path) -> None:
    export_review(open_project(study, "ann"), tmp_path / "out")
    found = [row for row in rows(tmp_path / "out" / "lesions.csv") if row["case"] == "p1"]
    (lesion,) = measure_lesions(block(8, label=3), AFFINE).lesions
    assert [float(row["diameter"]) for row in found] == [lesion.diameter]
    assert (found[0]["label"], found[0]["volume_unit"]) == ("3", "ml")


def test_provenance_names_what_each_mask_was_made_from(study: Path, tmp_path: Path) -> None:
    export_review(open_project(study, "ann"), tmp_path / "out")
    found = json.loads((tmp_path / "out" / "provenance.json").read_text())
    image = sha256(study / "p0_image.nii.gz")
    assert f"review:image/{image}" in found["entity"]
    activity = found["activity"]["review:work/ann/p0/reading-1"]
    assert activity["review:tools"]["brush"]["edits"] == 1
    assert activity["prov:startTime"] <= activity["prov:endTime"]
    ids = {*found["entity"], *found["activity"], *found["agent"]}
    for kind in ("used", "wasGeneratedBy", "wasAssociatedWith"):
        for relation in found[kind].values():
            assert {*relation.values()} <= ids


def test_header_fields_of_the_original_are_kept(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", 1)
    path = folder / "p0_mask.nii.gz"
    image = nib.load(path)
    data = np.asarray(image.dataobj).astype(np.float32) * 255
    affine = np.array([[0.9, 0.1, 0, 3], [-0.1, 0.9, 0, 4], [0, 0, 4, 5], [0, 0, 0, 1.0]])
    for name, array in (("p0_mask", data), ("p0_image", np.asarray(nib.load(
        folder / "p0_image.nii.gz").dataobj))):  # fmt: skip
        made = nib.Nifti1Image(array, affine)
        made.set_sform(affine, 4)
        made.set_qform(affine, 2)
        made.header.set_xyzt_units("mm")
        nib.save(made, folder / f"{name}.nii.gz")
    project = read_as(folder, "ann", {"p0": block(7, label=255)})
    export_review(project, tmp_path / "out")
    found = nib.load(tmp_path / "out" / "masks" / "ann" / "p0.nii.gz")
    assert found.get_data_dtype() == np.float32
    assert {*np.unique(found.dataobj)} == {0.0, 255.0}
    assert (int(found.header["sform_code"]), int(found.header["qform_code"])) == (4, 2)
    assert np.allclose(found.affine, affine)


def test_bids_names_keep_the_entities_of_the_image(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "raw", 1)
    bids = tmp_path / "study" / "sub-01" / "ses-2" / "anat"
    bids.mkdir(parents=True)
    shutil.copy(folder / "p0_image.nii.gz", bids / "sub-01_ses-2_FLAIR.nii.gz")
    project = open_project(tmp_path / "study", "ann")
    (case,) = project.cases
    read_as(tmp_path / "study", "ann", {case.name: block(7)})
    export_review(project, tmp_path / "out", bids=True)
    place = tmp_path / "out" / "sub-01" / "ses-2" / "anat"
    stem = "sub-01_ses-2_space-orig_desc-ann"
    assert (read_volume(place / f"{stem}_dseg.nii.gz", "labels").data == block(7)).all()
    assert (place / f"{stem}Sources_dseg.nii.gz").is_file()
    assert json.loads((place / f"{stem}_dseg.json").read_text())["Manual"]
    description = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"


def test_a_blind_export_contains_no_hidden_word(study: Path, tmp_path: Path) -> None:
    project = open_project(study, "cid")
    with ReviewSession(project, prefetch=False) as session:
        session.blind(5)
        for name in ("p0", "p2"):
            session.open(name, mask="")
            opened = session.open(name, mask="mask")
            session.apply(Edit.between(opened.data, block(9), "brush"))
            session.verdict("approve", comment=f"{name} is better than what bob drew")
        blinding = session.blinding
    for bids in (False, True):
        out = tmp_path / f"out-{bids}"
        report = export_review(project, out, bids=bids)
        assert report.readers == ("cid",)
        texts = [str(path.relative_to(out)) for path in out.rglob("*")]
        for path in out.rglob("*"):
            if path.suffix in (".csv", ".json"):
                texts.append(path.read_text())
            elif path.is_file():
                header = nib.load(path).header
                texts += [str(header[key]) for key in ("descrip", "aux_file", "db_name")]
        text = "\n".join(texts).replace("napari-mtmri", "")  # the name of the program
        assert {*blinding.hidden_words()} >= {"p0", "p2", "bob", "mtmri"}
        assert list(blinding.leaks(text)) == []
    with pytest.raises(RequestError, match="cid still reads blind"):
        export_review(open_project(study, "ann"), tmp_path / "all")
    assert "Case 0" in (tmp_path / "out-False" / "verdicts.csv").read_text()


def test_names_and_colors_of_labels_travel_along(study: Path, tmp_path: Path) -> None:
    project = open_project(study, "ann")
    write_label_names(project.folder, {3: LabelName("edema", "#d95f02")})
    export_review(project, tmp_path / "out")
    assert rows(tmp_path / "out" / "labels.csv")[0]["name"] == "edema"


def test_an_export_replaces_an_earlier_one_and_nothing_else(study: Path, tmp_path: Path) -> None:
    project = open_project(study, "ann")
    out = tmp_path / "out"
    export_review(project, out)
    (out / "masks" / "old.nii.gz").touch()
    export_review(project, out, ["bob"])
    assert [path.name for path in (out / "masks").rglob("*.gz")] == ["p0.nii.gz"]
    with pytest.raises(RequestError, match="not an export"):
        export_review(project, study)
    assert hashes(study)
    with pytest.raises(RequestError, match="eve"):
        export_review(project, out, ["eve"])


def test_nothing_signed_off_is_said_and_leaves_no_folder(tmp_path: Path) -> None:
    project = open_project(write_study(tmp_path / "study"), "ann")
    for write in (export_review, export_training):
        with pytest.raises(InputError, match="yet"):
            write(project, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_training_finds_the_approved_cases_with_their_masks(study: Path, tmp_path: Path) -> None:
    project = open_project(study, "ann")
    made = export_training(project, tmp_path / "train")
    assert made.cases == ("p0",)
    assert "approved by ann, bob; the mask of ann" in made.notes[0]
    (file,) = find_cases(tmp_path / "train", Recipe(split={"train": 1.0}))
    assert (file.name, file.patient, file.split) == ("p0", "patient0", "train")
    image, labels = file.open()
    assert (labels.data == block(7)).all()
    original = read_volume(study / "p0_image.nii.gz")
    assert (image.data == original.data).all()
    assert image.same_grid(original)
    assert load_case(file, Recipe()).labels.any()


def test_the_verdict_of_a_consensus_decides_what_is_trained_on(study: Path, tmp_path: Path) -> None:
    read_as(study, "bob", {"p1": block(8, label=3), "p2": block(5)})
    read_as(study, "ann", {"p2": block(5)})
    project = open_project(study, "ann")
    make_consensus(project)  # of p1 evenly approved and flagged
    made = export_training(project, tmp_path / "train")
    assert (made.cases, made.notes) == (("p0", "p2"), ())
    labels = read_volume(tmp_path / "train" / "masks" / "p0.nii.gz", "labels").data
    assert (labels == majority([block(7), block(5)]).labels).all()


def test_a_split_of_the_data_is_kept_for_training(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study")
    table = folder / "cases.csv"
    lines = table.read_text().splitlines()
    splits = ("split", "train", "test", "val")
    table.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, splits, strict=True)))
    project = read_as(folder, "ann", {f"p{n}": block(7) for n in range(3)})
    export_training(project, tmp_path / "train")
    files = find_cases(tmp_path / "train", Recipe())
    assert {file.name: file.split for file in files} == {"p0": "train", "p1": "test", "p2": "val"}


def test_a_folder_of_slices_is_reviewed_and_exported_as_nifti(tmp_path: Path) -> None:
    folder = tmp_path / "kaggle"
    rng = np.random.default_rng(0)
    for name in ("TCGA_CS_1_1996", "TCGA_CS_2_1996"):
        (folder / name).mkdir(parents=True)
        for number in (1, 2, 3):
            picture = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
            tifffile.imwrite(folder / name / f"{name}_{number}.tif", picture, photometric="rgb")
            drawn = np.zeros((12, 10), np.uint8)
            drawn[2:5, 3:6] = 255
            tifffile.imwrite(folder / name / f"{name}_{number}_mask.tif", drawn)
    before = hashes(folder)
    with ReviewSession(open_project(folder, "ann")) as session:
        opened = session.open("TCGA_CS_1_1996")
        assert opened.data.sum() == 27
        session.apply(Edit.between(opened.data, np.roll(opened.data, 1, axis=0), "brush"))
        wanted = opened.data.copy()
        session.verdict("approve")
    export_review(open_project(folder, "ann"), tmp_path / "out")
    exported = nib.load(tmp_path / "out" / "masks" / "ann" / "TCGA_CS_1_1996.nii.gz")
    assert np.array_equal(np.asarray(exported.dataobj), wanted)
    image = read_volume(folder / "TCGA_CS_1_1996")
    np.testing.assert_allclose(exported.affine, image.affine)
    export_training(open_project(folder, "ann"), tmp_path / "data")
    (case,) = find_cases(tmp_path / "data", Recipe(split={"train": 1.0}))
    assert case.patient == "TCGA_CS_1"
    assert hashes(folder) == before
