# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri experiment``: the paper's tables, repeated on the user's cases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.output import DONE, FAILED, sentence, write_json, write_note, write_result
from napari_mtmri.cli.progress import JobSteps
from napari_mtmri.cli.session import Session
from napari_mtmri.cli.train import require_lightning
from napari_mtmri.errors import RequestError, Stopped

if TYPE_CHECKING:
    from napari_mtmri.batch.job import Outcome
    from napari_mtmri.study.plan import Experiment, Plan


@options.with_groups
def experiment(
    context: typer.Context,
    study: Annotated[
        str, typer.Argument(metavar="TABLE", help="table1, table2, table3 or table4.")
    ],
    data: Annotated[
        str,
        typer.Option(
            "--data", "-d", metavar="FOLDER", help="Folder of cases, with cases.csv; or simulated."
        ),
    ],
    out: options.Out,
    *,
    budget: Annotated[
        str,
        typer.Option(
            "--budget",
            metavar="NAME",
            help="Amount of training: small (minutes), narrow or cpu (hours), or full (needs a CUDA "
            "device).",
        ),
    ] = "small",
    rows: Annotated[
        str | None,
        typer.Option("--rows", metavar="NAME,...", help="Run only these rows of the table."),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="Split to score: val or test.")
    ] = "val",
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            min=0,
            metavar="N",
            help="Stop after about N minutes; the same command continues later.",
        ),
    ] = None,
    report_only: Annotated[
        bool,
        typer.Option(
            "--report-only", help="Write the report of the existing results without training."
        ),
    ] = False,
    where: options.WhereOptions,
    json: options.Json = False,
) -> int:
    """Repeat a table of the paper on your cases: train, score and compare its rows.

    table1: with and without ITFS and DRLC. table2: the weights of the two losses. Both
    contain the plain joint model, with which the other rows are compared, and two-stage.
    table3: all methods, lesions (ATLAS in the paper; any cases with one class). table4:
    all methods, CSF, white and grey matter (BrainWeb). Both compare with mtmri, and
    contain methods that need no training.
    After a stop (Ctrl-C, --minutes), the same command continues; rows that two tables
    share in one --out are trained once. --jobs and --dask apply to the scoring.
    The command writes a folder with report.md, CSV and figures.

    Example: napari-mtmri experiment table1 --budget small --data cases --out study
             napari-mtmri experiment table2 --budget cpu --data cases --out study --minutes 60
             napari-mtmri experiment table1 --budget small --data simulated --out study
             napari-mtmri experiment table3 --budget cpu --data cases --out study --rows mtmri,cs-tv
             napari-mtmri experiment table4 --budget cpu --data brainweb --out study --split test
    """
    from napari_mtmri.study.plan import TEST_RUNS, make_plan

    plan = make_plan(_asked(study, budget, data, out, split, rows))
    if report_only:
        return _report(plan, [], as_json=json)
    _check_machine(budget)
    if split == "test":
        write_note(f"note: each evaluation on the test cases is counted in {out / TEST_RUNS}.")
    session: Session = context.obj
    outcomes: Sequence[Outcome] = []
    with JobSteps() as steps, _at_most(minutes, session.stop) as is_over:
        from napari_mtmri.study.experiment import run_experiment

        try:
            outcomes = run_experiment(plan, where=where.where(), watch=steps, stop=session.stop)
        except Stopped as why:
            if not is_over():
                raise
            write_note(f"stopped after {minutes:g} minutes: {why}")
    return _report(plan, outcomes, as_json=json)


def _asked(
    study: str, budget: str, data: str, out: Path, split: str, rows: str | None
) -> Experiment:
    from napari_mtmri.study.budgets import budget_of
    from napari_mtmri.study.plan import Experiment
    from napari_mtmri.study.rows import study_of

    names = tuple(name.strip() for name in (rows or "").split(",") if name.strip())
    return Experiment(study_of(study), budget_of(budget), data, out, split, names)


def _check_machine(budget: str) -> None:
    require_lightning()
    if budget == "full":
        from napari_mtmri.device import choose_device

        device = choose_device("auto", "auto")
        if not device.name.startswith("cuda"):
            raise RequestError(
                f"--budget full needs a CUDA device, and this machine has {device.name}; "
                "use --budget cpu."
            )


@contextmanager
def _at_most(minutes: float | None, stop: threading.Event) -> Iterator[Callable[[], bool]]:
    """Set ``stop`` when the time is over; yields a function that returns whether it is over."""
    if minutes is None:
        yield lambda: False
        return
    end = time.monotonic() + 60 * minutes
    timer = threading.Timer(60 * minutes, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: time.monotonic() >= end
    finally:
        timer.cancel()


def _report(plan: Plan, outcomes: Sequence[Outcome], *, as_json: bool) -> int:
    """Write the report, list the failed rows; return the exit status."""
    from napari_mtmri.study import report, summary

    lines, study = summary.summarise_plan(plan), plan.experiment.study
    place = report.write_report(plan, lines)
    failed = {one.name: sentence(one.error) for one in outcomes if one.error is not None}
    if as_json:
        facts = {
            "report": str(place),
            "is_finished": all(line.is_done for line in lines),
            "summary": report.summary_records(lines, study.classes),
            "differences": report.difference_records(lines, study.base),
            "failed": failed,
        }
        write_json(facts)
    else:
        write_result(report.scores_table(lines, summary.zero_filled(plan), study.classes))
    write_note(plan.experiment.budget.note)
    write_note(f"written to {place}")
    if failed:
        write_note(f"{len(failed)} of {len(outcomes)} failed: {', '.join(failed)}.")
    return FAILED if failed else DONE
