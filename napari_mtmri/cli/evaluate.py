# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri evaluate``: scores of methods over a table of cases, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_mtmri.acquisition import Acquisition, make_pattern
from napari_mtmri.batch.cases_table import Row, read_cases, splits_of
from napari_mtmri.batch.local import Job, Outcome, Work, case_seed, run_jobs
from napari_mtmri.batch.method_choice import MethodChoice, split_methods
from napari_mtmri.batch.result_store import check_out
from napari_mtmri.batch.run_case import make_job
from napari_mtmri.batch.score_store import (
    FOLDER,
    Scored,
    find_scores,
    into,
    read_scored,
    run_folder_job,
    score_method,
    score_run_folder,
)
from napari_mtmri.cli import options
from napari_mtmri.cli.outcomes import all_refused
from napari_mtmri.cli.output import DONE, FAILED, WRONG, pairs, say, say_json, sentence, tell
from napari_mtmri.cli.progress import JobSteps
from napari_mtmri.cli.session import Session
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.stats.differences import ZERO_FILLED, make_tables, save_rows

MOST_NOTES = 10


def evaluate(
    context: typer.Context,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV file, or a folder with cases.csv.")
    ],
    out: options.Out,
    method: options.Methods = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Only the cases of this split.")
    ] = None,
    pattern: options.PatternName = "random",
    acceleration: options.Acceleration = 4.0,
    center_fraction: options.CenterFraction = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Gives the mask of each case, with the case's name.")
    ] = 0,
    pattern_option: options.PatternOptions = None,
    phase: options.Phase = False,
    snr: options.Snr = None,
    coils: options.Coils = 1,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    weights: options.Weights = None,
    param: options.Parameters = None,
    again: options.Again = False,
    jobs: options.Processes = 1,
    json: options.Json = False,
) -> int:
    """Score methods on a table of cases, with intervals.

    TABLE has a line for each case: case, image, and where there are such mask and split.
    With the columns case and run (and reference, labels) it scores run folders instead.
    Paths are relative to the table. It writes scores.csv (all numbers), summary.csv and
    summary.md (over cases) and differences.csv (paired). Zero-filled is always there; the unit is the case.
    What is done is not done again: a stopped evaluation goes on where it was.

    Example: napari-mtmri evaluate cases.csv --split val --out scores
             napari-mtmri evaluate cases.csv --split val --method mtmri,two-stage --out scores
    """
    rows = read_cases(table, split)
    if split is None and len(splits_of(table)) > 1:
        tell(f"note: all splits of the table are taken: {', '.join(splits_of(table))}.")
    check_out(out)
    acquisition = Acquisition(
        make_pattern(pattern, acceleration, center_fraction, seed, pattern_option),
        phase, snr, coils,
    )  # fmt: skip
    names = split_methods(method)
    # Its scores come with those of every other method.
    names = [name for name in names if name != ZERO_FILLED] or names
    parameters = pairs(param, "--param")
    choices = [MethodChoice(name, parameters, device, precision, weights) for name in names]
    of_runs = rows[0].run is not None
    if not of_runs:
        for choice in choices:
            choice.record()  # an unknown method or parameter, or missing weights, ends here
    planned, failed = _plan(rows, acquisition, seed, choices, out)
    work: Work = score_run_folder if of_runs else score_method
    session: Session = context.obj
    with JobSteps(len(planned)) as steps:
        outcomes = run_jobs(
            planned,
            work,
            find=(lambda job: None) if again else find_scores,
            n_processes=jobs,
            watch=steps,
            stop=session.stop,
        )
    return _report([*failed, *outcomes], out, as_json=json)


def _plan(
    rows: Sequence[Row],
    acquisition: Acquisition,
    seed: int,
    choices: Sequence[MethodChoice],
    out: Path,
) -> tuple[list[Job], list[Outcome]]:
    """Return the jobs, case by case, and those that cannot be begun."""
    planned, failed = [], []
    for row in rows:
        try:
            if row.image is None:
                found = [run_folder_job(row)]
            else:
                own = acquisition.with_seed(case_seed(seed, row.case))
                found = [make_job(row.case, row.image, row.labels, own, one) for one in choices]
        except (InputError, RequestError) as why:
            tell(f"{row.case}: failed: {sentence(why)}")
            failed.append(Outcome(row.case, "failed", error=why))
            continue
        planned += [into(job, out) for job in found]
    return planned, failed


def _report(outcomes: Sequence[Outcome], out: Path, *, as_json: bool) -> int:
    """Write the tables, name what failed; return the exit status."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    cases = [read_scored(Path(one.value)) for one in outcomes if one.error is None]
    facts: dict[str, Any] = {"summary": [], "differences": [], "warnings": []}
    if cases:
        entries = [entry for case in cases for entry in case.entries()]
        tables = make_tables(entries, [one.name for one in failed])
        tables.save(out)
        save_rows(out, entries)
        _tell_notes(cases)
        facts = tables.to_json()
        if not as_json:
            say(tables.to_markdown())
        tell(f"written to {out}")
    if as_json:
        failures = {one.name: sentence(one.error) for one in failed if one.error is not None}
        say_json({**facts, "failed": failures})
    if not failed:
        return DONE
    tell(f"{len(failed)} of {len(outcomes)} failed: {', '.join(one.name for one in failed)}.")
    return WRONG if all_refused(outcomes) else FAILED


def _tell_notes(cases: Sequence[Scored]) -> None:
    """Write what a user should know, once, and of which case it is true."""
    of: dict[str, list[str]] = {}
    for case in cases:
        for line in case.warnings:
            of.setdefault(line, []).append(case.case)
    for line, names in list(of.items())[:MOST_NOTES]:
        where = names[0] if len(names) == 1 else f"{len(names)} of {len(cases)}"
        tell(f"note, {where}: {line}")
    if len(of) > MOST_NOTES:
        tell(f"note: {len(of) - MOST_NOTES} more stand in the files of {FOLDER}.")
