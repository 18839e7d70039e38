# SPDX-License-Identifier: BSD-3-Clause
"""The command ``sweep``: the words of the shell, and the same files as Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mtmri.compare import read_sweep, run_sweep
from tests.cli.conftest import Shell


def test_shell_and_python_write_the_same_tables(sh: Shell, head: tuple[Path, Path]) -> None:
    image, labels = head
    answer = sh(
        "sweep", image, "-l", labels, "-m", "mtmri", "-R", "2,3", "--seeds", 2, "-o", "shell"
    )
    assert answer.status == 0
    assert "| mtmri | random |" in answer.out
    assert "range over 2 masks" in answer.out
    run_sweep([image], "python", ["mtmri"], (2, 3), seeds=2, labels=[labels])
    for name in ("sweep.csv", "summary.csv"):
        assert Path("shell", name).read_bytes() == Path("python", name).read_bytes()
    assert {path.name for path in Path("shell/plots").iterdir()} >= {"PSNR.png", "Dice.png"}


def test_an_impossible_point_is_named_and_gives_status_1(
    sh: Shell, head: tuple[Path, Path]
) -> None:
    answer = sh("sweep", head[0], "-m", "zero-filled", "-R", "2,40", "-o", "out", "--json")
    assert answer.status == 1
    facts = json.loads(answer.out)
    assert [one["R"] for one in facts["summary"] if one["metric"] == "PSNR"] == [2.0]
    [(name, why)] = facts["failed"].items()
    assert "R40" in name
    assert "40" in why
    assert "1 of 2 failed" in answer.err


def test_jiggle_and_spread_say_what_they_found(sh: Shell, head: tuple[Path, Path]) -> None:
    image, labels = head
    answer = sh(
        "sweep", image, "-l", labels, "-m", "mtmri", "-R", "3", "--snr", 20, "--jiggle", "-o", "out"
    )
    assert answer.status == 0
    assert "5 repeats with new noise: Dice" in answer.out
    assert Path("out/spread.csv").is_file()


def test_detect_writes_its_tables(sh: Shell, head: tuple[Path, Path]) -> None:
    words = ("sweep", head[0], "-m", "zero-filled", "-R", "2", "--detect", "--diameters", "6")
    answer = sh(*words, "--at", "12,14,2", "-o", "out")
    assert answer.status == 0
    assert "| zero-filled | random | 2 | 6 | +30 % |" in answer.out
    assert Path("out/detection-summary.csv").is_file()
    facts = json.loads(sh(*words, "--at", "12,14,2", "-o", "out", "--json").out)
    assert facts["summary"][0]["n"] == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-R", "two"), "--accelerations 'two'"),
        (("-p", ","), "names no pattern"),
        (("--detect", "--spread"), "--detect keeps no images"),
        (("--spread",), "give --seeds or --jiggle"),
        (("--jiggle",), "give --snr"),
        (("--detect", "--diameters", "-3"), "--diameters -3"),
        (("--detect", "--at", "1,2"), "--at '1,2'"),
        (("--detect", "--voxel-mm", "1,1,3"), "leave --voxel-mm out"),
        (("--split", "val"), "only a table"),
    ],
)
def test_wrong_words_are_explained(
    sh: Shell, head: tuple[Path, Path], words: tuple[str, ...], why: str
) -> None:
    answer = sh("sweep", head[0], "-m", "zero-filled", *words, "-o", "out")
    assert answer.status == 2
    assert why in answer.err
    assert not answer.out


def test_a_table_is_given_alone(sh: Shell, head: tuple[Path, Path]) -> None:
    Path("cases.csv").write_text(f"case,image,split\none,{head[0]},val\ntwo,{head[0]},test\n")
    answer = sh("sweep", "cases.csv", head[0], "-m", "zero-filled", "-o", "out")
    assert answer.status == 2
    assert "one table alone" in answer.err
    answer = sh("sweep", "cases.csv", "--split", "val", "-m", "zero-filled", "-R", "2", "-o", "out")
    assert answer.status == 0
    assert [point.case for point in read_sweep("out").points] == ["one"]
