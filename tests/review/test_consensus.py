# SPDX-License-Identifier: BSD-3-Clause
"""Consensus by majority and by STAPLE, and as a reader of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.case_files import mask_path, reader_readings
from napari_mtmri.review.consensus import majority, make_consensus, staple
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.journal_check import verify
from napari_mtmri.review.opinions import find_opinions
from napari_mtmri.review.project import ReviewProject, open_project
from tests.review.reader_studies import block, read_as, write_study

votes = arrays.arrays(np.uint8, (5, 4, 3, 2), elements=st.sampled_from([0, 1, 1, 7]))


@given(votes)
def test_majority_is_the_label_of_more_than_half(masks: np.ndarray) -> None:
    found = majority(list(masks)).labels
    for place in np.ndindex(found.shape):
        given_here = masks[(slice(None), *place)].tolist()
        most = [label for label in {*given_here} if 2 * given_here.count(label) > 5]
        assert found[place] == (most[0] if most else 0)


@given(votes)
def test_the_order_of_the_masks_does_not_matter_and_equal_masks_are_kept(m: np.ndarray) -> None:
    assert (majority(list(m)).labels == majority(list(m[::-1])).labels).all()
    assert (majority([m[0], m[0], m[1]]).labels == m[0]).all()


def test_staple_keeps_what_all_agree_on_and_weighs_a_bad_reader_down(
    rng: np.random.Generator,
) -> None:
    pytest.importorskip("SimpleITK", reason="STAPLE needs the extra [review]")
    truth = np.zeros((24, 24, 12), np.uint8)
    truth[6:18, 6:18, 3:9] = 255

    def seen(error: float) -> np.ndarray:
        return np.where(rng.random(truth.shape) < error, 255 - truth, truth)

    masks = [seen(0.02), seen(0.02), seen(0.4), seen(0.4), seen(0.4)]
    found = staple(masks)
    assert set(np.unique(found.labels)) == {0, 255}
    wrong = [np.count_nonzero(one != truth) for one in (found.labels, majority(masks).labels)]
    assert wrong[0] < wrong[1] / 2
    for values in (found.sensitivity, found.specificity):
        assert min(values[:2]) > max(values[2:]) + 0.1
    same = staple([truth, truth, truth])
    assert (same.labels == truth).all()


def test_staple_of_several_labels_keeps_their_values() -> None:
    pytest.importorskip("SimpleITK", reason="STAPLE needs the extra [review]")
    mask = np.zeros((12, 12, 6), np.int16)
    mask[2:5, 2:9], mask[6:10, 2:9] = 3, 1000
    other = np.roll(mask, 1, axis=1)
    found = staple([mask, mask, other]).labels
    assert found.dtype == np.int16
    assert (found == mask).all()
    assert not staple([np.zeros_like(mask)] * 2).labels.any()


@pytest.mark.parametrize("how", [majority, staple])
def test_masks_that_cannot_be_combined_are_refused(how) -> None:  # type: ignore[no-untyped-def]
    for masks in ([], [block()], [block(), block()[1:]]):
        with pytest.raises(RequestError, match="two or more"):
            how(masks)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = write_study(tmp_path / "study")
    read_as(folder, "ann", {"p0": block(6), "p1": block(6), "p2": block(6)})
    read_as(folder, "bob", {"p0": block(7), "p1": block(7)}, {"p1": "flag"})
    read_as(folder, "cid", {"p0": block(8), "p1": block(8)}, {"p1": "reject"})
    return folder


def saved(project: ReviewProject, name: str) -> np.ndarray:
    path = mask_path(project, reader_readings(project)[name, 1])
    assert path is not None
    return np.asarray(read_volume(path, "labels").data)


def test_a_consensus_is_a_reader_of_its_own(study: Path) -> None:
    project = open_project(study, "ann")
    before = find_opinions(project)
    report = make_consensus(project, "majority")
    assert report.reader == "consensus-majority"
    assert report.cases == {"p0": ("ann", "bob", "cid"), "p1": ("ann", "bob")}
    assert report.left_out == ("p2",)
    theirs = project.of(report.reader)
    assert (saved(theirs, "p0") == majority([block(6), block(7), block(8)]).labels).all()
    assert (saved(theirs, "p1") == majority([block(6), block(7)]).labels).all()
    states = {name: status.state for (name, _), status in reader_readings(theirs).items()}
    assert states == {"p0": "approved", "p1": "flagged"}
    assert verify(theirs.journal).ok
    facts = [one for one in read_journal(theirs.journal) if one["event"] == "combined"]
    assert {*facts[0]["made_of"]} == {"ann", "bob", "cid"}
    after = find_opinions(project)
    assert {n: [o.name for o in one] for n, one in after.items()} == {
        n: [o.name for o in one] for n, one in before.items()
    }


def test_a_consensus_is_made_again_only_if_a_mask_has_changed(study: Path) -> None:
    project = open_project(study, "ann")
    make_consensus(project)
    assert make_consensus(project).kept == ("p0", "p1")
    read_as(study, "dan", {"p0": block(8)})
    report = make_consensus(project)
    assert {*report.cases} == {"p0"}
    assert report.kept == ("p1",)
    masks = [block(6), block(7), block(8), block(8)]
    assert (saved(project.of(report.reader), "p0") == majority(masks).labels).all()


def test_staple_notes_how_good_each_reader_was(study: Path) -> None:
    pytest.importorskip("SimpleITK", reason="STAPLE needs the extra [review]")
    project = open_project(study, "ann")
    report = make_consensus(project, "staple")
    events = read_journal(project.of(report.reader).journal)
    facts = next(one for one in events if one["event"] == "combined")
    assert {*facts["sensitivity"]} == {*facts["specificity"]} == {"ann", "bob", "cid"}


def test_a_consensus_needs_two_readers(study: Path) -> None:
    project = open_project(study, "ann")
    with pytest.raises(InputError, match="two readers"):
        make_consensus(project, readers=["ann"])
    with pytest.raises(RequestError, match="'eve' has no journal"):
        make_consensus(project, readers=["ann", "eve"])
    with pytest.raises(RequestError, match="majority, staple"):
        make_consensus(project, "vote")  # type: ignore[arg-type]
