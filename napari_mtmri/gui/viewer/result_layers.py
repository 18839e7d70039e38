# SPDX-License-Identifier: BSD-3-Clause
"""The layers of a result with names, display windows and colours, without Qt."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.gui.viewer.layers import (
    KEY,
    LayerData,
    Placement,
    label_style,
    volume_layer,
    window_of,
)
from napari_mtmri.methods.base import METHODS
from napari_mtmri.plotting import PREDICTED_COLOUR, REFERENCE_COLOUR
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume, bright_value, magnitude

USUAL_PATTERN = "random"  # the panel's first choice
FIXED = "fixed"
ERROR_SCALES = {"×1": 1, "×5": 5, "×10": 10}
HIDDEN = ("k-space", "zero-filled", "error", "probability", "disagreement")
CASE_HEAD, CASE_TAIL = 8, 10  # letters of a long case that are kept in the name of a layer
HATCH = 4  # period of the stripes in voxels
K_SPACE_DB = (-80.0, 0.0)


def run_name(result: Result) -> str:
    """Return what a run differs by: method, R, and all settings that are not the default."""
    swapped = result.axes != result.zero_filled.axes
    return _name(result.method, result.acceleration, result.request, swapped)


def run_title(result: Result) -> str:
    """Return the title of a run: what it differs by, then the case.

    The layer list cuts long names in the middle, so what differs stands first.
    """
    return f"{run_name(result)} · {result.name}"


def coming_title(name: str, method: str, request: Mapping[str, Any], swapped: bool) -> str:
    """Return the `run_title` that the result of a request will have."""
    acceleration = float(request["pattern"]["acceleration"])
    return f"{_name(method, acceleration, request, swapped)} · {name}"


def layer_name(what: str, title: str, case: str) -> str:
    """Return the name of a layer: its content, then the title of its run, which ends with the case.

    A long case is cut in its middle, or the layer list would cut method and acceleration. Cases
    differ at their beginning (``sub-01_...``) or towards their end, so that both are kept; the
    whole title is in the metadata of the layer.
    """
    return f"{what} · {title.removesuffix(case)}{_short(case)}"


def _short(case: str) -> str:
    if len(case) <= CASE_HEAD + CASE_TAIL + 2:
        return case
    return f"{case[:CASE_HEAD]}…{case[-CASE_TAIL:]}"


def _name(method: str, acceleration: float, request: Mapping[str, Any], swapped: bool) -> str:
    pattern = (request.get("pattern") or {}).get("name", "mask")
    usual = f"{method} R{acceleration:g}" + ("" if pattern == USUAL_PATTERN else f" {pattern}")
    return ", ".join([usual, *_unusual(request, swapped)])


def _unusual(request: Mapping[str, Any], swapped: bool) -> list[str]:
    pattern, simulation = request.get("pattern") or {}, request.get("simulation") or {}
    settings = [request["weights"]] if request.get("weights") else []
    if pattern.get("seed"):
        settings.append(f"seed {pattern['seed']}")
    if pattern.get("center_fraction") is not None:
        settings.append(f"centre {pattern['center_fraction']:g}")
    for options in (pattern.get("options") or {}, _changed(request)):
        settings += [f"{name} {value}" for name, value in options.items() if name != "path"]
    if swapped:
        settings.append("phase and readout swapped")
    if simulation.get("phase"):
        settings.append("phase")
    if simulation.get("snr"):
        settings.append(f"SNR {simulation['snr']:g}")
    if simulation.get("n_coils", 1) > 1:
        settings.append(f"{simulation['n_coils']} coils")
    return settings


def _changed(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request that differ from the defaults of its method."""
    try:
        defaults = METHODS.get(request.get("method", "")).defaults
    except RequestError:  # a result of a method that is not installed here
        defaults = {}
    given = request.get("parameters") or {}
    return {name: value for name, value in given.items() if value != defaults.get(name)}


