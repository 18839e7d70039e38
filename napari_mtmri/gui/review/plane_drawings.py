# SPDX-License-Identifier: BSD-3-Clause
"""Slices of layers through a point, as pictures in mm of the screen; no Qt.

World axes are (S, A, R) in mm. On the screen x increases to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels

from napari_mtmri.compare.mask_patterns import outline
from napari_mtmri.gui.viewer.orientation import letters_of

DARK = 0.1  # share of the display window that is air
STRIDE = 4  # of the voxels among which the head is looked for
NAMES = ("axial", "coronal", "sagittal")  # by the world axis that is perpendicular to the plane
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Plane:
    """A plane through a point, and how it lies on the screen.

    Parameters
    ----------
    axis : int
        World axis perpendicular to it.
    ways : (int, int)
        1 if rows increase downwards and columns to the right, else -1.
    """

    axis: int
    ways: tuple[int, int]

    @property
    def name(self) -> str:
        """Name of the plane."""
        return NAMES[self.axis]

    @property
    def rows(self) -> tuple[int, int]:
        """World axes of rows and columns, in napari's order."""
        row, column = (axis for axis in range(3) if axis != self.axis)
        return row, column

    @property
    def letters(self) -> tuple[str, str, str, str]:
        """Letters at the left, right, top and bottom."""
        return letters_of(*self.rows, is_down=self.ways[0] > 0, is_right=self.ways[1] > 0)

    def on_screen(self, point: Point) -> tuple[float, float]:
        """Return x and y of a point, in mm."""
        (row, column), (down, right) = self.rows, self.ways
        return right * point[column], down * point[row]

    def moved_to(self, point: Point, x: float, y: float) -> Point:
        """Return the point of this plane at x and y; the inverse of `on_screen`."""
        (row, column), (down, right) = self.rows, self.ways
        moved = list(point)
        moved[row], moved[column] = down * y, right * x
        s, a, r = moved
        return s, a, r


@dataclass(frozen=True, eq=False)
class Drawing:
    """A slice of a layer.

    Parameters
    ----------
    pixels : uint8 array, (rows, columns), or (rows, columns, 4) with colour and opacity
        The first row is at the top of the screen, the first column at its left.
    box : (left, top, right, bottom)
        Its edges on the screen, in mm.
    number, count : int
        Slice of the layer, from 0, and the number of its slices.
    """

    pixels: np.ndarray
    box: tuple[float, float, float, float]
    number: int
    count: int


def head_area(layer: Image, plane: Plane) -> tuple[float, float, float, float]:
    """Return the (left, top, right, bottom) of the head on the screen in mm, without the air.

    The whole image if nothing in it is brighter than air.
    """
    low, high = layer.contrast_limits
    some = np.asarray(layer.data[::STRIDE, ::STRIDE, ::STRIDE]) > low + DARK * (high - low)
    where = np.argwhere(some) if some.any() else np.argwhere(np.ones_like(some))
    first = np.maximum(where.min(axis=0) - 1, 0) * STRIDE
    last = np.minimum((where.max(axis=0) + 1) * STRIDE, np.array(layer.data.shape) - 1)
    corners = [plane.on_screen(layer.data_to_world(end)) for end in (first, last)]
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return left, top, right, bottom


def drawings(layers: Iterable[Any], plane: Plane, point: Point) -> list[Drawing]:
    """Return the slices of image and labels layers through a point, the lowest layer first."""
    found = (_drawing(layer, plane, point) for layer in layers)
    return [one for one in found if one is not None]


def _drawing(layer: Any, plane: Plane, point: Point) -> Drawing | None:
    """Return the slice of a layer, or None if it does not reach there."""
    count = layer.data.shape[plane.axis]
    number = round(float(layer.world_to_data(point)[plane.axis]))
    if not 0 <= number < count:
        return None
    pixels = np.take(layer.data, number, axis=plane.axis)
    pixels = _grey(layer, pixels) if isinstance(layer, Image) else _coloured(layer, pixels)
    first = np.asarray(layer.data_to_world((0, 0, 0)))
    step = np.asarray(layer.data_to_world((1, 1, 1))) - first
    edges = []
    for side, (axis, way) in enumerate(zip(plane.rows, plane.ways, strict=True)):
        if step[axis] * way < 0:
            pixels = np.flip(pixels, side)
        ends = way * (first[axis] + step[axis] * np.array([-0.5, pixels.shape[side] - 0.5]))
        edges.append((float(ends.min()), float(ends.max())))
    (top, bottom), (left, right) = edges
    return Drawing(np.ascontiguousarray(pixels), (left, top, right, bottom), number, count)


def _grey(layer: Image, values: np.ndarray) -> np.ndarray:
    low, high = layer.contrast_limits
    share = np.nan_to_num((values.astype(np.float32) - low) / (high - low))
    return np.asarray(255 * share.clip(0, 1) ** layer.gamma).astype(np.uint8)


def _coloured(layer: Labels, labels: np.ndarray) -> np.ndarray:
    """Return labels in the colours of their layer, filled or as an outline."""
    colours = layer.colormap.color_dict
    pixels = np.zeros((*labels.shape, 4), np.uint8)
    for label in np.unique(labels):
        if label:
            red, green, blue, alpha = colours.get(int(label), colours[None])
            pixels[labels == label] = np.round(
                255 * np.array([red, green, blue, alpha * layer.opacity])
            )
    if layer.contour:
        pixels[outline(labels) == 0] = 0
    return pixels
