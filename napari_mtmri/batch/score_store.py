# SPDX-License-Identifier: BSD-3-Clause
"""Scores of many cases: each job writes a small file with the scores of one method on one case."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_mtmri import __version__
from napari_mtmri.batch.cases_table import CaseRow
from napari_mtmri.batch.job import Job, Report
from napari_mtmri.batch.result_store import read_record
from napari_mtmri.batch.run_case import (
    absolute,
    case_of,
    fingerprint,
    require_unchanged,
    run_job,
)
from napari_mtmri.errors import InputError
from napari_mtmri.files import RUN_RECORD, read_text, safe_child, write_text
from napari_mtmri.metrics.base import Scores
from napari_mtmri.readers.base import read_volume
from napari_mtmri.readers.run_folder import write_run
from napari_mtmri.result import Result
from napari_mtmri.stats.differences import CaseScores
from napari_mtmri.verbs import evaluate, open

FOLDER, RESULTS = "cases", "results"


@dataclass(frozen=True)
class Scored:
    """Scores of one method on one case, and of its zero-filled image.

    Parameters
    ----------
    case, method : str
    sampling : str
        Description of the sampling.
    acceleration : float
        Acceleration achieved by the mask; NaN for files of older versions, which lack it.
    acquisition : mapping
        Pattern and realism without seeds; empty for files of older versions.
    scores : mapping
        `Scores` of the method and of "zero-filled".
    warnings : tuple of str
    seconds : float
        Run time of the method.
    """

    case: str
    method: str
    sampling: str
    acceleration: float
    acquisition: Mapping[str, Any]
    scores: Mapping[str, Scores]
    warnings: tuple[str, ...]
    seconds: float

    def entries(self) -> list[CaseScores]:
        """Return the scores of the method and of the zero-filled image as `CaseScores`."""
        return [
            CaseScores(self.case, name, one, self.sampling, self.acceleration, self.acquisition)
            for name, one in self.scores.items()
        ]


def into_scores(job: Job, out: Path, *, keep: bool = False) -> Job:
    """Return the job with the path of its scores file, and of its result folder if it is kept.

    Raises
    ------
    InputError
        If the name of the case leads out of the folder.
    """
    places = {**job.places, "scores": absolute(out / FOLDER / f"{job.key}.json")}
    if keep and "method" in job.request:
        name = f"{job.request['case']}/{job.request['method']}"
        places["result"] = absolute(safe_child(out / RESULTS, name))
    return replace(job, places=places)


def result_folder_job(row: CaseRow) -> Job:
    """Return the job that scores a result folder.

    Raises
    ------
    InputError
        If a file does not exist, or the folder is not a result folder.
    """
    if row.run is None or not (row.run / RUN_RECORD).is_file():
        raise InputError(f"{row.run}: is not a result folder; choose one.")
    files = {"run": row.run, "reference": row.reference, "labels": row.labels}
    prints = {name: None if file is None else fingerprint(file) for name, file in files.items()}
    places = {name: absolute(file) for name, file in files.items()}
    return Job(
        f"{row.case} · {row.run.name}", {"case": row.case, **prints, "version": __version__}, places
    )


def find_scores(job: Job) -> str | None:
    """Return the path of a job's scores file if it exists and is valid, else None."""
    place = Path(job.places["scores"])
    result = job.places.get("result")
    if not place.is_file() or (result and not _is_result_of(job, Path(result))):
        return None
    try:
        read_scored(place)
    except InputError:
        return None
    return str(place)


def make_scores(job: Job, report: Report, stop: threading.Event) -> str:
    """Run one job, from the volume or result folder to its scores; return their path."""
    if "run" in job.places:
        return _score_folder(job)
    case = case_of(job)
    result = run_job(job, case, report, stop)
    if "result" in job.places:
        write_run(result, Path(job.places["result"]), labels=case.labels)
    return write_scores(job, result, case.sampling)


def _is_result_of(job: Job, folder: Path) -> bool:
    record = read_record(folder)
    return record is not None and record["job"] == job.key


def _score_folder(job: Job) -> str:
    result = open(job.places["run"])
    if not isinstance(result, Result):
        raise InputError(f"{job.places['run']}: is not a result folder; choose one.")
    places = job.places
    reference = None if places["reference"] is None else read_volume(places["reference"])
    labels = None if places["labels"] is None else read_volume(places["labels"], "labels")
    require_unchanged(job, "run", "reference", "labels")
    if reference is not None or labels is not None:
        result = evaluate(result, reference, labels)
    if not result.scores:
        raise InputError(
            f"{places['run']}: contains no scores, and the table has neither reference nor "
            "labels for it; add the column."
        )
    pattern = result.request.get("pattern") or {}
    return write_scores(job, result, f"{pattern.get('name', 'mask')}, R {result.acceleration:g}")


def read_scored(place: Path) -> Scored:
    """Return the scores from a file that a job has written.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    try:
        record = json.loads(read_text(place))
        scores = {name: Scores.from_records(rows) for name, rows in record["scores"].items()}
        case, method, sampling = (str(record[name]) for name in ("case", "method", "sampling"))
        warnings = tuple(map(str, record["warnings"]))
        acceleration = float(record.get("acceleration", math.nan))
        acquisition = dict(record.get("acquisition", {}))
        seconds = float(record["seconds"])
        return Scored(case, method, sampling, acceleration, acquisition, scores, warnings, seconds)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as why:
        raise InputError(f"{place}: is damaged ({why}); delete it and evaluate again.") from why


def write_scores(job: Job, result: Result, sampling: str) -> str:
    """Write the scores of a result to the scores file of its job; return the path."""
    place = Path(job.places["scores"])
    record = {
        "case": job.request["case"],
        "method": result.method,
        "sampling": sampling,
        "acceleration": result.mask.size / max(int(result.mask.sum()), 1),
        "acquisition": _acquisition(result),
        "scores": {
            # Numbers as text: JSON has neither NaN nor infinity.
            name: [{**row, "value": repr(row["value"])} for row in scores.records()]
            for name, scores in result.scores.items()
        },
        "warnings": list(result.warnings),
        "seconds": result.timings.get("run_s", 0.0),
        "request": job.request,
    }
    write_text(place, json.dumps(record, default=str))
    return str(place)


def _acquisition(result: Result) -> dict[str, Any]:
    """Return pattern and realism without seeds, which differ between cases."""
    parts = {**(result.request.get("pattern") or {}), **(result.request.get("simulation") or {})}
    return {name: value for name, value in parts.items() if name != "seed"}
