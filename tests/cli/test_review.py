# SPDX-License-Identifier: BSD-3-Clause
"""``review`` without a window: status, verification, export, agreement, consensus, blinding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import napari_mtmri as mt
from tests.cli.conftest import Shell
from tests.review.reader_studies import block, read_as, write_study
from tests.tiny import head_volume


@pytest.fixture
def study(here: Path) -> Path:
    folder = write_study(here / "study")
    read_as(folder, "ann", {"p0": block(6), "p1": block(6), "p2": block(6)}, {"p1": "flag"})
    read_as(folder, "bob", {"p0": block(7), "p1": block(6), "p2": block(8)})
    return folder


def test_status_counts_the_states_of_each_reader(sh: Shell, study: Path) -> None:
    answer = sh("review", study, "--status")
    assert answer.status == 0
    assert "3 cases: cases.csv" in answer.out
    lines = {line.split()[0]: line.split()[1:6] for line in answer.out.splitlines()[2:]}
    assert lines["ann"] == ["0", "0", "2", "1", "0"]  # open, in work, approved, flagged, rejected
    one = json.loads(sh("review", study, "--status", "--reader", "ann", "--json").out)
    assert one["readers"][0]["cases"] == {"p0": "approved", "p1": "flagged", "p2": "approved"}


def test_verify_says_whether_journals_and_masks_are_unchanged(sh: Shell, study: Path) -> None:
    good = sh("review", study, "--verify")
    assert good.status == 0
    assert "ann: 3 saved masks unchanged" in good.out
    journal = study / "review" / "ann" / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"flagged"', '"approved"', 1))
    (mask,) = (study / "review" / "bob" / "masks" / "p0").rglob("v*1.nii.gz")
    mask.write_bytes(mask.read_bytes() + b"\0")
    bad = sh("review", study, "--verify", "--json")
    assert bad.status == 1
    found = {one["reader"]: one for one in json.loads(bad.out)}
    assert "altered" in {problem["kind"] for problem in found["ann"]["problems"]}
    (problem,) = found["bob"]["problems"]
    assert "p0" in problem["text"]


def test_masks_are_exported_and_approved_cases_made_a_training_folder(
    sh: Shell, study: Path, here: Path
) -> None:
    answer = sh("review", study, "--export", here / "out", "--training", here / "train")
    assert answer.status == 0
    assert "6 masks of ann, bob exported" in answer.out
    assert "train --preset fine-tune --data" in answer.out
    assert (here / "out" / "masks" / "ann" / "p0.nii.gz").is_file()
    assert "p0: approved by ann, bob" in answer.err
    wrong = sh("review", study, "--export", study)
    assert (wrong.status, "not an export" in wrong.err) == (2, True)


def test_agreement_is_printed_and_written(sh: Shell, study: Path, here: Path) -> None:
    pytest.importorskip("statsmodels", reason="kappa needs the extra [review]")
    answer = sh("review", study, "--agreement", here / "a.csv")
    assert answer.status == 0
    assert "ann – bob" in answer.out
    assert "Disputed: p1" in answer.out
    assert (here / "a.csv").is_file()
    assert (here / "a-volumes.png").is_file()
    found = json.loads(sh("review", study, "--agreement", here / "a.csv", "--json").out)
    assert {one["case"] for one in found["pairs"]} == {"p0", "p1", "p2"}


def test_a_missing_extra_is_named(
    sh: Shell, study: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sklearn", "SimpleITK"):
        monkeypatch.setitem(sys.modules, module, None)
    for words in (("--agreement", here / "a.csv"), ("--consensus", "staple")):
        answer = sh("review", study, *words)
        assert answer.status == 1
        assert "napari-mtmri[review]" in answer.err


def test_a_consensus_becomes_a_reader(sh: Shell, study: Path) -> None:
    assert "2 cases" not in sh("review", study, "--consensus", "majority").err
    again = sh("review", study, "--consensus", "majority")
    assert "consensus-majority: 0 cases combined, 3 unchanged" in again.out
    assert "consensus-majority" in sh("review", study, "--status").out


def test_blind_reading_hides_names_until_it_ends(sh: Shell, study: Path, here: Path) -> None:
    assert sh("review", study, "--blind").status == 2
    said = sh("review", study, "--blind", "--seed", 3, "--reader", "cid")
    assert "cid reads 3 cases blind, seed 3" in said.out
    shown = sh("review", study, "--status", "--reader", "cid").out
    assert "Case 01" in shown
    assert "p1" not in shown
    refused = sh("review", study, "--export", here / "out")
    assert (refused.status, "cid still reads blind" in refused.err) == (2, True)
    key = sh("review", study, "--unblind", "--reader", "cid").out
    assert sorted(line.split()[-1] for line in key.splitlines()[1:]) == ["p0", "p1", "p2"]
    assert sh("review", study, "--export", here / "out").status == 0


def test_the_key_of_a_reading_of_image_quality_is_written_on_request(sh: Shell, here: Path) -> None:
    folder = here / "images"
    folder.mkdir()
    for name in ("a_flair", "a_t1", "b_flair", "b_t1", "c_flair"):
        mt.save(head_volume(), folder / f"{name}.nii.gz")
    said = sh("review", folder, "--reading-key", here / "key.csv", "--seed", 4)
    assert "key of 2 pages, seed 4" in said.out
    lines = (here / "key.csv").read_text().splitlines()[1:]
    assert sorted(line.split(",")[2] for line in lines) == ["a", "a", "b", "b"]


def test_an_unknown_reader_or_folder_is_refused(sh: Shell, study: Path) -> None:
    assert "ann, bob" in sh("review", study, "--status", "--reader", "eve").err
    assert sh("review", study / "nowhere", "--status").status == 1


def test_without_a_screen_the_ways_without_a_window_are_named(
    sh: Shell, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    answer = sh("review", study)
    assert answer.status == 1
    assert "--status" in answer.err


def test_reports_work_without_torch_and_without_qt(study: Path, here: Path) -> None:
    code = f"""
import sys
for name in ("torch", "napari", "qtpy", "PySide6"):
    sys.modules[name] = None
from napari_mtmri.cli.app import main
words = ["review", {str(study)!r}, "--status", "--verify", "--consensus", "majority",
         "--export", {str(here / "out")!r}, "--training", {str(here / "train")!r}]
main(words)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (here / "out" / "verdicts.csv").is_file()
