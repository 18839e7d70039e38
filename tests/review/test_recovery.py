# SPDX-License-Identifier: BSD-3-Clause
"""What a crash, a damaged file or another program leaves behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.errors import RequestError
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.session import ReviewSession
from napari_mtmri.review.stroke_file import read_records
from tests.review.studies import HandClock, draw, session_of, voxels, write_nifti


def crash(session: ReviewSession, folder: Path, copy: Path) -> None:
    """Copy the review as it is on the disk, which is what a crash at this moment leaves."""
    assert session.flush()
    shutil.copytree(folder, copy)
    session.close()
    shutil.rmtree(folder)
    shutil.move(copy, folder)
    for name in ("lock.json", ".lock"):
        for path in folder.rglob(name):
            path.unlink()


def crashed(project: ReviewProject, tmp_path: Path) -> np.ndarray:
    """Edit a case, save, edit on, crash; return the mask at the crash."""
    session = session_of(project)
    session.open("pat01")
    draw(session, 1)
    session.save()
    draw(session, 2)
    draw(session, 3, label=4)
    session.undo()
    draw(session, 4)
    last = session.current.data.copy()
    crash(session, project.folder, tmp_path / "copy")
    return last


def test_after_a_crash_edits_are_restored_with_their_history(
    project: ReviewProject, tmp_path: Path
) -> None:
    last = crashed(project, tmp_path)
    with session_of(project) as session:
        opened = session.open("pat01")
        recovery = opened.recovery
        assert recovery is not None
        assert recovery.n_edits == 4
        assert (recovery.restored == last).all()
        assert (recovery.on_disk == opened.data).all()
        assert (recovery.on_disk == voxels(project.mask_folder("pat01") / "v0001.nii.gz")).all()
        with pytest.raises(RequestError, match="choose what to do"):
            draw(session)
        session.restore("restore")
        assert (opened.data == last).all()
        for _ in range(3):
            assert session.undo() is not None
        assert session.undo() is None
        assert (opened.data == voxels(project.data / "pat01_mask.nii.gz")).all()
        for _ in range(3):
            session.redo()
        session.verdict("approve")
    assert (voxels(project.mask_folder("pat01") / "v0002.nii.gz") == last).all()
    with session_of(project) as session:
        assert session.open("pat01").recovery is None


def test_what_was_on_disk_is_kept_when_that_is_chosen(
    project: ReviewProject, tmp_path: Path
) -> None:
    crashed(project, tmp_path)
    strokes = project.mask_folder("pat01") / "strokes-0001.bin"
    n = len(read_records(strokes)[0])
    with session_of(project) as session:
        saved = session.open("pat01").data.copy()
        with pytest.raises(RequestError, match="`choice`"):
            session.restore("both")  # type: ignore[arg-type]
        session.restore("disk")
        assert session.is_editable
        assert (session.current.data == saved).all()
        with pytest.raises(RequestError, match="no unsaved edits"):
            session.restore("disk")
    assert len(read_records(strokes)[0]) == n + 1  # nothing of it is lost
    with session_of(project) as session:
        assert session.open("pat01").recovery is None


def test_damaged_strokes_leave_the_autosaved_mask(project: ReviewProject, tmp_path: Path) -> None:
    clock = HandClock()
    session = session_of(project, clock=clock)
    session.open("pat01")
    draw(session)
    last = session.current.data.copy()
    session.tick()
    session.flush()
    autosave = project.mask_folder("pat01") / "autosave.nii.gz"
    assert not autosave.exists()
    clock.wait(20)
    session.tick()
    crash(session, project.folder, tmp_path / "copy")
    assert (voxels(autosave) == last).all()
    (project.mask_folder("pat01") / "strokes-0001.bin").write_bytes(b"nothing of what was there")
    with session_of(project) as session:
        opened = session.open("pat01")
        assert opened.recovery is not None
        assert (opened.recovery.restored == last).all()
        assert any("not a file of strokes" in note for note in opened.notes)
        session.restore("restore")
        session.verdict("approve")
    assert (voxels(project.mask_folder("pat01") / "v0001.nii.gz") == last).all()
    assert not autosave.exists()


def test_a_version_that_another_program_changed_is_said(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat01")
        session.verdict("approve")
    path = project.mask_folder("pat01") / "v0001.nii.gz"
    write_nifti(path, np.full((12, 10, 6), 5, np.uint8))
    with session_of(project) as session:
        assert any("changed by another program" in note for note in session.open("pat01").notes)
    path.write_bytes(b"damaged")
    with session_of(project) as session:
        opened = session.open("pat01")
        assert any("The mask it began with is shown" in note for note in opened.notes)
        assert (opened.data == voxels(project.data / "pat01_mask.nii.gz")).all()
