# SPDX-License-Identifier: BSD-3-Clause
"""Limits of agreement against the example of Bland and Altman."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.errors import InputError
from napari_mtmri.review.bland_altman import bland_altman, draw_bland_altman, save_bland_altman

# Bland and Altman, Lancet 327(8476), 1986, Table 1: peak expiratory flow in l/min, first
# measurements with a large and a mini Wright meter.
LARGE = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)


def test_bias_and_limits_are_those_of_the_paper() -> None:
    found = bland_altman(LARGE, MINI, ("large", "mini"), "l/min")
    assert found.n == 17
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    # The paper takes 2 instead of 1.96 standard deviations: -79.7 and 75.5.
    assert found.low == pytest.approx(-79.7 + 0.04 * 38.8, abs=0.1)
    assert found.high == pytest.approx(75.5 - 0.04 * 38.8, abs=0.1)
    assert found.bias_interval == pytest.approx((-22.0, 17.8), abs=0.1)
    # printed: -114.3 to -45.1 and 40.9 to 110.1
    for interval in (found.low_interval, found.high_interval):
        assert interval[1] - interval[0] == pytest.approx(110.1 - 40.9, abs=0.3)
    assert np.mean(found.low_interval) == pytest.approx(found.low)


def test_swapping_the_readers_mirrors_everything() -> None:
    one, two = bland_altman(LARGE, MINI), bland_altman(MINI, LARGE)
    assert two.bias == -one.bias
    assert (two.low, two.high) == (-one.high, -one.low)
    assert two.means == one.means


def test_few_pairs_have_no_limits() -> None:
    assert math.isnan(bland_altman([1.0], [2.0]).low)
    assert math.isnan(bland_altman([], []).bias)
    with pytest.raises(InputError, match="1 and 2"):
        bland_altman([1.0], [1.0, 2.0])


def test_the_plot_shows_every_pair_and_the_lines(tmp_path: Path) -> None:
    found = bland_altman(LARGE, MINI, ("A $x$", "B_1"), "ml")
    figure = draw_bland_altman([found, found])
    for axis in figure.axes:
        (points,) = [line for line in axis.lines if line.get_marker() == "o"]
        assert tuple(points.get_ydata()) == found.differences
        levels = {line.get_ydata()[0] for line in axis.lines if line is not points}
        assert levels == {found.bias, found.low, found.high}
        assert "ml" in axis.get_ylabel()
        assert "n = 17" in axis.get_title()
    save_bland_altman([found], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
