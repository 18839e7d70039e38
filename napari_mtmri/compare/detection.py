# SPDX-License-Identifier: BSD-3-Clause
"""Detection of inserted lesions: which size and contrast is still seen at which acceleration."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.cases_table import Cases
from napari_mtmri.batch.job import Job, Outcome, Watch
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.batch.result_store import check_out
from napari_mtmri.batch.run_case import with_acquisition
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.compare.detection_jobs import (
    find_insertion,
    into_insertion,
    lesion_of,
    make_insertion,
    open_image,
    read_found,
)
from napari_mtmri.compare.detection_points import lesion_points
from napari_mtmri.compare.detection_rows import Detection, DetectionRow
from napari_mtmri.compare.sweep_plan import SweepPlan, make_plan, request_of
from napari_mtmri.compare.sweep_points import base_job
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.inserted_lesion import InsertedLesion, insert_sphere
from napari_mtmri.methods.base import DEFAULT_METHOD
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.volume import Volume

ACCELERATIONS = (2.0, 4.0, 8.0)
DIAMETERS = (3.0, 5.0, 10.0, 20.0)
CONTRASTS = (0.3,)
N_POINTS = 8


def run_detection(
    cases: Cases,
    out: str | Path,
    methods: Sequence[str | MethodChoice] = (DEFAULT_METHOD,),
    accelerations: Sequence[float] = ACCELERATIONS,
    patterns: Sequence[str | Pattern] = ("random",),
    seeds: int | Sequence[int] = 1,
    *,
    diameters: Sequence[float] = DIAMETERS,
    contrasts: Sequence[float] = CONTRASTS,
    points: int | Sequence[tuple[float, float, float]] = N_POINTS,
    voxel_mm: tuple[float, float, float] | None = None,
    acquisition: Acquisition | None = None,
    labels: Sequence[str | Path] | None = None,
    seed_per_case: bool | None = None,
    again: bool = False,
    where: Where | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> Detection:
    """Insert lesions into fully sampled images, under-sample, run, and look for them.

    Each lesion is inserted alone. Only the slices that contain it are simulated and run, with
    the same result as in the whole volume. Writes tables and plots into ``out``; finished
    lesions are kept, as in `run_sweep`.

    Parameters
    ----------
    cases, out, methods, accelerations, patterns, seeds, acquisition, labels, seed_per_case
        As in `run_sweep`.
    diameters : sequence of float
        In mm.
    contrasts : sequence of float
        Relative to the signal at the place: 0.3 is 30 % brighter.
    points : int, or sequence of (i, j, k)
        Number of points spread over the brain of each case, away from drawn lesions; or
        centres in voxel coordinates.
    voxel_mm : (float, float, float), optional
        Voxel size along the array axes, for files that do not state it.
    again, where, watch, stop
        As in `run_sweep`.

    Raises
    ------
    InputError, RequestError, WeightsError, ResourceError, Stopped
        As `run_sweep`.

    Examples
    --------
    >>> import tempfile
    >>> import napari_mtmri as mt
    >>> from napari_mtmri.compare import run_detection
    >>> from napari_mtmri.samples import phantom
    >>> folder = tempfile.mkdtemp()
    >>> head = mt.save(phantom(lesion=False)[0], f"{folder}/head.nii.gz")
    >>> found = run_detection(
    ...     [head], f"{folder}/seen", ["zero-filled"], (2, 8), diameters=(4, 12), points=2
    ... )
    >>> left = {(one.acceleration, one.diameter): one.contrast_left for one in found.summary()}
    >>> left[2, 12] > left[8, 4]
    True
    """
    from napari_mtmri.compare.detection_store import save_detection

    out = Path(out)
    plan = make_plan(
        cases, methods, accelerations, patterns, seeds,
        acquisition=acquisition, labels=labels, seed_per_case=seed_per_case,
    )  # fmt: skip
    kinds = [(float(one), float(other)) for one in diameters for other in contrasts]
    for diameter, contrast in kinds:
        InsertedLesion((0, 0, 0), diameter, contrast)  # raises if a number is out of range
    if not kinds:
        raise RequestError("`diameters` and `contrasts` must not be empty; give at least one.")
    check_out(out)
    jobs, failed = _plan_lesions(plan, out, kinds, points, voxel_mm)
    if not jobs:
        raise RequestError(next(iter(failed.values())))
    outcomes = run_jobs(
        [job for _, job in jobs],
        make_insertion,
        [Outcome(name, "failed", error=RequestError(why)) for name, why in failed.items()],
        find=(lambda job: None) if again else find_insertion,
        where=where,
        watch=watch,
        stop=stop,
    )[len(failed) :]
    request = {
        **request_of(plan, [job for _, job in jobs]),
        "diameters": [float(one) for one in diameters],
        "contrasts": [float(one) for one in contrasts],
        "voxel_mm": voxel_mm,
        "points": points if isinstance(points, int) else [list(map(float, one)) for one in points],
    }
    failed |= {one.name: str(one.error) for one in outcomes if one.error is not None}
    patients = {row.case: row.patient for row in plan.rows}
    rows = tuple(
        replace(_row(pattern, job, Path(outcome.value)), patient=patients[job.request["case"]])
        for (pattern, job), outcome in zip(jobs, outcomes, strict=True)
        if outcome.error is None
    )
    example = _example([job for _, job in jobs])
    detection = Detection(out, rows, failed, request, example)
    save_detection(detection)
    return detection


def _plan_lesions(
    plan: SweepPlan,
    out: Path,
    kinds: Sequence[tuple[float, float]],
    points: int | Sequence[tuple[float, float, float]],
    voxel_mm: tuple[float, float, float] | None,
) -> tuple[list[tuple[tuple[str, float, int], Job]], dict[str, str]]:
    """Return the jobs with pattern, R and seed, and the reasons of what is impossible."""
    jobs: list[tuple[tuple[str, float, int], Job]] = []
    failed: dict[str, str] = {}
    acquisitions = list(plan.acquisitions())
    for row in plan.rows:
        centers: Sequence[tuple[float, float, float]] | None = None
        for choice in plan.choices:
            base = base_job(row, choice)
            try:
                if isinstance(base, Job) and centers is None:
                    centers = _centers(base, plan.acquisition, kinds, points, voxel_mm)
            except (InputError, RequestError) as why:
                base = str(why)
            if not isinstance(base, Job) or centers is None:
                failed[row.case] = str(base)
                continue
            for pattern, factor, seed, _, found in acquisitions:
                name = f"{row.case} · {choice.name} · {pattern} R{factor:g} seed {seed}"
                if not isinstance(found, Acquisition):
                    failed[name] = found
                    continue
                scan = with_acquisition(base, plan.for_case(found, row.case))
                jobs += [
                    (
                        (pattern, factor, seed),
                        into_insertion(replace(scan, name=name), one, out, voxel_mm),
                    )
                    for one in _lesions(centers, kinds)
                ]
    return jobs, failed


def _lesions(
    centers: Sequence[tuple[float, float, float]], kinds: Sequence[tuple[float, float]]
) -> Iterator[InsertedLesion]:
    for center in centers:
        for diameter, contrast in kinds:
            yield InsertedLesion(center, diameter, contrast)


def _centers(
    job: Job,
    acquisition: Acquisition,
    kinds: Sequence[tuple[float, float]],
    points: int | Sequence[tuple[float, float, float]],
    voxel_mm: tuple[float, float, float] | None,
) -> Sequence[tuple[float, float, float]]:
    if not isinstance(points, int):
        return [(float(i), float(j), float(k)) for i, j, k in points]
    image, labels = open_image(job, voxel_mm)
    largest = max(diameter for diameter, _ in kinds)
    return lesion_points(image, labels, largest, points, acquisition.axes(image))


def _row(where: tuple[str, float, int], job: Job, place: Path) -> DetectionRow:
    lesion, found = lesion_of(job), read_found(place)
    pattern, factor, seed = where
    return DetectionRow(
        case=job.request["case"],
        method=job.request["method"],
        pattern=pattern,
        acceleration=factor,
        seed=seed,
        **asdict(lesion),
        **asdict(found),
    )


def _example(jobs: Sequence[Job]) -> tuple[Volume, Volume, Volume] | None:
    """Return one image before and after the insertion of a lesion of middle size."""
    first = jobs[0].request["case"]
    own = sorted(
        (job for job in jobs if job.request["case"] == first),
        key=lambda job: job.request["lesion"]["diameter"],
    )
    job = own[len(own) // 2]
    try:
        before, _ = open_image(job, job.request.get("voxel_mm"))
        return before, *insert_sphere(before, lesion_of(job))
    except (InputError, RequestError):  # its job has failed for the same reason
        return None
