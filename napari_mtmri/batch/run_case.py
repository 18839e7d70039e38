# SPDX-License-Identifier: BSD-3-Clause
"""One case from file to scores: open, simulate, run, evaluate."""

from __future__ import annotations

import glob
import hashlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_mtmri import __version__
from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.job import Job, Report
from napari_mtmri.batch.method_choice import MethodChoice, cards_of
from napari_mtmri.errors import InputError, WeightsError
from napari_mtmri.files import sha256
from napari_mtmri.metrics.inputs import checked_labels
from napari_mtmri.readers.base import read_volume
from napari_mtmri.result import Result
from napari_mtmri.scan import Scan
from napari_mtmri.verbs import evaluate, run
from napari_mtmri.volume import Volume


@dataclass(frozen=True)
class Case:
    """One scanned case.

    Parameters
    ----------
    scan : Scan
    labels : Volume, optional
        Reference segmentation.
    sampling : str
        Description of the sampling.
    warnings : tuple of str
        Warnings about the sampling.
    """

    scan: Scan
    labels: Volume | None
    sampling: str
    warnings: tuple[str, ...] = ()


def scan_case(image: Volume, labels: Volume | None, acquisition: Acquisition) -> Case:
    """Return the case: the simulated scan of an image and its reference segmentation.

    Raises
    ------
    InputError
        If image and labels are on different grids, or voxels are NaN or infinite.
    RequestError
        If the pattern does not fit.
    """
    if labels is not None:
        labels.require_same_grid(image, f"the image {image.path or image.name}")
        # Before the run: what cannot be scored must not cost it.
        checked_labels(labels.data, str(labels.path or labels.name), None)
    _, sampling = acquisition.sampling(image)  # raises if the pattern does not fit
    return Case(acquisition.scan(image), labels, sampling.text, sampling.warnings)


def run_case(
    case: Case,
    choice: MethodChoice,
    report: Report | None = None,
    stop: threading.Event | None = None,
    first_slice: int | None = None,
) -> Result:
    """Return the scored result of a method on a case.

    Parameters
    ----------
    case : Case
    choice : MethodChoice
    report : callable, optional
        Called with a `Progress` after every few slices.
    stop : threading.Event, optional
        Set it to stop within a few slices.
    first_slice : int, optional
        Slice to start with, see `napari_mtmri.verbs.run`.

    Raises
    ------
    RequestError, WeightsError, ResourceError
        If the method cannot be loaded or does not fit into memory.
    Stopped
        If ``stop`` was set.
    """
    result = run(
        case.scan,
        choice.name,
        device=choice.device,
        precision=choice.precision,
        weights=choice.weights,
        first_slice=first_slice,
        on_progress=report,
        stop=stop,
        keep_phase=choice.keep_phase,
        **choice.parameters,
    )
    result = evaluate(result, labels=case.labels)
    return replace(result, warnings=tuple(dict.fromkeys((*case.warnings, *result.warnings))))


def make_job(
    case: str, image: Path, labels: Path | None, acquisition: Acquisition, choice: MethodChoice
) -> Job:
    """Return the job of one method on one case.

    Raises
    ------
    InputError
        If a file does not exist.
    """
    request = {
        "case": case,
        "image": fingerprint(image),
        "labels": None if labels is None else fingerprint(labels),
        **choice.record(),
        "version": __version__,
    }
    places = {
        "image": absolute(image),
        "labels": absolute(labels),
        "weights": absolute(choice.weights),
    }
    return with_acquisition(Job(f"{case} · {choice.name}", request, places), acquisition)


def with_acquisition(job: Job, acquisition: Acquisition) -> Job:
    """Return the same job with another acquisition, without reading its files again."""
    record = acquisition.record()
    file = record["pattern"]["options"].pop("path", None)  # the record has its SHA-256
    request = {**job.request, "acquisition": record}
    return replace(job, request=request, places={**job.places, "pattern_file": file})


_LAST: dict[str, Case] = {}


