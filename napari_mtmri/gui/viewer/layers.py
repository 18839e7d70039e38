# SPDX-License-Identifier: BSD-3-Clause
"""Convert volumes to napari layer data and back, without Qt.

World axes are always (S, A, R) in mm. A layer contains a transposed view of the file's
array; the affine places it upright, and nothing is flipped or resampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import display_affine, display_order
from napari_mtmri.plotting import PREDICTED_COLOUR
from napari_mtmri.volume import Volume, magnitude

LayerData = tuple[Any, dict[str, Any], str]
MORE_COLOURS = ("#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
WINDOW_PERCENTILE = 99.7
MOST_WINDOW_VOXELS = 400_000  # subsampling finds a window in milliseconds for any volume
OFF_GRID_VOXELS = 0.05
KEY = "napari-mtmri"
_TO_RAS = np.eye(4)[[2, 1, 0, 3]]  # rows S, A, R -> R, A, S; its own inverse


@dataclass(frozen=True, eq=False)
class Placement:
    """Axis order and affine that convert between the array of a volume and of a layer.

    Parameters
    ----------
    order : (int, int, int)
        Axes of the volume's array in the order of the layer.
    affine : float array, (4, 4)
        Layer voxels to world coordinates (S, A, R) in mm.
    """

    order: tuple[int, int, int]
    affine: np.ndarray

    def view(self, data: np.ndarray) -> np.ndarray:
        """Return the array of a volume in the axis order of its layer.

        Parameters
        ----------
        data : array of any dtype, three axes of the volume

        Returns
        -------
        array, three axes of the layer
            A view of ``data``.
        """
        return data.transpose(self.order)

    def back(self, data: np.ndarray) -> np.ndarray:
        """Return the array of a layer in the axis order of its volume; the inverse of `view`.

        Parameters
        ----------
        data : array of any dtype, three axes of the layer

        Returns
        -------
        array, three axes of the volume
            A view of ``data``.
        """
        return data.transpose(np.argsort(self.order))

    def voxel(self, point: Sequence[float]) -> tuple[int, int, int]:
        """Return the voxel at a position, in the axes of the volume; it may be outside.

        Parameters
        ----------
        point : three floats
            World coordinates (S, A, R) in mm.
        """
        i, j, k = (math.floor(at + 0.5) for at in self.position(point))
        return i, j, k

    def position(self, point: Sequence[float]) -> tuple[float, float, float]:
        """Return the position in voxel indices, in the axes of the volume; see `voxel`."""
        shown = np.linalg.solve(self.affine, np.r_[np.asarray(point), 1.0])[:3]
        i, j, k = shown[np.argsort(self.order)].tolist()
        return i, j, k

    def point(self, voxel: Sequence[float]) -> tuple[float, float, float]:
        """Return the position of the centre of a voxel; the inverse of `voxel`."""
        shown = np.asarray(voxel, float)[list(self.order)]
        s, a, r = (self.affine @ np.r_[shown, 1.0])[:3].tolist()
        return s, a, r

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments that place a layer on this grid."""
        return {"affine": self.affine, "units": ("mm",) * 3, "axis_labels": ("S", "A", "R")}


def placement_of(volume: Volume) -> Placement:
    """Return the placement of a volume: upright, or on its own grid if it is oblique."""
    shown, _ = display_affine(volume.shape, volume.affine)
    return Placement(display_order(volume.affine), shown)


def volume_layer(
    volume: Volume, name: str | None = None, placement: Placement | None = None, **more: Any
) -> LayerData:
    """Return the layer data of an image, as a view, or of labels, as a copy to paint on."""
    placement = placement or placement_of(volume)
    arguments = {
        "name": name or volume.name,
        "metadata": {KEY: {"volume": volume, "placement": placement}},
        **placement.arguments(),
        **more,
    }
    shown = placement.view(volume.data)
    if volume.kind == "labels":
        whole = np.uint8 if shown.dtype == bool else shown.dtype.newbyteorder("=")
        return np.array(shown, dtype=whole), arguments, "labels"
    if volume.kind == "complex":
        shown = magnitude(shown)
    arguments.setdefault("contrast_limits", window_of(shown))
    return shown, arguments, "image"


def window_of(data: np.ndarray) -> tuple[float, float]:
    """Return the display window of an image.

    Parameters
    ----------
    data : real or complex array with three axes in any order
        Voxels that are 0 or not finite are ignored.

    Returns
    -------
    (low, high) : tuple of float
        Black and white in the units of ``data``: 0, or less for negative values, and a high
        percentile.
    """
    step = max(1, round((data.size / MOST_WINDOW_VOXELS) ** (1 / 3)))
    some = np.asarray(data[::step, ::step, ::step])
    some = magnitude(some) if np.iscomplexobj(some) else some.astype(np.float32)
    seen = some[np.isfinite(some) & (some != 0)]
    if not seen.size:
        return 0.0, 1.0
    low, high = np.percentile(seen, (100 - WINDOW_PERCENTILE, WINDOW_PERCENTILE))
    low = min(0.0, float(low))
    return low, float(high) if high > low else low + 1.0


def label_style(volume: Volume | None = None, first: str = PREDICTED_COLOUR) -> dict[str, Any]:
    """Return colormap and opacity for labels, distinct for colour-blind readers."""
    from napari.utils import DirectLabelColormap

    most = 1 if volume is None else max(int(volume.data.max()), 1)
    palette = (first, *MORE_COLOURS)
    colours: dict[int | None, str] = {None: first, 0: "transparent"}
    colours |= {number: palette[(number - 1) % len(palette)] for number in range(1, most + 1)}
    colormap = DirectLabelColormap(color_dict=colours)
    return {"colormap": colormap, "opacity": 0.7}


