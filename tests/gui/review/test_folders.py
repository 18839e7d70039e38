# SPDX-License-Identifier: BSD-3-Clause
"""Which dropped folders are folders of cases, and what the panel says; without a window."""

from __future__ import annotations

from pathlib import Path

from napari_mtmri.gui.app.folders import get_folder_reader
from napari_mtmri.gui.review.sentences import cells_of, number_text, time_text
from napari_mtmri.gui.review.tool_list import TOOLS
from napari_mtmri.review.case_list import CaseStatus
from tests.gui.review.conftest import write_cases


def test_only_folders_of_cases_are_taken(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "study", 1)
    (tmp_path / "empty").mkdir()
    assert get_folder_reader(str(folder)) is not None
    assert get_folder_reader([str(folder)]) is not None
    assert get_folder_reader(str(tmp_path / "empty")) is None
    assert get_folder_reader(str(folder / "patient00_flair.nii.gz")) is None


def test_what_was_not_measured_is_a_dash() -> None:
    assert number_text(None, 1) == number_text(float("nan"), 1) == "—"
    assert number_text(1.25, 1) == "1.2"
    assert [cell.text for cell in cells_of(CaseStatus("a", "Case 01"))] == [
        "○", "Case 01", "—", "—", "—",
    ]  # fmt: skip


def test_times_have_minutes_and_seconds() -> None:
    assert [time_text(one) for one in (0, 59.9, 60, 3725)] == ["0:00", "0:59", "1:00", "62:05"]


def test_each_tool_has_its_own_key_and_says_it() -> None:
    keys = [tool.key for tool in TOOLS.values()]
    assert len({*keys}) == len(keys)
    for tool in TOOLS.values():
        if tool.title:
            assert tool.key.replace("Alt-", "Alt+") in tool.full_tip
