# SPDX-License-Identifier: BSD-3-Clause
"""Jobs of ``evaluate``: each leaves a small file with the scores of one method on one case."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri import __version__
from napari_mtmri.batch.local import Job
from napari_mtmri.batch.run_case import case_of, fingerprint, open_volume, reconstruct
from napari_mtmri.errors import InputError
from napari_mtmri.files import RUN_RECORD, write_text
from napari_mtmri.stats.differences import CaseScores

if TYPE_CHECKING:
    from napari_mtmri.batch.cases_table import Row
    from napari_mtmri.metrics.base import Scores
    from napari_mtmri.result import Result

FOLDER = "cases"


@dataclass(frozen=True)
class Scored:
    """Scores of one method on one case, and of its zero-filled image.

    Parameters
    ----------
    case, method : str
    sampling : str
        Sampling in words.
    acceleration : float
        Achieved by the mask; NaN in files of older versions, which do not have it.
    acquisition : mapping
        Pattern and realism without seeds; empty in files of older versions.
    scores : mapping
        `Scores` by what was scored: the method and "zero-filled".
    warnings : tuple of str
    seconds : float
        Time that the method took.
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
        """Return the scores of the method and of the zero-filled image, for statistics."""
        return [
            CaseScores(self.case, name, one, self.sampling, self.acceleration, self.acquisition)
            for name, one in self.scores.items()
        ]


def into(job: Job, out: Path) -> Job:
    """Return the job with the place of its scores."""
    return replace(job, places={**job.places, "scores": str(out / FOLDER / f"{job.key}.json")})


def run_folder_job(row: Row) -> Job:
    """Return the job that scores a run folder.

    Raises
    ------
    InputError
        If a file is not there, or the folder is no run folder.
    """
    if row.run is None or not (row.run / RUN_RECORD).is_file():
        raise InputError(f"{row.run}: is no run folder; name what `run` has written.")
    files = {"run": row.run, "reference": row.reference, "labels": row.labels}
    prints = {name: None if file is None else fingerprint(file) for name, file in files.items()}
    places = {name: None if file is None else str(file) for name, file in files.items()}
    return Job(
        f"{row.case} · {row.run.name}", {"case": row.case, **prints, "version": __version__}, places
    )


def find_scores(job: Job) -> str | None:
    """Return the file of a job's scores if it was done before, and is whole."""
    place = Path(job.places["scores"])
    if not place.is_file():
        return None
    try:
        read_scored(place)
    except InputError:
        return None
    return str(place)


def score_method(job: Job, progress: Callable[[Any], None], stop: threading.Event) -> str:
    """Run a method on a case and score it; return the file of the scores."""
    case = case_of(job)
    return _write(job, reconstruct(job, case, progress, stop), case.sampling)


def score_run_folder(job: Job, progress: Callable[[Any], None], stop: threading.Event) -> str:
    """Score a run folder; return the file of the scores."""
    from napari_mtmri.result import Result
    from napari_mtmri.verbs import evaluate, open

    result = open(job.places["run"])
    if not isinstance(result, Result):
        raise InputError(f"{job.places['run']}: is no run folder; name what `run` has written.")
    reference, labels = (
        None if job.places[name] is None else open_volume(job.places[name], kind)
        for name, kind in (("reference", "image"), ("labels", "labels"))
    )
    if reference is not None or labels is not None:
        result = evaluate(result, reference, labels)
    if not result.scores:
        raise InputError(
            f"{job.places['run']}: holds no scores, and the table names neither a reference nor "
            "labels for it; add the column."
        )
    pattern = result.request.get("pattern") or {}
    return _write(job, result, f"{pattern.get('name', 'mask')}, R {result.acceleration:g}")


def read_scored(place: Path) -> Scored:
    """Return what a job has left.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    from napari_mtmri.metrics.base import Scores

    try:
        record = json.loads(place.read_text(encoding="utf-8"))
        scores = {name: Scores.from_records(rows) for name, rows in record["scores"].items()}
        case, method, sampling = (str(record[name]) for name in ("case", "method", "sampling"))
        warnings = tuple(map(str, record["warnings"]))
        acceleration = float(record.get("acceleration", math.nan))
        acquisition = dict(record.get("acquisition", {}))
        seconds = float(record["seconds"])
        return Scored(case, method, sampling, acceleration, acquisition, scores, warnings, seconds)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as why:
        raise InputError(f"{place}: damaged ({why}); remove it and evaluate again.") from why


def _write(job: Job, result: Result, sampling: str) -> str:
    place = Path(job.places["scores"])
    record = {
        "case": job.request["case"],
        "method": result.method,
        "sampling": sampling,
        "acceleration": result.mask.size / max(int(result.mask.sum()), 1),
        "acquisition": _acquisition(result),
        "scores": {
            # Numbers as words: JSON has neither NaN nor infinity.
            name: [{**row, "value": repr(row["value"])} for row in scores.records()]
            for name, scores in result.scores.items()
        },
        "warnings": list(result.warnings),
        "seconds": result.timings.get("run_s", 0.0),
        "request": job.request,
    }
    text = json.dumps(record, default=str)
    write_text(place, text)
    return str(place)


def _acquisition(result: Result) -> dict[str, Any]:
    """How the scan was acquired; seeds differ from case to case and are left out."""
    parts = {**(result.request.get("pattern") or {}), **(result.request.get("simulation") or {})}
    return {name: value for name, value in parts.items() if name != "seed"}
