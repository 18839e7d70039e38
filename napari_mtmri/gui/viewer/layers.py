# SPDX-License-Identifier: BSD-3-Clause
"""Convert volumes to napari layer data and back, without Qt.

World axes of the layers of this plugin are (S, A, R) in mm. A layer contains a transposed view
of the file's array; the affine places it upright, and nothing is flipped or resampled. What is
derived from a layer made elsewhere lies exactly on that layer, in its units.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import display_affine, display_order
from napari_mtmri.gui.viewer.elsewhere import array_of, check_volume, place_of, shape_of
from napari_mtmri.plotting import PREDICTED_COLOUR
from napari_mtmri.volume import Volume, magnitude

LayerData = tuple[Any, dict[str, Any], str]
MORE_COLOURS = ("#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
WINDOW_PERCENTILE = 99.7
MOST_WINDOW_VOXELS = 400_000  # subsampling finds a window in milliseconds for any volume
OFF_GRID_VOXELS = 0.05
# Display affines are rounded to this fraction of a voxel: napari divides the extent of a layer by
# its step and drops the remainder, so that a rounding error of a float loses the last slice.
PARTS_OF_A_VOXEL = 2**30
KEY = "napari-mtmri"
MADE_ELSEWHERE = "Opened by another reader: right and left are not known."
GREY = {"rgb": False}  # else napari takes three or four slices along the last axis for colours
_TO_RAS = np.eye(4)[[2, 1, 0, 3]]  # rows S, A, R -> R, A, S; its own inverse


@dataclass(frozen=True, eq=False)
class Placement:
    """Axis order and affine that convert between the array of a volume and of a layer.

    Parameters
    ----------
    order : (int, int, int)
        Axes of the volume's array in the order of the layer.
    affine : float array, (4, 4)
        Layer voxels to world coordinates, in the units of the layer.
    mm : three floats or None
        Millimetres per world unit along each world axis; None if the unit is not a length.
    directions_known : bool
        Whether the world axes are (S, A, R) of the patient.
    elsewhere : mapping, optional
        Place, units and axis names of a layer that another reader made.
    """

    order: tuple[int, int, int]
    affine: np.ndarray
    mm: tuple[float, float, float] | None = (1.0, 1.0, 1.0)
    directions_known: bool = True
    elsewhere: Mapping[str, Any] | None = None

    @property
    def affine_mm(self) -> np.ndarray:
        """Layer voxels to world coordinates in mm; as ``affine`` if the unit is not a length."""
        return np.diag([*(self.mm or (1.0, 1.0, 1.0)), 1.0]) @ self.affine

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
        if self.elsewhere is not None:
            return dict(self.elsewhere)
        names = ("S", "A", "R") if self.directions_known else [f"axis {one}" for one in self.order]
        return {
            "affine": self.affine,
            "units": ("pixel" if self.mm is None else "mm",) * 3,
            "axis_labels": tuple(names),
        }


def placement_of(volume: Volume) -> Placement:
    """Return the placement of a volume: upright, or on its own grid if it is oblique."""
    shown, _ = display_affine(volume.shape, volume.affine)
    return Placement(
        display_order(volume.affine),
        _in_parts_of_a_voxel(shown),
        (1.0, 1.0, 1.0) if volume.spacing_known else None,
        volume.directions_known,
    )


def _in_parts_of_a_voxel(affine: np.ndarray) -> np.ndarray:
    """Return a diagonal affine in numbers whose products with indices have no rounding error."""
    smallest = np.abs(np.diag(affine)[:3]).min()
    part = 2.0 ** np.floor(np.log2(smallest)) / PARTS_OF_A_VOXEL
    rounded = np.rint(affine / part) * part
    rounded[3] = affine[3]
    return rounded


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
    return shown, {**arguments, **GREY}, "image"


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
    """Return colours and opacity for labels, distinct for colour-blind readers.

    Plain values: objects of napari are made in the window's thread alone.
    """
    most = 1 if volume is None else max(int(volume.data.max()), 1)
    palette = (first, *MORE_COLOURS)
    colours: dict[int | None, str] = {None: first, 0: "transparent"}
    colours |= {number: palette[(number - 1) % len(palette)] for number in range(1, most + 1)}
    return {"colormap": colours, "opacity": 0.7}


def volume_of(layer: Any, frame: int | None = None) -> Volume:
    """Return the volume in a layer, including later painting.

    Parameters
    ----------
    layer : napari layer
    frame : int, optional
        Index along the first of four axes.

    Raises
    ------
    InputError
        If the layer is not a volume, or has frames and none is named.
    """
    placement, known = placement_of_layer(layer), known_volume(layer)
    data = placement.back(np.asarray(array_of(layer, frame)))
    kind = "labels" if type(layer).__name__ == "Labels" else "image"
    if known is not None and known.shape == data.shape:
        if np.may_share_memory(data, known.data) and known.kind != "labels":
            return known
        if known.kind == kind and np.array_equal(data, known.data):
            return known
        return known.like(data.copy(), kind=kind, name=layer.name)  # type: ignore[arg-type]
    return Volume(
        data if kind == "image" else data.copy(),
        _TO_RAS @ placement.affine_mm,
        name=layer.name if layer.ndim == 3 else f"{layer.name} frame {frame}",
        kind=kind,  # type: ignore[arg-type]
        spacing_known=placement.mm is not None,
        directions_known=False,
        warnings=(MADE_ELSEWHERE,),
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
    shape = shape_of(image)
    found = array_on(layer, placement_of_layer(image), shape)
    if found is None:
        raise InputError(
            f"{layer.name}: {layer.data.shape} voxels are not on the grid of {image.name}, "
            f"{shape}; draw on that image or choose another mask."
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
    step = np.linalg.solve(placement.affine_mm, own.affine_mm)
    moved = _along(np.asarray(array_of(layer)), step, shape)
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


def labels_on(layer: Any, image: Any, grid: Volume | None = None) -> Volume:
    """Return a labels layer as a volume on the grid of an image layer, copied.

    Parameters
    ----------
    layer, image : napari layers
    grid : Volume, optional
        The volume of the image layer; by default made of the layer.

    Raises
    ------
    InputError
        If the labels are on another grid.
    """
    data = labels_view(layer, image).copy()
    return (grid or volume_of(image)).like(data, kind="labels", name=layer.name)


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
    """Return whether a layer is of a file that this plugin opened, or derived from such a one."""
    known = layer.metadata.get(KEY)
    return known is not None and getattr(known.get("placement"), "elsewhere", None) is None


def knows_directions(layer: Any) -> bool:
    """Return whether the world axes of a layer are (S, A, R) of the patient."""
    known = layer.metadata.get(KEY)
    return known is not None and getattr(known.get("placement"), "directions_known", True)


def placement_of_layer(layer: Any) -> Placement:
    """Return the placement of a layer, or of its frames; layers of other readers keep their own.

    Raises
    ------
    InputError
        If the layer is not a volume.
    """
    check_volume(layer)
    placement = layer.metadata.get(KEY, {}).get("placement")
    if isinstance(placement, Placement):
        return placement
    affine, mm, arguments = place_of(layer)
    return Placement((0, 1, 2), affine, mm, directions_known=False, elsewhere=arguments)