def volume_of(layer: Any) -> Volume:
    """Return the volume in a layer, including later painting.

    Raises
    ------
    InputError
        If the layer is not a volume.
    """
    placement, known = placement_of_layer(layer), known_volume(layer)
    data = placement.back(np.asarray(layer.data))
    kind = "labels" if type(layer).__name__ == "Labels" else "image"
    if known is not None and known.shape == data.shape:
        if np.may_share_memory(data, known.data) and known.kind != "labels":
            return known
        if known.kind == kind and np.array_equal(data, known.data):
            return known
        return known.like(data.copy(), kind=kind, name=layer.name)  # type: ignore[arg-type]
    return Volume(
        data if kind == "image" else data.copy(),
        _TO_RAS @ placement.affine,
        name=layer.name,
        kind=kind,  # type: ignore[arg-type]
        spacing_known=False,
        warnings=("Opened by another reader: right and left are not known.",),
    )


def labels_view(layer: Any, image: Any) -> np.ndarray:
    """Return the array of a labels layer in the file axes of an image layer.

    The axes of the labels may differ in order or direction, as for labels drawn on the
    screen; nothing is resampled.

    Parameters
    ----------
    layer, image : napari layers
        Labels, and the image whose file axes are used.

    Returns
    -------
    integer array, shape and axis order of the image's file
        A view of the layer's data.

    Raises
    ------
    InputError
        If the labels are on another grid.
    """
    found = array_on(layer, placement_of_layer(image), image.data.shape)
    if found is None:
        raise InputError(
            f"{layer.name}: {layer.data.shape} voxels are not on the grid of {image.name}, "
            f"{image.data.shape}; draw on that image or choose another mask."
        )
    return found


def array_on(layer: Any, placement: Placement, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return the array of a layer in the axes of a volume, or None if it is on another grid.

    Parameters
    ----------
    layer : napari layer
    placement : Placement
        Of the volume.
    shape : (int, int, int)
        Of the layer of the volume.

    Returns
    -------
    array in the axis order of the volume, or None
        A view of the layer's data, transposed and flipped; nothing is resampled.
    """
    own = placement_of_layer(layer)
    step = np.linalg.solve(placement.affine, own.affine)
    moved = _along(np.asarray(layer.data), step, shape)
    return None if moved is None else placement.back(moved)


def volume_on(layer: Any, grid: Volume) -> Volume:
    """Return a layer as a volume on the grid of another, or on its own if it does not fit.

    Raises
    ------
    InputError
        If the layer is not three-dimensional.
    """
    volume = volume_of(layer)
    if volume.same_grid(grid):
        return volume
    placement = placement_of(grid)
    found = array_on(layer, placement, placement.view(grid.data).shape)
    if found is None:
        return volume
    kind: Any = "labels" if type(layer).__name__ == "Labels" else None
    return grid.like(found.copy(), kind=kind, name=layer.name)


def labels_on(layer: Any, image: Any) -> Volume:
    """Return a labels layer as a volume on the grid of an image layer, copied.

    Raises
    ------
    InputError
        If the labels are on another grid.
    """
    data = labels_view(layer, image).copy()
    return volume_of(image).like(data, kind="labels", name=layer.name)


def _along(data: np.ndarray, step: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return an array transposed and flipped to another grid, or None if it does not fit."""
    whole = np.rint(step[:3, :3])
    order = np.abs(whole).argmax(axis=1)
    if sorted(order) != [0, 1, 2] or np.abs(whole).sum() != 3:
        return None
    moved = data.transpose(order)
    signs = whole[range(3), order]
    start = step[:3, 3] - np.where(signs < 0, np.array(moved.shape) - 1, 0)
    bend = np.abs(step[:3, :3] - whole).sum(axis=1) * max(shape)
    if moved.shape != tuple(shape) or (np.abs(start) + bend > OFF_GRID_VOXELS).any():
        return None
    return moved[tuple(slice(None, None, -1 if sign < 0 else 1) for sign in signs)]


def known_volume(layer: Any) -> Volume | None:
    """Return the volume from which this plugin made a layer, or None."""
    volume = layer.metadata.get(KEY, {}).get("volume")
    return volume if isinstance(volume, Volume) else None


def is_ours(layer: Any) -> bool:
    """Return whether this plugin made a layer, so that its world axes are (S, A, R)."""
    return KEY in layer.metadata


def placement_of_layer(layer: Any) -> Placement:
    """Return the placement of a layer; layers of other readers keep their own.

    Raises
    ------
    InputError
        If the layer is not three-dimensional.
    """
    if layer.ndim != 3 or getattr(layer, "rgb", False) or getattr(layer, "multiscale", False):
        raise InputError(
            f"{layer.name}: is not a grey-scale volume ({layer.ndim} axes); "
            "choose a layer with three axes."
        )
    placement = layer.metadata.get(KEY, {}).get("placement")
    if isinstance(placement, Placement):
        return placement
    corners = np.vstack([np.zeros(3), np.eye(3)])
    world = np.array([layer.data_to_world(corner) for corner in corners])
    affine = np.eye(4)
    affine[:3, :3] = (world[1:] - world[0]).T
    affine[:3, 3] = world[0]
    return Placement((0, 1, 2), affine)
