# SPDX-License-Identifier: BSD-3-Clause
"""Background threads of the panels."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from qtpy.QtCore import QObject

from napari_mtmri.errors import InputError, Stopped
from napari_mtmri.gui.jobs import Job, Latest, once, sentence, threads
from tests.gui.conftest import WAIT_MS


def delete(thing: QObject) -> None:
    """Delete the C++ object at once, as Qt does with a closed window."""
    from qtpy import PYSIDE6

    if PYSIDE6:
        from shiboken6 import delete as remove
    else:
        from PyQt6.sip import delete as remove
    remove(thing)


def test_the_newest_request_wins_and_nothing_queues_up(qtbot: Any) -> None:
    owner = QObject()
    latest, seen, gate = Latest(owner), [], threading.Event()
    latest.done.connect(seen.append)

    def work(number: int) -> int:
        gate.wait(10)
        return number

    for number in range(40):
        latest.ask(partial(work, number))
    gate.set()
    qtbot.waitUntil(lambda: not latest.is_busy, timeout=WAIT_MS)
    assert seen == [0, 39]
    assert latest.n_runs == 2


def test_a_dropped_request_gives_no_result(qtbot: Any) -> None:
    owner = QObject()
    latest, seen, gate = Latest(owner), [], threading.Event()
    latest.done.connect(seen.append)
    latest.ask(partial(gate.wait, 10))
    latest.drop()
    gate.set()
    qtbot.waitUntil(lambda: not latest.is_busy, timeout=WAIT_MS)
    latest.ask(lambda: "next")
    qtbot.waitUntil(lambda: seen == ["next"], timeout=WAIT_MS)


def test_a_stopped_request_is_no_failure(qtbot: Any) -> None:
    owner = QObject()
    latest, failures = Latest(owner), []
    latest.failed.connect(failures.append)

    def stopped() -> None:
        raise Stopped("Stopped within a slice.")

    latest.ask(stopped)
    qtbot.waitUntil(lambda: not latest.is_busy, timeout=WAIT_MS)
    assert failures == []


def test_a_failed_request_does_not_block_the_next(qtbot: Any) -> None:
    owner = QObject()
    latest, seen, failures = Latest(owner), [], []
    latest.done.connect(seen.append)
    latest.failed.connect(failures.append)

    def bad() -> None:
        raise InputError("x.nii: no.")

    latest.ask(bad)
    qtbot.waitUntil(lambda: bool(failures), timeout=WAIT_MS)
    latest.ask(lambda: 1)
    qtbot.waitUntil(lambda: seen == [1], timeout=WAIT_MS)
    assert [str(why) for why in failures] == ["x.nii: no."]


def test_a_job_reports_in_order_and_ends_once(qtbot: Any) -> None:
    owner = QObject()
    job, heard = Job(owner), []
    window = threading.get_ident()
    for name in ("progressed", "done"):
        getattr(job, name).connect(partial(_note, heard, name))
    job.ended.connect(lambda: heard.append(("ended", threading.get_ident() == window)))

    def work(report: Any, stop: threading.Event) -> str:
        for number in range(3):
            report(number)
        return "whole"

    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        job.start(work)
    steps = [("progressed", 0), ("progressed", 1), ("progressed", 2)]
    assert heard == [*steps, ("done", "whole"), ("ended", True)]


def _note(heard: list[Any], name: str, value: Any) -> None:
    heard.append((name, value))


def test_reports_of_a_stopped_job_are_ignored(qtbot: Any) -> None:
    owner = QObject()
    job, heard, gate, ended = Job(owner), [], threading.Event(), threading.Event()
    job.done.connect(heard.append)
    job.failed.connect(heard.append)
    job.stopped.connect(lambda: heard.append("stopped"))

    def work(report: Any, stop: threading.Event) -> str:
        gate.wait(10)
        ended.set()
        if stop.is_set():
            raise Stopped("stopped.")
        return "whole"

    job.start(work)
    job.stop()
    assert heard == ["stopped"]
    assert not job.is_running
    gate.set()
    qtbot.waitUntil(ended.is_set, timeout=WAIT_MS)
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        job.start(lambda report, stop: "second")
    assert heard == ["stopped", "second"]


def test_a_job_that_fails_reports_it_once(qtbot: Any) -> None:
    owner = QObject()
    job, failures = Job(owner), []
    job.failed.connect(failures.append)

    def work(report: Any, stop: Any) -> None:
        raise ValueError("no")

    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        job.start(work)
    assert [str(why) for why in failures] == ["no"]
    assert sentence(failures[0]) == (
        "Unexpected ValueError: no; please copy the details and report it."
    )


def test_parameters_in_errors_have_no_backticks() -> None:
    assert sentence(InputError("`snr` 0 is not above 0.")) == "snr 0 is not above 0."


def test_once_returns_in_the_window_s_thread(qtbot: Any) -> None:
    seen: list[Any] = []
    once(
        threading.get_ident, lambda there: seen.append((there, threading.get_ident())), seen.append
    )
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT_MS)
    there, here = seen[0]
    assert here == threading.get_ident()
    assert there != here


def test_a_job_whose_window_is_closed_ends_silently(
    qtbot: Any, capfd: Any, recwarn: pytest.WarningsRecorder
) -> None:
    owner = QObject()
    job, gate, done = Job(owner), threading.Event(), threading.Event()
    went_on: list[bool] = []

    def work(report: Any, stop: threading.Event) -> None:
        gate.wait(10)
        try:
            report("half")
            went_on.append(True)
        finally:
            done.set()

    job.start(work)
    delete(owner)
    gate.set()
    assert done.wait(10)
    threads().waitForDone(10_000)
    qtbot.wait(50)
    assert "deleted" not in capfd.readouterr().err
    assert went_on  # the work is not disturbed
