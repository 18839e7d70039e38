# SPDX-License-Identifier: BSD-3-Clause
"""The next case is read ahead, and memory does not grow."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from napari_mtmri.review.opened import OpenCase
from napari_mtmri.review.project import ReviewProject
from tests.review.studies import draw, make_project, session_of, voxels


def test_the_next_case_was_read_ahead(
    project: ReviewProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from napari_mtmri.review import case_loader

    readers: dict[str, str] = {}
    load = case_loader.load_case

    def note(case, *args, **kwargs):
        readers[case.name] = threading.current_thread().name
        return load(case, *args, **kwargs)

    monkeypatch.setattr(case_loader, "load_case", note)
    with session_of(project) as session:
        session.open("pat01")
        name = session.verdict("approve")
        session.open(name)
        assert session.current.name == "pat02"
    assert readers["pat01"] == threading.current_thread().name
    assert readers["pat02"].startswith("review prefetch")


def test_a_case_read_ahead_is_read_again_if_it_has_changed(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat01")  # reads pat02 ahead
        session.open("pat02")  # reads pat03 ahead
        draw(session)
        drawn = session.current.data.copy()
        session.open("pat01")  # reads pat02 ahead
        session.flush()
        assert (session.open("pat02").data == drawn).all()
        assert (session.open("pat01").data == voxels(project.data / "pat01_mask.nii.gz")).all()


def count_open_cases(folder: Path) -> int:
    """Number of open cases in memory; windows of other tests may hold cases of theirs."""
    gc.collect()
    return sum(
        type(thing) is OpenCase and thing.case.image.is_relative_to(folder)
        for thing in gc.get_objects()
    )


def test_memory_does_not_grow_with_the_cases(tmp_path: Path) -> None:
    project = make_project(tmp_path, 200)
    most = 0
    with session_of(project) as session:
        for number, status in enumerate(session.select()):
            session.open(status.name)
            draw(session)
            session.verdict("approve")
            if number % 20 == 0:
                most = max(most, count_open_cases(tmp_path))
        assert session.progress.done == 200
    assert most <= 6  # the open one, the one read ahead, and those the disk has not taken yet
