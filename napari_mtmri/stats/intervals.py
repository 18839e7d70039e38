# SPDX-License-Identifier: BSD-3-Clause
"""Means, confidence intervals and tests over cases; the unit is the subject, not the slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.errors import InputError

DRAWS = 10_000
LEVEL = 0.95
EXACT_UP_TO = 50
_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Summary:
    """Summary of one metric over cases.

    Parameters
    ----------
    n, n_left_out : int
        Number of cases with a finite or infinite value, and without a value (NaN).
    mean, sd : float
        Mean and sample standard deviation (n - 1) of the finite values.
    median : float
        Median of all values, including infinite ones.
    low, high : float
        Bootstrap 95 % interval of the mean of the finite values.
    n_infinite : int
        Number of infinite values: perfect images for PSNR, misses and false alarms for
        surface distances.
    """

    n: int
    n_left_out: int
    mean: float
    sd: float
    median: float
    low: float
    high: float
    n_infinite: int


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test of paired differences, two-sided.

    Parameters
    ----------
    p : float
    n, n_zero : int
        Number of ranked differences, and of dropped zeros.
    is_exact : bool
        Whether p is exact or from the normal approximation.
    smallest_p : float
        Smallest possible p, if all differences had the same sign: ``2^(1 - n)``.
    """

    p: float
    n: int
    n_zero: int
    is_exact: bool
    smallest_p: float

    @property
    def note(self) -> str:
        """Note to print with p if it cannot be below 0.05, else empty."""
        if self.smallest_p <= 0.05:
            return ""
        return f"{self.n} differing cases cannot give p below {self.smallest_p:.3g}"


@dataclass(frozen=True)
class Comparison:
    """Paired difference of two methods over the same cases, first minus second.

    Parameters
    ----------
    n, n_left_out : int
        Number of complete and of incomplete pairs.
    n_infinite : int
        Number of pairs with an infinite value; they are ranked but excluded from the mean.
    mean, low, high : float
        Mean of the finite differences and its bootstrap 95 % interval over pairs.
    test : SignedRank
    """

    n: int
    n_left_out: int
    n_infinite: int
    mean: float
    low: float
    high: float
    test: SignedRank


def summarise(values: Sequence[float] | np.ndarray, *, seed: int = 0) -> Summary:
    """Return mean, standard deviation, median and confidence interval over cases.

    Parameters
    ----------
    values : sequence or array of float, (case,)
        One value per case, in any unit; NaN if not measured. Infinite values count for the
        median but not for the mean, which is printed with their number.
    seed : int
        Random seed of the bootstrap.

    Returns
    -------
    Summary
        In the unit of ``values``.
    """
    given = np.asarray(values, np.float64).ravel()
    measured = given[~np.isnan(given)]
    finite = measured[np.isfinite(measured)]
    low, high = bootstrap(finite, seed=seed)
    return Summary(
        n=measured.size,
        n_left_out=given.size - measured.size,
        mean=float(finite.mean()) if finite.size else math.nan,
        sd=float(finite.std(ddof=1)) if finite.size > 1 else math.nan,
        median=_median(measured),
        low=low,
        high=high,
        n_infinite=measured.size - finite.size,
    )


