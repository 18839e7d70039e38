# SPDX-License-Identifier: BSD-3-Clause
"""A sweep over acceleration and masks: facts, tables of scores, plots, failed points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_mtmri.compare import Sweep, read_sweep, sweep_facts, sweep_figures
from napari_mtmri.compare.detection_rows import HEADINGS, NOTE
from napari_mtmri.compare.sweep_rows import value_text
from napari_mtmri.report.identity import hide
from napari_mtmri.report.page import Block, Items, Part, Picture, Table, picture_of
from napari_mtmri.stats.patients import patients_note

TALLEST = 108  # mm: two plots on a page


def shown_sweep(folder: Path, names: Mapping[str, str] | None = None) -> Sweep:
    """Return the sweep in a folder as it is shown.

    Parameters
    ----------
    folder : Path
        What `run_sweep` or `run_detection` wrote.
    names : mapping, optional
        Names to show for the names of cases; other cases are then numbered. By default all
        names are shown.

    Raises
    ------
    InputError
        If the folder is damaged or of a newer version.
    """
    sweep = read_sweep(folder)
    return sweep if names is None else _anonymous(sweep, names)


def sweep_part(sweep: Sweep, title: str) -> Part:
    """Return the part of a sweep."""
    blocks: list[Block] = [Table("", (), tuple(sweep_facts(sweep).items()))]
    blocks += [_score_table(sweep, metric) for metric in sweep.metrics]
    if sweep.detection is not None:
        rows = tuple(tuple(line.cells()) for line in sweep.detection.summary())
        blocks.append(Table("Detection of inserted lesions", tuple(HEADINGS), rows, (NOTE,)))
    blocks += _pictures(sweep)
    failed = tuple(f"{point.name} failed: {point.reason}" for point in sweep.failed)
    return Part(title, (*blocks, Items(failed)) if failed else tuple(blocks))


def _score_table(sweep: Sweep, metric: str) -> Table:
    curves = sweep.curves(metric)
    factors = sorted({factor for curve in curves for factor in curve.accelerations.tolist()})
    bands = dict.fromkeys(curve.band for curve in curves if curve.band)
    own = (row for row in sweep.rows if (row.metric, row.region) == (metric, curves[0].region))
    depends = dict.fromkeys(row.depends for row in own)
    note = patients_note((row.patient, row.case) for row in sweep.rows)
    notes = [
        *([f"In brackets: {'; '.join(bands)}."] if bands else []),
        *([note] if note else []),
        *(f"{metric}: {text}." for text in depends if text),
    ]
    return Table(
        f"{curves[0].title}, {curves[0].region}",
        ("Method", "Pattern", *(f"R {factor:g}" for factor in factors)),
        tuple(
            (one.method, one.pattern, *(value_text(one, factor) for factor in factors))
            for one in curves
        ),
        tuple(notes),
    )


def _pictures(sweep: Sweep) -> list[Picture]:
    return [
        picture_of(figure, f"{caption}.", caption, tallest=TALLEST)
        for caption, figure in sweep_figures(sweep)
    ]


def _anonymous(sweep: Sweep, names: Mapping[str, str]) -> Sweep:
    """Return the sweep with other names for its cases."""
    cases = dict.fromkeys(
        [
            *(point.case for point in sweep.points),
            *(spread.case for spread in sweep.spreads),
            *(row.case for row in (sweep.detection.rows if sweep.detection else ())),
        ]
    )
    shown = {
        case: names.get(case, f"swept case {number}") for number, case in enumerate(cases, start=1)
    }

    patients: dict[str, str] = {"": ""}  # a patient is named as the first of its cases
    inserted = sweep.detection.rows if sweep.detection else ()
    swept = [(one.patient, one.case) for one in sweep.points]
    for patient, case in (*swept, *((one.patient, one.case) for one in inserted)):
        patients.setdefault(patient, shown[case])

    def renamed(record: Mapping[str, Any]) -> dict[str, Any]:
        cases = record.get("cases")
        if not isinstance(cases, Mapping):
            return dict(record)
        return {**record, "cases": {shown.get(one, one): facts for one, facts in cases.items()}}

    detection = sweep.detection
    if detection is not None:
        rows = tuple(
            replace(row, case=shown[row.case], patient=patients[row.patient])
            for row in detection.rows
        )
        detection = replace(detection, rows=rows, request=renamed(detection.request))
    return replace(
        sweep,
        points=tuple(
            replace(
                one,
                case=shown[one.case],
                patient=patients[one.patient],
                reason=hide(one.reason, set(shown), "the case"),
            )
            for one in sweep.points
        ),
        rows=tuple(
            replace(one, case=shown.get(one.case, one.case), patient=patients.get(one.patient, ""))
            for one in sweep.rows
        ),
        spreads=tuple(replace(one, case=shown[one.case]) for one in sweep.spreads),
        detection=detection,
        request=renamed(sweep.request),
    )
