# SPDX-License-Identifier: BSD-3-Clause
"""The shell command: results on stdout, errors in one sentence on stderr, statuses 0, 1, 2, 130."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.cli.app import main
from napari_mtmri.methods.base import METHODS
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.samples import phantom
from tests.tiny import save_tiny_weights

SHAPE = (24, 28, 6)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def _weights(weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(weights))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def case(tmp_path: Path) -> tuple[Path, Path]:
    image, lesion = phantom(SHAPE)
    return mt.save(image, tmp_path / "head.nii.gz"), mt.save(lesion, tmp_path / "lesion.nii.gz")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return call


def test_a_run_leaves_all_its_files_on_the_grid_of_the_input(
    shell: Any, case: tuple[Path, Path], tmp_path: Path
) -> None:
    before = case[0].read_bytes()
    status, out, _ = shell("run", case[0], "--out", "runs", "--labels", case[1])
    assert status == 0
    assert "mtmri" in out
    assert "Dice" in out
    assert case[0].read_bytes() == before
    folder = tmp_path / "runs" / "head"
    volumes = {"zero_filled", "reconstruction", "error", "segmentation", "probability"}
    others = {"run.json", "mask.png", "mask.npy", "scores.csv", "figure.png"}
    assert {p.name for p in folder.iterdir()} == others | {f"{v}.nii.gz" for v in volumes}
    source = mt.open(case[0])
    for name in volumes:
        written = mt.open(folder / f"{name}.nii.gz")
        assert written.same_grid(source)
    with (folder / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["of"] for row in rows} == {"mtmri", "zero-filled"}
    assert all(row["depends"] for row in rows)


def test_shell_and_python_give_the_same_voxels(
    shell: Any, case: tuple[Path, Path], tmp_path: Path
) -> None:
    shell("run", case[0], "--out", "runs", "--acceleration", 3, "--seed", 5)
    scan = mt.simulate(mt.open(case[0]), mt.Pattern("random", acceleration=3, seed=5), seed=5)
    ours, theirs = mt.run(scan, "mtmri"), mt.open(tmp_path / "runs" / "head")
    np.testing.assert_array_equal(theirs.reconstruction.data, ours.reconstruction.data)
    np.testing.assert_array_equal(theirs.labels.data, ours.labels.data)
    np.testing.assert_array_equal(theirs.mask, ours.mask)


def test_existing_results_are_kept(shell: Any, case: tuple[Path, Path]) -> None:
    words = ("run", case[0], "--out", "runs", "--method", "zero-filled")
    assert shell(*words)[0] == 0
    status, _out, err = shell(*words)
    assert status == 0
    assert "already done" in err
    assert "already done" not in shell(*words, "--again")[2]
    assert "already done" not in shell(*words, "--acceleration", 2)[2]


def test_a_broken_file_is_named_and_the_others_continue(
    shell: Any, case: tuple[Path, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"\x1f\x8bno")
    status, _out, err = shell("run", broken, case[0], "--out", "runs", "--method", "zero-filled")
    assert status == 1
    assert "broken.nii.gz" in err
    assert (tmp_path / "runs" / "head").is_dir()
    assert not (tmp_path / "runs" / "broken").exists()


def test_two_volumes_with_one_name_get_two_folders(shell: Any, tmp_path: Path) -> None:
    image, _ = phantom(SHAPE)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        mt.save(image, tmp_path / name / "flair.nii")
    words = ("run", "a/flair.nii", "b/flair.nii", "--out", "runs", "-m", "zero-filled")
    assert shell(*words)[0] == 0
    assert {p.name for p in (tmp_path / "runs").iterdir()} == {"a-flair", "b-flair"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "magic"), "d5c5"),
        (("--pattern", "magic"), "random"),
        (("--acceleration", "99"), "99"),
        (("--center-fraction", "0.9"), "random"),
        (("--device", "abacus"), "cpu"),
        (("--param", "depth=3"), "depth"),
        (("--param", "depth"), "name=value"),
        (("--slice-axis", "7"), "7"),
        (("--bogus",), "bogus"),
    ],
)
def test_a_wrong_request_has_status_2_and_lists_valid_values(
    shell: Any, case: tuple[Path, Path], words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    status, out, err = shell("run", case[0], "--out", "runs", *words)
    assert status == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "runs" / "head").exists()


def test_input_that_cannot_be_used_has_status_1_and_no_traceback(
    shell: Any, case: tuple[Path, Path], tmp_path: Path
) -> None:
    bad = np.zeros(SHAPE, np.float32)
    bad[0, 0, 0] = np.nan
    nan = mt.save(mt.Volume(bad, np.eye(4)), tmp_path / "nan.nii")
    small = mt.save(
        mt.Volume(np.zeros((3, 3, 3), np.uint8), np.eye(4), kind="labels"), tmp_path / "s.nii"
    )
    for words, said in (
        (("nowhere.nii",), "no such file"),
        ((nan,), "1 of"),
        ((case[0], "--labels", small), "grid"),
    ):
        status, _, err = shell("run", *words, "--out", "runs", "--method", "zero-filled")
        assert status == 1
        assert said in err
        assert "Traceback" not in err


def test_only_result_folders_are_overwritten(
    shell: Any, case: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "runs" / "head").mkdir(parents=True)
    (tmp_path / "runs" / "head" / "thesis.txt").write_text("years of work")
    status, _, err = shell("run", case[0], "--out", "runs", "-m", "zero-filled")
    assert status == 2
    assert "is not a result folder" in err
    assert (tmp_path / "runs" / "head" / "thesis.txt").read_text() == "years of work"


def test_a_mask_file_is_a_pattern_and_must_fit(
    shell: Any, case: tuple[Path, Path], tmp_path: Path
) -> None:
    line = np.zeros(SHAPE[0], bool)
    line[::2] = True
    line[SHAPE[0] // 2] = True
    np.save(tmp_path / "m.npy", line)
    assert shell("run", case[0], "--out", "runs", "-m", "zero-filled", "-p", "m.npy")[0] == 0
    assert (np.load(tmp_path / "runs" / "head" / "mask.npy") == line).all()
    np.save(tmp_path / "wrong.npy", line[:-3])
    status, _, err = shell("run", case[0], "--out", "more", "-m", "zero-filled", "-p", "wrong.npy")
    assert status != 0
    assert "wrong.npy" in err


def test_a_preview_runs_nothing(shell: Any, case: tuple[Path, Path], tmp_path: Path) -> None:
    status, out, _ = shell("run", case[0], "--out", "runs", "--preview")
    assert status == 0
    assert "6 of 24 lines" in out
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["head-mask.png"]


def test_json_is_for_programs(shell: Any, case: tuple[Path, Path]) -> None:
    _, out, _ = shell("run", case[0], "--out", "runs", "-m", "zero-filled", "--json")
    report = json.loads(out[out.index("[") :])
    assert report[0]["scores"]["zero-filled"]["PSNR"] > 5
    listed = json.loads(shell("methods", "--json")[1])
    assert {row["name"] for row in listed} == set(METHODS.names())
    assert {row["name"] for row in json.loads(shell("patterns", "--json")[1])} == set(
        PATTERNS.names()
    )
    assert "torch" in json.loads(shell("doctor", "--json")[1])


def test_tables_and_cards_are_printed(shell: Any) -> None:
    status, out, _ = shell("methods")
    assert status == 0
    assert all(name in out for name in METHODS.names())
    status, out, _ = shell("methods", "two-stage")
    assert "licence" in out
    assert shell("methods", "magic")[0] == 2
    assert "48 of 192 lines, R 4.00, centre 15" in shell("patterns", "random")[1]
    assert shell("patterns", "random", "--shape", "wide")[0] == 2


def table(folder: Path, count: int = 3) -> Path:
    lines = ["case,image,mask,split"]
    for number in range(count):
        image, lesion = phantom(SHAPE, seed=number)
        mt.save(image, folder / f"i{number}.nii")
        mt.save(lesion, folder / f"m{number}.nii")
        lines.append(f"p{number},i{number}.nii,m{number}.nii,{'val' if number else 'train'}")
    (folder / "cases.csv").write_text("\n".join(lines))
    return folder / "cases.csv"


def test_an_evaluation_gives_scores_with_intervals_and_can_be_continued(
    shell: Any, tmp_path: Path
) -> None:
    words = (
        "evaluate",
        table(tmp_path),
        "--split",
        "val",
        "-m",
        "mtmri",
        "-m",
        "d5c5",
        "--out",
        "s",
    )
    status, out, _ = shell(*words)
    assert status == 0
    assert "95 %" in out
    assert "zero-filled" in out
    with (tmp_path / "s" / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == {"mtmri", "d5c5", "zero-filled"}
    assert all(row["n"] == "2" for row in rows if row["metric"] == "PSNR")
    stamps = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "s" / "cases").iterdir()}
    assert len(stamps) == 4
    assert shell(*words)[0] == 0
    assert stamps == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "s" / "cases").iterdir()}


def test_an_evaluation_names_the_case_that_fails(shell: Any, tmp_path: Path) -> None:
    path = table(tmp_path)
    (tmp_path / "i1.nii").write_bytes(b"gone")
    status, _, err = shell("evaluate", path, "-m", "zero-filled", "--out", "s")
    assert status == 1
    assert "p1" in err
    assert (tmp_path / "s" / "summary.md").is_file()
    assert shell("evaluate", path, "--split", "none", "--out", "s")[0] == 1


def test_the_demo_runs_without_a_screen(
    shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    status, out, err = shell("demo", "--out", "shown")
    assert status == 0
    assert "Not real" in out
    assert "no screen" in err or "Qt is not installed" in err
    assert (tmp_path / "shown" / "figure.png").is_file()
    assert shell("open")[0] == 1


def test_training_is_refused_without_data_and_resumes_only_a_training(shell: Any) -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
    assert shell("train")[0] == 2
    assert shell("train", "--data", ".", "--out", "r", "epoch=3")[0] == 2
    assert shell("train", "--resume", "nowhere")[0] == 1


def test_every_command_shows_an_example(shell: Any) -> None:
    _, out, _ = shell("--help")
    for name in (
        "demo",
        "open",
        "run",
        "evaluate",
        "methods",
        "patterns",
        "train",
        "export",
        "doctor",
    ):
        assert name in out
        assert "Example: napari-mtmri" in shell(name, "--help")[1]


def test_ctrl_c_stops_within_a_second_and_leaves_nothing(tmp_path: Path, weights: Path) -> None:
    image, _ = phantom((160, 160, 60))
    mt.save(image, tmp_path / "large.nii")
    command = [sys.executable, "-m", "napari_mtmri", "run", "large.nii", "--out", "runs"]
    environment = {**os.environ, "MTMRI_WEIGHTS": str(weights)}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(4)  # before, during or after the imports
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130, -signal.SIGINT)
    if process.returncode == 130:
        assert "stopped" in err
        assert not list((tmp_path).glob("runs/large"))
    assert not list(tmp_path.glob("runs/.*"))
