# SPDX-License-Identifier: BSD-3-Clause
"""Tables of the scores of many cases: all rows, summary, paired differences."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_mtmri.files import write_text
from napari_mtmri.metrics.base import decimals, quantities
from napari_mtmri.metrics.scores import COLUMNS, Score, Scores, format_value
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.stats.intervals import Comparison, compare, holm
from napari_mtmri.stats.patients import mean_of_known, patient_pairs, patients_note
from napari_mtmri.stats.summary import Table, summary_table
from napari_mtmri.tables import csv_text, markdown_table

CASE_COLUMNS = ("case", "patient", "method", "sampling", "acceleration")
ROW_COLUMNS = (*CASE_COLUMNS, *COLUMNS)
DIFFERENCE_COLUMNS = (
    "metric", "region", "unit", "first", "second", "n", "left_out", "infinite", "mean", "low",
    "high", "p", "p_holm",
)  # fmt: skip
HEADINGS = (
    "Metric", "Region", "Difference", "n", "Mean", "95 % interval", "p", "p (Holm)",
)  # fmt: skip
HOW_CORRECTED = (
    "p by Wilcoxon's signed-rank test, corrected by Holm's method within each metric and region "
    "over the comparisons shown"
)


@dataclass(frozen=True)
class CaseScores:
    """Scores of one method on one case, or of its zero-filled image.

    Parameters
    ----------
    case, method : str
    scores : Scores
    sampling : str
        Description of the sampling.
    acceleration : float
        Samples of the full grid divided by measured samples; NaN if unknown.
    acquisition : mapping
        Pattern and realism without seeds; cases that differ in it are reported as mixed.
    patient : str
        Patient of whom the case is a session; empty: each case is a patient.
    """

    case: str
    method: str
    scores: Scores
    sampling: str = ""
    acceleration: float = math.nan
    acquisition: Mapping[str, Any] = field(default_factory=dict)
    patient: str = ""


@dataclass(frozen=True)
class Difference:
    """Paired difference of two methods in one metric, first minus second."""

    metric: str
    region: str
    unit: str
    first: str
    second: str
    comparison: Comparison
    p_holm: float

    def record(self) -> dict[str, Any]:
        """Return the columns of the table."""
        one = self.comparison
        values = (
            self.metric, self.region, self.unit, self.first, self.second, one.n, one.n_left_out,
            one.n_infinite, one.mean, one.low, one.high, one.test.p, self.p_holm,
        )  # fmt: skip
        return dict(zip(DIFFERENCE_COLUMNS, values, strict=True))

    def cells(self) -> tuple[str, ...]:
        """Return the row as formatted text."""
        it, digits = self.comparison, decimals(self.metric, "summary")
        mean, low, high = (
            format_value(value, self.unit, digits) for value in (it.mean, it.low, it.high)
        )
        name = self.metric if self.unit in ("", "lesions") else f"{self.metric} ({self.unit})"
        return (
            name, self.region, f"{self.first} − {self.second}", str(it.n), mean,
            "—" if low == "—" else f"{low} to {high}", f"{it.test.p:.2g}", f"{self.p_holm:.2g}",
        )  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """Summary and paired differences over cases.

    Parameters
    ----------
    summary : Table
        Table of the metrics that are shown by default.
    full : Table
        Table of all metrics.
    differences : tuple of Difference
    remarks : tuple of str
        Failed jobs and mixed acquisitions, for the reader of the numbers.
    """

    summary: Table
    full: Table
    differences: tuple[Difference, ...]
    remarks: tuple[str, ...] = ()

    def to_markdown(self) -> str:
        """Return the summary and the differences as Markdown text."""
        parts = [self.summary.to_markdown()]
        if self.remarks:
            parts.append("".join(f"- {remark}\n" for remark in self.remarks))
        if self.differences:
            parts.append(_differences_text(self.differences))
        return "\n".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return all numbers and warnings as plain data."""
        return {
            "summary": [line.record() for line in self.full.lines],
            "differences": [one.record() for one in self.differences],
            "warnings": [*self.full.warnings, *self.remarks],
        }

    def save(self, out: Path) -> None:
        """Write summary.csv, summary.md and differences.csv."""
        rows = [one.record() for one in self.differences]
        write_text(out / "summary.csv", self.full.to_csv())
        write_text(out / "summary.md", self.to_markdown())
        write_text(out / "differences.csv", csv_text(DIFFERENCE_COLUMNS, rows))


def make_tables(cases: Sequence[CaseScores], failed: Sequence[str] = ()) -> Tables:
    """Return the tables of methods over cases; each case's zero-filled image counts once.

    Parameters
    ----------
    cases : sequence of CaseScores
    failed : sequence of str
        Names of the failed jobs.
    """
    # Zero-filled, which the requested methods are compared with, comes first in the tables.
    found = sorted(_once(cases), key=lambda one: one.method != ZERO_FILLED)
    entries = _by_patient(found)
    remarks = [f"Failed, and not in these numbers: {', '.join(failed)}."] if failed else []
    note = patients_note((one.patient, one.case) for one in found)
    remarks += [note] if note else []
    shown = [one.name for one in quantities("summary")]
    return Tables(
        summary_table(entries, metrics=shown),
        summary_table(entries),
        differences(
            [(one.case, one.method, one.scores) for one in found],
            {one.case: one.patient for one in found},
        ),
        (*remarks, *_mixed(cases)),
    )


