# SPDX-License-Identifier: BSD-3-Clause
"""Run a volume in a thread, score it and make its layers, without Qt."""

from __future__ import annotations

import math
import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from napari_mtmri.batch.run_case import run_case, scan_case
from napari_mtmri.errors import Stopped
from napari_mtmri.gui.reconstruct.slice_job import SliceRequest, method_slice
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.viewer.layers import LayerData, Placement, window_of
from napari_mtmri.gui.viewer.result_layers import (
    coming_title,
    measured_decibels,
    result_layers,
)
from napari_mtmri.methods.passes import Progress, Report
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume


@dataclass(frozen=True, eq=False)
class VolumeRequest:
    """Request to run a method on a volume.

    Parameters
    ----------
    choices : Choices
    volume : Volume
    placement : Placement
        Placement of the volume's layer.
    labels : Volume or None
        Reference segmentation.
    first : int
        Index of the slice on screen.
    of : hashable
        Identity of the image layer, whose results the layers are.
    case : hashable
        Identity of the volume, also after it is opened again.
    mask : hashable
        Identity and version of the reference segmentation.
    """

    choices: Choices
    volume: Volume
    placement: Placement
    labels: Volume | None
    first: int
    of: Hashable = None
    case: Hashable = None
    mask: Hashable = None

    def prepare(self) -> None:
        """Compute the cached properties in the thread, so that the window need not wait."""
        _ = self.title, self.window, self.empty_image, self.empty_labels

    @cached_property
    def window(self) -> tuple[float, float]:
        """Display window of the images: black and white, in the units of the volume."""
        return window_of(self.volume.data)

    @cached_property
    def empty_image(self) -> np.ndarray:
        """Image without computed voxels: NaN, float32, shape and axis order of the layer."""
        return np.full(self.placement.view(self.volume.data).shape, np.nan, np.float32)

    @cached_property
    def empty_labels(self) -> np.ndarray:
        """Labels without computed voxels: 0, uint8, shape and axis order of the layer."""
        return np.zeros(self.placement.view(self.volume.data).shape, np.uint8)

    @cached_property
    def title(self) -> str:
        """Title of the result, with which its layer names end.

        Raises
        ------
        RequestError
            If the settings do not fit together.
        """
        choices, acquisition = self.choices, self.choices.acquisition()
        record = acquisition.record()
        request = {
            "method": choices.method,
            "pattern": record["pattern"],
            "simulation": record,
            "parameters": choices.parameters,
            **choices.own_weights,
        }
        return coming_title(self.volume.name, choices.method, request, choices.swapped)


@dataclass(frozen=True, eq=False)
class VolumeDone:
    """A finished run and its layers."""

    request: VolumeRequest
    result: Result
    layers: list[LayerData]


def volume_job(request: VolumeRequest, report: Report, stop: threading.Event) -> VolumeDone:
    """Return the scored result of a volume with its layers.

    The slice on screen is computed and reported first, because simulating the volume may take
    seconds.

    Raises
    ------
    Stopped
        If ``stop`` was set; nothing is kept.
    """
    choices = request.choices
    request.prepare()
    report(_first_slice(request, stop))
    _check(stop)
    case = scan_case(request.volume, request.labels, choices.acquisition())
    _check(stop)
    result = run_case(case, choices.method_choice(), report, stop, request.first)
    result = replace(result, request={**result.request, **choices.own_weights})
    _check(stop)
    return VolumeDone(request, result, layers_of(request, result, choices.shown))


def more_layers(done: VolumeDone, what: str) -> list[LayerData]:
    """Return one more layer of a finished run, visible."""
    found = layers_of(done.request, done.result, (what,))
    return [(data, {**arguments, "visible": True}, kind) for data, arguments, kind in found]


def layers_of(request: VolumeRequest, result: Result, shown: Sequence[str]) -> list[LayerData]:
    """Return the layers named in ``shown``."""
    choices, volume, kspace = request.choices, request.volume, None
    if "k-space" in shown:
        scan = choices.acquisition().scan(volume)
        kspace = scan.volume(measured_decibels(scan.kspace), f"{volume.name} k-space")
    return result_layers(
        result,
        request.placement,
        shown,
        labels=request.labels,
        kspace=kspace,
        top=choices.error_limit(volume),
        of=request.of,
    )


def _first_slice(request: VolumeRequest, stop: threading.Event) -> Progress:
    """Compute the slice on screen and return it as the first progress report."""
    volume, axes = request.volume, request.choices.axes(request.volume)
    done = method_slice(SliceRequest(request.choices, volume, request.first), stop)
    return Progress(
        done=0,
        total=volume.shape[axes.slice],
        slices=(request.first,),
        image=None if done.image is None else done.image[None],
        probability=None if done.probability is None else done.probability[None],
        seconds_left=math.nan,
    )


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped("stopped; nothing is kept.")
