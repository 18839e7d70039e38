# SPDX-License-Identifier: BSD-3-Clause
"""Result folders of many cases: check, find and write the result folder of a job."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_mtmri.batch.job import Job, Report
from napari_mtmri.batch.run_case import absolute, case_of, run_job
from napari_mtmri.errors import RequestError
from napari_mtmri.files import RUN_RECORD, check_free_space, check_writable, read_text
from napari_mtmri.metrics.base import Scores
from napari_mtmri.readers.run_folder import write_run

IMAGES_OF_A_RESULT, IMAGES_WITH_PHASE, BYTES_OF_A_VOXEL = 5, 4, 4


@dataclass(frozen=True)
class StoredResult:
    """A result folder with a summary of its content.

    Parameters
    ----------
    case, method : str
    folder : Path
    sampling, device : str
        Text; like all fields below, empty if the result is from an earlier run.
    seconds : mapping
        Duration of each step.
    scores : mapping
        `Scores` of the method and of "zero-filled".
    warnings : tuple of str
    """

    case: str
    method: str
    folder: Path
    sampling: str = ""
    device: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, Scores] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def check_out(out: Path) -> None:
    """Check that results can be written to ``out``.

    Raises
    ------
    RequestError
        If it is a file or a result folder.
    ResourceError
        If it is not writable.
    """
    if out.exists() and not out.is_dir():
        raise RequestError(f"{out}: is a file; choose a folder as `out`.")
    if (out / RUN_RECORD).exists():
        raise RequestError(
            f"{out}: is a result folder; choose the folder that contains it as `out`."
        )
    check_writable(out)


def into_folder(job: Job, folder: Path, *, again: bool) -> Job:
    """Return the job with the path of its result folder.

    Raises
    ------
    RequestError
        If the folder contains anything but a result of the same input, or, unless ``again``,
        a result with other settings.
    """
    _check_folder(folder, job, again)
    return replace(job, places={**job.places, "folder": absolute(folder)})


def find_result(job: Job) -> StoredResult | None:
    """Return the existing result folder of exactly this job, or None."""
    record = read_record(Path(job.places["folder"]))
    return _stored(job) if record is not None and record["job"] == job.key else None


def make_result(job: Job, report: Report, stop: threading.Event) -> StoredResult:
    """Run one job, from the volume to its result folder."""
    folder = Path(job.places["folder"])
    case = case_of(job)
    n_images = IMAGES_OF_A_RESULT + (IMAGES_WITH_PHASE if job.request.get("keep_phase") else 0)
    check_free_space(folder, case.scan.grid.data.size * n_images * BYTES_OF_A_VOXEL)
    result = run_job(job, case, report, stop)
    write_run(result, folder, labels=case.labels)
    return replace(
        _stored(job),
        sampling=case.sampling,
        device=result.provenance["device"],
        seconds=dict(result.timings),
        scores=result.scores,
        warnings=result.warnings,
    )


def _stored(job: Job) -> StoredResult:
    return StoredResult(job.request["case"], job.request["method"], Path(job.places["folder"]))


def _check_folder(folder: Path, job: Job, again: bool) -> None:
    if (folder.parent / RUN_RECORD).exists():
        raise RequestError(f"{folder.parent}: is a result folder; choose another `out`.")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    record = read_record(folder)
    if record is None:
        raise RequestError(f"{folder}: exists and is not a result folder; choose another `out`.")
    if record["job"] == job.key:
        return
    if record["image"] != job.request["image"]:
        raise RequestError(f"{folder}: contains the result of another input; choose another `out`.")
    if not again:
        raise RequestError(
            f"{folder}: contains a result with other settings; choose another `out`, or overwrite "
            "it with `again`."
        )


def read_record(folder: Path) -> dict[str, Any] | None:
    """Return the job key and image hash of a result folder, or None if it is not one."""
    try:
        record = json.loads(read_text(folder / RUN_RECORD))
        request, made_from = record["request"], record["provenance"]["input"]
        image = request.get("image") or made_from["sha256"]
        return {"job": request.get("job"), "image": image}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
