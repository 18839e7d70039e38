# SPDX-License-Identifier: BSD-3-Clause
"""Paired differences of methods, their correction and their tables."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from napari_mtmri.metrics.base import Score, Scores
from napari_mtmri.stats.differences import (
    HOW_CORRECTED,
    CaseScores,
    Difference,
    differences,
    make_tables,
)
from napari_mtmri.stats.intervals import holm

N_CASES = 8


def scores(psnr: float, dice: float) -> Scores:
    return Scores((Score("PSNR", psnr, "dB"), Score("Dice", dice, region="class 1")))


@pytest.fixture
def entries(rng: np.random.Generator) -> list[tuple[str, str, Scores]]:
    """Four methods on the same cases, some better than others."""
    return [
        (f"case {number}", method, scores(30 + gain + rng.random(), 0.6 + gain / 20))
        for method, gain in (("a", 2.0), ("b", 1.0), ("c", 1.8), ("zero-filled", 0.0))
        for number in range(N_CASES)
    ]


def test_p_is_corrected_within_each_metric_and_region(
    entries: list[tuple[str, str, Scores]],
) -> None:
    families: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for one in differences(entries):
        families[one.metric, one.region].append(one)
    assert {kind: len(family) for kind, family in families.items()} == {
        ("PSNR", "field of view"): 3,
        ("Dice", "class 1"): 3,
    }
    for family in families.values():
        p = [one.comparison.test.p for one in family]
        assert [one.p_holm for one in family] == holm(p)
        # The smallest p is multiplied by the number of comparisons.
        assert min(one.p_holm for one in family) == pytest.approx(3 * min(p))


def test_another_metric_does_not_change_p(entries: list[tuple[str, str, Scores]]) -> None:
    alone = [(case, method, Scores(one.find("PSNR"))) for case, method, one in entries]
    both = [one for one in differences(entries) if one.metric == "PSNR"]
    assert differences(alone) == tuple(both)


def test_the_correction_is_stated_next_to_p(
    entries: list[tuple[str, str, Scores]],
) -> None:
    assert HOW_CORRECTED in make_tables([CaseScores(*one) for one in entries]).to_markdown()
    assert "within each metric and region" in HOW_CORRECTED


def test_the_zero_filled_image_of_a_case_counts_once() -> None:
    found = [
        CaseScores("p", name, scores(psnr, 0.5))
        for name, psnr in (("zero-filled", 20.0), ("a", 30.0), ("zero-filled", 20.0), ("b", 31.0))
    ]
    lines = make_tables(found).summary.lines
    assert [(line.method, line.summary.n) for line in lines if line.metric == "PSNR"] == [
        ("zero-filled", 1), ("a", 1), ("b", 1)
    ]  # fmt: skip


def test_distances_in_mm_and_in_voxels_are_not_paired() -> None:
    found = differences(
        [
            ("p", method, Scores((Score("HD95", value, unit, region="class 1"),)))
            for method, value, unit in (("a", 3.0, "mm"), ("b", 2.0, "voxel"))
        ]
    )
    assert found == ()


def acquired(sampling: str, **acquisition: Any) -> CaseScores:
    return CaseScores("p", "a", scores(30, 0.5), sampling, 4.0, acquisition)


def test_acquisitions_are_compared_by_their_records_and_not_by_text() -> None:
    same = [
        acquired("48 of 192 lines, R 4.00, centre 15", name="random", acceleration=4.0),
        acquired("6 of 24 lines, R 4.00, centre 2", name="random", acceleration=4.0),
    ]
    assert make_tables([same[0], _other(same[1])]).remarks == ()
    mixed = [same[0], _other(acquired("", name="random", acceleration=2.0, snr=20.0))]
    (remark,) = make_tables(mixed).remarks
    assert "different sampling are mixed: acceleration 4.0, 2.0; snr None, 20.0." in remark
    old = _other(CaseScores("p", "a", scores(30, 0.5), "6 of 24 lines, R 4.00, centre 2"))
    assert make_tables([same[0], old]).remarks == ()


def _other(one: CaseScores) -> CaseScores:
    return CaseScores("q", one.method, one.scores, one.sampling, math.nan, one.acquisition)


def test_a_bar_in_a_name_does_not_break_the_table() -> None:
    found = [CaseScores("p", name, scores(30, 0.5)) for name in ("a|b", "c")]
    line = next(
        line for line in make_tables(found).to_markdown().splitlines() if "a\\|b − c" in line
    )
    assert line.replace("\\|", "").count("|") == 9
