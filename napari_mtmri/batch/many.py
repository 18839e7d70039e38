# SPDX-License-Identifier: BSD-3-Clause
"""Functions for many cases: run methods on them, or score methods over them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.cases_table import CaseRow, Cases, as_rows
from napari_mtmri.batch.job import Job, Outcome, Watch
from napari_mtmri.batch.method_choice import MethodChoice, as_choices
from napari_mtmri.batch.result_store import check_out, find_result, into_folder, make_result
from napari_mtmri.batch.run_case import make_job
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.batch.score_store import (
    Scored,
    find_scores,
    into_scores,
    make_scores,
    read_scored,
    result_folder_job,
)
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import remove_leftovers
from napari_mtmri.methods.base import DEFAULT_METHOD
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.stats.differences import Tables, make_tables, save_rows


@dataclass(frozen=True)
class Evaluation:
    """Scores of methods over cases.

    Parameters
    ----------
    outcomes : tuple of Outcome
        Outcome of each method on each case; the value is the file with its scores.
    cases : tuple of Scored
        Scores of the successful jobs.
    tables : Tables or None
        Summary and paired differences over the cases; None if all failed.
    """

    outcomes: tuple[Outcome, ...]
    cases: tuple[Scored, ...]
    tables: Tables | None


def run_many(
    cases: Cases,
    out: str | Path,
    acquisition: Acquisition | None = None,
    methods: Sequence[str | MethodChoice] = (DEFAULT_METHOD,),
    *,
    labels: Sequence[str | Path] | None = None,
    again: bool = False,
    where: Where | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> list[Outcome]:
    """Return the outcome of each method on each case, after writing a result folder for each.

    The result folder of a case is ``out/CASE``, or ``out/CASE/METHOD`` for several methods.
    If a case fails, the others continue. Existing results are kept: after a stop, the same
    call continues.

    Parameters
    ----------
    cases : path, or sequence of path or CaseRow
        A table of cases, or volumes; see `napari_mtmri.batch.cases_table.as_rows`.
    out : path
        Folder for the result folders.
    acquisition : Acquisition, optional
        Acquisition of all cases, with one seed; by default a random pattern at R = 4.
    methods : sequence of str or MethodChoice
    labels : sequence of path, optional
        Reference segmentations, one for each volume, in order.
    again : bool
        Recompute and overwrite existing results of the same inputs.
    where : Where, optional
        By default in this process.
    watch : Watch, optional
        Receives the progress.
    stop : threading.Event, optional
        Set it to stop.

    Returns
    -------
    list of Outcome
        The value of each is a `StoredResult`.

    Raises
    ------
    RequestError, WeightsError, ResourceError
        If a method, its weights or ``out`` cannot be used.
    Stopped
        If ``stop`` was set; results that are complete are kept.

    Examples
    --------
    >>> import tempfile
    >>> import napari_mtmri as mt
    >>> from napari_mtmri.samples import phantom
    >>> folder = tempfile.mkdtemp()
    >>> volume = mt.save(phantom()[0], f"{folder}/head.nii.gz")
    >>> scanned = mt.Acquisition(mt.Pattern("random", acceleration=3))
    >>> [outcome] = mt.run_many([volume], f"{folder}/results", scanned, ["zero-filled"])
    >>> outcome.name, outcome.state
    ('head · zero-filled', 'done')
    >>> round(mt.open(outcome.value.folder).acceleration)
    3
    """
    out = Path(out)
    rows, choices = as_rows(cases, labels), as_choices(methods)
    check_out(out)
    for choice in choices:
        choice.record()  # raises for an unknown method or parameter, or missing weights
    scanned = acquisition or Acquisition()

    def job_of(row: CaseRow, choice: MethodChoice) -> list[Job]:
        if row.image is None:
            raise InputError(f"{row.case}: the table has no image for it; add the column.")
        folder = out / row.case / choice.name if len(choices) > 1 else out / row.case
        job = make_job(row.case, row.image, row.labels, scanned, choice)
        return [into_folder(job, folder, again=again)]

    jobs, refused = _plan(
        (f"{row.case} · {choice.name}", partial(job_of, row, choice))
        for row in rows
        for choice in choices
    )
    find = _find_none if again else find_result
    return run_jobs(jobs, make_result, refused, find=find, where=where, watch=watch, stop=stop)


def evaluate_many(
    cases: Cases,
    out: str | Path,
    acquisition: Acquisition | None = None,
    methods: Sequence[str | MethodChoice] = (DEFAULT_METHOD,),
    *,
    labels: Sequence[str | Path] | None = None,
    keep: bool = False,
    again: bool = False,
    where: Where | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> Evaluation:
    """Return the scores of methods over cases, with intervals and paired differences.

    Writes ``scores.csv`` (all numbers), ``summary.csv`` and ``summary.md`` (over cases) and
    ``differences.csv`` (paired) into ``out``. Existing scores are kept: after a stop, the same
    call continues.

    Parameters
    ----------
    cases : path, or sequence of path or CaseRow
        A table of cases, or volumes; see `napari_mtmri.batch.cases_table.as_rows`. For rows
        with a result folder, its images are scored and no method is run.
    out : path
        Folder for the tables.
    acquisition : Acquisition, optional
        Acquisition of the cases, each with its own seed (`case_seed`); by default a random
        pattern at R = 4.
    methods : sequence of str or MethodChoice
        "zero-filled" is always included.
    labels : sequence of path, optional
        Reference segmentations, one for each volume, in order.
    keep : bool
        Also write the result of each method on each case to ``out/results/CASE/METHOD``.
    again : bool
        Recompute and overwrite existing scores.
    where : Where, optional
        By default in this process.
    watch : Watch, optional
        Receives the progress.
    stop : threading.Event, optional
        Set it to stop.

    Raises
    ------
    InputError
        If the table cannot be used.
    RequestError, WeightsError, ResourceError
        If a method, its weights or ``out`` cannot be used.
    Stopped
        If ``stop`` was set; scores that are complete are kept.

    Examples
    --------
    >>> import tempfile
    >>> import napari_mtmri as mt
    >>> from napari_mtmri.samples import phantom
    >>> folder = tempfile.mkdtemp()
    >>> volumes = [
    ...     mt.save(phantom(seed=seed)[0], f"{folder}/head{seed}.nii.gz") for seed in range(2)
    ... ]
    >>> found = mt.evaluate_many(volumes, f"{folder}/scores", methods=["zero-filled"])
    >>> [one.case for one in found.cases]
    ['head0', 'head1']
    """
    out = Path(out)
    rows, choices = as_rows(cases, labels), as_choices(methods)
    # Every method also gives the scores of the zero-filled image.
    choices = [choice for choice in choices if choice.name != ZERO_FILLED] or choices
    check_out(out)
    if any(row.run is None for row in rows):
        for choice in choices:
            choice.record()  # raises for an unknown method or parameter, or missing weights
    scanned = acquisition or Acquisition()

    def jobs_of(row: CaseRow) -> list[Job]:
        if row.image is None:
            found = [result_folder_job(row)]
        else:
            own = scanned.for_case(row.case)
            found = [make_job(row.case, row.image, row.labels, own, one) for one in choices]
        return [into_scores(job, out, keep=keep) for job in found]

    jobs, refused = _plan((row.case, partial(jobs_of, row)) for row in rows)
    remove_leftovers(out)
    find = _find_none if again else find_scores
    outcomes = run_jobs(jobs, make_scores, refused, find=find, where=where, watch=watch, stop=stop)
    return _tabulate(outcomes, out, {row.case: row.patient for row in rows})


def _plan(
    wanted: Iterable[tuple[str, Callable[[], list[Job]]]],
) -> tuple[list[Job], list[Outcome]]:
    """Return the jobs, and a failed outcome for each job that cannot start."""
    jobs, refused = [], []
    for name, make in wanted:
        try:
            jobs += make()
        except (InputError, RequestError) as why:
            refused.append(Outcome(name, "failed", error=why))
    return jobs, refused


def _find_none(job: Job) -> None:
    return None


def _tabulate(outcomes: Sequence[Outcome], out: Path, patients: Mapping[str, str]) -> Evaluation:
    failed = [one.name for one in outcomes if one.error is not None]
    cases = tuple(read_scored(Path(one.value)) for one in outcomes if one.error is None)
    if not cases:
        return Evaluation(tuple(outcomes), (), None)
    entries = [
        replace(entry, patient=patients.get(case.case, ""))
        for case in cases
        for entry in case.entries()
    ]
    tables = make_tables(entries, failed)
    tables.save(out)
    save_rows(out, entries)
    return Evaluation(tuple(outcomes), cases, tables)
