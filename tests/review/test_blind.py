# SPDX-License-Identifier: BSD-3-Clause
"""Blind mode: titles tell nothing, stay the same, and the order depends on the seed only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.errors import RequestError
from napari_mtmri.review.blind import blind_project, letters
from napari_mtmri.review.project import ReviewProject, open_project
from tests.review.studies import make_study, session_of, write_nifti


@pytest.fixture
def project(tmp_path: Path) -> ReviewProject:
    data = make_study(tmp_path / "study", 6)
    for number in range(1, 7):
        write_nifti(data / f"pat{number:02d}_mask_mtmri_R4.nii.gz", np.zeros((12, 10, 6), np.uint8))
        write_nifti(data / f"pat{number:02d}_t1.nii.gz", np.zeros((12, 10, 6), np.uint8))
    return open_project(data, "Anna")


def test_titles_are_numbers_in_an_order_that_depends_on_the_seed(project: ReviewProject) -> None:
    one, other = (blind_project(project, seed) for seed in (1, 2))
    assert one == blind_project(project, 1)
    assert one.names != other.names
    assert sorted(one.names) == sorted(other.names) == [case.name for case in project.cases]
    assert [one.case_title(name) for name in one.names] == [f"Case {n:02d}" for n in range(1, 7)]
    assert all(one.case_name(one.case_title(name)) == name for name in one.names)
    assert dict(one.key())["Case 01"] == one.names[0]


def test_masks_are_letters_shuffled_for_each_case(project: ReviewProject) -> None:
    blinding = blind_project(project, 3)
    titles = {
        name: tuple(blinding.mask_title(name, mask) for mask in project.case(name).masks)
        for name in blinding.names
    }
    assert all(sorted(one) == ["Mask A", "Mask B"] for one in titles.values())
    assert len(set(titles.values())) == 2


def test_hidden_words_are_gone_from_texts_and_others_stay(project: ReviewProject) -> None:
    with session_of(project.of("Ben")) as ben:
        ben.open("pat01")
    blinding = blind_project(project, 3)
    text = (
        "pat03: pat03_mask_mtmri_R4.nii.gz by mtmri R4 at R = 4.00 and Ben in napari-mtmri, "
        "FLAIR, mask, Anna"
    )
    shown = blinding.text(text)
    for word in ("pat03", "_R4", "R4", "R = 4", "Ben", " mtmri"):
        assert word not in shown
    for word in ("napari-mtmri", "FLAIR", "mask", "Anna", blinding.case_title("pat03")):
        assert word in shown
    assert blinding.leaks(shown) == []
    assert {"pat03", "Ben", "mtmri R4"} <= {*blinding.leaks(text)}
    assert blinding.sequence_title("pat01", "t1") == "t1"
    assert all(
        blinding.hides(what) for what in ("case", "file", "method", "acceleration", "reader")
    )


def test_nothing_is_hidden_when_it_is_off(project: ReviewProject) -> None:
    blinding = blind_project(project, None)
    assert not blinding.is_on
    assert blinding.text("pat01 mtmri R4") == "pat01 mtmri R4"
    assert blinding.case_title("pat01") == "pat01"
    assert blinding.mask_title("pat01", "mtmri R4") == "mtmri R4"
    assert blinding.hidden_words() == ()
    assert blinding.leaks("pat01") == []


def test_a_reader_stays_blind_in_the_next_session_until_unblinded(project: ReviewProject) -> None:
    with session_of(project.of("Ben")) as ben:
        ben.open("pat01")
        ben.verdict("approve")
    with session_of(project) as session:
        assert session.statuses["pat01"].readers == ("Ben",)
        session.blind(5)
        with pytest.raises(RequestError, match="already blind"):
            session.blind(6)
        titles = {name: status.title for name, status in session.statuses.items()}
        assert session.statuses["pat01"].readers == ()
        session.open(session.next_name())
        assert session.status.title == "Case 01"
        session.verdict("approve")
        with pytest.raises(RequestError, match=r"^Case 01: is approved"):
            session.undo()
    make_study(project.data, 9)  # three more cases
    again = open_project(project.data, "Anna")
    with session_of(again) as session:
        assert session.blinding.is_on
        for name, title in titles.items():
            assert session.statuses[name].title == title
        assert len(session.statuses) == 9
        session.unblind()
        assert session.statuses["pat01"].title == "pat01"
        assert "Ben" in session.statuses["pat01"].readers
    with session_of(again) as session:
        assert not session.blinding.is_on


def test_letters() -> None:
    assert [letters(n) for n in (0, 1, 25, 26, 51, 52)] == ["A", "B", "Z", "AA", "AZ", "BA"]
