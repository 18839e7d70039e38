# SPDX-License-Identifier: BSD-3-Clause
"""Active time: the clock rests when nobody acts, and follows no wall clock."""

from __future__ import annotations

from datetime import timedelta

from napari_mtmri.review.clock import SYSTEM_CLOCK, ActiveTime
from tests.review.studies import HandClock


def test_time_between_acts_counts_up_to_the_rest() -> None:
    clock = HandClock()
    active = ActiveTime(clock, rest_after_s=60)
    for pause in (10, 50, 3600, 5):
        clock.wait(pause)
        active.touch()
    assert active.seconds == 10 + 50 + 60 + 5
    clock.wait(7)
    assert active.seconds == 132
    assert not active.is_resting
    clock.wait(1000)
    assert active.seconds == 125 + 60
    assert active.is_resting


def test_a_wall_clock_that_is_set_changes_nothing() -> None:
    clock = HandClock()
    active = ActiveTime(clock)
    clock.wait(5)
    clock.wall -= timedelta(days=1)
    active.touch()
    assert active.seconds == 5


def test_the_wall_time_knows_its_offset() -> None:
    assert SYSTEM_CLOCK.now().utcoffset() is not None
    assert SYSTEM_CLOCK.monotonic() <= SYSTEM_CLOCK.monotonic()
