# SPDX-License-Identifier: BSD-3-Clause
"""The upright picture of the shown slice, and the chosen part of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_mtmri.compare.comparison import Comparison, Zoom
from napari_mtmri.display import SliceView, upright_view
from napari_mtmri.errors import RequestError

LESION_MARGIN = 1.6  # side of the zoom, relative to the longer side of the lesion
SMALLEST_SHARE = 0.15  # of the shorter side of the picture


def slice_view(comparison: Comparison) -> SliceView:
    """Return the upright display orientation of the shown slices."""
    return upright_view(comparison.grid, comparison.axis, neurological=comparison.view.neurological)


def lesion_zoom(comparison: Comparison, size: float | None = None) -> Zoom:
    """Return the zoom on the largest lesion in the shown slice.

    Parameters
    ----------
    comparison : Comparison
    size : float, optional
        Side in mm (voxels, if the spacing is unknown); by default a little more than the lesion.

    Raises
    ------
    RequestError
        If no cell has a lesion in this slice.
    """
    from scipy import ndimage

    view, number = slice_view(comparison), comparison.slice
    for cell in (comparison.base, *comparison.cells):
        if cell is None or cell.labels is None:
            continue
        region = view.picture(cell.labels.data, number) > 0
        if not region.any():
            continue
        parts, _ = ndimage.label(region, np.ones((3, 3)))
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        rows, columns = ndimage.find_objects(parts)[int(sizes.argmax()) - 1]
        tall, wide = view.size[0] / region.shape[0], view.size[1] / region.shape[1]
        longer = max((rows.stop - rows.start) * tall, (columns.stop - columns.start) * wide)
        fitting = max(LESION_MARGIN * longer, SMALLEST_SHARE * min(view.size))
        return Zoom(
            x=(columns.start + columns.stop) / 2 * wide,
            y=(rows.start + rows.stop) / 2 * tall,
            size=float(fitting if size is None else size),
        )
    raise RequestError(
        f"`zoom` on the lesion: slice {number} shows none; choose another slice or give X,Y,MM."
    )


def zoom_at(comparison: Comparison, position: Sequence[float], size: float) -> Zoom:
    """Return the zoom around a position; outside the picture, around the nearest place in it.

    Parameters
    ----------
    comparison : Comparison
    position : three floats
        Voxel indices (i, j, k).
    size : float
        Side, in the unit of the picture.
    """
    view = slice_view(comparison)
    middle = []
    for axis, is_flipped, side in zip(_axes(view), view.flips, view.size, strict=True):
        count = comparison.grid.shape[axis]
        share = (position[axis] + 0.5) / count
        middle.append(side * min(max(1 - share if is_flipped else share, 0.0), 1.0))
    return Zoom(x=middle[1], y=middle[0], size=size)


def zoom_middle(comparison: Comparison, zoom: Zoom) -> tuple[float, float, float]:
    """Return the position in the middle of a zoom, in voxel indices; the inverse of `zoom_at`."""
    view = slice_view(comparison)
    found = [0.0, 0.0, 0.0]
    found[comparison.axis] = float(comparison.slice)
    for axis, is_flipped, side, at in zip(
        _axes(view), view.flips, view.size, (zoom.y, zoom.x), strict=True
    ):
        share = 1 - at / side if is_flipped else at / side
        found[axis] = share * comparison.grid.shape[axis] - 0.5
    return found[0], found[1], found[2]


def _axes(view: SliceView) -> tuple[int, int]:
    """Return the array axes along the rows and columns of a picture, from top and left."""
    row, column = (axis for place, axis in enumerate(view.order) if place != view.cut)
    return row, column


def zoom_limits(comparison: Comparison) -> tuple[float, float, float, float] | None:
    """Return the zoom in pixels of the upright picture, moved inside it; None without zoom.

    Returns
    -------
    left, right, top, bottom : float
        Edges, with 0 at the centre of the first pixel.

    Raises
    ------
    RequestError
        If the centre lies outside the picture.
    """
    zoom, view = comparison.view.zoom, slice_view(comparison)
    if zoom is None:
        return None
    height, width = view.size
    if not (0 <= zoom.x <= width and 0 <= zoom.y <= height):
        unit = view.unit
        raise RequestError(
            f"`zoom` at {zoom.x:g}, {zoom.y:g} {unit} lies outside the picture of {width:.4g} × "
            f"{height:.4g} {unit}; give the distances from its left and top edge."
        )
    side = min(zoom.size, width, height)
    left = min(max(zoom.x - side / 2, 0), width - side)
    top = min(max(zoom.y - side / 2, 0), height - side)
    rows, columns = view.picture(comparison.grid.data, comparison.slice).shape
    across, down = columns / width, rows / height
    return (
        left * across - 0.5,
        (left + side) * across - 0.5,
        top * down - 0.5,
        (top + side) * down - 0.5,
    )
