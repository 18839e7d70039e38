# SPDX-License-Identifier: BSD-3-Clause
"""Panels of a study's figures."""

from __future__ import annotations

import pytest

from napari_mtmri.study.panels import name_rows, panels


@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_the_rows_are_named_at_the_left_of_every_row_of_panels(count: int) -> None:
    _, axes = panels(count, "scores")
    name_rows(axes, ["first", "second"])
    named = [[text.get_text() for text in axis.get_yticklabels()] for axis in axes]
    left = [axis.get_subplotspec().colspan.start == 0 for axis in axes]
    assert [names == ["first", "second"] for names in named] == left
    assert all(names == ["", ""] for names, is_left in zip(named, left, strict=True) if not is_left)
