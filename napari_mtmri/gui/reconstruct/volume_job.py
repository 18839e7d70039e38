# SPDX-License-Identifier: BSD-3-Clause
"""A whole volume, off the window's thread: run, scored, made into layers; no Qt."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import Stopped
from napari_mtmri.gui.reconstruct.slice_job import (
    SliceDone,
    SliceRequest,
    method_slice,
    pattern_of,
)
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.viewer.layers import LayerData, Placement, window_of
from napari_mtmri.methods.passes import Progress
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

SCORING = "scoring …"


@dataclass(frozen=True, eq=False)
class VolumeRequest:
    """A whole run.

    Parameters
    ----------
    choices : Choices
    volume : Volume
    placement : Placement
        Of the layer it is shown as.
    labels : Volume or None
        What somebody drew.
    first : int
        Slice on screen.
    """

    choices: Choices
    volume: Volume
    placement: Placement
    labels: Volume | None
    first: int

    def prepare(self) -> None:
        """Work out, in a thread, what the window would wait for."""
        _ = self.title, self.window, self.empty_image, self.empty_labels

    @cached_property
    def window(self) -> tuple[float, float]:
        """Black and white of its images."""
        return window_of(self.volume.data)

    @cached_property
    def empty_image(self) -> np.ndarray:
        """An image in the layer's axes where nothing was computed yet."""
        shape = self.placement.view(self.volume.data).shape
        return np.full(shape, np.nan, np.float32)

    @cached_property
    def empty_labels(self) -> np.ndarray:
        """Labels in the layer's axes where nothing was found yet."""
        return np.zeros(self.placement.view(self.volume.data).shape, np.uint8)

    @cached_property
    def title(self) -> str:
        """The name its layers will have.

        Raises
        ------
        RequestError
            If the choices do not fit together.
        """
        from napari_mtmri.gui.viewer.result_layers import coming_title

        choices = self.choices
        request = {
            "pattern": pattern_of(choices).record(),
            "parameters": choices.parameters,
            **weights_of(choices),
            "simulation": {"phase": choices.phase, "snr": choices.snr, "n_coils": choices.n_coils},
        }
        return coming_title(self.volume.name, choices.method, request, choices.swapped)


@dataclass(frozen=True, eq=False)
class VolumeDone:
    """A finished run and its layers."""

    request: VolumeRequest
    result: Result
    layers: list[LayerData]


def whole_volume(
    request: VolumeRequest, report: Callable[[Any], None], stop: threading.Event
) -> VolumeDone:
    """Return the scored result of a volume; reports the slice on screen first.

    That slice is done alone before the whole volume is simulated, which may take seconds.

    Raises
    ------
    Stopped
        If ``stop`` was set; nothing is left.
    """
    from napari_mtmri.verbs import evaluate, run

    choices, volume = request.choices, request.volume
    request.prepare()
    first = method_slice(SliceRequest(choices, volume, number=request.first))
    report(_progress_of(first, volume.shape[choices.axes(volume).slice]))
    _check(stop)
    result = run(
        choices.simulate(volume, pattern=pattern_of(choices)),
        choices.method,
        device=choices.device,
        precision=choices.precision,
        weights=choices.weights,
        first_slice=request.first,
        on_progress=report,
        stop=stop,
        **choices.parameters,
    )
    result = replace(result, request={**result.request, **weights_of(choices)})
    _check(stop)
    report(SCORING)
    result = evaluate(result, labels=request.labels)
    _check(stop)
    return VolumeDone(request, result, _layers(request, result, choices.shown))


def weights_of(choices: Choices) -> dict[str, str]:
    """Return the name of the user's own weights, as a request says it; nothing for others."""
    return {} if choices.weights is None else {"weights": Path(choices.weights).stem}


def more_layers(done: VolumeDone, what: str) -> list[LayerData]:
    """Return a layer of a finished run that was not asked for before, to be seen at once."""
    found = _layers(done.request, done.result, (what,))
    return [(data, {**arguments, "visible": True}, kind) for data, arguments, kind in found]


def _layers(request: VolumeRequest, result: Result, shown: tuple[str, ...]) -> list[LayerData]:
    from napari_mtmri.gui.viewer.result_layers import error_top, result_layers

    choices, volume = request.choices, request.volume
    return result_layers(
        result,
        request.placement,
        shown,
        labels=request.labels,
        kspace=_measured(choices, volume) if "k-space" in shown else None,
        top=error_top(volume, choices.error_scale, choices.error_top),
    )


def _measured(choices: Choices, volume: Volume) -> Volume:
    """Return the measured k-space in decibels, on the grid of the volume."""
    from napari_mtmri.gui.viewer.result_layers import measured_decibels

    scan = choices.simulate(volume, pattern=pattern_of(choices))
    return scan.volume(measured_decibels(scan.kspace), f"{volume.name} k-space")


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped("stopped; nothing is kept.")


def _progress_of(done: SliceDone, total: int) -> Progress:
    image, probability = done.image, done.probability
    return Progress(
        done=0,
        total=total,
        slices=(done.request.number,),
        image=None if image is None else image[None],
        probability=None if probability is None else probability[None],
        seconds_left=math.nan,
    )