def bootstrap(
    values: Sequence[float] | np.ndarray, n: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean over cases.

    Parameters
    ----------
    values : sequence or array of finite float, (case,)
        One value per case, in any unit.
    n, seed : int
        Number of bootstrap samples and random seed; the same seed gives the same interval.

    Returns
    -------
    (low, high) : tuple of float
        In the unit of ``values``; NaN for fewer than two cases.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    given = np.asarray(values, np.float64)
    if given.size < 2:
        return math.nan, math.nan
    rng = np.random.Generator(np.random.Philox(seed))
    means = np.empty(n)
    step = max(1, _AT_ONCE // given.size)
    for start in range(0, n, step):
        part = means[start : start + step]
        part[:] = given[rng.integers(given.size, size=(part.size, given.size))].mean(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def binomial_interval(n_hit: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share, 0 to 1; NaN for n = 0.

    Parameters
    ----------
    n_hit, n : int
        Number of hits and of independent trials.

    Raises
    ------
    InputError
        If there are more hits than trials, or a number is negative.

    References
    ----------
    Wilson, Journal of the American Statistical Association 22(158), 1927.
    """
    if not 0 <= n_hit <= n:
        raise InputError(f"{n_hit} hits in {n} trials are impossible; count again.")
    if n == 0:
        return math.nan, math.nan
    from scipy.stats import binomtest

    found = binomtest(n_hit, n).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def compare(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    seed: int = 0,
) -> Comparison:
    """Return the paired difference of two methods over cases, first minus second.

    Parameters
    ----------
    first, second : sequence or array of float, (case,)
        One value per case, in the same unit and order; NaN if not measured.
    seed : int
        Random seed of the bootstrap.

    Returns
    -------
    Comparison
        Mean and interval in the unit of the values.

    Raises
    ------
    InputError
        If the lengths differ.
    """
    ours, theirs = (np.asarray(values, np.float64).ravel() for values in (first, second))
    if ours.size != theirs.size:
        raise InputError(
            f"{ours.size} and {theirs.size} values cannot be paired; give two values per case."
        )
    measured = ~(np.isnan(ours) | np.isnan(theirs))
    finite = np.isfinite(ours) & np.isfinite(theirs)
    differences = ours[finite] - theirs[finite]
    low, high = bootstrap(differences, seed=seed)
    return Comparison(
        n=int(measured.sum()),
        n_left_out=int((~measured).sum()),
        n_infinite=int((measured & ~finite).sum()),
        mean=float(differences.mean()) if differences.size else math.nan,
        low=low,
        high=high,
        test=signed_rank(_ranked(ours, theirs)[measured]),
    )


def signed_rank(differences: Sequence[float] | np.ndarray) -> SignedRank:
    """Return Wilcoxon's two-sided signed-rank test.

    Zeros are dropped and counted. Differences are rounded to ten digits of the largest, so
    that rounding errors do not break ties. p is exact for up to 50 untied differences, else
    from the normal approximation with tie-corrected variance and without continuity
    correction, but not below the smallest possible p.

    Parameters
    ----------
    differences : sequence or array of float, (case,)
        Paired differences, in any unit.

    References
    ----------
    Wilcoxon, Biometrics Bulletin 1(6), 1945.
    """
    from scipy import stats

    given = _equal_where_rounded(np.asarray(differences, np.float64))
    kept = given[given != 0]
    n = kept.size
    smallest = min(1.0, 2.0 ** (1 - n))
    tied = np.unique(np.abs(kept)).size < n
    is_exact = n <= EXACT_UP_TO and not tied
    if not n:
        p = 1.0
    elif is_exact:
        p = float(stats.wilcoxon(kept, method="exact").pvalue)
    else:
        ranks = stats.rankdata(np.abs(kept))
        z = float(np.sum(ranks * np.sign(kept)) / np.sqrt(np.sum(ranks**2)))
        p = max(math.erfc(abs(z) / math.sqrt(2)), smallest)
    return SignedRank(p, n, given.size - n, is_exact, smallest)


def _equal_where_rounded(differences: np.ndarray) -> np.ndarray:
    """Return differences rounded for ranking, so that 0.3 - 0.2 equals 0.1."""
    largest = float(np.abs(differences).max(initial=0))
    return np.round(differences / largest, 10) if largest else differences


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values after Holm's correction, in the given order.

    NaN stays NaN and is not counted as a comparison.

    References
    ----------
    Holm, Scandinavian Journal of Statistics 6(2), 1979.
    """
    given = np.asarray(p_values, np.float64)
    corrected = np.full(given.shape, math.nan)
    order = np.argsort(given, kind="stable")[: int(np.count_nonzero(~np.isnan(given)))]
    steps = np.arange(order.size, 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(given[order] * steps), 1.0)
    return [float(value) for value in corrected]


def _median(values: np.ndarray) -> float:
    if not values.size:
        return math.nan
    middle = np.sort(values)[[(values.size - 1) // 2, values.size // 2]]
    return float(middle[0] if middle[0] == middle[1] else middle.mean())


def _ranked(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return the differences to rank, finite wherever both values were measured."""
    with np.errstate(invalid="ignore"):
        differences = np.where(ours == theirs, 0.0, ours - theirs)
    finite = np.abs(differences[np.isfinite(differences)])
    beyond = 2 * float(finite.max(initial=0)) + 1
    return np.where(np.isinf(differences), np.sign(differences) * beyond, differences)
