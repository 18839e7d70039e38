# SPDX-License-Identifier: BSD-3-Clause
"""A cluster of real processes gives the same results as this process, even if some are killed."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import napari_mtmri as mt
from napari_mtmri.batch import dask, dask_worker
from napari_mtmri.batch.job import Job, Outcome, Watch
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.cli.app import main
from napari_mtmri.errors import (
    InputError,
    MtmriError,
    RequestError,
    ResourceError,
    Stopped,
    WeightsError,
)
from napari_mtmri.samples import phantom
from tests.batch.machines import Machines, wait_until
from tests.batch.works import die_of_two, double, double_odd, no_weights, work_until_stopped
from tests.tiny import save_tiny_weights

pytest.importorskip("distributed", reason="needs the extra [cluster]")

N_VOLUMES, METHODS = 4, ("mtmri", "zero-filled")
BLIND = """
import os.path
os.path.exists = lambda path, see=os.path.exists: (
    "hidden" not in str(path) and ".shared-" not in str(path) and see(path)
)
"""


@pytest.fixture
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    machines = Machines(tmp_path_factory.mktemp("machines"))
    machines.add_worker("a")
    machines.add_worker("b")
    yield machines
    machines.end()


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_until(lambda: set(threading.enumerate()) <= before)


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """Log records that distributed would print."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    for name in dask.LOGGERS:
        logging.getLogger(name).addHandler(handler)
    yield records
    for name in dask.LOGGERS:
        logging.getLogger(name).removeHandler(handler)


class After(Watch):
    """Calls ``then`` when the first job has ended, and counts ended jobs."""

    def __init__(self, then: Callable[[], None]) -> None:
        self.count, self._then = 0, then

    def ended(self, outcome: Outcome) -> None:
        self.count += 1
        if self.count == 1:
            self._then()


def jobs_of(count: int, **places: Any) -> list[Job]:
    return [Job(f"job {number}", {"number": number}, places) for number in range(count)]


def run_volumes(folder: Path, out: Path, *names: str, **options: Any) -> list[Outcome]:
    """Run methods on a few small volumes."""
    folder.mkdir(exist_ok=True)
    volumes = [folder / f"head{number}.nii" for number in range(N_VOLUMES)]
    for number, path in enumerate(volumes):
        if not path.exists():
            mt.save(phantom((24, 28, 4), seed=number)[0], path)
    weights = folder / "weights"
    if not weights.exists():
        weights.mkdir()
        save_tiny_weights(weights)
    methods = [MethodChoice(name, weights=weights) for name in names]
    return mt.run_many(volumes, out, mt.Acquisition(snr=20.0), methods, **options)


def promised(out: Path) -> dict[str, Any]:
    """Return all files of result folders; run.json without date, machine and times."""
    files: dict[str, Any] = {}
    for file in out.rglob("*"):
        if file.is_dir() or any(part.startswith(".") for part in file.relative_to(out).parts):
            continue  # incomplete folder of a killed worker
        content: Any = file.read_bytes()
        if file.name == "run.json":
            content = json.loads(content)
            assert content.pop("timings")
            assert content.pop("provenance")
        files[str(file.relative_to(out))] = content
    return files


def test_a_cluster_that_loses_a_worker_leaves_the_same_files(
    machines: Machines, tmp_path: Path
) -> None:
    wait_until(lambda: n_workers(machines) == 2)
    kill = After(machines.workers["a"].kill)
    where = Where(dask=machines.address)
    there = run_volumes(tmp_path / "data", tmp_path / "cluster", *METHODS, where=where, watch=kill)
    here = run_volumes(tmp_path / "data", tmp_path / "plain", *METHODS)
    assert [one.name for one in there] == [one.name for one in here]
    assert {one.state for one in there} == {"done"}
    assert machines.workers["a"].wait() < 0
    files = promised(tmp_path / "plain")
    assert len(files) > 7 * len(here)
    assert promised(tmp_path / "cluster") == files


