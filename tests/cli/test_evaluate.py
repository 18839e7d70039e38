# SPDX-License-Identifier: BSD-3-Clause
"""``evaluate``: one mask per case, all methods on the same cases, tables that name failed cases."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import napari_mtmri as mt
from napari_mtmri.acquisition import case_seed
from napari_mtmri.samples import phantom
from napari_mtmri.stats.intervals import compare
from tests.cli.conftest import SHAPE, Shell


def write_cases(folder: Path, count: int = 3, first: str = "train") -> Path:
    lines = ["case,image,mask,split"]
    for number in range(count):
        image, lesion = phantom(SHAPE, seed=number)
        mt.save(image, folder / f"i{number}.nii.gz")
        mt.save(lesion, folder / f"m{number}.nii.gz")
        split = "val" if number else first
        lines.append(f"p{number},i{number}.nii.gz,m{number}.nii.gz,{split}")
    place = folder / "cases.csv"
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place


@pytest.fixture
def cases(here: Path) -> Path:
    return write_cases(here, first="test")


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def value(rows: list[dict[str, str]], **wanted: str) -> float:
    found = [row for row in rows if all(row[key] == text for key, text in wanted.items())]
    assert len(found) == 1
    return float(found[0]["value"])


VOLUME = {"scope": "volume", "region": "field of view", "metric": "PSNR"}


def test_scores_are_those_that_python_measures_with_the_case_s_own_mask(
    sh: Shell, cases: Path, here: Path
) -> None:
    assert sh("evaluate", cases, "--out", "s", "--seed", 7).status == 0
    rows = rows_of(here / "s" / "scores.csv")
    for number in range(3):
        seed = case_seed(7, f"p{number}")
        volume = mt.open(here / f"i{number}.nii.gz")
        scan = mt.simulate(volume, mt.Pattern("random", acceleration=4, seed=seed), seed=seed)
        labels = mt.open(here / f"m{number}.nii.gz", kind="labels")
        scores = mt.evaluate(mt.run(scan), labels=labels).scores
        for method, ours in scores.items():
            found = value(rows, case=f"p{number}", method=method, **VOLUME)
            assert found == ours.get("PSNR")


def test_zero_filled_is_always_included_and_counts_once_per_case(
    sh: Shell, cases: Path, here: Path
) -> None:
    answer = sh("evaluate", cases, "--split", "val", "-m", "d5c5,mtmri,zero-filled", "--out", "s")
    assert answer.status == 0
    rows = [row for row in rows_of(here / "s" / "scores.csv") if row["metric"] == "PSNR"]
    rows = [row for row in rows if row["scope"] == "volume" and row["region"] == "field of view"]
    assert sorted((row["case"], row["method"]) for row in rows) == [
        (case, method) for case in ("p1", "p2") for method in ("d5c5", "mtmri", "zero-filled")
    ]
    assert "[4/4]" in answer.err
    assert "splits" not in answer.err


def test_differences_are_paired_over_cases(sh: Shell, cases: Path, here: Path) -> None:
    assert sh("evaluate", cases, "-m", "mtmri,two-stage", "--out", "s").status == 0
    scores, found = rows_of(here / "s" / "scores.csv"), rows_of(here / "s" / "differences.csv")
    line = next(row for row in found if row["second"] == "two-stage" and row["metric"] == "PSNR")
    ours, theirs = (
        [value(scores, case=f"p{n}", method=method, **VOLUME) for n in range(3)]
        for method in ("mtmri", "two-stage")
    )
    wanted = compare(ours, theirs)
    assert float(line["mean"]) == pytest.approx(wanted.mean)
    assert float(line["p"]) == wanted.test.p
    assert float(line["p_holm"]) >= wanted.test.p
    text = (here / "s" / "summary.md").read_text(encoding="utf-8")
    assert "mtmri − two-stage" in text
    assert "mtmri − zero-filled" in text


def test_a_case_that_fails_is_named_in_the_table_too(sh: Shell, cases: Path, here: Path) -> None:
    (here / "i1.nii.gz").write_bytes(b"gone")
    answer = sh("evaluate", cases, "-m", "zero-filled", "--out", "s")
    assert answer.status == 1
    assert "i1.nii.gz" in answer.err
    assert "Failed, and not in these numbers: p1" in answer.out
    assert answer.out.strip() == (here / "s" / "summary.md").read_text(encoding="utf-8").strip()
    (here / "m2.nii.gz").unlink()
    answer = sh("evaluate", cases, "-m", "zero-filled", "--out", "s", "--json")
    report = json.loads(answer.out)
    assert set(report["failed"]) == {"p1 · zero-filled", "p2"}
    assert {line["n"] for line in report["summary"]} == {1}


def test_damaged_or_changed_scores_are_measured_again(sh: Shell, cases: Path, here: Path) -> None:
    words = ("evaluate", cases, "-m", "zero-filled", "--out", "s")
    assert sh(*words).err.count("done in") == 3
    files = sorted((here / "s" / "cases").iterdir())
    before = (here / "s" / "scores.csv").read_text()
    files[0].write_text("{}")
    again = sh(*words)
    assert (again.err.count("done in"), again.err.count("already done")) == (1, 2)
    assert (here / "s" / "scores.csv").read_text() == before
    assert sh(*words, "--seed", 1).err.count("done in") == 3
    assert sh(*words, "--again").err.count("done in") == 3


def test_result_folders_are_scored_without_a_run(sh: Shell, cases: Path, here: Path) -> None:
    for number in (0, 1):
        words = ("-m", "mtmri", "--labels", f"m{number}.nii.gz")
        assert sh("run", f"i{number}.nii.gz", "--out", "runs", *words).status == 0
    assert sh("run", "i2.nii.gz", "--out", "runs", "-m", "mtmri", "-R", 2).status == 0
    (here / "runs.csv").write_text(
        "case,run,reference,labels\np0,runs/i0,i0.nii.gz,m0.nii.gz\np1,runs/i1,,\np2,runs/i2,,\n"
    )
    answer = sh("evaluate", "runs.csv", "--out", "s")
    assert answer.status == 0
    rows = rows_of(here / "s" / "scores.csv")
    for number in range(3):
        scores = mt.open(here / "runs" / f"i{number}").scores["mtmri"]
        found = value(rows, case=f"p{number}", method="mtmri", **VOLUME)
        assert found == pytest.approx(scores.get("PSNR"), abs=1e-9)
    assert "different sampling are mixed" in answer.out
    (here / "runs" / "i1" / "scores.csv").unlink()
    answer = sh("evaluate", "runs.csv", "--out", "t")
    assert answer.status == 1
    assert "neither reference nor labels" in answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no cases"),
        ("case,image,mask,split\n", "no cases"),
        ("name,picture\na,b\n", "needs case and image"),
        ("case,image\na,x.nii\na,y.nii\n", "twice"),
        ("case,image\n,x.nii\n", "lacks a case name or a file"),
        ("case,image\na,\n", "lacks a case name or a file"),
        (b"\xff\xfe\x00case", "not a table"),
        (None, "not a table"),
    ],
)
def test_an_invalid_table_is_refused(text: Any, said: str, sh: Shell, here: Path) -> None:
    place = here / "t.csv"
    if text is not None:
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    answer = sh("evaluate", place, "--out", "s", "-m", "zero-filled")
    assert answer.status == 1
    assert said in answer.err
    assert "t.csv" in answer.err
    assert not (here / "s").exists()


def test_a_wrong_request_is_refused_before_work(sh: Shell, cases: Path, here: Path) -> None:
    for words, status, said in (
        (("-m", "magic"), 2, "zero-filled"),
        (("-m", ","), 2, "names no method"),
        (("--split", "tset"), 1, "test, val"),
        (("-R", 77), 2, "77"),
        (("--pattern", "magic"), 2, "poisson"),
        (("--weights", "nowhere.safetensors"), 1, "nowhere.safetensors"),
        (("--center-fraction", 0.9, "-m", "zero-filled"), 2, "random"),
    ):
        answer = sh("evaluate", cases, "--out", "s", *words)
        assert answer.status == status
        assert said in answer.err
        assert answer.out == ""
    assert not (here / "s" / "summary.csv").exists()


def test_training_cases_are_scored_only_on_request(sh: Shell, cases: Path, here: Path) -> None:
    cases.write_text(cases.read_text().replace(",test", ",train"))
    answer = sh("evaluate", cases.parent, "--out", "s", "-m", "zero-filled")
    assert answer.status == 0
    assert "the split 'train' are left out" in answer.err

    def scored(folder: str) -> set[str]:
        with (here / folder / "scores.csv").open(newline="") as file:
            return {row["case"] for row in csv.DictReader(file)}

    with cases.open(newline="") as file:
        sides = {row["case"]: row["split"] for row in csv.DictReader(file)}
    assert scored("s") == {case for case, side in sides.items() if side != "train"}
    assert sh("evaluate", cases, "--out", "t", "-m", "zero-filled", "--split", "train").status == 0
    assert scored("t") == {case for case, side in sides.items() if side == "train"}
    only = here / "only.csv"
    only.write_text("case,image,split\na,a.nii,train\n")
    answer = sh("evaluate", only, "--out", "u", "-m", "zero-filled")
    assert answer.status == 1
    assert "has only training cases" in answer.err


def test_kept_results_can_be_looked_at_and_are_made_once(
    sh: Shell, cases: Path, here: Path
) -> None:
    assert sh("evaluate", cases, "--out", "s", "--method", "zero-filled").status == 0
    assert not (here / "s" / "results").exists()
    words = ("evaluate", cases, "--out", "s", "--method", "zero-filled", "--keep")
    assert "done in" in sh(*words).err
    rows = rows_of(here / "s" / "scores.csv")
    for number in range(3):
        result = mt.open(here / "s" / "results" / f"p{number}" / "zero-filled")
        assert isinstance(result, mt.Result)
        assert result.scores["zero-filled"].get("PSNR") == pytest.approx(
            value(rows, case=f"p{number}", method="zero-filled", **VOLUME)
        )
    assert "done in" not in sh(*words).err


def test_sessions_of_a_patient_are_averaged_first(sh: Shell, cases: Path, here: Path) -> None:
    lines = cases.read_text().splitlines()
    patients = ("patient", "a", "a", "b")
    cases.write_text("\n".join(map(",".join, zip(lines, patients, strict=True))) + "\n")
    answer = sh("evaluate", cases, "--out", "s", "--method", "zero-filled", "--json")
    found = json.loads(answer.out)
    (line,) = [
        one
        for one in found["summary"]
        if (one["metric"], one["region"]) == ("PSNR", "field of view")
    ]
    rows = rows_of(here / "s" / "scores.csv")
    p0, p1, p2 = (value(rows, case=f"p{n}", method="zero-filled", **VOLUME) for n in range(3))
    assert line["n"] == 2
    assert line["mean"] == pytest.approx(((p0 + p1) / 2 + p2) / 2)
    assert any("n counts patients" in warning for warning in found["warnings"])


def test_the_summary_shows_false_lesions_and_how_lesions_are_found(
    sh: Shell, cases: Path, here: Path
) -> None:
    answer = sh("evaluate", cases, "--out", "s")
    for name in ("false lesions", "lesion F1", "HD95"):
        assert name in answer.out
        assert any(row["metric"] == name for row in rows_of(here / "s" / "summary.csv"))


def test_a_unit_that_the_file_lacks_is_told_and_can_be_given(sh: Shell, here: Path) -> None:
    image, lesion = phantom(SHAPE)
    for name, volume in (("i", image), ("m", lesion)):
        mt.save(replace(volume, spacing_known=False), here / f"{name}.nii")
    (here / "cases.csv").write_text("case,image,mask\na,i.nii,m.nii\n")

    def unit(*words: str) -> str:
        answer = sh("evaluate", "cases.csv", "--out", "s", *words)
        assert answer.status == 0
        rows = rows_of(here / "s" / "scores.csv")
        found = {row["unit"] for row in rows if row["metric"] == "HD95"}
        assert ("does not state the unit" in answer.err) != bool(words)
        return found.pop()

    assert unit() == "voxel"
    assert unit("--in-mm") == "mm"
