# SPDX-License-Identifier: BSD-3-Clause
"""Functions for one volume, for window, shell and Python: open, simulate, run, evaluate, save."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from napari_mtmri.errors import RequestError
from napari_mtmri.methods.assemble import assemble, lost_to_zero_filled, score
from napari_mtmri.methods.base import METHODS, LoadedMethod, Setting
from napari_mtmri.methods.passes import Progress, Report, run_slices
from napari_mtmri.parameters import check_options
from napari_mtmri.readers import base as readers
from napari_mtmri.readers.run_folder import write_run
from napari_mtmri.result import Result
from napari_mtmri.scan import Scan
from napari_mtmri.simulation import simulate
from napari_mtmri.volume import Volume
from napari_mtmri.weights import own_weights

__all__ = ["Progress", "evaluate", "load_method", "open", "run", "save", "simulate"]


def open(path: str | Path, kind: Literal["image", "labels"] | None = None) -> Volume | Result:
    """Return the Volume in a file or folder, or the Result in a result folder.

    Parameters
    ----------
    path : str or Path
    kind : {"image", "labels"}, optional
        "labels" reads integers: a reference or predicted segmentation.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return readers.read(Path(path).expanduser(), kind=kind)


def save(thing: Volume | Result, path: str | Path) -> Path:
    """Write a Volume to a file, in the format of its extension, or a Result to a result folder."""
    place = Path(path).expanduser()
    if isinstance(thing, Result):
        return write_run(thing, place)
    readers.write(thing, place)
    return place


def load_method(
    method: str,
    *,
    device: str = "auto",
    precision: str = "auto",
    weights: str | Path | None = None,
    parameters: Mapping[str, object] | None = None,
    stop: threading.Event | None = None,
) -> LoadedMethod:
    """Return a method ready to run; networks are loaded once per process.

    Raises
    ------
    RequestError, WeightsError, ResourceError
        If method, device, a parameter, the weights or a package do not exist or do not fit.
    """
    from napari_mtmri.device import choose_device

    member = METHODS.get(method)
    member.require_extra()
    checked = check_options(parameters or {}, member.parameters, method)
    place = None if weights is None else own_weights(weights)
    setting = Setting(choose_device(device, precision), place, {**member.defaults, **checked}, stop)
    return LoadedMethod(member, setting, member.load(setting))


def run(
    scan: Scan,
    method: str = "mtmri",
    *,
    device: str = "auto",
    precision: str = "auto",
    weights: str | Path | None = None,
    first_slice: int | None = None,
    on_progress: Report | None = None,
    stop: threading.Event | None = None,
    keep_phase: bool = False,
    **parameters: object,
) -> Result:
    """Return the reconstruction and segmentation of a scan.

    Parameters
    ----------
    scan : Scan
    method : str
        Method name, see ``napari-mtmri methods``.
    device, precision : str
        See `napari_mtmri.device.choose_device`.
    weights : path, optional
        Weights file, name of exported weights, or folder of weights files named by method.
    first_slice : int, optional
        Slice to start with, continuing outwards; by default from the first to the last.
    on_progress : callable, optional
        Called from this thread with a `Progress` after every few slices.
    stop : threading.Event, optional
        Set it to stop within a few slices, or within a slice that takes long.
    keep_phase : bool
        Keep the complex images in the result, so that files show which samples were kept.
    **parameters
        Parameters of the method.

    Raises
    ------
    RequestError, WeightsError, ResourceError
        If the method cannot be loaded or does not fit into memory.
    Stopped
        If ``stop`` was set.
    """
    began = time.perf_counter()
    loaded = load_method(
        method,
        device=device,
        precision=precision,
        weights=weights,
        parameters=parameters,
        stop=stop,
    )
    if loaded.method.is_full_sample and scan.reference is None:
        raise RequestError(f"{method} needs the fully sampled image, and {scan.name} has none.")
    ready = time.perf_counter()
    first = None if first_slice not in scan.slices else scan.slices.index(first_slice)
    image, probability = run_slices(scan, loaded, first, on_progress, stop)
    timings = {"load_s": ready - began, "run_s": time.perf_counter() - ready}
    return assemble(scan, loaded, image, probability, timings, keep_phase=keep_phase)


def evaluate(
    result: Result, reference: Volume | None = None, labels: Volume | None = None
) -> Result:
    """Return the result with scores of its reconstruction, segmentation and zero-filled image.

    Parameters
    ----------
    result : Result
    reference : Volume, optional
        Fully sampled image; by default the one in the result.
    labels : Volume, optional
        Reference segmentation, on the same grid.

    Raises
    ------
    InputError
        If a volume is on another grid.
    """
    reference = reference or result.reference
    for volume in (reference, labels):
        if volume is not None:
            volume.require_same_grid(result.zero_filled, "the result")
    scores = score(result, reference, labels)
    remarks = list(lost_to_zero_filled(scores))
    if labels is not None and not result.zero_filled.spacing_known:
        remarks.append(
            f"{result.name}: its file does not state the unit of its voxel size, so that "
            "distances and volumes are in voxels."
        )
    return replace(result, scores=scores, warnings=(*result.warnings, *remarks))
