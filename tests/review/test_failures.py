# SPDX-License-Identifier: BSD-3-Clause
"""A full disk, a folder that vanishes, a clock set back: said at once, and nothing is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from napari_mtmri.errors import RequestError, ResourceError
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.journal_check import verify
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.saver import Saver
from napari_mtmri.review.session import ReviewSession
from tests.review.studies import HandClock, draw, hashes, session_of, voxels


def wait_until(what: Callable[[], object]) -> None:
    """Wait for another thread; the time is a guard against hanging, not part of the test."""
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


class Disk:
    """A disk that can be full: no bytes reach it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.is_full, self._fsync = False, os.fsync
        patch.setattr("os.fsync", self.fsync)

    def fsync(self, file: int) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self._fsync(file)


def test_on_a_full_disk_work_is_kept_and_written_when_there_is_space(
    project: ReviewProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, before = Disk(monkeypatch), hashes(project.data)
    with session_of(project) as session:
        session.open("pat01")
        draw(session, 1)
        session.flush()
        disk.is_full = True
        draw(session, 2)
        wait_until(lambda: session.problem)
        assert "No space left" in session.problem
        assert session.has_unsaved
        first = session.current.data.copy()
        session.verdict("approve")
        session.open("pat02")
        draw(session, 3)
        second = session.current.data.copy()
        session.open("pat03")
        again = session.open("pat02")  # which the disk does not have
        assert (again.data == second).all()
        session.undo()
        session.redo()
        assert not session.close(timeout_s=0.05)
        session.open("pat02")
        session.verdict("flag")
        disk.is_full = False
        assert session.flush()
        assert session.problem == ""
    assert hashes(project.data) == before
    assert verify(project.journal).ok
    assert (voxels(project.mask_folder("pat01") / "v0001.nii.gz") == first).all()
    for path in project.mask_folder("pat02").glob("v????.nii.gz"):
        assert (voxels(path) == second).all()
    kinds = [event["event"] for event in read_journal(project.journal)]
    assert kinds.count("approved") == kinds.count("flagged") == 1
    assert not list(project.folder.rglob(".*-*"))  # no temporary file is left


def test_a_script_is_told_that_work_was_not_written(
    project: ReviewProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    session = session_of(project)
    session.open("pat01")
    disk.is_full = True
    draw(session)
    wait_until(lambda: session.problem)
    monkeypatch.setattr("napari_mtmri.review.session.CLOSE_S", 0.05)
    with pytest.raises(ResourceError, match="No space left"), session:
        pass
    assert not session.close(0.01)
    disk.is_full = False
    assert session.close()


def test_a_folder_that_vanishes_and_comes_back_has_everything(
    project: ReviewProject, tmp_path: Path
) -> None:
    with session_of(project) as session:
        session.open("pat01")
        draw(session, 1)
        session.flush()
        project.folder.rename(tmp_path / "pulled")
        draw(session, 2)
        wait_until(lambda: session.problem)
        assert "vanished" in session.problem
        session.verdict("approve")
        last = session.current.data.copy()
        assert not project.folder.exists()  # nothing is written where the disk was
        (tmp_path / "pulled").rename(project.folder)
        assert session.flush()
        assert session.problem == ""
    assert verify(project.journal).ok
    assert (voxels(project.mask_folder("pat01") / "v0001.nii.gz") == last).all()


def test_a_folder_that_cannot_be_written_is_opened_to_read(project: ReviewProject) -> None:
    project.folder.mkdir()
    project.reader_folder.write_text("a file where the reader's folder would be")
    with session_of(project) as session:
        assert session.is_read_only
        assert "cannot be made" in session.read_only_reason
        assert session.open("pat01").data.any()
        with pytest.raises(RequestError, match="cannot be made"):
            draw(session)


def test_a_lock_that_is_taken_over_stops_writing(project: ReviewProject) -> None:
    session = session_of(project)
    session.open("pat01")
    session.flush()
    lock = project.reader_folder / "lock.json"
    ours = lock.read_text()
    lock.write_text(ours.replace('"token": "', '"token": "not'))
    whole = project.journal.read_bytes()
    draw(session)
    wait_until(lambda: session.problem)
    assert "taken over" in session.problem
    assert project.journal.read_bytes() == whole
    lock.write_text(ours)
    assert session.close()


def test_a_clock_set_back_changes_neither_order_nor_times_worked(project: ReviewProject) -> None:
    clock = HandClock()
    with session_of(project, clock=clock) as session:
        session.open("pat01")
        clock.wait(10)
        clock.wall -= timedelta(hours=2)
        draw(session)
        session.verdict("approve")
    events = read_journal(project.journal)
    [approved] = [event for event in events if event["event"] == "approved"]
    assert approved["active_s"] == 10
    assert verify(project.journal).ok
    assert any("clock_set_back_s" in event for event in events)
    with session_of(project) as session:
        assert session.statuses["pat01"].state == "approved"


def test_a_torn_journal_is_repaired_when_a_session_begins(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat01")
        session.verdict("approve")
    with project.journal.open("ab") as file:
        file.write(b'{"seq": 99, "pr')
    with session_of(project) as session:
        assert not session.is_read_only
        assert any("torn" in note for note in session.notes)
        assert session.statuses["pat01"].state == "approved"
    assert verify(project.journal).ok
    assert [e["event"] for e in read_journal(project.journal)][-1] == "repaired"


def test_an_altered_journal_is_said_and_continued(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat01")
        session.verdict("approve")
    text = project.journal.read_text(encoding="utf-8")
    project.journal.write_text(text.replace('"approved"', '"rejected"'), encoding="utf-8")
    with session_of(project) as session:
        assert any("altered" in note for note in session.notes)
        session.open("pat02")
        session.verdict("approve")
    assert {problem.kind for problem in verify(project.journal).problems} == {"altered"}


def test_what_fails_for_another_reason_does_not_hold_up_the_rest() -> None:
    saver, done = Saver(retry_s=0.01), []

    def broken() -> None:
        raise ValueError("a bug")

    saver.submit(broken, lambda: done.append("never"))
    saver.submit(lambda: done.append("next"))
    assert saver.close(5)
    assert done == ["next"]
    assert "a bug" in saver.problem


def test_steps_that_are_done_are_not_repeated() -> None:
    saver, done, refusals = Saver(retry_s=0.01), [], [OSError(28, "full"), OSError(28, "full")]

    def refuse() -> None:
        if refusals:
            raise refusals.pop()
        done.append("second")

    saver.submit(lambda: done.append("first"), refuse, lambda: done.append("third"))
    assert saver.close(5)
    assert done == ["first", "second", "third"]
    assert saver.problem == ""


def test_only_the_newest_of_waiting_autosaves_is_written() -> None:
    import threading

    saver, done, go = Saver(retry_s=0.01), [], threading.Event()
    saver.submit(go.wait)
    for number in range(5):
        saver.submit(lambda n=number: done.append(n), key="autosave")
    go.set()
    assert saver.close(5)
    assert done == [4]


def test_closing_twice_is_closing_once(project: ReviewProject) -> None:
    session = ReviewSession(project)
    assert session.close()
    assert session.close()
