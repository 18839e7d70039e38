# SPDX-License-Identifier: BSD-3-Clause
"""Detection of inserted lesions: which size and contrast is still seen at which acceleration."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.cases_table import Cases
from napari_mtmri.batch.job import Job, Outcome, Watch
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.batch.result_store import check_out
from napari_mtmri.batch.run_case import open_volumes, with_acquisition
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.compare.detection_jobs import (
    find_insertion,
    into_insertion,
    lesion_of,
    make_insertion,
    read_found,
)
from napari_mtmri.compare.detection_points import lesion_points
from napari_mtmri.compare.sweep import make_plan, request_of
from napari_mtmri.compare.sweep_points import SweepPlan, base_job
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.inserted_lesion import InsertedLesion, insert_sphere
from napari_mtmri.methods.base import DEFAULT_METHOD
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.stats.intervals import binomial_interval, bootstrap
from napari_mtmri.tables import csv_text, markdown_table
from napari_mtmri.volume import Volume

ACCELERATIONS = (2.0, 4.0, 8.0)
DIAMETERS = (3.0, 5.0, 10.0, 20.0)
CONTRASTS = (0.3,)
N_POINTS = 8
HEADINGS = (
    "Method", "Pattern", "R", "Diameter (mm)", "Contrast", "Found", "95 % interval",
    "Without lesion", "Contrast left",
)  # fmt: skip
NOTE = (
    "Found: at least one tenth of the lesion's voxels are in the mask. Without lesion: the same "
    "in the scan without it, a false alarm at this place. Contrast left: signal that the lesion "
    "adds to the reconstruction, divided by the signal it adds to the fully sampled image; mean "
    "and, for several cases, bootstrap 95 % interval over cases. Interval of found: Wilson, "
    "which takes the insertions as independent; those into the same case are not quite."
)


@dataclass(frozen=True)
class DetectionRow:
    """One inserted lesion, and what one method made of it.

    Parameters
    ----------
    case, method, pattern : str
    acceleration : float
        Requested R.
    seed : int
    center : (float, float, float)
        Voxel coordinates.
    diameter : float
        In mm.
    contrast : float
        Relative to the signal at this place.
    n_voxels, found, found_without, covered, contrast_left
        See `napari_mtmri.compare.detection_jobs.Found`.
    """

    case: str
    method: str
    pattern: str
    acceleration: float
    seed: int
    center: tuple[float, float, float]
    diameter: float
    contrast: float
    n_voxels: int
    found: bool | None
    found_without: bool | None
    covered: float
    contrast_left: float


ROW_COLUMNS = (
    "case", "method", "pattern", "R", "seed", "i", "j", "k", "diameter_mm", "contrast",
    "n_voxels", "found", "found_without", "covered", "contrast_left",
)  # fmt: skip


@dataclass(frozen=True)
class DetectionLine:
    """Summary over the lesions of one size and contrast.

    Parameters
    ----------
    method, pattern : str
    acceleration, diameter, contrast : float
    n, n_cases : int
        Number of insertions and of cases.
    n_found, n_without : int or None
        Number of lesions found, and of false alarms at the same places; None for methods
        without a segmentation.
    rate, low, high : float
        Share found, and its Wilson 95 % interval.
    contrast_left, contrast_low, contrast_high : float
        Mean, and bootstrap 95 % interval over cases; NaN for one case.
    """

    method: str
    pattern: str
    acceleration: float
    diameter: float
    contrast: float
    n: int
    n_cases: int
    n_found: int | None
    n_without: int | None
    rate: float
    low: float
    high: float
    contrast_left: float
    contrast_low: float
    contrast_high: float

    def cells(self) -> list[str]:
        """Return the row as formatted text."""
        found, interval, without = "—", "—", "—"
        if self.n_found is not None:
            found = f"{self.n_found} of {self.n} ({100 * self.rate:.0f} %)"
            interval = f"{100 * self.low:.0f} to {100 * self.high:.0f} %"
            without = f"{self.n_without} of {self.n}"
        left = "—"
        if not math.isnan(self.contrast_left):
            left = f"{100 * self.contrast_left:.0f} %"
        if not math.isnan(self.contrast_low):
            left += f" [{100 * self.contrast_low:.0f} to {100 * self.contrast_high:.0f}]"
        return [
            self.method, self.pattern, f"{self.acceleration:g}", f"{self.diameter:g}",
            f"{100 * self.contrast:+.0f} %", found, interval, without, left,
        ]  # fmt: skip


_NAMES = {"acceleration": "R", "diameter": "diameter_mm"}
LINE_COLUMNS = tuple(_NAMES.get(one.name, one.name) for one in fields(DetectionLine))


@dataclass(frozen=True)
class Detection:
    """Detection of inserted lesions.

    Parameters
    ----------
    folder : Path
    rows : tuple of DetectionRow
    failed : mapping
        Reason by the name of each lesion or point that failed.
    request : mapping
        What was asked, as plain data without paths.
    example : tuple of Volume or None
        One image before and after an insertion, and the fraction of each voxel that is lesion.
    """

    folder: Path
    rows: tuple[DetectionRow, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    example: tuple[Volume, Volume, Volume] | None = None

    def summary(self) -> tuple[DetectionLine, ...]:
        """Return a line for each method, pattern, R, diameter and contrast."""
        groups: dict[tuple[Any, ...], list[DetectionRow]] = {}
        for row in self.rows:
            key = (row.method, row.pattern, row.acceleration, row.diameter, row.contrast)
            groups.setdefault(key, []).append(row)
        return tuple(_line(key, rows) for key, rows in groups.items())

    def to_csv(self) -> str:
        """Return a row for each inserted lesion as CSV with all digits."""
        return csv_text(ROW_COLUMNS, map(_cells, self.rows))

    def summary_csv(self) -> str:
        """Return the summary as CSV with all digits."""
        lines = [list(asdict(line).values()) for line in self.summary()]
        return csv_text(LINE_COLUMNS, [["" if v is None else v for v in one] for one in lines])

    def to_markdown(self) -> str:
        """Return the summary as a Markdown table with its notes."""
        table = markdown_table(HEADINGS, [line.cells() for line in self.summary()])
        return f"{table}\n\n{NOTE}\n"


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
    acquisition: Acquisition | None = None,
    labels: Sequence[str | Path] | None = None,
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
    cases, out, methods, accelerations, patterns, seeds, acquisition, labels
        As in `run_sweep`.
    diameters : sequence of float
        In mm.
    contrasts : sequence of float
        Relative to the signal at the place: 0.3 is 30 % brighter.
    points : int, or sequence of (i, j, k)
        Number of points spread over the brain of each case, away from drawn lesions; or
        centres in voxel coordinates.
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
        cases, methods, accelerations, patterns, seeds, acquisition=acquisition, labels=labels
    )
    kinds = [(float(one), float(other)) for one in diameters for other in contrasts]
    for diameter, contrast in kinds:
        InsertedLesion((0, 0, 0), diameter, contrast)  # raises if a number is out of range
    if not kinds:
        raise RequestError("`diameters` and `contrasts` must not be empty; give at least one.")
    check_out(out)
    jobs, failed = _plan_lesions(plan, out, kinds, points)
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
        "points": points if isinstance(points, int) else [list(map(float, one)) for one in points],
    }
    failed |= {one.name: str(one.error) for one in outcomes if one.error is not None}
    rows = tuple(
        _row(pattern, job, Path(outcome.value))
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
                    centers = _centers(base, plan.acquisition, kinds, points)
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
                    ((pattern, factor, seed), into_insertion(replace(scan, name=name), one, out))
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
) -> Sequence[tuple[float, float, float]]:
    if not isinstance(points, int):
        return [(float(i), float(j), float(k)) for i, j, k in points]
    image, labels = open_volumes(job)
    largest = max(diameter for diameter, _ in kinds)
    return lesion_points(image, labels, largest, points, acquisition.axes(image))


def _row(where: tuple[str, float, int], job: Job, place: Path) -> DetectionRow:
    lesion, found = lesion_of(job), read_found(place)
    return DetectionRow(
        job.request["case"],
        job.request["method"],
        *where,
        lesion.center,
        lesion.diameter,
        lesion.contrast,
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
        before, _ = open_volumes(job)
        return before, *insert_sphere(before, lesion_of(job))
    except (InputError, RequestError):  # its job has failed for the same reason
        return None


def _line(key: tuple[Any, ...], rows: Sequence[DetectionRow]) -> DetectionLine:
    n, cases = len(rows), {row.case for row in rows}
    n_found, n_without = (
        _count(row.found for row in rows),
        _count(row.found_without for row in rows),
    )
    low, high = (math.nan, math.nan) if n_found is None else binomial_interval(n_found, n)
    left = {case: [row.contrast_left for row in rows if row.case == case] for case in sorted(cases)}
    means = [float(np.mean(values)) for values in left.values()]
    left_low, left_high = (math.nan, math.nan) if math.isnan(sum(means)) else bootstrap(means)
    return DetectionLine(
        *key,
        n=n,
        n_cases=len(cases),
        n_found=n_found,
        n_without=n_without,
        rate=math.nan if n_found is None else n_found / n,
        low=low,
        high=high,
        contrast_left=float(np.mean([row.contrast_left for row in rows])),
        contrast_low=left_low,
        contrast_high=left_high,
    )


def _count(flags: Iterator[bool | None]) -> int | None:
    found = [flag for flag in flags if flag is not None]
    return sum(found) if found else None


def _cells(row: DetectionRow) -> list[Any]:
    flags = ("" if flag is None else int(flag) for flag in (row.found, row.found_without))
    return [
        row.case, row.method, row.pattern, row.acceleration, row.seed, *row.center, row.diameter,
        row.contrast, row.n_voxels, *flags, row.covered, row.contrast_left,
    ]  # fmt: skip


def row_of(record: Mapping[str, str]) -> DetectionRow:
    """Return a row from the columns of its table.

    Raises
    ------
    KeyError, ValueError
        If a column is missing or is not a number.
    """
    flags = [bool(int(record[n])) if record[n] else None for n in ("found", "found_without")]
    i, j, k = (float(record[name]) for name in "ijk")
    return DetectionRow(
        record["case"],
        record["method"],
        record["pattern"],
        float(record["R"]),
        int(record["seed"]),
        (i, j, k),
        float(record["diameter_mm"]),
        float(record["contrast"]),
        int(record["n_voxels"]),
        *flags,
        float(record["covered"]),
        float(record["contrast_left"]),
    )
