# SPDX-License-Identifier: BSD-3-Clause
"""Sweep: scores of methods over acceleration, pattern and mask, on one case or many."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.cases_table import CaseRow, Cases
from napari_mtmri.batch.job import Job, Outcome, Report, Watch
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.batch.result_store import check_out
from napari_mtmri.batch.run_case import case_of, run_job
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.batch.score_store import read_scored
from napari_mtmri.compare.detection_rows import Detection
from napari_mtmri.compare.spread import Spread, spreads_of
from napari_mtmri.compare.sweep_plan import make_plan, request_of
from napari_mtmri.compare.sweep_points import (
    SweepPoint,
    as_outcome,
    find_point,
    make_point,
    plan_points,
)
from napari_mtmri.compare.sweep_rows import (
    Curve,
    SweepRow,
    curves_of,
    metrics_of,
    rows_of,
    summary_markdown,
    summary_records,
    tidy_csv,
    without_twins,
)
from napari_mtmri.errors import RequestError
from napari_mtmri.methods.base import DEFAULT_METHOD
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.readers.run_folder import read_run
from napari_mtmri.result import Result
from napari_mtmri.verbs import save
from napari_mtmri.volume import Volume

ACCELERATIONS = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
INPUTS = "inputs"


@dataclass(frozen=True)
class Sweep:
    """Scores of a sweep.

    Parameters
    ----------
    folder : Path
    points : tuple of SweepPoint
        All that was requested; each is done or has failed for a reason.
    rows : tuple of SweepRow
        Tidy table of the scores of volumes.
    spreads : tuple of Spread
        Spread over masks and over noise, if it was requested.
    detection : Detection or None
        Detection of inserted lesions, if it was requested.
    request : mapping
        What was swept, as plain data without paths.
    jobs : mapping
        `Job` of each point by its key, to compute its result again.
    """

    folder: Path
    points: tuple[SweepPoint, ...] = ()
    rows: tuple[SweepRow, ...] = ()
    spreads: tuple[Spread, ...] = ()
    detection: Detection | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict, repr=False)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the headline scores that were measured, in table order."""
        return metrics_of(self.rows)

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the requested methods."""
        return tuple(dict.fromkeys(point.method for point in self.points))

    @property
    def failed(self) -> tuple[SweepPoint, ...]:
        """Points that failed."""
        return tuple(point for point in self.points if point.state == "failed")

    def curves(self, metric: str) -> tuple[Curve, ...]:
        """Return the curves of a score over the acceleration, see `Curve`."""
        return curves_of(self.rows, metric)

    def at(self, method: str, pattern: str, acceleration: float) -> tuple[SweepPoint, ...]:
        """Return the finished points of a method at a place of its curve."""
        return tuple(
            point
            for point in self.points
            if (point.method, point.pattern, point.acceleration) == (method, pattern, acceleration)
            and point.state == "done"
        )

    def to_csv(self) -> str:
        """Return the tidy table as CSV with all digits."""
        return tidy_csv(self.rows)

    def summary_records(self) -> list[dict[str, Any]]:
        """Return mean and band of each headline score and R, as plain data."""
        return summary_records(self.rows)

    def summary_markdown(self) -> str:
        """Return the headline scores over R as Markdown tables."""
        return summary_markdown(self.rows)


def run_sweep(
    cases: Cases,
    out: str | Path,
    methods: Sequence[str | MethodChoice] = (DEFAULT_METHOD,),
    accelerations: Sequence[float] = ACCELERATIONS,
    patterns: Sequence[str | Pattern] = ("random",),
    seeds: int | Sequence[int] = 1,
    *,
    jiggle: int = 0,
    acquisition: Acquisition | None = None,
    labels: Sequence[str | Path] | None = None,
    seed_per_case: bool | None = None,
    images: bool = False,
    spread: bool = False,
    again: bool = False,
    where: Where | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> Sweep:
    """Return the scores of methods over accelerations, patterns, masks and cases.

    Writes the tables and plots into ``out``. Finished points are kept: after a stop the same
    call continues, and a further R computes that R alone. If a point fails, for example
    because the pattern is impossible at one R, the others continue.

    Parameters
    ----------
    cases : path, or sequence of path or CaseRow
        A table of cases, or volumes; see `napari_mtmri.batch.cases_table.as_rows`.
    out : path
        Folder of the sweep.
    methods : sequence of str or MethodChoice
        "zero-filled" is always measured.
    accelerations : sequence of float
        Requested R.
    patterns : sequence of str or Pattern
        Names, mask files, or patterns; their R and seed are replaced.
    seeds : int or sequence of int
        Number of sampling masks (seeds 0, 1, ...), or their seeds.
    jiggle : int
        Number of repeated scans with the first mask and new noise; needs ``acquisition.snr``.
    acquisition : Acquisition, optional
        Phase, noise, coils and axes; its pattern is replaced.
    labels : sequence of path, optional
        Reference segmentations, one for each volume, in order.
    seed_per_case : bool, optional
        Derive the seeds of each case from its name, as `evaluate_many` does, instead of using
        them as they are, as `run_many` does; by default for a table of cases.
    images : bool
        Keep the result folder of each point.
    spread : bool
        Compute mean, standard deviation and lesion frequency over masks, and over noise with
        ``jiggle``; keeps the result folders, from which they are computed.
    again : bool
        Recompute finished points.
    where, watch, stop
        As in `run_many`.

    Raises
    ------
    InputError
        If the table or a mask file cannot be used.
    RequestError, WeightsError, ResourceError
        If a method, its weights, a pattern or ``out`` cannot be used.
    Stopped
        If ``stop`` was set; finished points are kept.

    Examples
    --------
    >>> import tempfile
    >>> import napari_mtmri as mt
    >>> from napari_mtmri.compare import read_sweep, run_sweep
    >>> from napari_mtmri.samples import phantom
    >>> folder = tempfile.mkdtemp()
    >>> head = mt.save(phantom((32, 32, 8))[0], f"{folder}/head.nii.gz")
    >>> sweep = run_sweep([head], f"{folder}/sweep", ["zero-filled"], (2, 4), seeds=3)
    >>> [curve] = sweep.curves("PSNR")
    >>> curve.accelerations.tolist(), curve.band
    ([2.0, 4.0], 'range over 3 masks')
    >>> bool(curve.mean[0] > curve.mean[1])
    True
    >>> read_sweep(f"{folder}/sweep").rows == sweep.rows
    True
    """
    from napari_mtmri.compare.sweep_store import save_sweep

    out = Path(out)
    plan = make_plan(
        cases, methods, accelerations, patterns, seeds,
        jiggle=jiggle, acquisition=acquisition, labels=labels,
        seed_per_case=seed_per_case,
    )  # fmt: skip
    if spread and len(plan.seeds) < 2 and not plan.jiggle:
        raise RequestError("`spread` needs at least two masks or scans; give `seeds` or `jiggle`.")
    check_out(out)
    planned, refused = plan_points(plan, out, images=images or spread)
    if not planned:
        raise RequestError(refused[0].reason)
    outcomes = run_jobs(
        [job for _, job in planned],
        make_point,
        [as_outcome(point) for point in refused],
        find=(lambda job: None) if again else find_point,
        where=where,
        watch=watch,
        stop=stop,
    )
    request = request_of(plan, [job for _, job in planned])
    sweep = _collect(out, planned, refused, outcomes[len(refused) :], request)
    if spread:
        sweep = replace(sweep, spreads=tuple(spreads_of(sweep.points)))
    save_sweep(sweep)
    return sweep


def case_of_volume(volume: Volume, labels: Volume | None, folder: str | Path) -> CaseRow:
    """Return an open case for a sweep; volumes without a file are written to ``folder/inputs``.

    Parameters
    ----------
    volume : Volume
        Fully sampled image.
    labels : Volume, optional
        Reference segmentation.
    folder : path
        Folder of the sweep.

    Raises
    ------
    ResourceError
        If a file cannot be written.
    """

    def place(one: Volume, what: str) -> Path:
        if one.path is not None:
            return one.path
        inputs = Path(folder) / INPUTS
        inputs.mkdir(parents=True, exist_ok=True)
        return save(one, inputs / f"{what}.nii.gz")

    drawn = None if labels is None else place(labels, "labels")
    return CaseRow(volume.name, place(volume, "image"), drawn)


def open_point(
    sweep: Sweep,
    point: SweepPoint,
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> Result:
    """Return the result of a point: its kept result folder, or computed in this process.

    Raises
    ------
    RequestError
        If the point failed.
    InputError
        If an input no longer exists.
    Stopped
        If ``stop`` was set.
    """
    if point.result is not None and point.result.is_dir():
        return read_run(point.result)
    if point.key not in sweep.jobs:
        raise RequestError(f"{point.name}: has no result ({point.reason or 'not part of it'}).")
    job = sweep.jobs[point.key]
    return run_job(job, case_of(job), report or (lambda progress: None), stop or threading.Event())


def _collect(
    out: Path,
    planned: Sequence[tuple[SweepPoint, Job]],
    refused: Sequence[SweepPoint],
    outcomes: Sequence[Outcome],
    request: Mapping[str, Any],
) -> Sweep:
    points, rows = list(refused), []
    for (point, job), outcome in zip(planned, outcomes, strict=True):
        if outcome.error is not None:
            points.append(replace(point, state="failed", reason=str(outcome.error)))
            continue
        scored = read_scored(Path(outcome.value))
        folder = job.places.get("folder")
        done = replace(
            point,
            state="done",
            achieved=scored.acceleration,
            result=None if folder is None else Path(folder),
            warnings=scored.warnings,
        )
        points.append(done)
        rows += rows_of(done, scored.scores)
    jobs = {point.key: job for point, job in planned}
    return Sweep(out, tuple(points), without_twins(rows), request=request, jobs=jobs)
