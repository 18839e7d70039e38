# SPDX-License-Identifier: BSD-3-Clause
"""Edits and their history: undo and redo are exact inverses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from napari_mtmri.errors import RequestError
from napari_mtmri.review.edits import Edit, History, merge_edits
from napari_mtmri.review.sources import EDITED, MODEL, NONE, READER, first_sources, source_map

SHAPE = (5, 4, 3)
masks = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, SHAPE).astype(np.uint8)
)


@given(masks, masks)
def test_an_edit_between_two_masks_turns_one_into_the_other_and_back(
    before: np.ndarray, after: np.ndarray
) -> None:
    edit, mask = Edit.between(before, after, "tool"), before.copy()
    edit.apply(mask)
    assert (mask == after).all()
    edit.revert(mask)
    assert (mask == before).all()
    assert edit.n_voxels == np.count_nonzero(before != after)


@given(st.lists(masks, min_size=2, max_size=5))
def test_merged_edits_do_what_the_edits_do_one_after_the_other(states: list[np.ndarray]) -> None:
    pairs = pairwise(states)
    merged = merge_edits([Edit.between(a, b, "brush") for a, b in pairs])
    mask = states[0].copy()
    merged.apply(mask)
    assert (mask == states[-1]).all()
    merged.revert(mask)
    assert (mask == states[0]).all()


class Histories(RuleBasedStateMachine):
    """A history beside a plain list of states."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History(np.zeros(SHAPE, np.uint8))
        self.states, self.place = [self.history.mask.copy()], 0

    @rule(after=masks, painted=st.booleans())
    def edit(self, after: np.ndarray, painted: bool) -> None:
        edit = Edit.between(self.history.mask, after, "tool")
        if painted:  # as by the brush of a window
            self.history.mask[:] = after
        self.history.apply(edit)
        self.states = [*self.states[: self.place + 1], after]
        self.place += 1

    @rule()
    def undo(self) -> None:
        done = self.history.undo()
        assert (done is None) == (self.place == 0)
        self.place = max(self.place - 1, 0)

    @rule()
    def redo(self) -> None:
        done = self.history.redo()
        assert (done is None) == (self.place == len(self.states) - 1)
        self.place = min(self.place + 1, len(self.states) - 1)

    @invariant()
    def mask_is_the_state(self) -> None:
        assert (self.history.mask == self.states[self.place]).all()
        assert len(self.history.done) == self.place


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_ten_thousand_edits_are_undone_and_redone_exactly() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 4, (9, 8, 7)).astype(np.uint8)
    history = History(first.copy())
    for number in range(10_000):
        indices = rng.choice(first.size, rng.integers(1, 40), replace=False)
        before = history.mask.reshape(-1)[indices]
        after = rng.integers(0, 4, len(indices)).astype(np.uint8)
        history.apply(Edit(indices, before, after, f"tool {number % 7}"))
        if number % 11 == 0:
            history.undo()
            history.redo()
    last = history.mask.copy()
    while history.undo() is not None:
        pass
    assert (history.mask == first).all()
    while history.redo() is not None:
        pass
    assert (history.mask == last).all()
    assert len(history.done) == 10_000


def test_an_edit_made_on_an_older_state_is_undone_to_what_was_there() -> None:
    history = History(np.zeros(SHAPE, np.uint8))
    old = history.mask.copy()
    history.mask[0, 0, 0] = 7
    after = old.copy()
    after[0, 0, :] = 1
    history.apply(Edit.between(old, after, "slow tool"))
    history.undo()
    assert history.mask[0, 0, 0] == 7


def test_a_stroke_that_crosses_itself_keeps_first_and_last_label() -> None:
    coords = ([1, 1, 2], [0, 0, 0], [2, 2, 2])
    edit = Edit.at(SHAPE, coords, [0, 5, 0], [5, 6, 5], "brush")
    mask = np.zeros(SHAPE, np.uint8)
    edit.apply(mask)
    assert mask[1, 0, 2] == 6
    assert mask[2, 0, 2] == 5
    edit.revert(mask)
    assert not mask.any()
    assert edit.slices(SHAPE, 0) == [1, 2]
    assert edit.slices(SHAPE, 2) == [2]


@pytest.mark.parametrize(
    ("indices", "after", "words"),
    [
        ([60], [1], "beyond the mask of shape"),
        ([3], [300], "do not fit uint8"),
        ([3], [-1], "do not fit uint8"),
        ([3, 3], [1, 1], "occurs twice"),
        ([-1], [1], "negative"),
        ([1, 2], [1], "2 indices"),
    ],
)
def test_edits_that_do_not_fit_are_refused(
    indices: list[int], after: list[int], words: str
) -> None:
    history = History(np.zeros(SHAPE, np.uint8))
    with pytest.raises(RequestError, match=words):
        history.apply(Edit(indices, np.zeros(len(indices), int), after, "tool"))
    assert not history.can_undo
    assert not history.mask.any()


def test_a_mask_on_another_grid_is_refused() -> None:
    with pytest.raises(RequestError, match="does not fit the grid"):
        Edit.between(np.zeros(SHAPE, int), np.zeros((5, 4, 4), int), "tool")


def test_voxels_keep_their_source() -> None:
    mask = np.array([1, 1, 0, 0, 0])
    start = first_sources(mask, by_model=True)
    assert start.tolist() == [MODEL, MODEL, NONE, NONE, NONE]
    edits = [
        Edit([0, 2], [1, 0], [0, 1], "eraser and brush"),
        Edit([3], [0], [1], "suggestion", source="model"),
        Edit([3], [1], [2], "brush"),
        Edit([2], [1], [0], "eraser"),
        Edit([4], [0], [0], "brush"),
    ]
    sources = [source_map(start, edits[:n]).tolist() for n in range(6)]
    assert sources[1] == [EDITED, MODEL, READER, NONE, NONE]
    assert sources[2] == [EDITED, MODEL, READER, MODEL, NONE]
    assert sources[3] == [EDITED, MODEL, READER, EDITED, NONE]
    assert sources[5] == [EDITED, MODEL, NONE, EDITED, NONE]
    assert (source_map(start, []) == start).all()
