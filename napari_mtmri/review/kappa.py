# SPDX-License-Identifier: BSD-3-Clause
"""Kappa of verdicts or scores: Cohen's for two readers, Fleiss' for more, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.review.extra import require
from napari_mtmri.rng import keyed_generator
from napari_mtmri.stats.intervals import LEVEL

DRAWS = 2_000
ALL_EQUAL = "not defined: all readers gave the same category throughout"
ONE_EQUAL = "no interval: one reader gave the same category throughout"
NO_CASES = "no case was judged by all"


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance.

    Parameters
    ----------
    name : {"Cohen", "Fleiss"}
    raters : tuple of str
    n : int
        Number of cases that all of them judged.
    observed : float
        Share of agreeing pairs of judgements.
    value, low, high : float
        Kappa with its 95 % interval; NaN if not defined.
    note : str
        Why it is not defined, or empty.
    """

    name: Literal["Cohen", "Fleiss"]
    raters: tuple[str, ...]
    n: int
    observed: float = math.nan
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    note: str = ""


def cohen(
    first: Sequence[object],
    second: Sequence[object],
    raters: tuple[str, str] = ("first", "second"),
    *,
    categories: Sequence[object] | None = None,
    weights: Literal["linear", "quadratic"] | None = None,
) -> Kappa:
    """Return Cohen's kappa of two readers, with the large-sample interval.

    Parameters
    ----------
    first, second : sequence
        Category of each case, in the same order.
    raters : pair of str
    categories : sequence, optional
        All categories, in order for weighted kappa; by default those that occur, sorted.
    weights : {"linear", "quadratic"}, optional
        For ordered categories, such as five-point scores.

    Raises
    ------
    InputError
        If the lengths differ.
    ResourceError
        If scikit-learn or statsmodels is missing.

    References
    ----------
    Cohen, Educational and Psychological Measurement 20(1), 1960; interval of Fleiss, Cohen and
    Everitt, Psychological Bulletin 72(5), 1969. Computed by statsmodels.
    """
    if len(first) != len(second):
        raise InputError(
            f"{len(first)} and {len(second)} judgements cannot be paired; give one of each per case."
        )
    if not first:
        return Kappa("Cohen", raters, 0, note=NO_CASES)
    for module in ("sklearn", "statsmodels"):
        require(module, "Cohen's kappa")
    from sklearn.metrics import confusion_matrix
    from statsmodels.stats.inter_rater import cohens_kappa

    known = sorted({*first, *second}, key=str) if categories is None else list(categories)
    place = {category: number for number, category in enumerate(known)}
    observed = float(np.mean([a == b for a, b in zip(first, second, strict=True)]))
    if len({*first, *second}) < 2:
        return Kappa("Cohen", raters, len(first), observed, note=ALL_EQUAL)
    table = confusion_matrix(
        [place[one] for one in first], [place[one] for one in second], labels=range(len(known))
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # of the test, if the variance is 0
        found = cohens_kappa(table, wt=weights)
    low, high = max(found.kappa_low, -1.0), min(found.kappa_upp, 1.0)
    note = ""
    if 1 in (len({*first}), len({*second})):
        low, high, note = math.nan, math.nan, ONE_EQUAL
    return Kappa(
        "Cohen", raters, len(first), observed, float(found.kappa), float(low), float(high), note
    )


def fleiss(counts: np.ndarray, raters: Sequence[str], *, seed: int = 0) -> Kappa:
    """Return Fleiss' kappa of several readers, with a bootstrap interval over cases.

    Parameters
    ----------
    counts : int array, (case, category)
        How many readers chose each category; each row has the same sum, of at least 2.
    raters : sequence of str
    seed : int
        Random seed of the bootstrap.

    Raises
    ------
    InputError
        If the rows have different sums.
    ResourceError
        If statsmodels is missing.

    References
    ----------
    Fleiss, Psychological Bulletin 76(5), 1971. Computed by statsmodels.
    """
    names = tuple(raters)
    table = np.asarray(counts)
    if not len(table):
        return Kappa("Fleiss", names, 0, note=NO_CASES)
    sums = set(table.sum(1).tolist())
    if len(sums) > 1 or min(sums) < 2:
        raise InputError(
            f"the cases have {sorted(sums)} judgements; Fleiss' kappa needs the same number, of at "
            "least 2, for each."
        )
    require("statsmodels", "Fleiss' kappa")
    from statsmodels.stats.inter_rater import fleiss_kappa

    (n_raters,) = sums
    pairs = (table * (table - 1)).sum(1) / (n_raters * (n_raters - 1))
    if (table.sum(0) > 0).sum() < 2:
        return Kappa("Fleiss", names, len(table), float(pairs.mean()), note=ALL_EQUAL)
    draw = keyed_generator("kappa", seed)
    found = []
    for _ in range(DRAWS):
        part = table[draw.integers(len(table), size=len(table))]
        if (part.sum(0) > 0).sum() > 1:
            found.append(fleiss_kappa(part))
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(fleiss_kappa(table))
    return Kappa("Fleiss", names, len(table), float(pairs.mean()), value, float(low), float(high))
