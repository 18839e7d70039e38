# SPDX-License-Identifier: BSD-3-Clause
"""Tables over cases."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_mtmri.errors import RequestError
from napari_mtmri.metrics.base import Score, Scores
from napari_mtmri.metrics.measure import measure_all
from napari_mtmri.stats.summary import dice_law, summary_table

SPACING = (1.0, 1.0, 1.0)


def of(prediction: np.ndarray, reference: np.ndarray) -> Scores:
    return measure_all(None, None, prediction, reference, spacing=SPACING, classes=(1,))


def one(value: float, metric: str = "HD95", unit: str = "mm", **more: str) -> Scores:
    return Scores((Score(metric, value, unit, region="class 1", **more),))  # type: ignore[arg-type]


@pytest.fixture
def entries(rng: np.random.Generator) -> list[tuple[str, str, Scores]]:
    """Two methods on four cases: one case without lesion, one missed by both."""
    made = []
    for number in range(4):
        image = rng.random((3, 9, 9))
        drawn = np.zeros((3, 9, 9), np.uint8)
        if number:
            drawn[1, 2:6, 2:6] = 1
        for method, noise in (("zero-filled", 0.2), ("mtmri", 0.1)):
            found = np.roll(drawn, number - 1, axis=1) if number < 3 else np.zeros_like(drawn)
            labels = (found, drawn) if method == "mtmri" else (None, None)
            made.append(
                (
                    f"case {number}",
                    method,
                    measure_all(image + noise, image, *labels, spacing=SPACING),
                )
            )
    return made


def test_lines_are_sorted_by_metric_and_count_every_case(
    entries: list[tuple[str, str, Scores]],
) -> None:
    table = summary_table(entries)
    assert table.warnings == ()
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [(row["metric"], row["region"], row["method"]) for row in rows[:4]] == [
        ("PSNR", "field of view", "zero-filled"),
        ("PSNR", "field of view", "mtmri"),
        ("PSNR", "object", "zero-filled"),
        ("PSNR", "object", "mtmri"),
    ]
    assert all(int(row["n"]) + int(row["left_out"]) == 4 for row in rows)
    assert all(row["depends"] for row in rows)
    (distance,) = [row for row in rows if row["metric"] == "HD95"]
    counts = {
        name: distance[name] for name in ("n", "left_out", "infinite", "missed", "both_empty")
    }
    assert counts == {"n": "3", "left_out": "1", "infinite": "1", "missed": "1", "both_empty": "1"}


def test_numbers_are_those_of_the_cases(entries: list[tuple[str, str, Scores]]) -> None:
    values = [scores.get("Dice") for _, method, scores in entries if method == "mtmri"]
    (line,) = summary_table(entries, metrics=["Dice"]).lines
    assert line.summary.mean == pytest.approx(np.mean(values))
    assert line.summary.sd == pytest.approx(np.std(values, ddof=1))
    assert line.summary.median == pytest.approx(np.median(values))


def test_markdown_shows_what_was_left_out_and_what_each_depends_on() -> None:
    entries = [
        ("a", "m|1", one(2.0, depends="percentile 95")),
        ("b", "m|1", one(4.0, depends="percentile 95")),
        ("c", "m|1", one(math.inf, flag="missed", depends="percentile 95")),
        ("d", "m|1", one(math.inf, flag="false alarm", depends="percentile 95")),
        ("e", "m|1", one(math.nan, flag="both empty", depends="percentile 95")),
    ]
    lines = summary_table(entries).to_markdown().splitlines()
    assert "| 95 % interval | Misses |" in lines[0]
    assert lines[0].count("|") == lines[1].count("|") == 10
    assert lines[2] == (
        "| HD95 (mm) | class 1 | m\\|1 | 4 | 1 | 3.00 ± 1.41 | ∞ | 2.00 to 4.00 | "
        "1 missed, 1 false alarm, 1 both empty |"
    )
    assert "- HD95 (class 1): percentile 95." in lines


def test_metrics_are_shown_in_the_order_asked_for(entries: list[tuple[str, str, Scores]]) -> None:
    table = summary_table(entries, metrics=["Dice", "NMSE"])
    assert list(dict.fromkeys(line.metric for line in table.lines)) == ["Dice", "NMSE"]


def test_slices_are_not_cases() -> None:
    scores = Scores((Score("Dice", 1.0, "", "slice", 3, "class 1"),))
    assert summary_table([("a", "m", scores)]).lines == ()


def test_mm_and_voxels_are_not_averaged() -> None:
    table = summary_table([("a", "m", one(2.0)), ("b", "m", one(4.0, unit="voxel"))])
    assert [(line.unit, line.summary.mean, line.summary.n_left_out) for line in table.lines] == [
        ("mm", 2, 1),
        ("voxel", 4, 1),
    ]


def test_a_case_counts_once(entries: list[tuple[str, str, Scores]]) -> None:
    with pytest.raises(RequestError, match="'case 0' occurs twice"):
        summary_table([*entries, entries[0]])


def test_methods_on_different_cases_give_a_warning(entries: list[tuple[str, str, Scores]]) -> None:
    table = summary_table(entries[:-1])
    assert any("mtmri was measured on 3 of 4 cases (without case 3)" in w for w in table.warnings)
    assert "- Warning: mtmri was measured on 3 of 4" in table.to_markdown()


def test_scores_measured_in_two_ways_give_a_warning() -> None:
    table = summary_table(
        [
            ("a", "m", one(30, "PSNR", "dB", depends="peak = volume")),
            ("a", "other", one(33, "PSNR", "dB", depends="peak = slice")),
        ]
    )
    assert table.warnings == (
        "PSNR (class 1) was measured in 2 ways; its values are not comparable.",
    )
    for way in ("peak = volume", "peak = slice"):
        assert f"- PSNR (class 1): {way}." in table.to_markdown()


@given(
    st.lists(st.tuples(arrays(bool, (2, 3, 3)), arrays(bool, (2, 3, 3))), min_size=1, max_size=6)
)
def test_the_law_of_means_holds_for_any_masks(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    cases = [of(*pair) for pair in pairs]
    cases += [of(pairs[0][0] & False, pairs[0][1]), of(pairs[0][0], pairs[0][1] & False)]
    assert dice_law(cases) is None


def test_a_table_that_dropped_its_misses_breaks_the_law(
    entries: list[tuple[str, str, Scores]],
) -> None:
    """Dice of a miss is dropped as NaN, but its recall of 0 is kept in the mean."""
    changed = [
        (
            case,
            method,
            Scores(
                tuple(
                    Score("Dice", math.nan, region="class 1", flag="missed")
                    if row.metric == "Dice" and row.scope == "volume" and row.flag == "missed"
                    else row
                    for row in scores.rows
                )
            ),
        )
        for case, method, scores in entries
    ]
    warnings = summary_table(changed).warnings
    assert any("mtmri, class 1: mean Dice" in warning for warning in warnings)
    assert any("cases were left out" in warning for warning in warnings)


def test_no_entries_give_an_empty_table() -> None:
    table = summary_table([])
    assert table.lines == ()
    assert table.to_csv().count("\n") == 1
    assert dice_law([]) is None
