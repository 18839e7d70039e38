# SPDX-License-Identifier: BSD-3-Clause
"""Means, intervals and tests over cases."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from napari_mtmri.errors import InputError
from napari_mtmri.stats.intervals import (
    binomial_interval,
    bootstrap,
    compare,
    holm,
    signed_rank,
    summarise,
)

NAN, INF = math.nan, math.inf


def test_a_summary_of_known_values_is_correct() -> None:
    summary = summarise([1, 2, 3, 6, NAN])
    assert (summary.n, summary.n_left_out, summary.n_infinite) == (4, 1, 0)
    assert (summary.mean, summary.median) == (3, 2.5)
    assert summary.sd == pytest.approx(math.sqrt(14 / 3))
    assert summary.low < 3 < summary.high


def test_misses_count_for_the_median_but_not_for_the_mean() -> None:
    summary = summarise([1, 3, INF, INF, INF])
    assert (summary.n, summary.n_infinite, summary.mean, summary.median) == (5, 3, 2, INF)
    assert 1 <= summary.low <= summary.high <= 3
    assert summarise([1, INF]).median == INF
    assert summarise([INF, INF]).median == INF
    assert summarise([1, 3, INF]).median == 3


@pytest.mark.parametrize(("values", "n"), [([], 0), ([NAN], 0), ([INF], 1), ([4.0], 1)])
def test_too_few_cases_have_no_interval(values: list[float], n: int) -> None:
    summary = summarise(values)
    assert summary.n == n
    assert math.isnan(summary.sd)
    assert math.isnan(summary.low)
    assert math.isnan(summary.high)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=8))
def test_the_interval_is_within_the_values_and_shifts_with_them(values: list[float]) -> None:
    low, high = bootstrap(values, n=500)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    moved = bootstrap([3 * value + 7 for value in values], n=500)
    assert moved == pytest.approx((3 * low + 7, 3 * high + 7), abs=1e-6)


def test_the_same_seed_gives_the_same_interval(rng: np.random.Generator) -> None:
    values = rng.normal(size=30)
    assert bootstrap(values) == bootstrap(values)
    assert bootstrap(values) != bootstrap(values, seed=1)
    assert bootstrap(values, n=2000) == pytest.approx(bootstrap(values, n=2000, seed=5), abs=0.05)


def test_many_cases_are_resampled_in_blocks(rng: np.random.Generator) -> None:
    values = rng.normal(size=5000)
    low, high = bootstrap(values, n=1001)
    wide = 1.96 * values.std(ddof=1) / math.sqrt(values.size)
    assert (low, high) == pytest.approx((values.mean() - wide, values.mean() + wide), abs=0.005)


def test_scipy_gives_the_same_interval(rng: np.random.Generator) -> None:
    values = rng.exponential(size=25)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=10_000, rng=rng
    ).confidence_interval
    assert bootstrap(values) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def slow_signed_rank(differences: list[float]) -> float:
    """Return the two-sided p by enumerating all signs of the ranks."""
    kept = np.array([value for value in differences if value])
    ranks = stats.rankdata(np.abs(kept))
    seen = abs(float((ranks * np.sign(kept)).sum()))
    signs = np.array(list(itertools.product((-1, 1), repeat=kept.size)))
    return float((np.abs(signs @ ranks) >= seen - 1e-9).mean())


@given(st.lists(st.integers(-40, 40), min_size=1, max_size=9, unique_by=abs))
def test_the_exact_test_equals_enumerating_all_signs(differences: list[int]) -> None:
    found = signed_rank(differences)
    assert found.is_exact
    assert found.n_zero == differences.count(0)
    if found.n:
        assert found.p == pytest.approx(min(slow_signed_rank([float(d) for d in differences]), 1))


@given(st.lists(st.integers(-3, 3), max_size=12))
def test_no_p_is_below_the_smallest_possible_p(differences: list[int]) -> None:
    found = signed_rank(differences)
    assert found.n + found.n_zero == len(differences)
    assert found.smallest_p <= found.p <= 1 or found.p == pytest.approx(1)


@pytest.mark.parametrize(("n", "p"), [(3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_few_cases_cannot_give_a_small_p(n: int, p: float) -> None:
    found = signed_rank(np.arange(1, n + 1))
    assert found.p == found.smallest_p == p
    assert bool(found.note) == (p > 0.05)
    if found.note:
        assert f"{n} differing cases cannot give p below {p:.3g}" == found.note


def test_differences_that_are_equal_but_for_rounding_are_ties() -> None:
    differences = [0.3 - 0.2, 0.1, 10.1 - 10.0, -0.25, 0.5]
    assert len(set(np.abs(differences))) == 5
    found = signed_rank(differences)
    assert found == signed_rank([0.1, 0.1, 0.1, -0.25, 0.5])
    assert not found.is_exact
    assert signed_rank([0.3 - 0.2 - 0.1, 1.0, 2.0]).n_zero == 1


def test_ties_and_many_cases_take_the_normal_approximation(rng: np.random.Generator) -> None:
    tied = [1, 1, 2, -2, 3, 4, 5, -1, 6, 7]
    assert not signed_rank(tied).is_exact
    many = rng.normal(0.3, 1, 51)
    assert not signed_rank(many).is_exact
    assert signed_rank(many[:50]).is_exact
    assert signed_rank(many).p == pytest.approx(stats.wilcoxon(many).pvalue)


def test_no_differences_are_no_evidence() -> None:
    found = signed_rank([0, 0, 0])
    assert (found.p, found.n, found.n_zero) == (1, 0, 3)


def test_swapping_the_methods_negates_the_difference(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(2, 12))
    there, back = compare(first, second), compare(second, first)
    assert there.mean == pytest.approx(-back.mean)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=0.03)
    assert there.test.p == pytest.approx(back.test.p)


def test_pairs_are_kept_together(rng: np.random.Generator) -> None:
    """Cases differ far more than methods: an unpaired interval would contain 0."""
    cases = rng.normal(0, 100, 15)
    found = compare(cases + 1 + rng.normal(0, 0.1, 15), cases)
    assert 0.8 < found.low < found.high < 1.2
    assert found.test.p == found.test.smallest_p


def test_a_pair_that_lacks_a_value_is_left_out() -> None:
    found = compare([1, NAN, 3, 4], [0, 0, NAN, 2])
    assert (found.n, found.n_left_out, found.mean) == (2, 2, 1.5)


def test_a_miss_ranks_above_all_and_stays_out_of_the_mean() -> None:
    found = compare([1, INF, 2, INF], [2, 5, 4, INF])
    assert (found.n, found.n_infinite, found.mean) == (4, 2, -1.5)
    assert (found.test.n, found.test.n_zero) == (3, 1)
    assert found.test.p == signed_rank([-1, 295, -2]).p


def test_lists_of_different_length_are_not_paired() -> None:
    with pytest.raises(InputError, match="2 and 3 values"):
        compare([1, 2], [1, 2, 3])


def test_holm_is_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)
    assert max(c - min(1, p * len(p_values)) for p, c in zip(p_values, corrected, strict=True)) <= 1


def test_what_was_not_tested_is_not_counted() -> None:
    assert holm([0.02, NAN, 0.01]) == pytest.approx([0.02, NAN, 0.02], nan_ok=True)


@pytest.mark.parametrize(
    ("n_hit", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_s_interval_is_the_published_one(
    n_hit: int, n: int, low: float, high: float
) -> None:
    assert binomial_interval(n_hit, n) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_share_mirrors_and_needs_possible_counts() -> None:
    low, high = binomial_interval(3, 11)
    assert binomial_interval(8, 11) == pytest.approx((1 - high, 1 - low))
    assert all(map(math.isnan, binomial_interval(0, 0)))
    with pytest.raises(InputError, match="4 hits in 3"):
        binomial_interval(4, 3)
