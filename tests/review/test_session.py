# SPDX-License-Identifier: BSD-3-Clause
"""Review session: states, versions, undo, second readings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.review.case_files import mask_path, reader_readings
from napari_mtmri.review.case_list import CaseFilter
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.journal_check import verify
from napari_mtmri.review.project import ReviewProject, open_project
from napari_mtmri.review.session import ReviewSession
from napari_mtmri.review.sources import EDITED, READER
from tests.review.studies import (
    HandClock,
    draw,
    hashes,
    make_study,
    session_of,
    voxels,
    write_nifti,
)


def states(session: ReviewSession) -> list[str]:
    return [status.state for status in session.statuses.values()]


def events(project: ReviewProject, kind: str) -> list[dict]:
    return [event for event in read_journal(project.journal) if event["event"] == kind]


def test_a_review_from_the_first_case_to_the_last(project: ReviewProject) -> None:
    before, wanted = hashes(project.data), {}
    verdicts = iter(["approve", "flag", "reject"])
    with session_of(project) as session:
        assert states(session) == ["open"] * 3
        name = session.next_name()
        while name is not None:
            opened = session.open(name)
            assert session.status.state == "in work"
            draw(session, seed=len(wanted))
            wanted[name] = opened.data.copy()
            name = session.verdict(next(verdicts), difficulty="hard", comment="seen")
        assert states(session) == ["approved", "flagged", "rejected"]
        assert session.progress.text == "3 of 3, 1 flagged"
        assert session.flush()
        assert not session.has_unsaved
        assert session.saved is not None
        assert str(project.reader_folder) in session.saved.text
    assert hashes(project.data) == before
    assert verify(project.journal).ok
    found = reader_readings(project)
    assert {name: status.state for (name, _), status in found.items()} == {
        "pat01": "approved",
        "pat02": "flagged",
        "pat03": "rejected",
    }
    for (name, _), status in found.items():
        path = mask_path(project, status)
        assert path is not None
        assert (voxels(path) == wanted[name]).all()
        assert (status.difficulty, status.comment) == ("hard", "seen")
        assert len(status.sha256) == 64


def test_states_are_those_of_the_next_session_too(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat02")
        draw(session)
        session.verdict("flag", "easy", "odd")
        session.open("pat03")
        first = session.statuses
    with session_of(project) as session:
        for name, status in session.statuses.items():
            assert (status.state, status.comment) == (first[name].state, first[name].comment)
        assert session.open("pat02").data.any()


def test_a_version_is_never_overwritten(project: ReviewProject) -> None:
    masks = []
    with session_of(project) as session:
        opened = session.open("pat01")
        for seed in range(3):
            draw(session, seed)
            masks.append(opened.data.copy())
            session.save(f"state {seed}")
        session.open("pat02")  # nothing new: no version
    folder = project.mask_folder("pat01")
    assert sorted(path.name for path in folder.glob("v????.nii.gz")) == [
        "v0001.nii.gz", "v0002.nii.gz", "v0003.nii.gz"
    ]  # fmt: skip
    for number, mask in enumerate(masks, start=1):
        assert (voxels(folder / f"v{number:04d}.nii.gz") == mask).all()
    assert [event["reason"] for event in events(project, "saved")] == [
        "state 0",
        "state 1",
        "state 2",
    ]
    assert not project.mask_folder("pat02").exists()


def test_leaving_a_case_saves_it_and_undo_lives_while_it_is_open(project: ReviewProject) -> None:
    with session_of(project) as session:
        opened = session.open("pat01")
        first = opened.data.copy()
        draw(session, 1)
        draw(session, 2)
        last = opened.data.copy()
        session.save()
        assert session.undo() is not None
        assert session.undo() is not None
        assert session.undo() is None
        assert (opened.data == first).all()
        session.redo()
        session.redo()
        assert (opened.data == last).all()
        session.open("pat02")
        assert (session.open("pat01").data == last).all()


def test_the_journal_says_who_when_with_what_and_on_what(project: ReviewProject) -> None:
    clock = HandClock()
    with session_of(project, clock=clock) as session:
        session.open("pat01")
        clock.wait(30)
        edit = draw(session)
        model = np.zeros_like(session.current.data)
        model[8:10] = 1
        accepted = Edit.between(
            session.current.data, model, "suggestion", source="model", weights="cd" * 32
        )
        session.apply(accepted)
        clock.wait(1000)
        session.verdict("approve")
    [saved], [approved] = events(project, "saved"), events(project, "approved")
    assert saved["who"] == "Anna"
    assert saved["tools"] == {
        "brush": {"edits": 1, "voxels": edit.n_voxels},
        "suggestion": {"edits": 1, "voxels": accepted.n_voxels},
    }
    assert saved["used"]["weights"] == ["cd" * 32]
    assert saved["used"]["mask"] == "mask"
    assert len(saved["used"]["image"]) == len(saved["used"]["mask_sha256"]) == 64
    assert saved["voxels"] == {"1": int(model.sum())}
    assert saved["volume_ml"] == pytest.approx(model.sum() * 3 / 1000)
    assert approved["active_s"] == 30 + 60
    assert approved["version"] == saved["version"]
    assert approved["time"].startswith("2026-05-04T12:20:14")


def test_time_adds_up_over_visits(project: ReviewProject) -> None:
    clock = HandClock()
    with session_of(project, clock=clock) as session:
        for name, seconds in (("pat01", 10), ("pat02", 5), ("pat01", 20)):
            session.open(name)
            clock.wait(seconds)
        session.verdict("approve")
        assert session.statuses["pat01"].active_s == 30
        assert session.statuses["pat02"].active_s == 5


def test_sources_of_voxels_are_saved_with_each_version(project: ReviewProject) -> None:
    with session_of(project) as session:
        opened = session.open("pat01")
        after = opened.data.copy()
        after[2, 3, 1], after[9, 9, 5] = 0, 1
        session.apply(Edit.between(opened.data, after, "brush"))
        sources = opened.sources()
        session.verdict("approve")
    assert (sources[2, 3, 1], sources[9, 9, 5], sources[3, 3, 1]) == (EDITED, READER, READER)
    assert (voxels(project.mask_folder("pat01") / "v0001.sources.nii.gz") == sources).all()
    with session_of(project) as session:
        assert (session.open("pat01").sources() == sources).all()


def test_a_signed_off_case_is_changed_only_after_it_was_reopened(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat01")
        session.verdict("approve")
        assert not session.is_editable
        for change in (lambda: draw(session), session.undo, lambda: session.verdict("flag")):
            with pytest.raises(RequestError, match="pat01: is approved; reopen it"):
                change()
        session.reopen()
        assert session.status.state == "in work"
        with pytest.raises(RequestError, match="not signed off"):
            session.reopen("pat01")
        draw(session)
        session.verdict("reject")
    assert [e["event"] for e in read_journal(project.journal) if e["event"] in ("approved", "reopened", "rejected")] == ["approved", "reopened", "rejected"]  # fmt: skip
    assert len(list(project.mask_folder("pat01").glob("v????.nii.gz"))) == 2


def test_a_second_reading_is_kept_apart(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat01")
        draw(session, 1)
        first = session.current.data.copy()
        with pytest.raises(RequestError, match="sign it off first"):
            session.second_reading("pat01")
        session.verdict("approve", "easy")
        opened = session.second_reading("pat01")
        assert opened.reading == 2
        assert (opened.data == voxels(project.data / "pat01_mask.nii.gz")).all()
        draw(session, 2)
        second = opened.data.copy()
        session.verdict("flag", "hard")
        assert [status.state for status in session.readings("pat01")] == ["approved", "flagged"]
        assert (session.open("pat01", reading=1).data == first).all()
    assert (voxels(project.mask_folder("pat01", 1) / "v0001.nii.gz") == first).all()
    assert (voxels(project.mask_folder("pat01", 2) / "v0001.nii.gz") == second).all()


def test_several_masks_are_choices(tmp_path: Path) -> None:
    data = make_study(tmp_path, 1)
    other = np.zeros((12, 10, 6), np.int16)
    other[:3] = 300
    write_nifti(data / "pat01_mask_mtmri.nii.gz", other)
    project = open_project(data, "Anna")
    assert list(project.cases[0].masks) == ["mask", "mtmri"]
    with session_of(project) as session:
        assert (session.open("pat01", mask="mtmri").data == other).all()
        assert not session.open("pat01", mask="").data.any()
        assert (session.current.other_mask("mtmri").data == other).all()
        with pytest.raises(RequestError, match="has no mask 'x'"):
            session.open("pat01", mask="x")


def test_another_mask_after_a_version_is_one_edit(tmp_path: Path) -> None:
    data = make_study(tmp_path, 1)
    other = np.zeros((12, 10, 6), np.uint8)
    other[:3] = 2
    write_nifti(data / "pat01_mask_mtmri.nii.gz", other)
    with session_of(open_project(data, "Anna")) as session:
        session.open("pat01", mask="mask")
        draw(session)
        drawn = session.current.data.copy()
        opened = session.open("pat01", mask="mtmri")
        assert (opened.data == other).all()
        session.undo()
        assert (opened.data == drawn).all()


def test_the_list_is_filtered_sorted_and_searched(project: ReviewProject) -> None:
    with session_of(project) as session:
        session.open("pat02")
        session.verdict("flag", "hard", "Motion")
        session.set_facts("pat01", volume_ml=3.0, predicted_quality=0.9)
        session.set_facts("pat03", volume_ml=7.0, predicted_quality=0.2)

        def names(sort: str = "name", **shown: object) -> list[str]:
            return [status.name for status in session.select(CaseFilter(**shown), sort)]

        assert names(states=("flagged",)) == ["pat02"]
        assert names(difficulties=("hard",)) == ["pat02"]
        assert names(readers=("Anna",)) == ["pat02"]
        assert names(search="motion") == ["pat02"]
        assert names(search="PAT0") == ["pat01", "pat02", "pat03"]
        assert names("predicted_quality")[:2] == ["pat03", "pat01"]
        assert names("volume_ml")[0] == "pat03"
        assert session.next_name() == "pat03"
        assert names("state")[-1] == "pat02"
        with pytest.raises(RequestError, match="`sort`"):
            names("magic")
        with pytest.raises(RequestError, match="plain data"):
            session.record("measured", value=float("nan"))


def test_other_readers_verdicts_are_seen_in_the_list(project: ReviewProject) -> None:
    with session_of(project.of("Ben")) as ben:
        ben.open("pat01")
        ben.verdict("approve")
    with session_of(project) as anna:
        assert anna.statuses["pat01"].readers == ("Ben",)
        assert anna.statuses["pat01"].state == "open"
        assert project.readers() == ("Anna", "Ben") or project.readers() == ("Ben",)


def test_an_image_that_cannot_be_read_leaves_the_session_usable(project: ReviewProject) -> None:
    (project.data / "pat02_flair.nii.gz").write_bytes(b"no image")
    with session_of(project) as session:
        session.open("pat01")
        draw(session)
        with pytest.raises(InputError, match=r"pat02_flair\.nii\.gz"):
            session.open("pat02")
        assert session.current is None
        with pytest.raises(RequestError, match="No case is open"):
            session.verdict("approve")
        session.open("pat03")
        session.verdict("approve")
    assert (project.mask_folder("pat01") / "v0001.nii.gz").exists()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.verdict("maybe"), "`verdict`"),
        (lambda s: s.verdict("approve", "so-so"), "`difficulty`"),
        (lambda s: s.open("pat99"), "no case 'pat99'"),
    ],
)
def test_choices_that_do_not_exist_are_refused(project: ReviewProject, call, words: str) -> None:
    with session_of(project) as session:
        session.open("pat01")
        with pytest.raises(RequestError, match=words):
            call(session)
        assert session.status.state == "in work"


def test_a_second_instance_reads_only(project: ReviewProject) -> None:
    with session_of(project) as first:
        first.open("pat01")
        draw(first)
        first.verdict("approve")
        first.flush()
        with session_of(project) as second:
            assert second.is_read_only
            assert "process" in second.read_only_reason
            before = hashes(project.folder, without="nothing")
            assert states(second)[0] == "approved"
            assert second.open("pat01").data.any()
            for change in (
                lambda: draw(second),
                lambda: second.verdict("flag"),
                second.save,
                second.reopen,
                lambda: second.blind(1),
                lambda: second.second_reading("pat01"),
            ):
                with pytest.raises(RequestError, match="opened to read only"):
                    change()
            second.record("exported")
            second.flush()
            assert hashes(project.folder, without="nothing") == before
        first.open("pat02")
        first.verdict("approve")
    assert verify(project.journal).ok
    assert len(events(project, "approved")) == 2


def test_a_whole_review_runs_without_torch_napari_or_qt(tmp_path: Path) -> None:
    make_study(tmp_path / "study", 2)
    code = """
import sys
for name in ("torch", "napari", "qtpy", "PySide6", "PyQt6"):
    sys.modules[name] = None
import numpy as np
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.journal_check import verify
from napari_mtmri.review.project import open_project
from napari_mtmri.review.session import ReviewSession
project = open_project(sys.argv[1], "Anna")
with ReviewSession(project) as session:
    session.blind(1)
    name = session.next_name()
    while name is not None:
        opened = session.open(name)
        after = np.where(opened.image.data > 500, 2, opened.data).astype(opened.data.dtype)
        session.apply(Edit.between(opened.data, after, "threshold", label=2))
        session.undo()
        session.redo()
        name = session.verdict("approve")
    session.unblind()
assert verify(project.journal).ok
assert len(list(project.reader_folder.rglob("v0001.nii.gz"))) == 2
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "study")], check=True)
