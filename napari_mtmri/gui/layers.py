# SPDX-License-Identifier: BSD-3-Clause
"""From volumes and results to napari's layer data, and back; no Qt.

World axes are always (S, A, R) in mm. A layer holds a transposed view of the file's own
array; the affine puts it upright, and nothing is flipped or resampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import display_affine, display_order
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

LayerData = tuple[Any, dict[str, Any], str]
REFERENCE_COLOUR, PREDICTED_COLOUR, DISAGREE_COLOUR = "#1b9e77", "#d95f02", "#7570b3"
MORE_COLOURS = ("#d95f02", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
ERROR_SHARE = 0.2
WINDOW_PERCENTILE = 99.7
KEY = "mtmri"


@dataclass(frozen=True)
class Placement:
    """How a volume's array becomes a layer, and back.

    Parameters
    ----------
    order : (int, int, int)
        Array axes in the layer's order.
    affine : (4, 4) array
        The layer's data to world.
    """

    order: tuple[int, int, int]
    affine: np.ndarray

    def view(self, data: np.ndarray) -> np.ndarray:
        """Return the layer's array, a view of the volume's."""
        return data.transpose(self.order)

    def back(self, data: np.ndarray) -> np.ndarray:
        """Return the volume's array of a layer's; the exact inverse of `view`."""
        return data.transpose(np.argsort(self.order))

    def arguments(self) -> dict[str, Any]:
        """Return what every layer of this grid is added with."""
        return {"affine": self.affine, "units": ("mm",) * 3, "axis_labels": ("S", "A", "R")}


def placement_of(volume: Volume) -> Placement:
    """Return how a volume is shown: upright, on its own grid if it is oblique."""
    shown, _ = display_affine(volume.shape, volume.affine)
    return Placement(display_order(volume.affine), shown)


def volume_layer(
    volume: Volume, name: str | None = None, placement: Placement | None = None, **more: Any
) -> LayerData:
    """Return the layer data of an image or of labels."""
    placement = placement or placement_of(volume)
    arguments = {
        "name": name or volume.name,
        "metadata": {KEY: {"volume": volume, "placement": placement}},
        **placement.arguments(),
        **more,
    }
    if volume.kind == "labels":
        return placement.view(volume.data), arguments, "labels"
    data = np.abs(volume.data) if volume.kind == "complex" else volume.data
    arguments.setdefault("contrast_limits", window_of(data))
    return placement.view(data), arguments, "image"


def window_of(data: np.ndarray) -> tuple[float, float]:
    """Return black and white of an image: 0 and a high percentile of what is not air."""
    finite = np.abs(data[np.isfinite(data) & (data != 0)])
    top = float(np.percentile(finite, WINDOW_PERCENTILE)) if finite.size else 1.0
    return 0.0, top or 1.0


def result_layers(
    result: Result,
    placement: Placement,
    shown: Sequence[str],
    labels: Volume | None = None,
) -> list[LayerData]:
    """Return the layers of a result that are asked for, in the order they are added.

    Parameters
    ----------
    shown : sequence of str
        Of "zero-filled", "reconstruction", "error", "probability", "segmentation",
        "disagreement".
    labels : Volume, optional
        What somebody drew, for the disagreement.
    """
    base = result.reference or result.zero_filled
    window = window_of(np.abs(base.data))
    top = ERROR_SHARE * (float(np.abs(base.data).max()) or 1.0)
    layers: list[LayerData] = []

    def add(what: str, volume: Volume | None, **more: Any) -> None:
        if what in shown and volume is not None:
            name = f"{result.title} · {what}"
            layers.append(volume_layer(volume, name, placement, **more))

    add("zero-filled", result.zero_filled, contrast_limits=window, visible=False)
    add("reconstruction", result.reconstruction, contrast_limits=window)
    if result.error is not None:
        magnitude = result.error.like(np.abs(result.error.data))
        add("error", magnitude, contrast_limits=(0, top), colormap="inferno", visible=False)
    add("probability", result.probability, contrast_limits=(0, 1), colormap="magma", visible=False)
    if result.labels is not None:
        add("segmentation", result.labels, **label_style(result.labels))
        if labels is not None:
            differs = (result.labels.data > 0) != (labels.data > 0)
            volume = result.labels.like(differs.astype(np.uint8), kind="labels")
            add("disagreement", volume, **label_style(volume, DISAGREE_COLOUR), visible=False)
    return layers


def label_style(volume: Volume, first: str = PREDICTED_COLOUR) -> dict[str, Any]:
    """Return colours of labels that colour-blind readers can tell apart."""
    from napari.utils import DirectLabelColormap

    most = max(int(volume.data.max()), 1)
    colours: dict[int | None, str] = {
        i: (first, *MORE_COLOURS[1:])[(i - 1) % len(MORE_COLOURS)] for i in range(1, most + 1)
    }
    shown: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    colormap = DirectLabelColormap(color_dict=shown | colours)
    return {"colormap": colormap, "opacity": 0.7}


def volume_of(layer: Any) -> Volume:
    """Return the volume a layer shows, with what was painted since.

    Raises
    ------
    InputError
        If the layer is no volume.
    """
    placement, known = placement_of_layer(layer), known_volume(layer)
    data = placement.back(np.asarray(layer.data))
    if known is not None and known.shape == data.shape:
        if layer.data is known.data or np.shares_memory(data, known.data):
            return known
        return known.like(data, kind=known.kind)
    is_labels = type(layer).__name__ == "Labels"
    return Volume(
        data,
        _ras_affine(placement),
        name=layer.name,
        kind="labels" if is_labels else "image",
        warnings=(f"{layer.name}: opened by another reader; right and left are not known.",),
    )


def known_volume(layer: Any) -> Volume | None:
    """Return the volume a layer of ours was made from."""
    volume = layer.metadata.get(KEY, {}).get("volume")
    return volume if isinstance(volume, Volume) else None


def placement_of_layer(layer: Any) -> Placement:
    """Return how a layer is placed; one of another reader keeps its own place.

    Raises
    ------
    InputError
        If the layer is not three-dimensional.
    """
    placement = layer.metadata.get(KEY, {}).get("placement")
    if isinstance(placement, Placement):
        return placement
    if layer.ndim != 3 or getattr(layer, "rgb", False):
        raise InputError(
            f"{layer.name}: is no volume of grey values; choose a layer with three axes."
        )
    corners = np.vstack([np.zeros(3), np.eye(3)])
    world = np.array([layer.data_to_world(corner) for corner in corners])
    affine = np.eye(4)
    affine[:3, :3] = (world[1:] - world[0]).T
    affine[:3, 3] = world[0]
    return Placement((0, 1, 2), affine)


def _ras_affine(placement: Placement) -> np.ndarray:
    """Voxel to RAS+ of a layer in world (S, A, R)."""
    return np.eye(4)[[2, 1, 0, 3]] @ placement.affine
