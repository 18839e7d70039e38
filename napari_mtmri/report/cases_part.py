# SPDX-License-Identifier: BSD-3-Clause
"""Scores over cases: of the results of the report, and of folders that `evaluate` wrote."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from napari_mtmri.compare import Comparison, check_pair, score_table
from napari_mtmri.compare.figure_text import case_name
from napari_mtmri.errors import InputError
from napari_mtmri.metrics.base import Scores, decimals, format_value, quantities
from napari_mtmri.report.page import Part, Table
from napari_mtmri.report.provenance import results_of
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.stats.differences import HEADINGS as DIFFERENCE_HEADINGS
from napari_mtmri.stats.differences import HOW_CORRECTED, CaseScores, make_tables
from napari_mtmri.stats.patients import patients_note
from napari_mtmri.stats.summary import HEADINGS
from napari_mtmri.tables import read_rows

SUMMARY, DIFFERENCES, ROWS = "summary.csv", "differences.csv", "scores.csv"
HOW_SUMMARISED = (
    "The mean is over cases with a finite value, the median over all; ± is the standard deviation "
    "over cases; the interval is of the mean, by bootstrap over cases."
)


def cases_part(comparisons: Sequence[Comparison], patients: Sequence[str]) -> Part | None:
    """Return the summary over cases and the paired differences, or None for a single case.

    Methods that were sampled differently are not paired; the part says which.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One for each case.
    patients : sequence of str
        Patient of each.
    """
    if len(comparisons) < 2:
        return None
    scores = [
        CaseScores(
            case_name(one),
            _method(one, name),
            Scores(tuple(s for s in row if s is not None)),
            patient=patient,
        )
        for one, patient in zip(comparisons, patients, strict=True)
        for name, row in score_table(one).rows.items()
    ]
    tables = make_tables(scores)
    summary = Table(
        f"Summary over {len(comparisons)} cases",
        HEADINGS,
        tuple(line.cells() for line in tables.summary.lines),
        (HOW_SUMMARISED, *tables.remarks, *tables.summary.warnings),
    )
    refused = _refused(comparisons)
    if refused is not None:
        return Part("All cases", (summary, f"Methods are not compared in pairs: {refused}"))
    rows = tuple(one.cells() for one in tables.differences)
    paired = Table(
        "Paired differences",
        DIFFERENCE_HEADINGS,
        rows,
        (f"Paired over the cases that both methods have; {HOW_CORRECTED}.",),
    )
    return Part("All cases", (summary, paired) if rows else (summary,))


def _method(comparison: Comparison, name: str) -> str:
    """Return the name of a cell over cases; the zero-filled image is the baseline of all."""
    zero_filled = [cell.name for cell in comparison.cells if cell.name.startswith(ZERO_FILLED)]
    return ZERO_FILLED if zero_filled == [name] else name


def _refused(comparisons: Sequence[Comparison]) -> str | None:
    """Return why the results of a case cannot be paired, or None if they can."""
    for one in comparisons:
        for first, second in itertools.pairwise(results_of([one])):
            try:
                check_pair(first, second)
            except InputError as why:
                return str(why)
    return None


def is_scores(folder: Path) -> bool:
    """Return whether a folder was written by `evaluate`."""
    return all((folder / file).is_file() for file in (SUMMARY, DIFFERENCES))


def scores_part(folder: Path, title: str) -> Part:
    """Return the summary in a folder that `evaluate` wrote.

    Raises
    ------
    InputError
        If its table is damaged.
    """
    rows: list[tuple[str, ...]] = []
    depends: dict[str, str] = {}
    shown = [one.name for one in quantities("summary")]
    for line in read_rows(folder / SUMMARY):
        try:
            if line["metric"] in shown:
                rows.append(_summary_row(line))
                depends.setdefault(line["depends"], line["metric"])
        except (KeyError, ValueError) as why:
            raise InputError(
                f"{folder / SUMMARY}: is not a summary of scores ({why}); evaluate again."
            ) from why
    note = _patients_of(folder)
    notes = [
        HOW_SUMMARISED,
        *([note] if note else []),
        *(f"{name}: {text}." for text, name in depends.items() if text),
    ]
    table = Table("Summary over cases", HEADINGS[:-1], tuple(rows), tuple(notes))
    return Part(title, (table,))


def _patients_of(folder: Path) -> str:
    """Return what n counts, if a patient has several sessions, else an empty text."""
    if not (folder / ROWS).is_file():
        return ""
    return patients_note((row.get("patient", ""), row["case"]) for row in read_rows(folder / ROWS))


def _summary_row(line: dict[str, str]) -> tuple[str, ...]:
    digits = decimals(line["metric"], "summary")
    mean, sd, median, low, high = (
        format_value(float(line[name] or "nan"), line["unit"], digits)
        for name in ("mean", "sd", "median", "low", "high")
    )
    unit = line["unit"]
    name = line["metric"] if unit in ("", "lesions") else f"{line['metric']} ({unit})"
    return (
        name, line["region"], line["method"], line["n"], line["left_out"], f"{mean} ± {sd}", median,
        f"{low} to {high}",
    )  # fmt: skip
