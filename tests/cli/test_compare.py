# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri compare`` and ``report``: files, numbers, refusals and exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import napari_mtmri as mt
from napari_mtmri.tables import read_rows
from tests.cli.conftest import Shell
from tests.compare.cases import drawn, head, result_of


@pytest.fixture
def runs(here: Path) -> tuple[str, str]:
    """Two result folders of one case, and the segmentation ``lesion.nii.gz``."""
    mt.save(result_of(head(), "d5c5"), here / "runs" / "d5c5")
    mt.save(result_of(head(), "mtmri", labels=drawn().data), here / "runs" / "mtmri")
    mt.save(drawn(), here / "lesion.nii.gz")
    return "runs/d5c5", "runs/mtmri"


def test_one_command_draws_the_figure_and_writes_the_tables(
    sh: Shell, runs: tuple[str, str], here: Path
) -> None:
    answer = sh(
        "compare", *runs, "--labels", "lesion.nii.gz", "--zero-filled", "--errors", "--zoom", "lesion",
        "--out", "f.png", "--csv", "s.csv", "--lesions", "l.csv", "--spectrum", "e.svg",
        "--save", "compare.json", "--slice", "largest-lesion",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    lines = answer.out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["zero-filled", "d5c5", "mtmri"]
    assert "PSNR (dB)" in lines[0]
    assert (here / "f.png").read_bytes().startswith(b"\x89PNG")
    assert (here / "e.svg").read_bytes().startswith(b"<?xml")
    rows = read_rows(here / "s.csv")
    assert {row["of"] for row in rows} == {"zero-filled R4", "d5c5 R4", "mtmri R4"}
    assert all(row["depends"] for row in rows)
    lesions = read_rows(here / "l.csv")
    assert [row["found by mtmri r4"] for row in lesions] == ["yes", "yes"]
    again = sh("compare", "compare.json", "--json")
    assert (
        json.loads(again.out)["slice"]
        == json.loads((here / "compare.json").read_text())["view"]["slice"]
    )


def test_another_case_and_wrong_words_are_refused(
    sh: Shell, runs: tuple[str, str], here: Path
) -> None:
    mt.save(result_of(head(seed=1)), here / "runs" / "other")
    answer = sh("compare", runs[0], "runs/other", "--out", "f.png")
    assert answer.status == 1
    assert "another case" in answer.err
    for words, said in (
        (
            ("--slice", "best"),
            "--slice 'best': give worst, largest-lesion, disagreement or a number.",
        ),
        (("--slice", "9"), "--slice 9 does not exist; choose one from 0 to 5."),
        (("--zoom", "1,2"), "--zoom '1,2': give X,Y,MM, lesion or lesion,MM."),
        (("--zoom", "99,2,5"), "--zoom at 99, 2 mm lies outside the picture"),
        (("--gain", "4"), "--gain 4 does not exist; choose one of 1, 5, 10."),
        (("--slice", "disagreement"), "--slice disagreement: no masks differ; give a number."),
        (("--lesions", "l.csv"), "l.csv: there are no lesions; give --labels."),
        (("--out", "f.txt"), "f.txt: a figure is written as .png, .pdf or .svg; use one of them."),
    ):
        given = words if words[0] == "--out" else (*words, "--out", "f.png")
        answer = sh("compare", runs[0], *given)
        assert answer.status == 2, words
        assert said in answer.err
    assert not (here / "f.txt").exists()


def test_a_report_is_written_as_html(sh: Shell, runs: tuple[str, str], here: Path) -> None:
    answer = sh("report", "runs", "--labels", "lesion.nii.gz", "--out", "report.html")
    assert answer.status == 0, answer.err
    assert "written to report.html" in answer.err
    assert "<html" in (here / "report.html").read_text(encoding="utf-8")
    assert sh("report", "runs", "--out", "report.doc").status == 2
    empty = here / "empty"
    empty.mkdir()
    answer = sh("report", "empty", "--out", "report.html")
    assert answer.status == 1
    assert "contains no result, comparison, scores, sweep or review" in answer.err
