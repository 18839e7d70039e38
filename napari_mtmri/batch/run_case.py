# SPDX-License-Identifier: BSD-3-Clause
"""What a job does: open, simulate, run, evaluate, save."""

from __future__ import annotations

import glob
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri import __version__
from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.job import Job
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.errors import InputError

if TYPE_CHECKING:
    from napari_mtmri.result import Result
    from napari_mtmri.scan import Scan
    from napari_mtmri.volume import Volume


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and bytes of several that belong together.

    Those are the files of a folder, and ``.hdr`` with its ``.img``.

    Raises
    ------
    InputError
        If it is not there or cannot be read.
    """
    from napari_mtmri.files import sha256

    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the name.")
    try:
        if path.is_dir():
            files = [file for file in sorted(path.iterdir()) if file.is_file()]
        elif path.suffix.lower() in (".hdr", ".img"):
            files = sorted(path.parent.glob(f"{glob.escape(path.stem)}.[hHiI][dDmM][rRgG]"))
        else:
            return sha256(path)
        parts = [f"{file.name} {sha256(file)}" for file in files]
    except OSError as why:
        raise InputError(f"{path}: cannot be read ({why.strerror}); check its rights.") from why
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def make_job(
    case: str, image: Path, labels: Path | None, acquisition: Acquisition, choice: MethodChoice
) -> Job:
    """Return the job of one method on one case.

    Raises
    ------
    InputError
        If a file is not there.
    """
    record = acquisition.record()
    file = record["pattern"]["options"].pop("path", None)  # its SHA-256 stands beside
    request = {
        "case": case,
        "image": fingerprint(image),
        "labels": None if labels is None else fingerprint(labels),
        "acquisition": record,
        **choice.record(),
        "version": __version__,
    }
    places = {
        "image": str(image),
        "labels": None if labels is None else str(labels),
        "weights": None if choice.weights is None else str(choice.weights),
        "pattern_file": file,
    }
    return Job(f"{case} · {choice.name}", request, places)


def open_volume(path: str | Path, kind: str | None = None) -> Volume:
    """Return a volume.

    Raises
    ------
    InputError
        If it cannot be read, or is a run folder.
    """
    from napari_mtmri.verbs import open
    from napari_mtmri.volume import Volume

    thing = open(path, "labels" if kind == "labels" else "image")
    if not isinstance(thing, Volume):
        raise InputError(f"{path}: a run folder, while a volume is wanted; name the volume.")
    return thing


@dataclass(frozen=True)
class Case:
    """One case, open and scanned; its labels, where there are some."""

    scan: Scan
    labels: Volume | None
    sampling: str
    warnings: tuple[str, ...]


_LAST: dict[str, Case] = {}


def case_of(job: Job) -> Case:
    """Return the case of a job; the last one is kept for the next method.

    Raises
    ------
    InputError
        If a file cannot be used, or image and labels lie on different grids.
    RequestError
        If the pattern does not fit.
    """
    key = repr([job.request[name] for name in ("case", "image", "labels", "acquisition")])
    if key not in _LAST:
        _LAST.clear()  # one case in memory at a time
        _LAST[key] = _open_case(job)
    return _LAST[key]


def _open_case(job: Job) -> Case:
    volume = replace(open_volume(job.places["image"]), name=job.request["case"])
    labels = None if job.places["labels"] is None else open_volume(job.places["labels"], "labels")
    if labels is not None and not labels.same_grid(volume):
        raise InputError(
            f"{job.places['labels']}: shape {labels.shape} or affine differ from the image's "
            f"{volume.shape}; use labels drawn on the grid of {job.places['image']}."
        )
    record = dict(job.request["acquisition"])
    if job.places["pattern_file"]:
        options = {**record["pattern"]["options"], "path": job.places["pattern_file"]}
        record["pattern"] = {**record["pattern"], "options": options}
    acquisition = Acquisition.from_record(record)
    _, sampling = acquisition.sampling(volume)  # what does not fit is refused here
    scan = acquisition.scan(volume)
    return Case(scan, labels, sampling.text, sampling.warnings)


def reconstruct(
    job: Job, case: Case, report: Callable[[Any], None], stop: threading.Event
) -> Result:
    """Return the scored result of a job on its case; its request tells which job it was."""
    from napari_mtmri.verbs import evaluate, run

    asked = job.request
    result = run(
        case.scan,
        asked["method"],
        device=asked["device"],
        precision=asked["precision"],
        weights=job.places["weights"],
        on_progress=report,
        stop=stop,
        **asked["parameters"],
    )
    result = evaluate(result, labels=case.labels)
    request = {**result.request, "job": job.key, "image": asked["image"]}
    warnings = tuple(dict.fromkeys((*case.warnings, *result.warnings)))
    return replace(result, warnings=warnings, request=request)