def error_top(reference: Volume, scale: str, fixed: float | None = None) -> float:
    """Return the end of the error scale: `bright_value` of the reference, divided by the scale."""
    if scale == FIXED and fixed:
        return float(fixed)
    return bright_value(reference.data) / ERROR_SCALES.get(scale, 5)


def result_layers(
    result: Result,
    placement: Placement,
    shown: Sequence[str],
    *,
    labels: Volume | None = None,
    kspace: Volume | None = None,
    top: float | None = None,
    of: Hashable = None,
) -> list[LayerData]:
    """Return the requested layers of a result, from bottom to top.

    Parameters
    ----------
    shown : sequence of str
        Any of "k-space", "zero-filled", "error", "probability", "reconstruction",
        "segmentation", "disagreement".
    labels : Volume, optional
        Reference segmentation, for the disagreement.
    kspace : Volume, optional
        Measured k-space in decibels (`measured_decibels`).
    top : float, optional
        Maximum of the error scale; by default a fifth of the reference's `bright_value`.
    of : hashable, optional
        Identity of the image layer that the result is of.
    """
    base = result.reference or result.zero_filled
    window = window_of(base.data)
    title = run_title(result)
    layers: list[LayerData] = []

    def add(what: str, volume: Volume | None, **more: Any) -> None:
        if what not in shown or volume is None:
            return
        data, arguments, kind = volume_layer(
            volume,
            layer_name(what, title, result.name),
            placement,
            visible=what not in HIDDEN,
            **more,
        )
        arguments["metadata"][KEY].update(what=what, run=title, result=result, of=of)
        layers.append((data, arguments, kind))

    # Layers that start hidden are above the others: a click on their eye shows them.
    add("reconstruction", result.reconstruction, contrast_limits=window)
    add("zero-filled", result.zero_filled, contrast_limits=window)
    if result.error is not None:
        absolute = result.error.like(magnitude(result.error.data))
        limits = (0.0, top or error_top(base, "×5"))
        add("error", absolute, contrast_limits=limits, colormap="inferno")
    add("probability", result.probability, contrast_limits=(0.0, 1.0), colormap="magma")
    add("k-space", kspace, contrast_limits=K_SPACE_DB)
    if result.labels is not None:
        add("segmentation", result.labels, **label_style(result.labels))
        if labels is not None and "disagreement" in shown:
            differs = disagreement(result.labels, labels)
            add("disagreement", differs, **disagreement_style())
    return layers


def disagreement(predicted: Volume, drawn: Volume) -> Volume:
    """Return labels: 1 only in the reference, solid; 2 only in the prediction, striped."""
    missed = (drawn.data > 0) & (predicted.data == 0)
    extra = (predicted.data > 0) & (drawn.data == 0)
    stripes = np.indices(predicted.shape, sparse=True)
    striped = (stripes[0] + stripes[1] + stripes[2]) % HATCH < HATCH // 2
    values = missed.astype(np.uint8) + 2 * (extra & striped).astype(np.uint8)
    return predicted.like(values, kind="labels", name=f"{predicted.name} disagreement")


def disagreement_style() -> dict[str, Any]:
    """Return the colours of a disagreement: the reference colour and the prediction colour."""
    colours = {None: "transparent", 0: "transparent", 1: REFERENCE_COLOUR, 2: PREDICTED_COLOUR}
    return {"colormap": colours, "opacity": 0.9}


def measured_decibels(kspace: np.ndarray) -> np.ndarray:
    """Return the root sum of squares of k-space over coils, in dB relative to its maximum.

    Parameters
    ----------
    kspace : complex64 (slice, coil, readout, phase)

    Returns
    -------
    float32 (slice, readout, phase)
        Samples that were not measured have the lowest value of the scale.
    """
    combined = np.sqrt((np.abs(kspace) ** 2).sum(axis=1))
    largest = float(combined.max()) or 1.0
    floor = 10 ** (K_SPACE_DB[0] / 20)
    return (20 * np.log10(np.maximum(combined / largest, floor))).astype(np.float32)
