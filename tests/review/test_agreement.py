# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of readers over a study: overlap, volume, lesions, verdicts, disputed cases."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.errors import InputError
from napari_mtmri.review.agreement import compare_project
from napari_mtmri.review.mask_scores import compare_masks
from napari_mtmri.review.project import open_project
from napari_mtmri.volume import Volume
from tests.review.reader_studies import AFFINE, SHAPE, block, read_as, write_study

GRID = Volume(np.zeros(SHAPE, np.uint8), AFFINE)
EMPTY = np.zeros(SHAPE, np.uint8)


def test_overlap_distance_and_volume_of_shifted_boxes() -> None:
    (one,) = compare_masks(block(6), block(8), GRID, ("a", "b"), "p")
    assert one.dice == pytest.approx(3 / 5)
    assert one.hd95 == pytest.approx(2)
    voxels = block(6).sum()
    assert one.volume_first == pytest.approx(voxels * 4 / 1000)
    assert one.difference == 0
    assert (one.lesions_first, one.found_by_second) == (1, 1)
    assert one.lesion_f1 == 1


def test_distances_agree_with_simpleitk() -> None:
    sitk = pytest.importorskip("SimpleITK")
    first, second = block(6), block(9, 4)
    (one,) = compare_masks(first, second, GRID)
    images = [sitk.GetImageFromArray(mask.transpose(2, 1, 0)) for mask in (first, second)]
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    assert one.dice == pytest.approx(overlap.GetDiceCoefficient())
    for image in images:
        image.SetSpacing((1, 1, 4))
    hausdorff = sitk.HausdorffDistanceImageFilter()
    hausdorff.Execute(*images)
    assert 0 < one.hd95 <= hausdorff.GetHausdorffDistance()


def test_swapping_the_readers_mirrors_the_scores() -> None:
    first = block(6) + 2 * block(13, 3)
    (a1, a2), (b1, b2) = (
        compare_masks(*masks, GRID) for masks in ((first, block(7)), (block(7), first))
    )
    assert (a1.dice, a1.hd95, a1.difference) == (b1.dice, b1.hd95, -b1.difference)
    assert (a1.lesions_first, a1.found_by_second) == (b1.lesions_second, b1.found_by_first)
    assert (a2.label, a2.flag, b2.flag) == (2, "only first", "only second")
    assert a2.dice == 0
    assert math.isinf(a2.hd95)


def test_two_empty_masks_agree_and_unknown_spacing_counts_voxels() -> None:
    (one,) = compare_masks(EMPTY, EMPTY, GRID)
    assert (one.dice, one.flag, one.volume_first) == (1, "both empty", 0)
    (two,) = compare_masks(block(), block(), Volume(GRID.data, AFFINE, spacing_known=False))
    assert (two.volume_unit, two.volume_first) == ("voxel", block().sum())


@pytest.fixture
def study(tmp_path: Path) -> Path:
    pytest.importorskip("statsmodels", reason="kappa needs the extra [review]")
    folder = write_study(tmp_path / "study", 4)
    read_as(folder, "ann", {f"p{n}": block(6) for n in range(4)})
    read_as(
        folder,
        "bob",
        {"p0": block(6), "p1": block(8), "p2": block(7), "p3": EMPTY},
        {"p2": "flag", "p3": "reject"},
    )
    return folder


def test_disputed_cases_come_first(study: Path) -> None:
    found = compare_project(open_project(study, "ann"))
    assert [one.case for one in found.cases] == ["p2", "p3", "p1", "p0"]
    assert [one.is_disputed for one in found.cases] == [True, True, False, False]
    worst = found.cases[0]
    assert worst.verdicts == {"ann": "approved", "bob": "flagged"}
    assert worst.disagreement == pytest.approx(1 + 1 - worst.dice)
    assert found.cases[-1].disagreement == 0
    # bob rejected p3: its mask does not count
    assert {one.case for one in found.pairs} == {"p0", "p1", "p2"}
    assert "Rejected" in found.notes[0]


def test_kappa_and_limits_of_agreement_of_the_study(study: Path) -> None:
    found = compare_project(open_project(study, "ann"))
    (kappa,) = found.kappas
    assert (kappa.raters, kappa.n) == (("ann", "bob"), 4)
    assert kappa.observed == 0.5
    assert kappa.value == 0  # ann always approves
    (volumes,) = found.bland_altman
    assert (volumes.n, volumes.bias, volumes.unit) == (3, 0, "ml")


def test_a_third_reader_adds_fleiss_kappa_and_all_pairs(study: Path) -> None:
    read_as(study, "cid", {f"p{n}": block(6) for n in range(3)}, {"p2": "flag"})
    found = compare_project(open_project(study, "ann"))
    assert [one.name for one in found.kappas] == ["Cohen", "Cohen", "Cohen", "Fleiss"]
    assert found.kappas[-1].n == 3  # judged by all three
    pairs = {(one.first, one.second) for one in found.pairs}
    assert pairs == {("ann", "bob"), ("ann", "cid"), ("bob", "cid")}
    two = compare_project(open_project(study, "ann"), ["ann", "cid"])
    assert {(one.first, one.second) for one in two.pairs} == {("ann", "cid")}


def test_a_second_reading_is_compared_with_the_first(study: Path) -> None:
    read_as(study, "ann", {"p0": block(7)}, again=True)
    found = compare_project(open_project(study, "ann"), ["ann"])
    (one,) = found.pairs
    assert (one.first, one.second) == ("ann", "ann, reading 2")
    assert one.dice == pytest.approx(4 / 5)
    assert [kappa.name for kappa in found.kappas] == ["Cohen"]


def test_sessions_of_one_patient_are_said(study: Path) -> None:
    assert not any("patients" in note for note in compare_project(open_project(study, "ann")).notes)
    table = study / "cases.csv"
    table.write_text(table.read_text().replace("patient1", "patient0"))
    found = compare_project(open_project(study, "ann"))
    assert any(
        note.startswith("n counts cases: the 4 cases are of 3 patients") for note in found.notes
    )
    assert found.notes[-1] in found.to_markdown()


def test_tables_and_plot_are_written(study: Path, tmp_path: Path) -> None:
    found = compare_project(open_project(study, "ann"))
    written = found.save(tmp_path / "out" / "agreement.csv")
    assert [path.name for path in written] == [
        "agreement.csv", "agreement-cases.csv", "agreement-summary.md", "agreement-volumes.png",
    ]  # fmt: skip
    with written[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["dice"]) for row in rows] == [one.dice for one in found.pairs]
    with written[1].open(newline="") as file:
        assert next(csv.DictReader(file))["case"] == "p2"
    text = written[2].read_text()
    for word in ("ann – bob", "Mean Dice", "Bias", "Cohen: ann, bob", "Rejected"):
        assert word in text


def test_nothing_to_compare_is_said(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", 1)
    project = read_as(folder, "ann", {"p0": block(6)})
    with pytest.raises(InputError, match="no case has verdicts of two readers"):
        compare_project(project)
