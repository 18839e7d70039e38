# SPDX-License-Identifier: BSD-3-Clause
"""One slice, off the window's thread: its mask, zero-filled image, result and scores; no Qt."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from napari_mtmri.errors import MtmriError
from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.methods.assemble import THRESHOLD
from napari_mtmri.patterns.base import Mask, Pattern, Sampling
from napari_mtmri.volume import Volume

PLANE_WITHOUT_VOLUME = (224, 192)
_LOADING = threading.Lock()  # one thread loads torch and weights, the others find them there


@dataclass(frozen=True, eq=False)
class SliceRequest:
    """One slice, or without a volume one mask, of the choices as they were.

    Parameters
    ----------
    choices : Choices
    volume : Volume or None
    number : int
        Slice of the volume.
    drawn : integer array (readout, phase) or None
        What somebody drew on it.
    is_live : bool
        Whether the picture is wanted beside the mask.
    with_spread : bool
        Whether the point-spread function is wanted instead of the mask.
    """

    choices: Choices
    volume: Volume | None = None
    number: int = 0
    drawn: np.ndarray | None = None
    is_live: bool = False
    with_spread: bool = False

    @property
    def plane(self) -> tuple[int, int]:
        """Readout and phase-encoding lines."""
        if self.volume is None:
            return PLANE_WITHOUT_VOLUME
        axes = self.choices.axes(self.volume)
        return self.volume.shape[axes.readout], self.volume.shape[axes.phase]


@dataclass(frozen=True, eq=False)
class Tick:
    """The mask of a request, and with Live the zero-filled slice (readout, phase)."""

    request: SliceRequest
    mask: Mask | None = None
    spread: np.ndarray | None = None
    sampling: Sampling | None = None
    image: np.ndarray | None = None
    problem: MtmriError | None = None


@dataclass(frozen=True, eq=False)
class SliceDone:
    """What the method made of a request: (readout, phase) arrays."""

    request: SliceRequest
    image: np.ndarray | None
    probability: np.ndarray | None


class _Remembered(Pattern):
    """A pattern that draws its mask once, not again for each picture of it."""

    def mask(self, shape: tuple[int, int]) -> Mask:
        """Return the mask, as `Pattern.mask` does."""
        if self.name == "file":  # which may change under the same name
            return super().mask(shape)
        return _drawn(self, shape).copy()


@lru_cache(maxsize=32)
def _drawn(pattern: _Remembered, shape: tuple[int, int]) -> Mask:
    return Pattern.mask(pattern, shape)


def pattern_of(choices: Choices) -> Pattern:
    """Return the chosen pattern, its mask drawn only once.

    Raises
    ------
    RequestError
        If the numbers do not fit together.
    """
    made = choices.make_pattern()
    return _Remembered(made.name, made.acceleration, made.center_fraction, made.seed, made.options)


def tick(request: SliceRequest) -> Tick:
    """Return mask, counts and zero-filled slice; fast enough to follow a slider."""
    try:
        pattern = pattern_of(request.choices)
        mask = pattern.mask(request.plane)
        sampling = pattern.describe(request.plane, mask)
    except MtmriError as why:  # stands beside the pattern, not beside the run
        return Tick(request, problem=why)
    spread = None
    if request.with_spread:
        from napari_mtmri.patterns.point_spread import point_spread

        spread = point_spread(mask)
    image = None
    if request.is_live and request.volume is not None:
        scan = request.choices.simulate(request.volume, [request.number], pattern)
        image = np.abs(scan.zero_filled[0])
    return Tick(request, mask, spread, sampling, image)


def load(choices: Choices) -> Any:
    """Return (method, setting, loaded) of the chosen method; torch is imported here."""
    from napari_mtmri.verbs import load_method

    with _LOADING:
        return load_method(
            choices.method,
            device=choices.device,
            precision=choices.precision,
            weights=choices.weights,
            parameters=choices.parameters,
        )


def load_device(choices: Choices) -> str:
    """Load torch and the method's weights; return the device and why."""
    _warm_labels()
    _, setting, _ = load(choices)
    return str(setting.device.why)


@lru_cache(maxsize=1)
def _warm_labels() -> None:
    """Let napari load what its first labels need, up to a second, before they are drawn."""
    from napari.layers import Labels

    from napari_mtmri.gui.viewer.layers import label_style

    Labels(np.zeros((2, 2, 2), np.uint8), **label_style())


def method_slice(request: SliceRequest) -> SliceDone:
    """Return what the chosen method makes of one slice."""
    choices, volume = request.choices, request.volume
    if volume is None:
        return SliceDone(request, None, None)
    method, _, loaded = load(choices)
    scan = choices.simulate(volume, [request.number], pattern_of(choices))
    part = loaded.run(scan.select([0], with_reference=method.is_full_sample))
    return SliceDone(
        request,
        None if part.image is None else np.abs(part.image[0]),
        None if part.probability is None else part.probability[0],
    )


def labels_from(probability: np.ndarray) -> np.ndarray:
    """Return uint8 labels of one slice from its probabilities (channel, readout, phase)."""
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
        parts.append(_overlap(labels_from(done.probability), request.drawn))
    return " · ".join(parts)


def _quality(request: SliceRequest, image: np.ndarray | None) -> str:
    from napari_mtmri.metrics.base import main_quantity
    from napari_mtmri.metrics.measure import slice_scores
    from napari_mtmri.metrics.scores import format_value

    if image is None or request.volume is None:
        return "—"
    truth = _truth(request.volume, request.choices.axes(request.volume))
    one = main_quantity("image")
    value = slice_scores(truth, request.number, image).get(one.name, scope="slice")
    return f"{format_value(value, one.unit)} {one.unit}".rstrip()


def _overlap(labels: np.ndarray, drawn: np.ndarray) -> str:
    from napari_mtmri.metrics.base import main_quantity
    from napari_mtmri.metrics.measure import Truth, slice_scores
    from napari_mtmri.metrics.scores import format_value

    name = main_quantity("labels").name
    value = slice_scores(Truth(None, drawn[None]), 0, None, labels).get(name, scope="slice")
    return f"{name} {format_value(value)}"


@lru_cache(maxsize=2)
def _truth(volume: Volume, axes: Axes) -> Any:
    from napari_mtmri.metrics.measure import Truth

    return Truth(to_stack(volume.magnitude(), axes), None)