def _by_patient(cases: Sequence[CaseScores]) -> list[tuple[str, str, Scores]]:
    """Return (patient, method, scores), with the sessions of a patient averaged."""
    groups: dict[tuple[str, str], list[Scores]] = {}
    for one in cases:
        groups.setdefault((one.patient or one.case, one.method), []).append(one.scores)
    return [(who, method, _averaged(found)) for (who, method), found in groups.items()]


def _averaged(sessions: Sequence[Scores]) -> Scores:
    """Return the mean of the scores of the volumes; a missing value is left out."""
    if len(sessions) == 1:
        return sessions[0]
    rows: dict[tuple[str, str, str], list[Score]] = {}
    for one in sessions:
        for row in one.rows:
            if row.scope == "volume":
                rows.setdefault((row.metric, row.region, row.unit), []).append(row)
    return Scores(tuple(_mean_row(found) for found in rows.values()))


def _mean_row(rows: Sequence[Score]) -> Score:
    flags = {row.flag for row in rows}
    mean = mean_of_known([row.value for row in rows])
    return replace(rows[0], value=mean, flag=flags.pop() if len(flags) == 1 else "")


def differences(
    entries: Sequence[tuple[str, str, Scores]], patients: Mapping[str, str] | None = None
) -> tuple[Difference, ...]:
    """Return the first method minus each other method, paired over their shared cases.

    `corrected` adjusts the p values, with one family per metric and region.

    Parameters
    ----------
    entries : sequence of (case, method, Scores)
    patients : mapping, optional
        Patients of the cases; the others are one each.
    """
    known = patients or {}
    methods: dict[str, dict[str, Scores]] = {}
    for case, method, scores in entries:
        methods.setdefault(method, {})[case] = scores
    if ZERO_FILLED in methods:  # the requested methods come first
        methods[ZERO_FILLED] = methods.pop(ZERO_FILLED)
    first, *others = methods
    found = []
    for kind in _kinds(entries):
        for second in others:
            shared = [case for case in methods[first] if case in methods[second]]
            pairs = [
                (
                    known.get(case) or case,
                    _value(methods[first][case], *kind),
                    _value(methods[second][case], *kind),
                )
                for case in shared
            ]
            comparison = compare(*patient_pairs(pairs))
            if comparison.n:
                found.append((kind, second, comparison))
    p_values = corrected([(kind, one) for kind, _, one in found])
    return tuple(
        Difference(*kind, first, second, one, p)
        for (kind, second, one), p in zip(found, p_values, strict=True)
    )


def corrected(comparisons: Sequence[tuple[Hashable, Comparison]]) -> list[float]:
    """Return the p values of (family, comparison), corrected by Holm's method.

    A family is one metric in one region; its size is the number of comparisons shown for
    it: rows of a study, or other methods of an evaluation. The metrics of an image are
    correlated; correcting over all of them would make p depend on how many are registered.
    """
    families: dict[Hashable, list[int]] = {}
    for number, (family, _) in enumerate(comparisons):
        families.setdefault(family, []).append(number)
    found = [math.nan] * len(comparisons)
    for numbers in families.values():
        values = holm([comparisons[number][1].test.p for number in numbers])
        for number, value in zip(numbers, values, strict=True):
            found[number] = value
    return found


def save_rows(out: Path, cases: Iterable[CaseScores]) -> None:
    """Write scores.csv: every number of every case and method."""
    rows = [
        {**{name: getattr(one, name) for name in CASE_COLUMNS}, **row}
        for one in _once(cases)
        for row in one.scores.records()
    ]
    write_text(out / "scores.csv", csv_text(ROW_COLUMNS, rows))


def _once(cases: Iterable[CaseScores]) -> list[CaseScores]:
    """Return the scores with each case's zero-filled image only once, not once per method."""
    found: list[CaseScores] = []
    floor: set[str] = set()
    for one in cases:
        if one.method == ZERO_FILLED:
            if one.case in floor:
                continue
            floor.add(one.case)
        found.append(one)
    return found


def _mixed(cases: Sequence[CaseScores]) -> list[str]:
    """Return a warning that names the differing settings if acquisitions differ between cases."""
    records = [one.acquisition for one in cases if one.acquisition]
    parts = []
    for name in dict.fromkeys(key for record in records for key in record):
        values = dict.fromkeys(str(record.get(name)) for record in records)
        if len(values) > 1:
            parts.append(f"{name} {', '.join(values)}")
    return [f"Warning: runs of different sampling are mixed: {'; '.join(parts)}."] if parts else []


def _kinds(entries: Sequence[tuple[str, str, Scores]]) -> list[tuple[str, str, str]]:
    """Return (metric, region, unit) of the shown metrics, in their order."""
    shown = [one.name for one in quantities("summary")]
    seen = {
        (row.metric, row.region, row.unit)
        for _, _, scores in entries
        for row in scores.rows
        if row.scope == "volume" and row.metric in shown
    }
    return sorted(seen, key=lambda kind: (shown.index(kind[0]), *kind[1:]))


def _value(scores: Scores, metric: str, region: str, unit: str) -> float:
    """Return one score of the volume, NaN if it is missing in this unit."""
    found = [row.value for row in scores.find(metric, region) if row.unit == unit]
    return found[0] if found else math.nan


def _differences_text(found: Sequence[Difference]) -> str:
    notes = [f"Paired over the cases that both methods have; {HOW_CORRECTED}."]
    notes += dict.fromkeys(
        f"{test.note}." for test in (one.comparison.test for one in found) if test.n and test.note
    )
    table = markdown_table(HEADINGS, [one.cells() for one in found])
    return "\n".join([table, "", *(f"- {note}" for note in notes), ""])
