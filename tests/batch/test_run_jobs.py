# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.acquisition import case_seed
from napari_mtmri.batch.job import Job, Outcome, Watch
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.errors import InputError, RequestError, ResourceError, Stopped, WeightsError
from tests.batch.works import die_of_two, double, double_odd, no_weights, write_slowly

PLAIN = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=4)


def jobs_of(count: int, **places: Any) -> list[Job]:
    return [Job(f"job {number}", {"number": number}, places) for number in range(count)]


class Notes(Watch):
    def __init__(self) -> None:
        self.begun: list[str] = []
        self.outcomes: list[Outcome] = []

    def started(self, name: str) -> None:
        self.begun.append(name)

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


@given(PLAIN, PLAIN)
def test_a_key_depends_only_on_the_content_of_a_request(
    request: dict[str, Any], places: dict[str, Any]
) -> None:
    turned = dict(reversed(request.items()))
    assert Job("a", request).key == Job("b", turned, places).key
    assert Job("a", request).key != Job("a", {**request, "more": 1}).key


def test_the_seed_of_a_case_never_changes_and_differs_between_cases() -> None:
    # Pinned: the masks of published evaluations must never change.
    assert case_seed(0, "TCGA_CS_4941_19960909") == 1318238779
    assert case_seed(1, "TCGA_CS_4941_19960909") == 1548889377
    seeds = [case_seed(0, f"case {number}") for number in range(1000)]
    assert len(set(seeds)) == 1000
    assert 0 <= min(seeds) <= max(seeds) < 2**31


@pytest.mark.parametrize("n_processes", [1, 2])
def test_a_job_that_fails_does_not_end_the_others(n_processes: int) -> None:
    notes = Notes()
    outcomes = run_jobs(jobs_of(4), double_odd, where=Where(n_processes), watch=notes)
    assert [outcome.name for outcome in outcomes] == ["job 0", "job 1", "job 2", "job 3"]
    assert [outcome.value for outcome in outcomes] == [None, 2, None, 6]
    assert "a stranger's error" in str(outcomes[0].error)
    assert isinstance(outcomes[2].error, InputError)
    assert sorted(one.name for one in notes.outcomes) == sorted(one.name for one in outcomes)


def test_jobs_with_a_result_are_not_repeated() -> None:
    notes = Notes()
    there = {"job 1": "from before"}
    outcomes = run_jobs(jobs_of(3), double, find=lambda job: there.get(job.name), watch=notes)
    assert [outcome.state for outcome in outcomes] == ["done", "kept", "done"]
    assert outcomes[1].value == "from before"
    assert notes.begun == ["job 0", "job 2"]


@pytest.mark.parametrize("n_processes", [1, 2])
def test_missing_weights_end_the_list_at_once(n_processes: int) -> None:
    with pytest.raises(WeightsError, match="make some"):
        run_jobs(jobs_of(3), no_weights, where=Where(n_processes))


def test_a_stop_keeps_finished_jobs_and_counts_them() -> None:
    stop = threading.Event()

    class StopAfterTwo(Watch):
        def ended(self, outcome: Outcome) -> None:
            if outcome.name == "job 1":
                stop.set()

    with pytest.raises(Stopped, match="2 of 5 done"):
        run_jobs(jobs_of(5), double, watch=StopAfterTwo(), stop=stop)


def test_ctrl_c_in_a_job_is_a_stop() -> None:
    def pressed(job: Job, report: Any, stop: Any) -> int:
        raise KeyboardInterrupt

    with pytest.raises(Stopped, match="0 of 1 done"):
        run_jobs(jobs_of(1), pressed)


def test_a_killed_process_fails_its_own_job_and_no_other() -> None:
    outcomes = run_jobs(jobs_of(6), die_of_two, where=Where(2))
    assert [outcome.value for outcome in outcomes] == [0, 2, None, 6, 8, 10]
    assert isinstance(outcomes[2].error, ResourceError)
    assert "job 2: its process was killed" in str(outcomes[2].error)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("where", [{"n_processes": 0}, {"n_processes": 2, "dask": "tcp://a:1"}])
def test_an_invalid_where_is_refused(where: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="n_processes"):
        Where(**where)


def test_stopped_processes_clean_up(tmp_path: Path) -> None:
    stop = threading.Event()

    def stop_when_begun() -> None:
        for _ in range(600):
            if len(list(tmp_path.iterdir())) == 2:
                break
            time.sleep(0.1)
        stop.set()

    thread = threading.Thread(target=stop_when_begun)
    thread.start()
    try:
        with pytest.raises(Stopped, match="0 of 3 done"):
            jobs = jobs_of(3, folder=str(tmp_path))
            run_jobs(jobs, write_slowly, where=Where(2), stop=stop)
    finally:
        thread.join()
    assert not multiprocessing.active_children()
    assert not list(tmp_path.iterdir())
