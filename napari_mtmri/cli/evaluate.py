# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri evaluate``: score methods on a table of cases, with confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.outcomes import status_of_failures
from napari_mtmri.cli.output import DONE, sentence, write_json, write_note, write_result
from napari_mtmri.cli.progress import JobSteps
from napari_mtmri.cli.session import Session

if TYPE_CHECKING:
    from napari_mtmri.batch.many import Evaluation
    from napari_mtmri.batch.score_store import Scored

MOST_NOTES = 10


@options.with_groups
def evaluate(
    context: typer.Context,
    table: Annotated[
        Path,
        typer.Argument(metavar="TABLE", help="CSV file of cases, or folder with cases.csv."),
    ],
    out: options.Out,
    *,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="NAME",
            help="Evaluate only the cases of this split.",
            show_default="all but train",
        ),
    ] = None,
    methods: options.MethodOptions,
    scan: options.ScanOptions,
    where: options.WhereOptions,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Also keep the results: DIR/results/CASE/METHOD."),
    ] = False,
    again: options.Again = False,
    json: options.Json = False,
) -> int:
    """Score methods on a table of cases, with confidence intervals.

    TABLE has one line per case, with the columns case, image, and optionally mask, split and
    patient; sessions of one patient are averaged before the statistics.
    With the columns case and run (and reference, labels), it scores result folders.
    Paths are relative to the table. The seed of each case is derived from --seed and the
    name of the case. Writes scores.csv (all numbers), summary.csv and summary.md (over
    cases) and differences.csv (paired); zero-filled is always included.
    Existing scores are kept: the same command continues a stopped evaluation.

    Example: napari-mtmri evaluate cases.csv --split val --out scores
             napari-mtmri evaluate cases.csv --split val --method mtmri,two-stage --out scores
    """
    from napari_mtmri.batch.cases_table import TRAIN, read_cases, splits_of
    from napari_mtmri.batch.many import evaluate_many

    rows = read_cases(table, split)
    splits = splits_of(table)
    if split is None and TRAIN in splits:
        write_note(
            f"note: the cases of the split {TRAIN!r} are left out; --split {TRAIN} scores them."
        )
    elif split is None and len(splits) > 1:
        write_note(f"note: all splits of the table are included: {', '.join(splits)}.")
    session: Session = context.obj
    with JobSteps() as steps:
        found = evaluate_many(
            rows,
            out,
            scan.acquisition(),
            methods.choices(),
            keep=keep,
            again=again,
            where=where.where(),
            watch=steps,
            stop=session.stop,
        )
    return _report(found, out, as_json=json)


def _report(found: Evaluation, out: Path, *, as_json: bool) -> int:
    """Print the tables and the failed jobs; return the exit status."""
    facts: dict[str, Any] = {"summary": [], "differences": [], "warnings": []}
    if found.tables is not None:
        _write_notes(found.cases)
        facts = found.tables.to_json()
        if not as_json:
            write_result(found.tables.to_markdown())
        write_note(f"written to {out}")
    failures = {one.name: sentence(one.error) for one in found.outcomes if one.error is not None}
    if as_json:
        write_json({**facts, "failed": failures})
    if not failures:
        return DONE
    write_note(f"{len(failures)} of {len(found.outcomes)} failed: {', '.join(failures)}.")
    return status_of_failures(found.outcomes)


def _write_notes(cases: Sequence[Scored]) -> None:
    """Print each warning once, with the cases it concerns."""
    from napari_mtmri.batch.score_store import FOLDER

    of: dict[str, list[str]] = {}
    for case in cases:
        for line in case.warnings:
            of.setdefault(line, []).append(case.case)
    for line, names in list(of.items())[:MOST_NOTES]:
        where = names[0] if len(names) == 1 else f"{len(names)} of {len(cases)}"
        write_note(f"note, {where}: {line}")
    if len(of) > MOST_NOTES:
        write_note(f"note: {len(of) - MOST_NOTES} more notes are in the files in {FOLDER}.")
