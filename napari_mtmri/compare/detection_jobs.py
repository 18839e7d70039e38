# SPDX-License-Identifier: BSD-3-Clause
"""One inserted lesion as a job: insert, under-sample, run, and look for it."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.job import Job, Report
from napari_mtmri.batch.run_case import absolute, acquisition_of, choice_of, open_volumes
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import write_text
from napari_mtmri.geometry import to_stack
from napari_mtmri.inserted_lesion import InsertedLesion, insert_sphere, lesion_voxels
from napari_mtmri.methods.assemble import segmentation_of
from napari_mtmri.methods.base import LoadedMethod
from napari_mtmri.methods.passes import run_slices
from napari_mtmri.metrics.lesions import find_lesions
from napari_mtmri.verbs import load_method
from napari_mtmri.volume import Volume

FOLDER = "lesions"


@dataclass(frozen=True)
class Found:
    """What became of one inserted lesion.

    Parameters
    ----------
    n_voxels : int
        Voxels of the lesion, see `lesion_voxels`.
    found : bool or None
        Whether at least one tenth of its voxels are in the mask, as in the lesion metrics;
        None for methods without a segmentation.
    found_without : bool or None
        The same in the mask of the scan without the lesion: a false alarm at this place.
    covered : float
        Share of its voxels in the mask; NaN without a segmentation.
    contrast_left : float
        Signal that the lesion adds to the reconstruction inside it, divided by the signal it
        adds to the fully sampled image; NaN for methods without an image.
    """

    n_voxels: int
    found: bool | None
    found_without: bool | None
    covered: float
    contrast_left: float


def into_insertion(
    job: Job, lesion: InsertedLesion, out: Path, voxel_mm: Sequence[float] | None = None
) -> Job:
    """Return the job of an inserted lesion, with the path of its record."""
    request = {**job.request, "lesion": asdict(lesion)}
    if voxel_mm is not None:
        request["voxel_mm"] = list(voxel_mm)
    i, j, k = lesion.center
    name = (
        f"{job.name} · {lesion.diameter:g} mm {100 * lesion.contrast:+g} % at {i:g}, {j:g}, {k:g}"
    )
    job = replace(job, name=name, request=request)
    place = absolute(out / FOLDER / f"{job.key}.json")
    return replace(job, places={**job.places, "found": place})


def find_insertion(job: Job) -> str | None:
    """Return the path of the record of a job if it exists and is valid, else None."""
    place = Path(job.places["found"])
    if not place.is_file():
        return None
    try:
        read_found(place)
    except InputError:
        return None
    return str(place)


def make_insertion(job: Job, report: Report, stop: threading.Event) -> str:
    """Run one inserted lesion; return the path of its record."""
    image = _image(job)
    acquisition, lesion = acquisition_of(job), lesion_of(job)
    choice = choice_of(job)
    method = load_method(
        choice.name,
        device=choice.device,
        precision=choice.precision,
        weights=choice.weights,
        parameters=choice.parameters,
    )
    after, share = insert_sphere(image, lesion)
    axes = acquisition.axes(image)
    shares = to_stack(share.data, axes)
    slices = np.flatnonzero(shares.any(axis=(1, 2))).tolist()
    added = to_stack(after.data - image.magnitude(), axes)[slices]
    own = _run(after, acquisition, method, slices, stop)
    without = _without(job, image, acquisition, method, slices, stop)
    found = measure_found(shares[slices], added, own, without)
    place = Path(job.places["found"])
    record = {**asdict(found), "contrast_left": repr(found.contrast_left)}
    record["covered"] = repr(found.covered)  # JSON has no NaN
    write_text(place, json.dumps({"found": record, "request": job.request}, default=str))
    return str(place)


@dataclass(frozen=True)
class Output:
    """What a method made of some slices.

    Parameters
    ----------
    image : float32 array, (slice, readout, phase), or None
        Magnitude.
    mask : bool array, (slice, readout, phase), or None
        Voxels called lesion.
    """

    image: np.ndarray | None
    mask: np.ndarray | None


def measure_found(share: np.ndarray, added: np.ndarray, own: Output, without: Output) -> Found:
    """Return what became of a lesion.

    Parameters
    ----------
    share : float array, (slice, readout, phase)
        Fraction of each voxel that is lesion.
    added : float array, same shape
        Signal that the lesion adds to the fully sampled image.
    own, without : Output
        What the method made of the scan with and without the lesion.
    """
    voxels = lesion_voxels(share)
    covered, left = math.nan, math.nan
    hit = _is_found(voxels, own.mask)
    if own.mask is not None:
        covered = float(np.count_nonzero(own.mask & voxels) / np.count_nonzero(voxels))
    if own.image is not None and without.image is not None:
        change = (share * (own.image.astype(float) - without.image)).sum()
        left = float(change / (share * added).sum())
    n_voxels = int(np.count_nonzero(voxels))
    return Found(n_voxels, hit, _is_found(voxels, without.mask), covered, left)


def _is_found(voxels: np.ndarray, mask: np.ndarray | None) -> bool | None:
    if mask is None:
        return None
    return any(lesion.is_hit for lesion in find_lesions(voxels, mask))


def read_found(place: Path) -> Found:
    """Return the record of an inserted lesion.

    Raises
    ------
    InputError
        If it is damaged.
    """
    try:
        record = json.loads(place.read_text(encoding="utf-8"))["found"]
        flags = (record["found"], record["found_without"])
        if any(flag not in (True, False, None) for flag in flags):
            raise ValueError(f"found is {flags}")
        numbers = float(record["covered"]), float(record["contrast_left"])
        return Found(int(record["n_voxels"]), *flags, *numbers)
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise InputError(f"{place}: is damaged ({why}); delete it and start again.") from why


def lesion_of(job: Job) -> InsertedLesion:
    """Return the lesion of a job."""
    asked: Mapping[str, Any] = job.request["lesion"]
    return InsertedLesion(tuple(asked["center"]), asked["diameter"], asked["contrast"])


def open_image(job: Job, voxel_mm: Sequence[float] | None) -> tuple[Volume, Volume | None]:
    """Return image and labels of a job, with the voxel size that their files do not state.

    Parameters
    ----------
    job : Job
    voxel_mm : (float, float, float), optional
        Along the array axes, in mm; needed only for files that do not state it.

    Raises
    ------
    InputError
        If a file cannot be used.
    RequestError
        If the image states its voxel size, or a size is not above 0.
    """
    image, labels = open_volumes(job)
    if voxel_mm is None:
        return image, labels
    if image.spacing_known:
        raise RequestError(
            f"{image.name}: its file states a voxel size of "
            f"{' x '.join(f'{side:.3g}' for side in image.spacing)} mm; leave `voxel_mm` out."
        )
    if len(voxel_mm) != 3 or not all(0 < side < math.inf for side in voxel_mm):
        raise RequestError(f"`voxel_mm` {tuple(voxel_mm)} are not three sizes above 0.")

    def sized(volume: Volume) -> Volume:
        affine = volume.affine.copy()
        affine[:3, :3] *= np.array(voxel_mm) / volume.spacing
        return replace(volume, affine=affine, spacing_known=True)

    return sized(image), None if labels is None else sized(labels)


_IMAGE: dict[str, Volume] = {}
_WITHOUT: dict[str, dict[int, tuple[np.ndarray | None, np.ndarray | None]]] = {}


def _image(job: Job) -> Volume:
    """Return the image of a job; the last one is cached for the next lesion."""
    voxel_mm = job.request.get("voxel_mm")
    key = repr([job.request["case"], job.request["image"], voxel_mm])
    if key not in _IMAGE:
        _IMAGE.clear()
        _IMAGE[key] = open_image(job, voxel_mm)[0]
    return _IMAGE[key]


def _run(
    volume: Volume,
    acquisition: Acquisition,
    method: LoadedMethod,
    slices: Sequence[int],
    stop: threading.Event,
) -> Output:
    image, probability = run_slices(acquisition.scan(volume, slices), method, None, None, stop)
    labels = segmentation_of(probability)[1]
    return Output(
        None if image is None else np.abs(image).astype(np.float32),
        None if labels is None else labels > 0,
    )


def _without(
    job: Job,
    image: Volume,
    acquisition: Acquisition,
    method: LoadedMethod,
    slices: Sequence[int],
    stop: threading.Event,
) -> Output:
    """Return the method's output without the lesion; each slice of a scan is computed once."""
    key = repr({name: value for name, value in job.request.items() if name != "lesion"})
    if key not in _WITHOUT:
        _WITHOUT.clear()
        _WITHOUT[key] = {}
    known = _WITHOUT[key]
    missing = [number for number in slices if number not in known]
    if missing:
        made = _run(image, acquisition, method, missing, stop)
        for at, number in enumerate(missing):
            parts = (None if one is None else one[at] for one in (made.image, made.mask))
            known[number] = (next(parts), next(parts))
    images, masks = zip(*(known[number] for number in slices), strict=True)
    return Output(
        None if images[0] is None else np.stack(images),
        None if masks[0] is None else np.stack(masks),
    )
