# SPDX-License-Identifier: BSD-3-Clause
"""From the scores of many cases to tables: all rows, the summary, paired differences."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.files import write_whole

if TYPE_CHECKING:
    from napari_mtmri.batch.score_store import Scored
    from napari_mtmri.metrics.scores import Scores
    from napari_mtmri.stats.intervals import Comparison
    from napari_mtmri.stats.summary import Table

ZERO_FILLED = "zero-filled"
SHOWN = ("PSNR", "SSIM", "NMSE", "Dice", "precision", "recall", "HD95", "lesion F1")
ROW_COLUMNS = (
    "case", "method", "sampling", "scope", "item", "metric", "region", "value", "unit", "flag",
    "depends",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "metric", "region", "unit", "first", "second", "n", "left_out", "infinite", "mean", "low",
    "high", "p", "p_holm",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One metric of two methods over the cases they share, the first minus the second."""

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


@dataclass(frozen=True)
class Tables:
    """Everything that is known of the cases.

    Parameters
    ----------
    summary : Table
        Of the metrics that are shown.
    full : Table
        Of all.
    differences : tuple of Difference
    remarks : tuple of str
        What a reader must be told beside.
    """

    summary: Table
    full: Table
    differences: tuple[Difference, ...]
    remarks: tuple[str, ...] = ()

    def to_markdown(self) -> str:
        """Return the summary and the differences for reading."""
        parts = [self.summary.to_markdown()]
        if self.remarks:
            parts.append("".join(f"- {remark}\n" for remark in self.remarks))
        if self.differences:
            parts.append(_differences_text(self.differences))
        return "\n".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return them as plain data."""
        return {
            "summary": [line.record() for line in self.full.lines],
            "differences": [one.record() for one in self.differences],
            "warnings": [*self.full.warnings, *self.remarks],
        }

    def save(self, out: Path) -> None:
        """Write summary.csv, summary.md and differences.csv."""
        rows = [one.record() for one in self.differences]
        for name, text in (
            ("summary.csv", self.full.to_csv()),
            ("summary.md", self.to_markdown()),
            ("differences.csv", csv_text(DIFFERENCE_COLUMNS, rows)),
        ):
            save_text(out / name, text)


def make_tables(cases: Sequence[Scored], failed: Sequence[str] = ()) -> Tables:
    """Return the tables of methods over cases; each case's zero-filled image counts once.

    Parameters
    ----------
    cases : sequence of Scored
    failed : sequence of str
        Names of the jobs that gave no scores.
    """
    from napari_mtmri.stats.summary import summary_table

    entries = entries_of(cases)
    remarks = [f"Failed, and not in these numbers: {', '.join(failed)}."] if failed else []
    asked = {one.sampling.partition(" lines, ")[2] or one.sampling for one in cases}
    if len(asked) > 1:
        remarks.append(
            f"Warning: runs of different sampling are mixed: {'; '.join(sorted(asked))}."
        )
    return Tables(
        summary_table(entries, metrics=SHOWN),
        summary_table(entries),
        differences(entries),
        tuple(remarks),
    )


def entries_of(cases: Sequence[Scored]) -> list[tuple[str, str, Scores]]:
    """Return (case, method, scores), zero-filled first and once a case."""
    floor: dict[str, Scores] = {}
    rest = []
    for one in cases:
        for name, scores in one.scores.items():
            if name == ZERO_FILLED:
                floor.setdefault(one.case, scores)
            else:
                rest.append((one.case, name, scores))
    return [(case, ZERO_FILLED, scores) for case, scores in floor.items()] + rest


def differences(entries: Sequence[tuple[str, str, Scores]]) -> tuple[Difference, ...]:
    """Return the first method against each other one, over the cases they share.

    The p values of all comparisons together are corrected by Holm's method.
    """
    from napari_mtmri.stats.intervals import compare, holm

    methods: dict[str, dict[str, Scores]] = {}
    for case, method, scores in entries:
        methods.setdefault(method, {})[case] = scores
    if ZERO_FILLED in methods:  # what is asked for comes first
        methods[ZERO_FILLED] = methods.pop(ZERO_FILLED)
    first, *others = methods
    found = []
    for metric, region, unit in _kinds(entries):
        for second in others:
            shared = [case for case in methods[first] if case in methods[second]]
            ours, theirs = (
                [methods[name][case].get(metric, region) for case in shared]
                for name in (first, second)
            )
            comparison = compare(ours, theirs)
            if comparison.n:
                found.append((metric, region, unit, first, second, comparison))
    corrected = holm([one[-1].test.p for one in found])
    return tuple(Difference(*one, p) for one, p in zip(found, corrected, strict=True))


def save_rows(out: Path, cases: Iterable[Scored]) -> None:
    """Write scores.csv: every number of every case and method."""
    rows = []
    floor: set[str] = set()
    for one in cases:
        for name, scores in one.scores.items():
            if name == ZERO_FILLED and one.case in floor:
                continue
            floor.update([one.case] if name == ZERO_FILLED else [])
            about = {"case": one.case, "method": name, "sampling": one.sampling}
            rows += [{**about, **row} for row in scores.records()]
    save_text(out / "scores.csv", csv_text(ROW_COLUMNS, rows))


def csv_text(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as CSV."""
    file = io.StringIO(newline="")
    table = csv.DictWriter(file, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def save_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8", newline=""))


def _kinds(entries: Sequence[tuple[str, str, Scores]]) -> list[tuple[str, str, str]]:
    """(metric, region, unit) of the numbers that are shown, in their order."""
    seen = {
        (row.metric, row.region, row.unit)
        for _, _, scores in entries
        for row in scores.rows
        if row.scope == "volume" and row.metric in SHOWN
    }
    return sorted(seen, key=lambda kind: (SHOWN.index(kind[0]), kind[1]))


def _differences_text(found: Sequence[Difference]) -> str:
    from napari_mtmri.metrics.scores import format_value

    lines = [
        "| Metric | Region | Difference | n | Mean | 95 % interval | p | p (Holm) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    notes: dict[str, None] = {}
    for one in found:
        it = one.comparison
        mean, low, high = (format_value(value, one.unit) for value in (it.mean, it.low, it.high))
        name = one.metric if one.unit in ("", "lesions") else f"{one.metric} ({one.unit})"
        cells = (
            name, one.region, f"{one.first} − {one.second}", str(it.n), mean,
            "—" if low == "—" else f"{low} to {high}", f"{it.test.p:.2g}", f"{one.p_holm:.2g}",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
        if it.test.n and it.test.note:
            notes[f"{it.test.note}."] = None
    text = [
        "Paired over the cases that both methods have; p by Wilcoxon's signed-rank test, and "
        "corrected for the number of lines by Holm's method.",
        *notes,
    ]
    return "\n".join([*lines, "", *(f"- {note}" for note in text), ""])