def case_of(job: Job) -> Case:
    """Return the case of a job; the last case is cached for the next method.

    Raises
    ------
    InputError
        If a file cannot be used, or image and labels are on different grids.
    RequestError
        If the pattern does not fit.
    """
    key = repr([job.request[name] for name in ("case", "image", "labels", "acquisition")])
    case = _LAST.get(key)
    if case is None:
        _LAST.clear()  # one case in memory at a time
        case = _LAST[key] = _open_case(job)
    return case


def _open_case(job: Job) -> Case:
    return scan_case(*open_volumes(job), acquisition_of(job))


def open_volumes(job: Job) -> tuple[Volume, Volume | None]:
    """Return image and reference segmentation of a job.

    Raises
    ------
    InputError
        If a file cannot be used, or has changed since the job was planned.
    """
    image = replace(read_volume(job.places["image"]), name=job.request["case"])
    labels = None if job.places["labels"] is None else read_volume(job.places["labels"], "labels")
    require_unchanged(job, "image", "labels")
    return image, labels


def require_unchanged(job: Job, *names: str) -> None:
    """Refuse files of a job that have changed since it was planned; call it after reading them.

    The job is named by the hashes of its files: with other files its result would later be
    taken for that of the first ones.

    Raises
    ------
    InputError
        If one has changed.
    """
    for name in names:
        path = job.places[name]
        if path is not None and fingerprint(Path(path)) != job.request[name]:
            raise InputError(f"{path}: has changed since this work was planned; start it again.")


def acquisition_of(job: Job) -> Acquisition:
    """Return the acquisition of a job.

    Raises
    ------
    InputError, RequestError
        If its pattern is invalid, or its mask file is missing or has changed.
    """
    record = dict(job.request["acquisition"])
    if job.places["pattern_file"]:
        options = {**record["pattern"]["options"], "path": job.places["pattern_file"]}
        record["pattern"] = {**record["pattern"], "options": options}
    return Acquisition.from_record(record)


def run_job(job: Job, case: Case, report: Report, stop: threading.Event) -> Result:
    """Return the scored result of a job on its case; its request contains the job's key.

    Raises
    ------
    WeightsError
        If the weights on this machine differ from those of the request.
    """
    result = run_case(case, choice_of(job), report, stop)
    request: dict[str, Any] = {**result.request, "job": job.key, "image": job.request["image"]}
    return replace(result, request=request)


def choice_of(job: Job) -> MethodChoice:
    """Return the method of a job with its settings.

    Raises
    ------
    WeightsError
        If the weights on this machine differ from those of the request.
    """
    asked = job.request
    weights = None if job.places["weights"] is None else Path(job.places["weights"])
    here = [card.sha256 for card in cards_of(asked["method"], weights)]
    if here != asked["weights"]:
        raise WeightsError(
            f"{job.name}: the weights on its machine have SHA-256 {', '.join(here)}, those of the "
            f"request {', '.join(asked['weights'])}; use the same weights on all machines."
        )
    return MethodChoice(
        asked["method"],
        asked["parameters"],
        asked["device"],
        asked["precision"],
        weights,
        keep_phase=asked.get("keep_phase", False),
    )


def absolute(path: Path | None) -> str | None:
    """Return an absolute path as text, for the places of a job."""
    return None if path is None else str(path.absolute())


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file, of all files in a folder, or of an ``.hdr``/``.img`` pair.

    For several files, names and bytes are hashed.

    Raises
    ------
    InputError
        If it does not exist or cannot be read.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the name.")
    if not path.is_file() and not path.is_dir():
        raise InputError(f"{path}: is a pipe or a device, not a file; copy its content to a file.")
    try:
        if path.is_dir():
            files = [file for file in sorted(path.iterdir()) if file.is_file()]
        elif path.suffix.lower() in (".hdr", ".img"):
            files = sorted(path.parent.glob(f"{glob.escape(path.stem)}.[hHiI][dDmM][rRgG]"))
        else:
            return sha256(path)
        parts = [f"{file.name} {sha256(file)}" for file in files]
    except OSError as why:
        raise InputError(f"{path}: cannot be read ({why.strerror}); check permissions.") from why
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
