# SPDX-License-Identifier: BSD-3-Clause
"""Compute one slice in a thread: mask, zero-filled image, result and scores, without Qt."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from napari_mtmri import verbs
from napari_mtmri.errors import MtmriError
from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.methods.assemble import THRESHOLD
from napari_mtmri.methods.base import LoadedMethod
from napari_mtmri.metrics.base import main_quantity
from napari_mtmri.metrics.inputs import match_labels
from napari_mtmri.metrics.measure import Truth, slice_scores
from napari_mtmri.metrics.scores import format_value
from napari_mtmri.patterns.base import Mask, Sampling
from napari_mtmri.patterns.point_spread import point_spread
from napari_mtmri.volume import Volume

PLANE_WITHOUT_VOLUME = (224, 192)
_LOADING = threading.Lock()  # one thread loads torch and weights, the others wait


@dataclass(frozen=True, eq=False)
class SliceRequest:
    """Request for one slice, or only a mask if there is no volume, for the current choices.

    Parameters
    ----------
    choices : Choices
    volume : Volume or None
    number : int
        Index of the slice in the volume.
    drawn : integer array (readout, phase) or None
        Reference segmentation of the slice.
    is_live : bool
        Compute the images as well as the mask.
    with_spread : bool
        Compute the point-spread function instead of the mask.
    of : hashable
        Identity of the image layer.
    """

    choices: Choices
    volume: Volume | None = None
    number: int = 0
    drawn: np.ndarray | None = None
    is_live: bool = False
    with_spread: bool = False
    of: Hashable = None

    @property
    def plane(self) -> tuple[int, int]:
        """Number of readout and phase-encoding lines."""
        if self.volume is None:
            return PLANE_WITHOUT_VOLUME
        axes = self.choices.axes(self.volume)
        return self.volume.shape[axes.readout], self.volume.shape[axes.phase]


@dataclass(frozen=True, eq=False)
class Tick:
    """The mask of a request, and with Live its zero-filled slice (readout, phase)."""

    request: SliceRequest
    mask: Mask | None = None
    spread: np.ndarray | None = None
    sampling: Sampling | None = None
    image: np.ndarray | None = None
    problem: MtmriError | None = None


@dataclass(frozen=True, eq=False)
class SliceDone:
    """The method's output for a request.

    Parameters
    ----------
    request : SliceRequest
    image : float32 (readout, phase) or None
    probability : float32 (channel, readout, phase) or None
    """

    request: SliceRequest
    image: np.ndarray | None = None
    probability: np.ndarray | None = None


def tick(request: SliceRequest) -> Tick:
    """Return mask, counts and zero-filled slice, fast enough for a slider."""
    try:
        acquisition = request.choices.acquisition()
        mask = acquisition.pattern.mask(request.plane)
        sampling = acquisition.pattern.describe(request.plane, mask)
    except MtmriError as why:  # shown in the sampling part, not in the run part
        return Tick(request, problem=why)
    image = None
    if request.is_live and request.volume is not None:
        image = np.abs(acquisition.scan(request.volume, [request.number]).zero_filled[0])
    spread = point_spread(mask) if request.with_spread else None
    return Tick(request, mask, spread, sampling, image)


def method_slice(request: SliceRequest, stop: threading.Event | None = None) -> SliceDone:
    """Return the chosen method's output for one slice.

    Raises
    ------
    Stopped
        If ``stop`` was set and the method checks it within a slice.
    """
    if request.volume is None:
        return SliceDone(request)
    scan = request.choices.acquisition().scan(request.volume, [request.number])
    part = load(request.choices, stop).run(scan)
    return SliceDone(
        request,
        None if part.image is None else np.abs(part.image[0]),
        None if part.probability is None else part.probability[0],
    )


def load(choices: Choices, stop: threading.Event | None = None) -> LoadedMethod:
    """Load and return the chosen method; imports torch."""
    chosen = choices.method_choice()
    with _LOADING:
        return verbs.load_method(
            chosen.name,
            device=chosen.device,
            precision=chosen.precision,
            weights=chosen.weights,
            parameters=chosen.parameters,
            stop=stop,
        )


def load_device(choices: Choices) -> str:
    """Load torch and the method's weights; return the device and the reason for its choice."""
    return load(choices).setting.device.why


def labels_from(probability: np.ndarray) -> np.ndarray:
    """Return the labels of one slice from its probabilities.

    Parameters
    ----------
    probability : float32 array, (channel, readout, phase)
        One channel for a binary segmentation, else one per class, background first.

    Returns
    -------
    uint8 array, (readout, phase)
    """
    one = probability.shape[0] == 1
    found = probability[0] >= THRESHOLD if one else probability.argmax(0)
    return found.astype(np.uint8)


def slice_line(zero_filled: Tick, done: SliceDone | None) -> str:
    """Return the scores of a slice in one line: "slice 11 · zero-filled 26.0 dB · …"."""
    request = zero_filled.request
    parts = [f"slice {request.number}", f"zero-filled {_quality(request, zero_filled.image)}"]
    if done is not None and done.image is not None:
        parts.append(f"{request.choices.method} {_quality(request, done.image)}")
    if done is not None and done.probability is not None and request.drawn is not None:
        parts.append(_overlap(done.probability, request.drawn))
    return " · ".join(parts)


def _quality(request: SliceRequest, image: np.ndarray | None) -> str:
    if image is None or request.volume is None:
        return "—"
    truth = _truth(request.volume, request.choices.axes(request.volume))
    one = main_quantity("image")
    value = slice_scores(truth, request.number, image).get(one.name, scope="slice")
    return f"{format_value(value, one.unit)} {one.unit}".rstrip()


def _overlap(probability: np.ndarray, drawn: np.ndarray) -> str:
    labels = labels_from(probability)
    matched, _ = match_labels(drawn, max(len(probability) - 1, 1))
    name = main_quantity("labels").name
    truth = Truth(None, None if matched is None else matched[None])
    found = slice_scores(truth, 0, None, labels).find(name, scope="slice")
    if not found:
        return f"{name} —"
    flag = f" ({found[0].flag})" if found[0].flag else ""
    return f"{name} {format_value(found[0].value)}{flag}"


@lru_cache(maxsize=2)
def _truth(volume: Volume, axes: Axes) -> Truth:
    return Truth(to_stack(volume.magnitude(), axes), None)
