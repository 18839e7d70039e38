# SPDX-License-Identifier: BSD-3-Clause
"""Many cases: shell and Python write the same bytes; a failed case does not affect others."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import napari_mtmri as mt
from napari_mtmri.batch.cases_table import CaseRow, as_rows
from napari_mtmri.batch.job import Job, Outcome, Watch
from napari_mtmri.batch.method_choice import as_choices
from napari_mtmri.batch.run_case import case_of, make_job, run_job
from napari_mtmri.batch.score_store import into_scores, make_scores, result_folder_job
from napari_mtmri.cli.app import main
from napari_mtmri.errors import InputError, RequestError, Stopped, WeightsError
from napari_mtmri.samples import phantom
from tests.tiny import save_tiny_weights

SHAPE = (24, 28, 4)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(weights))
    monkeypatch.chdir(tmp_path)
    lines = ["case,image,mask"]
    for number in range(3):
        image, lesion = phantom(SHAPE, seed=number)
        mt.save(image, Path(f"i{number}.nii"))
        mt.save(lesion, Path(f"m{number}.nii"))
        lines.append(f"p{number},i{number}.nii,m{number}.nii")
    Path("cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


def shell(*words: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return int(left.value.code or 0)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder that contain no times."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.suffix != ".json"
    }


def keys_of(folder: Path) -> list[str]:
    """Return the names of the score files, which are the keys of the jobs."""
    return sorted(file.name for file in folder.glob("cases/*.json"))


def test_run_in_the_shell_and_in_python_leave_the_same_bytes(here: Path) -> None:
    scanned = mt.Acquisition(
        mt.Pattern("random", acceleration=3, seed=5), phase=True, snr=30, n_coils=2, swap_phase=True
    )
    outcomes = mt.run_many(
        ["i0.nii", "i1.nii"],
        "python",
        scanned,
        ["mtmri", "zero-filled"],
        labels=["m0.nii", "m1.nii"],
    )
    assert [one.state for one in outcomes] == ["done"] * 4
    words = (
        "run", "i0.nii", "i1.nii", "--labels", "m0.nii", "--labels", "m1.nii", "-m",
        "mtmri,zero-filled", "-R", 3, "--seed", 5, "--phase", "--snr", 30, "--coils", 2,
        "--swap-phase", "--out",
    )  # fmt: skip
    assert shell(*words, "shell") == 0
    assert files_of(here / "python") == files_of(here / "shell")
    assert len(files_of(here / "python")) > 4
    assert [one.value.folder for one in outcomes] == [
        here / "python" / case / method
        for case in ("i0", "i1")
        for method in ("mtmri", "zero-filled")
    ]
    # The shell finds the results of Python, and vice versa.
    again = mt.run_many(
        ["i0.nii", "i1.nii"],
        "shell",
        scanned,
        ["mtmri", "zero-filled"],
        labels=["m0.nii", "m1.nii"],
    )
    assert [one.state for one in again] == ["kept"] * 4


def test_evaluate_in_the_shell_and_in_python_leave_the_same_bytes(here: Path) -> None:
    scanned = mt.Acquisition(mt.Pattern("random", acceleration=3, seed=5))
    found = mt.evaluate_many("cases.csv", "python", scanned, ["mtmri", "two-stage"])
    words = ("evaluate", "cases.csv", "-m", "mtmri,two-stage", "-R", 3, "--seed", 5, "--out")
    assert shell(*words, "shell") == 0
    assert files_of(here / "python") == files_of(here / "shell")
    assert keys_of(here / "python") == keys_of(here / "shell")
    assert [(one.case, one.method) for one in found.cases] == [
        (f"p{number}", method) for number in range(3) for method in ("mtmri", "two-stage")
    ]
    assert found.tables is not None
    assert found.tables.to_markdown() == (here / "shell" / "summary.md").read_text(encoding="utf-8")


def test_two_processes_leave_the_same_bytes(here: Path) -> None:
    mt.evaluate_many("cases.csv", "one", methods=["zero-filled"])
    mt.evaluate_many("cases.csv", "two", methods=["zero-filled"], where=mt.Where(n_processes=2))
    assert files_of(here / "one") == files_of(here / "two")


def test_a_table_and_its_volumes_are_the_same_cases(here: Path) -> None:
    by_table = mt.run_many("cases.csv", "table", methods=["zero-filled"])
    rows = [CaseRow(f"p{n}", Path(f"i{n}.nii"), Path(f"m{n}.nii")) for n in range(3)]
    by_rows = mt.run_many(rows, "table", methods=["zero-filled"])
    assert [one.state for one in by_table] == ["done"] * 3
    assert [one.state for one in by_rows] == ["kept"] * 3


def test_a_case_that_cannot_start_is_reported_and_the_others_continue() -> None:
    class Count(Watch):
        n_planned, n_ended = 0, 0

        def planned(self, count: int) -> None:
            self.n_planned = count

        def ended(self, outcome: Outcome) -> None:
            self.n_ended += 1

    Path("i1.nii").unlink()
    watch = Count()
    found = mt.evaluate_many("cases.csv", "s", methods=["zero-filled"], watch=watch)
    assert {one.name: one.state for one in found.outcomes} == {
        "p1": "failed", "p0 · zero-filled": "done", "p2 · zero-filled": "done",
    }  # fmt: skip
    assert watch.n_planned == watch.n_ended == 3


def test_after_a_stop_it_continues_with_the_next_case() -> None:
    stop = threading.Event()

    class StopAfterOne(Watch):
        def ended(self, outcome: Outcome) -> None:
            stop.set()

    asked: dict[str, Any] = {"methods": ["zero-filled"]}
    with pytest.raises(Stopped, match="1 of 3 done"):
        mt.run_many("cases.csv", "r", watch=StopAfterOne(), stop=stop, **asked)
    states = [one.state for one in mt.run_many("cases.csv", "r", **asked)]
    assert states == ["kept", "done", "done"]


def job(**changes: Any) -> Job:
    return make_job("a", Path("i0.nii"), None, mt.Acquisition(), mt.MethodChoice(**changes))


def test_a_job_runs_on_a_worker_with_another_working_directory(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    sent = pickle.loads(pickle.dumps(job(weights=weights)))
    assert sent.key == job(weights=weights).key
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    result = run_job(sent, case_of(sent), lambda progress: None, threading.Event())
    assert result.request["job"] == sent.key


@pytest.mark.parametrize("name", ["i0.nii", "m0.nii"])
def test_a_file_replaced_after_the_planning_is_refused(name: str) -> None:
    choice = as_choices(["zero-filled"])[0]
    job = make_job("p0", Path("i0.nii"), Path("m0.nii"), mt.Acquisition(), choice)
    Path(name).write_bytes(Path(name.replace("0", "1")).read_bytes())
    with pytest.raises(InputError, match=f"{name}: .*changed"):
        case_of(job)


def test_nothing_is_written_for_a_file_replaced_while_running() -> None:
    class Replacing(Watch):
        def started(self, name: str) -> None:
            Path("i0.nii").write_bytes(Path("i1.nii").read_bytes())

    (outcome,) = mt.run_many("i0.nii", "out", methods=["zero-filled"], watch=Replacing())
    assert isinstance(outcome.error, InputError)
    assert not list(Path("out").glob("**/run.json"))
    (outcome,) = mt.run_many("i0.nii", "out", methods=["zero-filled"])
    assert outcome.state == "done"


@pytest.mark.parametrize("name", ["run", "reference", "labels"])
def test_a_result_folder_replaced_after_the_planning_is_refused(name: str) -> None:
    mt.run_many("i0.nii", "out", methods=["zero-filled"])
    row = CaseRow("p0", run=Path("out/i0"), reference=Path("i0.nii"), labels=Path("m0.nii"))
    job = into_scores(result_folder_job(row), Path("scores"))
    file = {"run": Path("out/i0/scores.csv"), "reference": row.reference, "labels": row.labels}[
        name
    ]
    assert file is not None
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(InputError, match="changed"):
        make_scores(job, print, threading.Event())


def test_weights_that_differ_where_the_job_runs_are_refused(weights: Path) -> None:
    asked = job(weights=weights)
    other = Job(asked.name, {**asked.request, "weights": ["0" * 64]}, asked.places)
    with pytest.raises(WeightsError, match="same weights on all machines"):
        run_job(other, case_of(other), lambda progress: None, threading.Event())


def test_invalid_cases_and_methods_are_refused() -> None:
    with pytest.raises(RequestError, match="1 `labels` for 2 volumes"):
        as_rows(["i0.nii", "i1.nii"], ["m0.nii"])
    with pytest.raises(RequestError, match="`methods` is empty"):
        as_choices([])
    with pytest.raises(RequestError, match="twice with different settings"):
        as_choices(["mtmri", mt.MethodChoice("mtmri", device="cpu")])
    Path("runs.csv").write_text("case,run\np0,i0\n", encoding="utf-8")
    [outcome] = mt.run_many("runs.csv", "r", methods=["zero-filled"])
    assert isinstance(outcome.error, InputError)
    assert "has no image" in str(outcome.error)
