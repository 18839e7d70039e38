# SPDX-License-Identifier: BSD-3-Clause
"""Which run folder each job of ``run`` fills, and that none fills another's."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.local import Job, Outcome
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.batch.run_case import case_of, make_job, reconstruct
from napari_mtmri.cli.output import sentence, tell
from napari_mtmri.errors import InputError, RequestError, ResourceError
from napari_mtmri.files import RUN_RECORD, check_free_space
from napari_mtmri.metrics.base import headline

IMAGES_OF_A_RUN, BYTES_OF_A_VOXEL = 5, 4


@dataclass
class Plan:
    """The jobs of a call, and those that cannot be begun.

    Parameters
    ----------
    acquisition : Acquisition
    choices : sequence of MethodChoice
        With several, each method has a folder of its own inside the case's.
    out : Path
    again : bool
        Whether an earlier result of the same input may be replaced.

    Raises
    ------
    RequestError, WeightsError
        If a method, a parameter or a file of weights cannot be used.
    """

    acquisition: Acquisition
    choices: Sequence[MethodChoice]
    out: Path
    again: bool
    jobs: list[Job] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Ask each method for what it needs, before any volume is read."""
        for choice in self.choices:
            choice.record()

    def add(self, case: str, volume: Path, labels: Path | None) -> None:
        """Plan all methods on a case; a file that is not there refuses this case alone."""
        for choice in self.choices:
            folder = self.out / case / choice.name if len(self.choices) > 1 else self.out / case
            try:
                job = make_job(case, volume, labels, self.acquisition, choice)
                _check_folder(folder, job, self.again)
            except (InputError, RequestError) as why:
                tell(f"{case} · {choice.name}: failed: {sentence(why)}")
                self.refused.append(Outcome(f"{case} · {choice.name}", "failed", error=why))
                continue
            self.jobs.append(replace(job, places={**job.places, "folder": str(folder)}))


def case_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file, those that would be alike told apart by their folders.

    Raises
    ------
    RequestError
        If a file is given twice.
    """
    from napari_mtmri.readers.image import case_name

    resolved = [path.resolve() for path in paths]
    twice = [path for path in resolved if resolved.count(path) > 1]
    if twice:
        raise RequestError(f"{twice[0]}: is given twice; name it once.")
    stems = [case_name(path) for path in resolved]
    folders = [path.parent.parts[1:] for path in resolved]
    depths = [0] * len(resolved)
    for _ in range(max(map(len, folders), default=0)):
        names = _names(stems, folders, depths)
        depths = [
            min(depth + (names.count(name) > 1), len(above))
            for name, depth, above in zip(names, depths, folders, strict=True)
        ]
    names = _names(stems, folders, depths)
    if len(set(names)) < len(names):  # a/x.nii and a/x.mgz
        return [f"{number:03d}-{path.name}" for number, path in enumerate(resolved, start=1)]
    return names


def _names(
    stems: Sequence[str], folders: Sequence[tuple[str, ...]], depths: Sequence[int]
) -> list[str]:
    """Join each stem with so many of the folders above it."""
    return [
        "-".join((*above[len(above) - depth :], stem))
        for stem, above, depth in zip(stems, folders, depths, strict=True)
    ]


def check_out(out: Path) -> None:
    """Refuse a place for results before anything heavy.

    Raises
    ------
    RequestError
        If it is a file or a run folder.
    ResourceError
        If it cannot be written to.
    """
    if out.exists() and not out.is_dir():
        raise RequestError(f"{out}: is a file; name a folder with --out.")
    if (out / RUN_RECORD).exists():
        raise RequestError(f"{out}: is a run folder; name the folder that holds runs with --out.")
    there = next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ResourceError(f"{out}: cannot be written below {there}; choose another --out.")


def find_run(job: Job) -> dict[str, Any] | None:
    """Return where the run of this very job lies, if it was made before."""
    folder = Path(job.places["folder"])
    record = _read_record(folder)
    return _facts(job) if record is not None and record["job"] == job.key else None


def make_run(job: Job, progress: Callable[[Any], None], stop: threading.Event) -> dict[str, Any]:
    """Do one job, from the volume to its run folder; return what to say of it."""
    from napari_mtmri.readers.run_folder import write_run

    folder = Path(job.places["folder"])
    case = case_of(job)
    check_free_space(folder, case.scan.grid.data.size * IMAGES_OF_A_RUN * BYTES_OF_A_VOXEL)
    result = reconstruct(job, case, progress, stop)
    write_run(result, folder, labels=case.labels)
    return {
        **_facts(job),
        "sampling": case.sampling,
        "device": result.provenance["device"],
        "seconds": dict(result.timings),
        "scores": {name: headline(scores) for name, scores in result.scores.items()},
        "warnings": list(result.warnings),
    }


def _facts(job: Job) -> dict[str, Any]:
    names = {name: job.request[name] for name in ("case", "method")}
    return {**names, "folder": job.places["folder"]}


def _check_folder(folder: Path, job: Job, again: bool) -> None:
    """Refuse to write over anything but an earlier result of the same input."""
    if (folder.parent / RUN_RECORD).exists():
        raise RequestError(f"{folder.parent}: is a run folder; choose another --out.")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    record = _read_record(folder)
    if record is None:
        raise RequestError(f"{folder}: is there and is no run folder; choose another --out.")
    if record["job"] == job.key:
        return
    if record["image"] != job.request["image"]:
        raise RequestError(f"{folder}: holds the result of another input; choose another --out.")
    if not again:
        raise RequestError(
            f"{folder}: holds a result of other settings; choose another --out, or replace it "
            "with --again."
        )


def _read_record(folder: Path) -> dict[str, Any] | None:
    """Return which job and image a run folder is of, or None if it is none."""
    try:
        record = json.loads((folder / RUN_RECORD).read_text(encoding="utf-8"))
        request, made_from = record["request"], record["provenance"]["input"]
        image = request.get("image") or made_from["sha256"]
        return {"job": request.get("job"), "image": image}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
