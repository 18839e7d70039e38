# SPDX-License-Identifier: BSD-3-Clause
"""An experiment runs each row once, and stops do not change its results."""

from __future__ import annotations

import csv
import shutil
import threading
from pathlib import Path

import pytest

from napari_mtmri.batch.job import Outcome, Watch
from napari_mtmri.batch.run_jobs import Where
from napari_mtmri.errors import Stopped
from napari_mtmri.kspace import fft2c
from napari_mtmri.study.experiment import Progress, run_experiment
from napari_mtmri.study.plan import TEST_RUNS, Plan
from napari_mtmri.study.report import write_report
from napari_mtmri.study.rows import ITFS_ALONE, PLAIN, Row, Study, tables
from napari_mtmri.study.scoring import OWN, TRUTH, ZERO_FILLED, read_scores
from napari_mtmri.study.state import events_of
from napari_mtmri.study.summary import summarise_plan
from napari_mtmri.train.data.batches import Simulator, plan_epoch
from napari_mtmri.train.data.cases import load_cases
from tests.batch.machines import Machines
from tests.study.conftest import plan_of

TWO_STAGE = tables()["table1"].choose(["two-stage"])[0]
PAIR = Study("pair", "Two rows", (PLAIN, TWO_STAGE))
TIMES = ("seconds",)


class StopAt(Watch):
    """Requests a stop at the n-th report of progress."""

    def __init__(self, count: int) -> None:
        self.stop, self._left = threading.Event(), count

    def progressed(self, progress: Progress) -> None:
        assert 0 <= progress.share <= 1
        self._left -= 1
        if self._left == 0:
            self.stop.set()


def csv_files(plan: Plan) -> dict[str, list[dict[str, str]]]:
    """The CSV files of a report, without times."""
    write_report(plan, summarise_plan(plan))
    found = {}
    for place in plan.experiment.folder.glob("*.csv"):
        with place.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        found[place.name] = [
            {key: value for key, value in row.items() if key not in TIMES} for row in rows
        ]
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    plan = plan_of(PAIR, tmp_path_factory.mktemp("finished"))
    assert [one.state for one in run_experiment(plan)] == ["done", "done"]
    return plan


def test_repeated_stops_give_the_same_csv_files(finished: Plan, tmp_path: Path) -> None:
    plan = plan_of(PAIR, tmp_path)
    stops = 0
    for count in (1, 3, 2, 5, 3, 4, 2, 100):
        watch = StopAt(count)
        try:
            run_experiment(plan, watch=watch, stop=watch.stop)
        except Stopped:
            stops += 1
    assert stops >= 4
    assert csv_files(plan) == csv_files(finished)


def test_scoring_in_two_processes_gives_the_same_tables(finished: Plan, tmp_path: Path) -> None:
    shutil.copytree(finished.experiment.out / "rows", tmp_path / "rows")
    plan = plan_of(PAIR, tmp_path)
    run_experiment(plan, where=Where(n_processes=2))
    assert csv_files(plan) == csv_files(finished)


def test_scoring_on_a_cluster_gives_the_same_tables(finished: Plan, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs the extra [cluster]")
    shutil.copytree(finished.experiment.out / "rows", tmp_path / "rows")
    plan, machines = plan_of(PAIR, tmp_path), Machines(tmp_path)
    try:
        machines.add_worker("a")
        run_experiment(plan, where=Where(dask=machines.address))
    finally:
        machines.end()
    assert csv_files(plan) == csv_files(finished)


def test_finished_work_is_not_repeated(finished: Plan) -> None:
    before = {place: place.stat().st_mtime_ns for place in finished.experiment.out.rglob("*")}
    assert [one.state for one in run_experiment(finished)] == ["kept", "kept"]
    after = {place: place.stat().st_mtime_ns for place in finished.experiment.out.rglob("*")}
    assert {place: time for place, time in after.items() if place in before} == before


def test_a_table_reuses_the_rows_of_another(finished: Plan) -> None:
    wider = Study("wider", "Three rows", (PLAIN, ITFS_ALONE, TWO_STAGE))
    plan = plan_of(wider, finished.experiment.out)
    assert [one.state for one in run_experiment(plan)] == ["kept", "done", "kept"]


def test_every_row_has_the_same_number_of_updates(finished: Plan) -> None:
    updates = [
        sum(event["kind"] == "update" for part in piece.parts for event in events_of(part))
        for piece in finished.pieces
    ]
    assert updates[0] == updates[1] > 0


def test_every_row_is_scored_on_the_same_images_and_masks(finished: Plan) -> None:
    first, second = (read_scores(piece, finished.cases) for piece in finished.pieces)
    assert list(first) == list(second) == [case.name for case in finished.cases]
    for case in first:
        assert first[case][ZERO_FILLED] == second[case][ZERO_FILLED]
        assert first[case][OWN] != second[case][OWN]


def test_every_row_trains_on_the_same_slices_and_masks(tmp_path: Path) -> None:
    plan = plan_of(tables()["table2"], tmp_path)
    seen = set()
    for piece in plan.pieces:
        for part in piece.parts:
            files = [file for file in plan.files if file.split == "train"]
            cases = load_cases(files, part.recipe, lambda text: None)
            items = plan_epoch(cases, part.recipe, 1)
            batch = Simulator(cases, part.recipe).batch(items, 1)
            seen.add((batch.kspace.tobytes(), batch.mask.tobytes(), batch.truth.tobytes()))
    assert len(seen) == 1
    assert abs(fft2c(batch.truth[:, None])).max() > 0


def test_the_reference_image_is_segmented_by_the_network_of_the_row(finished: Plan) -> None:
    for piece in finished.pieces:
        for scores in read_scores(piece, finished.cases).values():
            metrics = {row.metric for row in scores[TRUTH].rows}
            assert "Dice" in metrics
            assert "PSNR" not in metrics


def test_a_row_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    wild = Row("wild", "wild", {"learning_rate": 1e30, "schedule": "steps"})
    plan = plan_of(Study("wild", "Wild", (wild, PLAIN)), tmp_path)
    watch = Recorder()
    outcomes = run_experiment(plan, watch=watch)
    assert [one.state for one in outcomes] == ["failed", "done"]
    assert watch.outcomes == outcomes
    text = write_report(plan, summarise_plan(plan)).read_text(encoding="utf-8")
    assert "| wild | — |" in text
    assert "failed: update" in text


def test_evaluations_on_the_test_cases_are_counted_once_per_row(tmp_path: Path) -> None:
    plan = plan_of(Study("one", "One row", (PLAIN,)), tmp_path, split="test")
    for _ in range(2):
        run_experiment(plan)
    lines = (tmp_path / TEST_RUNS).read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1] for line in lines] == ["row", "plain"]


class Recorder(Watch):
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
