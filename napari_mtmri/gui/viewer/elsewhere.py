# SPDX-License-Identifier: BSD-3-Clause
"""Layers of any origin: which contain a volume, its array, and their own place, without Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError


def array_of(layer: Any, frame: int | None = None) -> Any:
    """Return the array of a layer with three axes: full resolution, and one frame of several.

    Raises
    ------
    InputError
        If the layer is not a volume, or has frames and none is named.
    """
    check_volume(layer)
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    if layer.ndim == 3:
        return data
    if frame is None:
        raise InputError(f"{layer.name}: has {len(data)} frames; choose a layer with one.")
    return data[frame]


def n_frames(layer: Any) -> int:
    """Return the number of frames of a layer; 1 for a volume."""
    if layer is None or layer.ndim != 4:
        return 1
    return len(layer.data[0] if getattr(layer, "multiscale", False) else layer.data)


def why_no_volume(layer: Any) -> str | None:
    """Return why a layer contains no grey-scale volume, or None if it does."""
    if getattr(layer, "rgb", False):
        return "is a colour picture; split its channels (right-click ▸ Split RGB) and choose one."
    if layer.ndim < 3:
        return f"is a picture with {layer.ndim} axes; choose a volume, which has three."
    if layer.ndim > 4:
        return f"has {layer.ndim} axes; choose a volume, or a series of volumes with four."
    return None


def check_volume(layer: Any) -> None:
    why = why_no_volume(layer)
    if why is not None:
        raise InputError(f"{layer.name}: {why}")


def shape_of(layer: Any) -> tuple[int, ...]:
    """Return the shape of the volume in a layer, or of one of its frames."""
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    return tuple(data.shape[-3:])


def place_of(
    layer: Any,
) -> tuple[np.ndarray, tuple[float, float, float] | None, dict[str, Any]]:
    """Return where a layer is, for what is derived from it.

    Returns
    -------
    affine : float array, (4, 4)
        Last three axes of the layer to its world.
    mm : three floats or None
        Millimetres per world unit; None if the unit is not a length.
    arguments : dict
        Transforms, units and axis names, as arguments of a layer with three axes.
    """
    own = slice(layer.ndim - 3, layer.ndim)
    corners = np.zeros((4, layer.ndim))
    corners[1:, own] = np.eye(3)
    world = np.array([layer.data_to_world(corner) for corner in corners])[:, own]
    affine = np.eye(4)
    affine[:3, :3] = (world[1:] - world[0]).T
    affine[:3, 3] = world[0]
    units = tuple(layer.units[own])
    arguments = {
        **_transforms(layer, affine),
        "units": tuple(map(str, units)),
        "axis_labels": tuple(layer.axis_labels[own]),
    }
    return affine, _mm(units), arguments


def _transforms(layer: Any, affine: np.ndarray) -> dict[str, Any]:
    """Return the transforms of a layer, unchanged: products of them have rounding errors."""
    if layer.ndim != 3:
        return {"affine": affine}
    whole = ("scale", "translate", "rotate", "shear")
    return {**{name: getattr(layer, name) for name in whole}, "affine": layer.affine}


def _mm(units: Sequence[Any]) -> tuple[float, float, float] | None:
    """Return the millimetres in each unit, or None if one is not a length."""
    if not all(unit.is_compatible_with("mm") for unit in units):
        return None
    a, b, c = ((1 * unit).to("mm").magnitude for unit in units)
    return float(a), float(b), float(c)
