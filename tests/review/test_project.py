# SPDX-License-Identifier: BSD-3-Clause
"""Names of folders of readers and cases are safe on every system and never shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import RequestError
from napari_mtmri.review.project import check_reader, folder_name, open_project
from tests.review.studies import make_study


@pytest.mark.parametrize("name", ["Anna", "Anna Berg", "Łukasz", "a.b@c-d_1", "李", "Jose\u0301"])
def test_names_people_have_are_kept(name: str) -> None:
    assert check_reader(f" {name} ") == check_reader(name)
    assert "/" not in check_reader(name)


@pytest.mark.parametrize(
    "name", ["", " ", "..", ".", "a/b", "a\\b", "con", "NUL.txt", "x" * 81, "a:b", ".x", "a\n"]
)
def test_names_that_no_folder_can_have_are_refused(name: str) -> None:
    if name == "a\n":
        assert check_reader(name) == "a"
        return
    with pytest.raises(RequestError, match="cannot name a folder"):
        check_reader(name)


@given(st.text(min_size=1), st.text(min_size=1))
def test_folders_of_cases_are_safe_and_differ(one: str, other: str) -> None:
    for name in (one, other):
        folder = folder_name(name)
        assert folder == Path(folder).name
        assert folder.isascii()
        assert 0 < len(folder) < 100
        assert not folder.startswith(".")
    assert (folder_name(one) == folder_name(other)) == (one == other)


def test_a_plain_name_is_its_own_folder() -> None:
    assert folder_name("sub-01_ses-2") == "sub-01_ses-2"


def test_the_review_lies_beside_the_data_or_where_it_is_asked_for(tmp_path: Path) -> None:
    data = make_study(tmp_path / "data", 1)
    project = open_project(data, "Anna")
    assert project.folder == data / "review"
    assert not project.folder.exists()
    assert project.journal == data / "review" / "Anna" / "journal.jsonl"
    assert project.mask_folder("a/b", 2).name == "reading-2"
    elsewhere = open_project(data, "Anna", folder=tmp_path / "mine")
    assert elsewhere.reader_folder == tmp_path / "mine" / "Anna"
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="is a file"):
        open_project(data, "Anna", folder=tmp_path / "file")


def test_a_reader_in_other_capitals_is_the_same_reader(tmp_path: Path) -> None:
    data = make_study(tmp_path, 1)
    (data / "review" / "Anna").mkdir(parents=True)
    assert open_project(data, "ANNA").reader == "Anna"
    assert open_project(data, "Ben").of("anna").reader == "Anna"
