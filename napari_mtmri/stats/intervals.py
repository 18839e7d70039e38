# SPDX-License-Identifier: BSD-3-Clause
"""Means, intervals and tests over cases. The unit is the subject, never the slice."""

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
    """One number over cases.

    Parameters
    ----------
    n, n_left_out : int
        Cases with a value, finite or infinite, and those without (NaN).
    mean, sd : float
        Of the finite values; ``sd`` with n - 1.
    median : float
        Of all values, the infinite among them.
    low, high : float
        95 % interval of the mean by bootstrap over the cases with a finite value.
    n_infinite : int
        Perfect images for PSNR, misses and false alarms for surface distances.
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
        Differences that were ranked, and zeros that were dropped.
    is_exact : bool
        From the distribution itself, or from its normal approximation.
    smallest_p : float
        What p would be if every case agreed: ``2^(1 - n)``.
    """

    p: float
    n: int
    n_zero: int
    is_exact: bool
    smallest_p: float

    @property
    def note(self) -> str:
        """Note to print with p where it could not have been small, else empty."""
        if self.smallest_p <= 0.05:
            return ""
        return f"{self.n} differing cases cannot give p below {self.smallest_p:.3g}"


@dataclass(frozen=True)
class Comparison:
    """Two methods on the same cases, the first minus the second.

    Parameters
    ----------
    n, n_left_out : int
        Pairs with two values, and pairs that lack one.
    n_infinite : int
        Pairs of which one value is infinite; they are ranked, and not in the mean.
    mean, low, high : float
        Mean of the finite differences and its 95 % interval by bootstrap over pairs.
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
    """Return mean, spread, median and interval of one value per case.

    Parameters
    ----------
    values : sequence of float
        NaN: not measured. Infinite values count for the median and stay out of the
        mean, which is printed with their number.
    seed : int
        Random seed of the bootstrap.
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
    values : sequence of finite float
        One per case.
    n, seed : int
        Number of draws and their random seed; the same seed gives the same interval.

    Returns
    -------
    (low, high)
        NaN for fewer than two cases, which have no spread.

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


def compare(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    miss: float | Sequence[float] | None = None,
    seed: int = 0,
) -> Comparison:
    """Return the paired difference of two methods over the same cases in the same order.

    Parameters
    ----------
    first, second : sequence of float, one value per case
    miss : float or sequence of float, optional
        What an infinite distance is ranked as: the diagonal of the field of view (of
        each case). Without it an infinite difference ranks above all others, and two
        infinite values do not differ. Means never get such a constant.
    seed : int
        Random seed of the bootstrap.

    Raises
    ------
    InputError
        If the two are not of the same length.
    """
    ours, theirs = (np.asarray(values, np.float64).ravel() for values in (first, second))
    if ours.size != theirs.size:
        raise InputError(
            f"{ours.size} and {theirs.size} values cannot be paired; give one of each per case."
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
        test=signed_rank(_ranked(ours, theirs, miss)[measured]),
    )


def signed_rank(differences: Sequence[float] | np.ndarray) -> SignedRank:
    """Return Wilcoxon's signed-rank test, two-sided.

    Zeros are dropped and counted. Differences that are equal but for rounding are ties:
    they are ranked with ten digits of the largest. Exact up to 50 differences of different sizes, else
    by the normal approximation with its variance corrected for ties and without
    continuity correction, never below what is reachable.

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
    """Differences by which only their ranks and signs are meant: 0.3 - 0.2 is 0.1."""
    largest = float(np.abs(differences).max(initial=0))
    return np.round(differences / largest, 10) if largest else differences


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values corrected for their number, in the order given.

    NaN stays NaN and is not counted.

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


def _ranked(
    ours: np.ndarray, theirs: np.ndarray, miss: float | Sequence[float] | None
) -> np.ndarray:
    """Differences to rank, all finite where both values were measured."""
    if miss is not None:
        ours, theirs = (np.where(np.isposinf(side), miss, side) for side in (ours, theirs))
    with np.errstate(invalid="ignore"):
        differences = np.where(ours == theirs, 0.0, ours - theirs)
    finite = np.abs(differences[np.isfinite(differences)])
    beyond = 2 * float(finite.max(initial=0)) + 1
    return np.where(np.isinf(differences), np.sign(differences) * beyond, differences)
