# SPDX-License-Identifier: BSD-3-Clause
"""Summary tables over cases, with the number of cases measured and left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.metrics.base import all_metrics, decimals
from napari_mtmri.metrics.scores import Score, Scores, format_value
from napari_mtmri.stats.intervals import LEVEL, Summary, summarise
from napari_mtmri.tables import csv_text, markdown_table

Entry = tuple[str, str, Scores]
COLUMNS = (
    "metric", "region", "unit", "method", "n", "left_out", "mean", "sd", "median", "low", "high",
    "infinite", "missed", "false_alarms", "both_empty", "depends",
)  # fmt: skip
HEADINGS = (
    "Metric", "Region", "Method", "n", "Left out", "Mean ± SD", "Median",
    f"{100 * LEVEL:.0f} % interval", "Misses",
)  # fmt: skip
_NO_REFERENCE = ("both empty", "false alarm")


@dataclass(frozen=True)
class Line:
    """Summary of one metric of one method over the cases.

    Parameters
    ----------
    metric, region, unit, method : str
    summary : Summary
    flags : tuple of str
        Non-empty flags of the cases.
    depends : tuple of str
        What the values depend on; more than one if cases were measured in different ways.
    """

    metric: str
    region: str
    unit: str
    method: str
    summary: Summary
    flags: tuple[str, ...]
    depends: tuple[str, ...]

    def record(self) -> dict[str, str | int | float]:
        """Return the columns of the table."""
        one = self.summary
        values = (
            self.metric, self.region, self.unit, self.method, one.n, one.n_left_out, one.mean,
            one.sd, one.median, one.low, one.high, one.n_infinite, self.flags.count("missed"),
            self.flags.count("false alarm"), self.flags.count("both empty"), " | ".join(self.depends),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    def cells(self) -> tuple[str, ...]:
        """Return the row as formatted text."""
        one, digits = self.summary, decimals(self.metric, "summary")
        mean, sd, median, low, high = (
            format_value(value, self.unit, digits)
            for value in (one.mean, one.sd, one.median, one.low, one.high)
        )
        name = self.metric if self.unit in ("", "lesions") else f"{self.metric} ({self.unit})"
        interval = "—" if math.isnan(one.low) else f"{low} to {high}"
        return (
            name, self.region, self.method, str(one.n), str(one.n_left_out), f"{mean} ± {sd}",
            median, interval, self._misses(),
        )  # fmt: skip

    def _misses(self) -> str:
        named = ("missed", "false alarm", "both empty", "perfect")
        counts = [(self.flags.count(flag), flag) for flag in named]
        return ", ".join(f"{count} {flag}" for count, flag in counts if count)


@dataclass(frozen=True)
class Table:
    """Lines of all metrics and methods, with warnings.

    Parameters
    ----------
    lines : tuple of Line
        Sorted by metric, then method.
    warnings : tuple of str
    """

    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()

    def to_csv(self) -> str:
        """Return the lines as CSV text with unrounded numbers."""
        return csv_text(COLUMNS, [line.record() for line in self.lines])

    def to_markdown(self) -> str:
        """Return the lines as a Markdown table, with warnings and measurement details."""
        table = markdown_table(HEADINGS, [line.cells() for line in self.lines])
        notes = [
            "The mean is over cases with a finite value, the median over all; ± is the standard "
            "deviation over cases; the interval is of the mean, by bootstrap over cases.",
            *(f"Warning: {warning}" for warning in self.warnings),
            *(f"{what}: {depends}." for what, depends in self._depends()),
        ]
        return "\n".join([table, "", *(f"- {note}" for note in notes), ""])

    def _depends(self) -> list[tuple[str, str]]:
        """Return (metrics, depends) for each distinct text that the values depend on."""
        names: dict[str, list[str]] = {}
        for line in self.lines:
            for depends in line.depends:
                shown = f"{line.metric} ({line.region})"
                if shown not in names.setdefault(depends, []):
                    names[depends].append(shown)
        return [(", ".join(shown), depends) for depends, shown in names.items() if depends]


def summary_table(
    entries: Sequence[Entry], *, metrics: Sequence[str] | None = None, seed: int = 0
) -> Table:
    """Return the summary over cases of all scores of volumes.

    Parameters
    ----------
    entries : sequence of (case, method, Scores)
        One entry per case and method; a case is a subject.
    metrics : sequence of str, optional
        Names of the scores to show, such as "PSNR"; by default all.
    seed : int
        Random seed of the bootstrap.

    Raises
    ------
    RequestError
        If a method has a case twice.
    """
    methods: dict[str, dict[str, Scores]] = {}
    for case, method, scores in entries:
        if case in methods.setdefault(method, {}):
            raise RequestError(f"{method}: case {case!r} occurs twice; give each subject once.")
        methods[method][case] = scores
    kinds = _kinds([scores for _, _, scores in entries], metrics)
    lines = tuple(
        line
        for kind in kinds
        for method, cases in methods.items()
        if (line := _line(kind, method, cases, seed)) is not None
    )
    return Table(lines, (*_missing(methods), *_laws(methods), *_two_ways(lines)))


def dice_law(scores: Sequence[Scores], region: str = "class 1") -> str | None:
    """Return a warning if mean Dice, precision and recall cannot be over the same cases.

    The harmonic mean is concave: mean Dice is at most ``2 P R / (P + R)`` for mean precision
    P and mean recall R over the cases with a non-empty reference.

    Parameters
    ----------
    scores : sequence of Scores
        One entry per case.
    region : str
        Class, such as "class 1".
    """
    means = []
    for metric in ("Dice", "precision", "recall"):
        found = [row for one in scores for row in one.find(metric, region)]
        values = [
            row.value
            for row in found
            if row.flag not in _NO_REFERENCE and not math.isnan(row.value)
        ]
        if not values:
            return None
        means.append(float(np.mean(values)))
    dice, precision, recall = means
    bound = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    if dice <= bound + 1e-9:
        return None
    return (
        f"{region}: mean Dice {dice:.4f} is above {bound:.4f} = 2PR/(P + R) of mean precision "
        f"{precision:.4f} and recall {recall:.4f}; cases were left out of one of them."
    )


def _kinds(all_scores: Sequence[Scores], metrics: Sequence[str] | None) -> list[tuple[str, ...]]:
    """Return (metric, region, unit) of every line, in the order of the metrics."""
    place = {  # metrics with a direction come before descriptive ones such as volumes
        given.name: (one.place, number)
        for one in all_metrics()
        for number, given in enumerate(one.gives)
        if given.better is not None
    }
    seen: dict[tuple[str, ...], None] = {}
    for scores in all_scores:
        for row in scores.rows:
            if row.scope == "volume" and (metrics is None or row.metric in metrics):
                seen[row.metric, row.region, row.unit] = None
    first = {metric: number for number, (metric, _, _) in reversed(list(enumerate(seen)))}
    wanted = {} if metrics is None else {name: number for number, name in enumerate(metrics)}
    return sorted(
        seen,
        key=lambda kind: (wanted.get(kind[0], 0), place.get(kind[0], (999, 0)), first[kind[0]]),
    )


def _line(kind: tuple[str, ...], method: str, cases: dict[str, Scores], seed: int) -> Line | None:
    metric, region, unit = kind
    found: list[Score | None] = []
    for scores in cases.values():
        rows = [row for row in scores.find(metric, region) if row.unit == unit]
        found.append(rows[0] if rows else None)
    rows = [row for row in found if row is not None]
    if not rows:
        return None
    values = [math.nan if row is None else row.value for row in found]
    depends = tuple(dict.fromkeys(row.depends for row in rows))
    flags = tuple(row.flag for row in rows if row.flag)
    return Line(metric, region, unit, method, summarise(values, seed=seed), flags, depends)


def _missing(methods: dict[str, dict[str, Scores]]) -> list[str]:
    every = {case: None for cases in methods.values() for case in cases}
    warnings = []
    for method, cases in methods.items():
        absent = [case for case in every if case not in cases]
        if absent:
            named = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
            warnings.append(
                f"{method} was measured on {len(cases)} of {len(every)} cases (without {named}); "
                "its means are not of the same cases as the others'."
            )
    return warnings


def _laws(methods: dict[str, dict[str, Scores]]) -> list[str]:
    warnings = []
    for method, cases in methods.items():
        regions = {row.region for one in cases.values() for row in one.rows if row.metric == "Dice"}
        for region in sorted(regions):
            broken = dice_law(list(cases.values()), region)
            if broken is not None:
                warnings.append(f"{method}, {broken}")
    return warnings


def _two_ways(lines: Sequence[Line]) -> list[str]:
    ways: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        ways.setdefault((line.metric, line.region), set()).update(line.depends)
    return [
        f"{metric} ({region}) was measured in {len(found)} ways; its values are not comparable."
        for (metric, region), found in ways.items()
        if len(found) > 1
    ]