def test_the_shell_scores_on_a_cluster_as_it_does_here(
    machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["case,image"]
    for number in range(3):
        mt.save(phantom((24, 28, 4), seed=number)[0], Path(f"i{number}.nii"))
        lines.append(f"p{number},i{number}.nii")
    Path("cases.csv").write_text("\n".join(lines), encoding="utf-8")
    words = ["evaluate", "cases.csv", "--method", "zero-filled", "--out"]
    for more in (["here"], ["there", "--dask", machines.address]):
        with pytest.raises(SystemExit) as left:
            main([*words, *more])
        assert not left.value.code
    for name in ("scores.csv", "summary.csv", "summary.md"):
        assert Path("there", name).read_bytes() == Path("here", name).read_bytes()


@pytest.mark.parametrize("allowed_failures", ["0", "3"])
def test_a_job_that_is_lost_twice_is_named_and_the_others_finish(
    allowed_failures: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", allowed_failures)
    machines = Machines(tmp_path_factory.mktemp("machines"))
    try:
        for name in ("a", "b", "c"):
            machines.add_worker(name)
        outcomes = run_jobs(jobs_of(12), die_of_two, where=Where(dask=machines.address))
        dead = {name for name, process in machines.workers.items() if process.poll() is not None}
    finally:
        machines.end()
    lost = outcomes.pop(2)
    assert [one.value for one in outcomes] == [0, 2, *range(6, 24, 2)]
    assert isinstance(lost.error, ResourceError)
    assert str(lost.error).startswith("job 2: ")
    assert len(dead) == 2
    assert all(f"{name} on {socket.gethostname()}" in str(lost.error) for name in dead)


def test_results_are_kept_when_the_scheduler_is_lost(
    machines: Machines, tmp_path: Path, logged: list[logging.LogRecord]
) -> None:
    kill, places = After(machines.scheduler.kill), (tmp_path / "data", tmp_path / "out")
    where = Where(dask=machines.address)
    with pytest.raises(ResourceError, match=f"{machines.address}: .* the same command continues"):
        run_volumes(*places, "zero-filled", where=where, watch=kill)
    assert logged == []
    states = [one.state for one in run_volumes(*places, "zero-filled")]
    assert states.count("kept") >= kill.count >= 1
    assert set(states) <= {"kept", "done"}


def test_a_path_that_a_worker_does_not_see_is_named_with_the_worker(
    machines: Machines, tmp_path: Path
) -> None:
    (tmp_path / "blind.py").write_text(BLIND)
    machines.add_worker("blind", "--preload", str(tmp_path / "blind.py"))
    hidden, seen = tmp_path / "hidden.nii", tmp_path / "seen.nii"
    hidden.touch(), seen.touch()
    where = Where(dask=machines.address)
    wait_until(lambda: n_workers(machines) == 3)
    jobs = [Job("h", {"number": 1}, {"image": str(hidden)}), Job("s", {"number": 3}, {"a": seen})]
    refused, done = run_jobs(jobs, double, where=where)
    assert done.value == 6
    assert isinstance(refused.error, InputError)
    assert str(refused.error).startswith(f"{hidden}: worker blind on ")
    with pytest.raises(InputError, match=r"worker blind on .* does not see"):
        run_jobs(jobs[:1], double, where=where)
    result = Job("r", {"number": 5}, {"folder": tmp_path / "out" / "r"})
    with pytest.raises(InputError, match=f"{tmp_path}: worker blind on "):
        run_jobs([result], double, where=where)


def n_workers(machines: Machines) -> int:
    from distributed import Client

    with Client(machines.address, set_as_default=False) as client:
        return len(client.nthreads())


def test_other_versions_on_a_worker_are_refused(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_worker, "__version__", "99.0")
    with pytest.raises(ResourceError, match=r"worker [ab] on .* napari-mtmri .* has 99\.0"):
        run_jobs(jobs_of(2), double, where=Where(dask=machines.address))


def test_a_stop_ends_running_jobs_and_frees_the_workers(machines: Machines, tmp_path: Path) -> None:
    stop = threading.Event()

    def stop_when_begun() -> None:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
        stop.set()

    thread = threading.Thread(target=stop_when_begun)
    thread.start()
    jobs, where = jobs_of(5, folder=str(tmp_path)), Where(dask=machines.address)
    with pytest.raises(Stopped, match="0 of 5 done"):
        run_jobs(jobs, work_until_stopped, where=where, stop=stop)
    thread.join()
    assert not list(tmp_path.iterdir())
    assert [one.value for one in run_jobs(jobs, double, where=where)] == [0, 2, 4, 6, 8]
    assert not list(tmp_path.iterdir())


def test_errors_come_back_as_in_this_process(machines: Machines) -> None:
    where = Where(dask=machines.address)
    here, there = (run_jobs(jobs_of(4), double_odd, where=one) for one in (None, where))
    assert [one.value for one in there] == [one.value for one in here]
    assert "a stranger's error" in str(there[0].error)
    assert isinstance(there[2].error, InputError)
    with pytest.raises(WeightsError, match="make some"):
        run_jobs(jobs_of(4), no_weights, where=where)


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        ("nowhere", RequestError, "'nowhere' is not a dask scheduler address .* tcp://host:8786"),
        ("tcp://127.0.0.1:1", ResourceError, "127.0.0.1:1: no dask scheduler answered"),
    ],
)
def test_a_missing_scheduler_is_named_with_its_address(
    address: str,
    kind: type[MtmriError],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[logging.LogRecord],
) -> None:
    monkeypatch.setattr(dask, "CONNECT_S", 0.5)
    with pytest.raises(kind, match=words):
        run_jobs(jobs_of(2), double, where=Where(dask=address))
    assert logged == []


def test_a_server_that_is_not_a_scheduler_is_refused_quickly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask, "CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ResourceError, match="no dask scheduler answered"):
            run_jobs(jobs_of(2), double, where=Where(dask=address))


def test_the_wait_for_workers_ends(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_until(lambda: n_workers(machines) == 2)
    for worker in machines.workers.values():
        worker.kill()
    monkeypatch.setattr(dask, "NO_WORKER_S", 0.5)
    with pytest.raises(ResourceError, match="has no worker; start one"):
        run_jobs(jobs_of(2), double, where=Where(dask=machines.address))


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ResourceError, match=r"pip install 'napari-mtmri\[cluster\]'"):
        run_jobs(jobs_of(2), double, where=Where(dask="tcp://127.0.0.1:1"))
