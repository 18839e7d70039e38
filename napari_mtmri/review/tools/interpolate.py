# SPDX-License-Identifier: BSD-3-Clause
"""Interpolate a label between the slices on which it was drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.review.edits import Edit
from napari_mtmri.review.lesions import bounding_box
from napari_mtmri.review.tools.painting import (
    Labels,
    Region,
    add_label,
    check_axis,
    check_label,
    in_box,
)

TOOL = "interpolate slices"
UNIT = (1.0, 1.0, 1.0)
MOST_SLICES = 10


def interpolate_slices(
    labels: Labels,
    label: int,
    axis: int,
    *,
    spacing: Sequence[float] = UNIT,
    most_slices: int = MOST_SLICES,
) -> Edit:
    """Return the edit that fills the gaps of a label between drawn slices.

    A shape that ends in one slice continues to the next slice where the label overlaps it, or,
    if each of two drawn slices has one shape and all slices between are empty, to that one.
    One of both must be drawn in a single slice: lesions that are complete are not joined.
    Signed distances to both outlines are interpolated linearly. Only background is changed:
    drawn voxels of this and of other labels are kept.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    label : int
    axis : int
        Array axis across the slices.
    spacing : sequence of three floats
        Voxel size along each array axis.
    most_slices : int
        Largest number of slices to fill between two drawn ones.

    Raises
    ------
    RequestError
        If label or axis do not exist.

    References
    ----------
    Raya and Udupa, IEEE Transactions on Medical Imaging 9(1), 1990 (shape-based interpolation).
    """
    check_axis(axis)
    check_label(labels, label)
    box = bounding_box(labels == label)
    own = np.moveaxis(labels[box] == label, axis, 0)
    plane = [float(size) for other, size in enumerate(spacing) if other != axis]
    filled = own.copy()
    for gap in _gaps(own, most_slices):
        for number, between in gap.shapes(plane):
            filled[number][gap.window] |= between
    return add_label(labels, in_box(labels, box, np.moveaxis(filled, 0, axis)), label, TOOL)


@dataclass(frozen=True, eq=False)
class _Gap:
    """A shape that ends in one slice and continues in a later one.

    Parameters
    ----------
    start, end : int
        Slices.
    first, second : bool array, (row, column)
        The shape in both, in a window of the slice that contains both.
    window : pair of slices
    """

    start: int
    end: int
    first: Region
    second: Region
    window: tuple[slice, slice]

    @classmethod
    def between(cls, start: int, end: int, first: Region, second: Region) -> _Gap:
        """Return the gap between two shapes, given in whole slices."""
        rows, columns, _ = bounding_box((first | second)[..., None])
        window = (rows, columns)
        return cls(start, end, first[window], second[window], window)

    def shapes(self, plane: Sequence[float]) -> Iterator[tuple[int, Region]]:
        """Yield the interpolated shape of each slice of the gap, in the window."""
        if self.end - self.start < 2:
            return
        pair = self.first, self.second
        distances = [_signed_distance(shape, plane) for shape in pair]
        apart = not (self.first & self.second).any()
        centers = [np.argwhere(shape).mean(0) for shape in pair]
        for number in range(self.start + 1, self.end):
            share = (number - self.start) / (self.end - self.start)
            center = (1 - share) * centers[0] + share * centers[1]
            # Shapes that do not overlap would vanish halfway: they move along the line between.
            near, far = (
                _moved(distance, center - own_center) if apart else distance
                for distance, own_center in zip(distances, centers, strict=True)
            )
            yield number, (1 - share) * near + share * far > 0


def _gaps(own: Region, most_slices: int) -> Iterator[_Gap]:
    """Yield the gaps between drawn slices, shape by shape."""
    from scipy import ndimage

    drawn = np.flatnonzero(own.any((1, 2))).tolist()
    for start in drawn:
        shapes, count = ndimage.label(own[start], np.ones((3, 3)))
        for number, window in enumerate(ndimage.find_objects(shapes), start=1):
            shape = shapes == number
            reach = slice(start + 1, start + 2 + most_slices)
            hits = np.flatnonzero((own[reach, *window] & shape[window]).any((1, 2)))
            end = start + 1 + int(hits[0]) if hits.size else None
            if end is not None:
                second = _touched(own[end], shape)
            elif count == 1 and (end := _lone_pair(own, drawn, start, most_slices)):
                second = own[end]
            else:
                continue
            if end > start + 1 and (_is_alone(own, start, shape) or _is_alone(own, end, second)):
                yield _Gap.between(start, end, shape, second)


def _is_alone(own: Region, number: int, shape: Region) -> bool:
    """Return whether a shape is drawn in a single slice."""
    near = own[max(number - 1, 0) : number + 2].sum(0)
    return bool((near[shape] == 1).all())


def _touched(region: Region, shape: Region) -> Region:
    """Return the connected parts of a region that overlap a shape."""
    from scipy import ndimage

    parts, _ = ndimage.label(region, np.ones((3, 3)))
    return np.isin(parts, np.setdiff1d(parts[shape], [0]))


def _lone_pair(own: Region, drawn: list[int], start: int, most_slices: int) -> int | None:
    """Return the next drawn slice, if it is near enough and has a single shape."""
    from scipy import ndimage

    later = [number for number in drawn if start < number <= start + 1 + most_slices]
    if not later or ndimage.label(own[later[0]], np.ones((3, 3)))[1] != 1:
        return None
    return int(later[0])


def _signed_distance(shape: Region, plane: Sequence[float]) -> np.ndarray:
    """Return the distance to the outline, positive inside."""
    from scipy.ndimage import distance_transform_edt as distance

    padded = np.pad(shape, 1)  # a shape that fills the plane has an outline, too
    signed = distance(padded, sampling=plane) - distance(~padded, sampling=plane)
    return np.asarray(signed[1:-1, 1:-1])


def _moved(distance: np.ndarray, by: np.ndarray) -> np.ndarray:
    from scipy.ndimage import shift

    return np.asarray(shift(distance, by, order=1, mode="nearest"))
