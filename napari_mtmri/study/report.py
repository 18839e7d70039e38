# SPDX-License-Identifier: BSD-3-Clause
"""The report of a study: Markdown, CSV and figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.files import write_text
from napari_mtmri.metrics.scores import COLUMNS
from napari_mtmri.stats.differences import HOW_CORRECTED
from napari_mtmri.stats.patients import patients_note
from napari_mtmri.study.comparison_figures import CAPTIONS as COMPARISON_CAPTIONS
from napari_mtmri.study.figures import save_figures
from napari_mtmri.study.paper import METRICS, PRINTED, SOURCES
from napari_mtmri.study.plan import ACQUISITION, Plan
from napari_mtmri.study.rows import LESION, Row, Study
from napari_mtmri.study.scoring import read_scores
from napari_mtmri.study.summary import Line, Measure, compared, measures, zero_filled
from napari_mtmri.tables import csv_text, markdown_table

if TYPE_CHECKING:
    from napari_mtmri.stats.intervals import Summary

NONE = "—"
SUMMARY_COLUMNS = (
    "row", "title", "state", "updates", "total", "slices", "seconds", "n_seeds", "metric", "region",
    "input",
    "unit", "n", "left_out", "infinite", "mean", "sd", "median", "low", "high", "sd_over_seeds",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "row", "minus", "metric", "region", "n", "mean", "low", "high", "p", "p_holm", "smallest_p",
)  # fmt: skip
CAPTIONS = {
    "weights": "Weights of the two losses over the epochs (the paper's Fig. 2).",
    "segmentation_loss": "Segmentation loss with and without ITFS; updates with the reference "
    "image and with the reconstruction separately (the paper's Fig. 5).",
    "validation": "Validation slices during the training.",
    "differences": "Paired differences by case.",
    **COMPARISON_CAPTIONS,
}


def write_report(plan: Plan, lines: Sequence[Line]) -> Path:
    """Write report.md, figures and tables; return the path of the report.

    The tables have other columns than those of `evaluate`, and therefore other names.
    """
    folder = plan.experiment.folder
    figures, study = save_figures(plan, lines), plan.experiment.study
    differences = difference_records(lines, study.base)
    tables = (
        ("rows.csv", csv_text(SUMMARY_COLUMNS, summary_records(lines, study.classes))),
        ("row_differences.csv", csv_text(DIFFERENCE_COLUMNS, differences)),
        ("row_scores.csv", _all_scores(plan)),
        ("report.md", report_text(plan, lines, [place.name for place in figures])),
    )
    for name, text in tables:
        write_text(folder / name, text)
    return folder / "report.md"


def report_text(plan: Plan, lines: Sequence[Line], figures: Sequence[str] = ()) -> str:
    """Return the report as Markdown."""
    asked = plan.experiment
    study, columns = asked.study, measures(asked.study.classes)
    parts = [
        f"# {asked.study.title}, budget “{asked.budget.name}”",
        f"**{asked.budget.note}**",
        _conditions(plan),
        "## Scores",
        scores_table(lines, zero_filled(plan), study.classes),
        _law(lines),
        "## Median, and 95 % interval of the mean",
        markdown_table(
            ["Row", *(measure.title for measure in columns)],
            [[line.row.title, *_each(line, _interval, study.classes)] for line in lines],
        ),
        _spread_part(lines, study),
        f"## Against “{study.base.title}”",
        _differences_part(lines, study),
        "## Size and speed of each row",
        _cost_part(lines),
        "## Training of each row",
        _given_part(lines),
        "## What the paper printed",
        _paper_part(study, lines),
    ]
    pictures = [f"![{CAPTIONS[Path(name).stem]}]({name})" for name in figures]
    return "\n\n".join([*filter(None, parts), *pictures]) + "\n"


def scores_table(
    lines: Sequence[Line], floor: Mapping[Measure, Summary], classes: Sequence[str] = LESION
) -> str:
    """Return mean ± standard deviation of all rows, and the state of unfinished rows."""
    columns = measures(classes)
    rows = [["zero-filled", *(_mean(measure, floor.get(measure)) for measure in columns), ""]]
    for line in lines:
        state = "" if line.is_done else _states(line)
        rows.append([line.row.title, *_each(line, _mean, classes), state])
    return markdown_table(["Row", *(measure.title for measure in columns), "State"], rows)


def summary_records(lines: Iterable[Line], classes: Sequence[str] = LESION) -> list[dict[str, Any]]:
    """Return a mapping for each row and measure, with all digits."""
    return [
        {
            "row": line.row.name,
            "title": line.row.title,
            "state": _states(line),
            "updates": sum(state.updates for state in line.states),
            "total": sum(state.total for state in line.states),
            "slices": sum(state.slices for state in line.states),
            "seconds": round(sum(state.seconds for state in line.states), 1),
            "n_seeds": len(line.states),
            "metric": measure.metric,
            "region": measure.region,
            "input": measure.input,
            "unit": measure.unit,
            **_numbers(line.summaries.get(measure)),
            "sd_over_seeds": line.spread.get(measure, math.nan),
        }
        for line in lines
        for measure in measures(classes)
    ]


def difference_records(lines: Sequence[Line], base: Row) -> list[dict[str, Any]]:
    """Return a mapping for each comparison with the row ``base``."""
    return [
        {
            "row": line.row.name,
            "minus": base.name,
            "metric": one.measure.metric,
            "region": one.measure.region,
            "n": one.comparison.n,
            "mean": one.comparison.mean,
            "low": one.comparison.low,
            "high": one.comparison.high,
            "p": one.comparison.test.p,
            "p_holm": one.p_holm,
            "smallest_p": one.comparison.test.smallest_p,
        }
        for line in lines
        for one in line.differences
    ]


def _numbers(summary: Summary | None) -> dict[str, Any]:
    if summary is None:
        return {}
    return {
        "n": summary.n,
        "left_out": summary.n_left_out,
        "infinite": summary.n_infinite,
        **{key: getattr(summary, key) for key in ("mean", "sd", "median", "low", "high")},
    }


def _conditions(plan: Plan) -> str:
    asked, n_cases = plan.experiment, len(plan.cases)
    seeds, pattern = asked.budget.seeds, ACQUISITION.pattern
    lines = [
        f"{n_cases} cases of the split “{asked.split}”, whole volumes, pattern {pattern.name} at "
        f"R {pattern.acceleration:g}, one mask per case, the same for all rows.",
        f"Every row: the same training cases, masks, order and augmentation, the same number of "
        f"updates, seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}, no tuning "
        "except where the note of a row says so, and the last checkpoint, so no score selects a checkpoint.",
        "± is the standard deviation over cases; ∞ counts cases without a distance (missed or "
        "false alarm), which are in the median and not in the mean. Distances are in voxels instead of "
        "mm if the files state no voxel size. “True image”: the input of the same U-Net is "
        "the fully sampled image instead of the reconstruction.",
        "The k-space is simulated from magnitude images, so all methods score better than on "
        "measured k-space. Research use only.",
    ]
    note = patients_note((case.patient, case.name) for case in plan.cases)
    if note:
        lines.insert(1, note[0].upper() + note[1:])
    if asked.study.compares_methods:
        lines.append(
            "“—”: the method does not give it. Methods without training have their default "
            "parameters. The methods differ in size, see “Size and speed of each row”."
        )
    return "\n".join(f"- {line}" for line in lines)


def _law(lines: Sequence[Line]) -> str:
    done = [line for line in lines if line.is_done]
    broken = [f"- Warning: {warning}" for line in done for warning in line.warnings]
    if broken:
        return "\n".join(broken)
    if not done:
        return ""
    return "Mean Dice is at most 2PR/(P + R) of mean precision and recall in every row."


def _spread_part(lines: Sequence[Line], study: Study) -> str:
    if max(len(line.states) for line in lines) < 2:
        return ""
    columns = measures(study.classes)
    table = markdown_table(
        ["Row", *(measure.title for measure in columns)],
        [
            [line.row.title, *(_word(line.spread.get(measure), measure) for measure in columns)]
            for line in lines
        ],
    )
    return f"## Standard deviation over seeds of the mean over cases\n\n{table}"


def _differences_part(lines: Sequence[Line], study: Study) -> str:
    rows = []
    for line in lines:
        if line.row is study.base:
            continue
        found = {one.measure: one for one in line.differences}
        cells = []
        for measure in compared(study.classes):
            one = found.get(measure)
            if one is None:
                cells += [NONE, NONE]
                continue
            it = one.comparison
            words = [_signed(value, measure) for value in (it.mean, it.low, it.high)]
            cells += [f"{words[0]} ({words[1]} to {words[2]})", f"{one.p_holm:.2g}"]
        rows.append([line.row.title, *cells])
    heading = ["Row"]
    for measure in compared(study.classes):
        heading += [measure.title, "p (Holm)"]
    columns: dict[str, list[float]] = {}
    for one in (one for line in lines for one in line.differences):
        columns.setdefault(one.measure.title, []).append(one.comparison.test.smallest_p)
    notes = [
        f"Minus “{study.base.title}”, paired by case: mean and its 95 % interval by bootstrap "
        f"over cases; {HOW_CORRECTED}.",
    ]
    # Holm multiplies the smallest p of a column by the number of its comparisons.
    least = {title: min(1.0, min(found) * len(found)) for title, found in columns.items()}
    if least:
        low, high = (f"{value:.2g}" for value in (min(least.values()), max(least.values())))
        notes.append(
            "With so few cases the corrected p cannot be below "
            + (f"{low}." if low == high else f"{low} to {high}, depending on the column.")
        )
    return "\n".join([markdown_table(heading, rows), "", *(f"- {note}" for note in notes)])


def _given_part(lines: Sequence[Line]) -> str:
    rows = []
    for line in lines:
        total = sum(state.total for state in line.states)
        updates = sum(state.updates for state in line.states)
        slices = sum(state.slices for state in line.states)
        seconds = sum(state.seconds for state in line.states)
        rows.append(
            [
                line.row.title, f"`{line.row.name}`", _states(line),
                f"{updates:,} of {total:,}" if total else NONE, f"{slices:,}" if total else NONE,
                f"{seconds / 60:.1f} min" if total else NONE, line.row.note,
            ]
        )  # fmt: skip
    heading = ["Row", "Name", "State", "Updates", "Training slices", "Training time", "Note"]
    note = "Training time is wall time; the machine may have had other work at the same time."
    return f"{markdown_table(heading, rows)}\n\n- {note}"


def _cost_part(lines: Sequence[Line]) -> str:
    done = [(line, line.cost) for line in lines if line.cost is not None]
    if not done:
        return ""
    rows = [
        [
            line.row.title, _number(cost.n_parameters, "{:,.0f}"), _number(cost.gflop, "{:.1f}"),
            _number(cost.seconds, "{:.1f}"), str(line.states[0].n_scored),
        ]
        for line, cost in done
    ]  # fmt: skip
    heading = ["Row", "Parameters", "GFLOP per slice", "Seconds per volume", "n"]
    notes = [
        "GFLOP: convolutions for a slice of 224 × 192, a multiplication with an addition counted "
        "as two; seconds: mean over the cases on the machine that scored them, which may have had "
        "other work; n: scored cases.",
        *(
            f"{line.row.title}: the true labels after its auto-encoder have Dice {cost.ceiling:.3f}, "
            "which its segmentation cannot be expected to exceed."
            for line, cost in done
            if not math.isnan(cost.ceiling)
        ),
    ]
    return "\n".join([markdown_table(heading, rows), "", *(f"- {note}" for note in notes)])


def _number(value: float, form: str) -> str:
    return NONE if math.isnan(value) else form.format(value)


def _paper_part(study: Study, lines: Sequence[Line]) -> str:
    printed = PRINTED.get(study.name, {})
    rows = [[line.row.title, *printed[line.row.name]] for line in lines if line.row.name in printed]
    if not rows:
        return ""
    table = markdown_table(["Row", *(f"{metric} (paper)" for metric in METRICS[study.name])], rows)
    source = SOURCES[study.name]
    return f"Measured on other data; do not compare single numbers: {source}.\n\n{table}"


def _states(line: Line) -> str:
    words = dict.fromkeys(state.text for state in line.states)
    if len(line.states) == 1 or len(words) == 1:
        return next(iter(words))
    return ", ".join(f"seed {number}: {one.text}" for number, one in enumerate(line.states))


def _each(line: Line, show: Any, classes: Sequence[str]) -> list[str]:
    return [show(measure, line.summaries.get(measure)) for measure in measures(classes)]


def _mean(measure: Measure, summary: Summary | None) -> str:
    if summary is None or math.isnan(summary.mean):
        return NONE
    text = f"{_word(summary.mean, measure)} ± {_word(summary.sd, measure)}"
    return f"{text} ({summary.n_infinite} ∞)" if summary.n_infinite else text


def _interval(measure: Measure, summary: Summary | None) -> str:
    if summary is None or math.isnan(summary.mean):
        return NONE
    low, high = (_word(value, measure) for value in (summary.low, summary.high))
    return f"{_word(summary.median, measure)} ({low} to {high})"


def _word(value: float | None, measure: Measure) -> str:
    if value is None or math.isnan(value):
        return NONE
    return "∞" if math.isinf(value) else f"{value:.{measure.decimals}f}"


def _signed(value: float, measure: Measure) -> str:
    if math.isnan(value):
        return NONE
    rounded = round(value, measure.decimals) + 0.0  # no minus before a zero
    return f"{rounded:+.{measure.decimals}f}".replace("-", "−")


def _all_scores(plan: Plan) -> str:
    rows = [
        {"row": piece.row.name, "seed": piece.seed, "case": case, "input": name, **record}
        for piece in plan.pieces
        for case, scores in read_scores(piece, plan.cases).items()
        for name, one in scores.items()
        for record in one.records()
    ]
    return csv_text(("row", "seed", "case", "input", *COLUMNS), rows)
