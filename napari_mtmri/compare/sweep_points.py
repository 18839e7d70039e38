# SPDX-License-Identifier: BSD-3-Clause
"""Points of a sweep: each method, acceleration, pattern, seed and case as one job."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.cases_table import CaseRow
from napari_mtmri.batch.job import Job, Outcome, Report
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.batch.result_store import IMAGES_OF_A_RESULT, find_result
from napari_mtmri.batch.run_case import absolute, case_of, make_job, run_job, with_acquisition
from napari_mtmri.batch.score_store import find_scores, into_scores, write_scores
from napari_mtmri.compare.sweep_plan import SweepPlan
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import check_free_space, safe_child
from napari_mtmri.readers.run_folder import write_run

IMAGES = "images"
BYTES_OF_A_VOXEL = 4


@dataclass(frozen=True)
class SweepPoint:
    """One method at one acceleration with one sampling mask on one case.

    Parameters
    ----------
    case, method, pattern : str
    acceleration : float
        Requested R; for a mask from a file, and for full sampling, 1.
    seed : int
        Seed of the sampling mask in the request; a table of cases derives one for each case.
    noise : int or None
        Number of the repeated scan, from 1, if only the noise is new.
    key : str
        SHA-256 of the request; empty if the request is impossible.
    state : {"planned", "done", "failed"}
    reason : str
        Why it failed.
    achieved : float
        Achieved acceleration; NaN until it is done.
    result : Path or None
        Kept result folder.
    warnings : tuple of str
    patient : str
        Patient of whom the case is a session; empty: the case is one.
    """

    case: str
    method: str
    pattern: str
    acceleration: float
    seed: int
    noise: int | None = None
    key: str = ""
    state: Literal["planned", "done", "failed"] = "planned"
    reason: str = ""
    achieved: float = math.nan
    result: Path | None = None
    warnings: tuple[str, ...] = ()
    patient: str = ""

    @property
    def name(self) -> str:
        """Name for the user."""
        noise = "" if self.noise is None else f" noise {self.noise}"
        return (
            f"{self.case} · {self.method} · {self.pattern} R{self.acceleration:g} "
            f"seed {self.seed}{noise}"
        )


def plan_points(
    plan: SweepPlan, out: Path, *, images: bool
) -> tuple[list[tuple[SweepPoint, Job]], list[SweepPoint]]:
    """Return the points that can be computed with their jobs, and those that are impossible.

    Parameters
    ----------
    plan : SweepPlan
    out : Path
        Folder of the sweep.
    images : bool
        Keep the result folder of each point.
    """
    acquisitions = list(plan.acquisitions())
    planned: list[tuple[SweepPoint, Job]] = []
    refused: list[SweepPoint] = []
    for row in plan.rows:
        for choice in plan.choices:
            base = base_job(row, choice)
            for pattern, factor, seed, noise, found in acquisitions:
                point = SweepPoint(
                    row.case, choice.name, pattern, factor, seed, noise, patient=row.patient
                )
                problem = next((one for one in (base, found) if isinstance(one, str)), None)
                if isinstance(base, Job) and isinstance(found, Acquisition):
                    job = with_acquisition(base, plan.for_case(found, row.case))
                    point = replace(point, key=job.key)
                    planned.append((point, _placed(job, point, out, images=images)))
                else:
                    refused.append(replace(point, state="failed", reason=problem or ""))
    return planned, refused


def base_job(row: CaseRow, choice: MethodChoice) -> Job | str:
    """Return the job of a method on a case without its acquisition, or why it is impossible."""
    if row.image is None:
        return f"{row.case}: the table has no image for it; add the column."
    try:
        return make_job(row.case, row.image, row.labels, Acquisition(), choice)
    except InputError as why:
        return str(why)


def _placed(job: Job, point: SweepPoint, out: Path, *, images: bool) -> Job:
    job = replace(into_scores(job, out), name=point.name)
    if not images:
        return job
    noise = "" if point.noise is None else f"-noise{point.noise}"
    name = (
        f"{point.case}-{point.method}-{point.pattern}-R{point.acceleration:g}-seed{point.seed}"
        f"{noise}-{job.key[:8]}"
    )
    folder = safe_child(out / IMAGES, name.replace("/", "-"))
    return replace(job, places={**job.places, "folder": absolute(folder)})


def find_point(job: Job) -> str | None:
    """Return the scores file of a point if it, and the result folder it wants, exist."""
    if "folder" in job.places and find_result(job) is None:
        return None
    return find_scores(job)


def make_point(job: Job, report: Report, stop: threading.Event) -> str:
    """Run one point, from the volume to its scores and result folder; return the scores file."""
    case = case_of(job)
    result = run_job(job, case, report, stop)
    folder = job.places.get("folder")
    if folder is not None:
        n_voxels = case.scan.grid.data.size
        check_free_space(Path(folder), n_voxels * IMAGES_OF_A_RESULT * BYTES_OF_A_VOXEL)
        write_run(result, Path(folder), labels=case.labels)
    return write_scores(job, result, case.sampling)


def as_outcome(point: SweepPoint) -> Outcome:
    """Return the outcome of an impossible point."""
    return Outcome(point.name, "failed", error=RequestError(point.reason))
