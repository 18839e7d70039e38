# SPDX-License-Identifier: BSD-3-Clause
"""Kappa against the worked examples of the papers that introduced it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

pytest.importorskip("statsmodels", reason="kappa needs the extra [review]")

from napari_mtmri.errors import InputError
from napari_mtmri.review.kappa import cohen, fleiss

# Fleiss, Cohen and Everitt, Psychological Bulletin 72(5), 1969: 200 patients, two raters.
EVERITT = np.array([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
# Fleiss, Psychological Bulletin 76(5), 1971, Table 1: six psychiatrists, thirty patients,
# depression, personality disorder, schizophrenia, neurosis, other.
PSYCHIATRISTS = np.array([
    [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0],
    [2, 0, 4, 0, 0], [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6],
    [1, 0, 0, 5, 0], [1, 1, 0, 4, 0], [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1],
    [0, 0, 5, 0, 1], [3, 0, 0, 1, 2], [5, 1, 0, 0, 0], [0, 2, 0, 4, 0], [1, 0, 2, 0, 3],
    [0, 0, 0, 0, 6], [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0], [1, 0, 0, 4, 1],
    [0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0], [1, 0, 5, 0, 0], [0, 0, 0, 0, 6],
])  # fmt: skip


def judgements(table: np.ndarray) -> tuple[list[int], list[int]]:
    pairs = [
        cell for cell in itertools.product(range(len(table)), repeat=2) for _ in range(table[cell])
    ]
    first, second = zip(*pairs, strict=True)
    return list(first), list(second)


def test_cohen_s_kappa_and_its_interval_are_those_of_the_paper() -> None:
    found = cohen(*judgements(EVERITT))
    assert found.n == 200
    assert found.value == pytest.approx(0.429, abs=5e-4)
    error = math.sqrt(0.002885)  # printed variance
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(error, rel=1e-3)
    assert found.observed == pytest.approx(140 / 200)


def test_fleiss_kappa_is_that_of_the_paper() -> None:
    found = fleiss(PSYCHIATRISTS, [str(number) for number in range(6)])
    assert found.value == pytest.approx(0.430, abs=5e-4)
    assert found.observed == pytest.approx(0.5556, abs=5e-4)
    assert found.low < found.value < found.high
    assert 0.2 < found.high - found.low < 0.4
    assert fleiss(PSYCHIATRISTS, "abcdef") == fleiss(PSYCHIATRISTS, "abcdef")


def test_weighted_kappa_forgives_near_misses() -> None:
    first = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    second = [1, 2, 3, 4, 4, 2, 2, 3, 5, 5]
    scale = (1, 2, 3, 4, 5)
    values = [cohen(first, second, categories=scale, weights=how).value
              for how in (None, "linear", "quadratic")]  # fmt: skip
    assert values == sorted(values)
    assert values[0] < values[2] < 1


def test_perfect_agreement_is_1_and_swapping_readers_changes_nothing() -> None:
    first = ["approved", "flagged", "approved", "rejected"]
    assert cohen(first, first).value == 1
    second = ["approved", "approved", "approved", "rejected"]
    assert cohen(first, second).value == pytest.approx(cohen(second, first).value)


def test_kappa_is_not_defined_if_all_judgements_are_equal() -> None:
    found = cohen(["approved"] * 5, ["approved"] * 5)
    assert math.isnan(found.value)
    assert found.observed == 1
    assert "all readers gave the same" in found.note
    assert math.isnan(fleiss(np.array([[3, 0], [3, 0]]), "abc").value)
    assert fleiss(np.zeros((0, 3), int), "abc").n == cohen([], []).n == 0


def test_judgements_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="2 and 1"):
        cohen(["a", "b"], ["a"])
    with pytest.raises(InputError, match="same number"):
        fleiss(np.array([[3, 0], [2, 0]]), "abc")
