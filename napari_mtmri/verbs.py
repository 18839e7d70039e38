# SPDX-License-Identifier: BSD-3-Clause
"""The verbs for one volume: open, simulate, run, evaluate, save. Window and shell call these."""

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

__all__ = ["Progress", "evaluate", "load_method", "open", "run", "save", "simulate"]


def open(path: str | Path, kind: Literal["image", "labels"] | None = None) -> Volume | Result:
    """Return what a file or folder holds: a Volume, or the Result of a result folder.

    Parameters
    ----------
    path : str or Path
    kind : {"image", "labels"}, optional
        "labels" reads integers: a reference or predicted segmentation.

    Raises
    ------
    InputError
        If it cannot be read; the message says why and what to do.
    """
    return readers.read(Path(path), kind=kind)


def save(thing: Volume | Result, path: str | Path) -> Path:
    """Write a Volume as a file (its ending chooses the format), a Result as a result folder."""
    if isinstance(thing, Result):
        return write_run(thing, Path(path))
    readers.write(thing, Path(path))
    return Path(path)


def load_method(
    method: str,
    *,
    device: str = "auto",
    precision: str = "auto",
    weights: str | Path | None = None,
    parameters: Mapping[str, object] | None = None,
) -> LoadedMethod:
    """Return a method ready to run; networks are loaded once per process and kept.

    Raises
    ------
    RequestError, WeightsError
        If method, device, a parameter or the weights do not exist or fit.
    """
    from napari_mtmri.device import choose_device

    member = METHODS.get(method)
    checked = check_options(parameters or {}, member.parameters, method)
    place = None if weights is None else Path(weights)
    setting = Setting(choose_device(device, precision), place, checked)
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
    **parameters: object,
) -> Result:
    """Return the reconstruction and segmentation of a scan by a method.

    Parameters
    ----------
    scan : Scan
    method : str
        A name of ``napari-mtmri methods``.
    device, precision : str
        See `napari_mtmri.device.choose_device`.
    weights : path, optional
        A file, or a folder of files named by method.
    first_slice : int, optional
        Slice to reconstruct first, then outwards; by default from the first to the last.
    on_progress : callable, optional
        Called from this thread with a `Progress` after each few slices.
    stop : threading.Event, optional
        Set it to stop within a few slices.
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
        method, device=device, precision=precision, weights=weights, parameters=parameters
    )
    if loaded.method.is_full_sample and scan.reference is None:
        raise RequestError(f"{method} needs the fully sampled image, and {scan.name} has none.")
    ready = time.perf_counter()
    first = None if first_slice not in scan.slices else scan.slices.index(first_slice)
    image, probability = run_slices(scan, loaded, first, on_progress, stop)
    timings = {"load_s": ready - began, "run_s": time.perf_counter() - ready}
    return assemble(scan, loaded, image, probability, timings)


def evaluate(
    result: Result, reference: Volume | None = None, labels: Volume | None = None
) -> Result:
    """Return the result with its scores and those of its zero-filled image.

    Parameters
    ----------
    result : Result
    reference : Volume, optional
        The fully sampled image; the result's own by default.
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
    return replace(result, scores=scores, warnings=(*result.warnings, *lost_to_zero_filled(scores)))
