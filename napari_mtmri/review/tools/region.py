# SPDX-License-Identifier: BSD-3-Clause
"""Tools that choose voxels by their intensity: grow from a seed, threshold inside a region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.tools.painting import (
    Labels,
    Region,
    add_label,
    check_axis,
    check_label,
    check_region,
    in_box,
    replace_label,
)

UNIT = (1.0, 1.0, 1.0)
SPREAD = 2.5  # standard deviations; contains 99 % of a homogeneous lesion


def grow_from_seed(
    labels: Labels,
    image: np.ndarray,
    seed: Sequence[int],
    low: float,
    high: float,
    label: int,
    *,
    protect: bool = True,
    spacing: Sequence[float] = UNIT,
    radius_mm: float | None = None,
    axis: int | None = None,
) -> Edit:
    """Return the edit that labels all voxels in an intensity range that are connected to a seed.

    Voxels are connected through their faces. Voxels of other labels are not crossed while they
    are protected.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    image : real array, (i, j, k)
    seed : (int, int, int)
        Voxel to start from.
    low, high : float
        Smallest and largest intensity.
    label : int
    protect : bool
        Leave voxels of other labels as they are.
    spacing : sequence of three floats
        Voxel size along each array axis, in mm.
    radius_mm : float, optional
        Largest distance from the seed.
    axis : int, optional
        Array axis across the slices, to grow in the slice of the seed only.

    Raises
    ------
    RequestError
        If the seed is outside the image or the range, or lies on a protected label.
    """
    check_label(labels, label)
    check_region(labels, image, "the image")
    place = tuple(int(index) for index in seed)
    _check_seed(labels, image, place, (low, high), label, protect=protect)
    box = _reach(place, labels.shape, spacing, radius_mm, axis)
    part = image[box]
    allowed = (part >= low) & (part <= high)
    if protect:
        allowed &= (labels[box] == 0) | (labels[box] == label)
    start = tuple(index - side.start for index, side in zip(place, box, strict=True))
    if radius_mm is not None:
        allowed &= _distances(part.shape, start, spacing) <= radius_mm
    region = in_box(labels, box, _connected(allowed, start))
    return add_label(labels, region, label, "grow from seed", protect=protect)


def threshold_inside(
    labels: Labels,
    image: np.ndarray,
    region: Region,
    low: float,
    high: float,
    label: int,
    *,
    protect: bool = True,
) -> Edit:
    """Return the edit after which a label fills the part of a region in an intensity range.

    Voxels of the label outside the region are kept. Paint generously, then threshold the
    painted label: ``region = labels == label``.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    image : real array, (i, j, k)
    region : bool array, (i, j, k)
    low, high : float
        Smallest and largest intensity.
    label : int
    protect : bool
        Leave voxels of other labels as they are.

    Raises
    ------
    RequestError
        If shapes differ or the range is empty.
    """
    check_label(labels, label)
    check_region(labels, image, "the image")
    check_region(labels, region, "the region")
    _check_range(low, high)
    inside = region & (image >= low) & (image <= high)
    wanted = inside | ((labels == label) & ~region)
    return replace_label(labels, wanted, label, "threshold inside region", protect=protect)


def intensity_range(
    image: np.ndarray, seed: Sequence[int], *, size: int = 3
) -> tuple[float, float]:
    """Return a range to grow in: mean ± 2.5 standard deviations around a voxel.

    Parameters
    ----------
    image : real array, (i, j, k)
    seed : (int, int, int)
    size : int
        Side of the cube around the seed, in voxels.
    """
    half = size // 2
    around = image[tuple(slice(max(int(index) - half, 0), int(index) + half + 1) for index in seed)]
    values = around[np.isfinite(around)].astype(np.float64)
    if not values.size:
        raise RequestError(f"the image has no finite values around voxel {tuple(seed)}.")
    spread = SPREAD * float(values.std())
    low, high = float(values.mean()) - spread, float(values.mean()) + spread
    at = float(image[tuple(int(index) for index in seed)])
    return min(low, at), max(high, at)


def _check_range(low: float, high: float) -> None:
    if not low <= high:
        raise RequestError(f"the range {low:g} to {high:g} is empty; give `low` <= `high`.")


def _check_seed(
    labels: Labels,
    image: np.ndarray,
    seed: tuple[int, ...],
    limits: tuple[float, float],
    label: int,
    *,
    protect: bool,
) -> None:
    _check_range(*limits)
    if len(seed) != 3 or not all(
        0 <= index < size for index, size in zip(seed, labels.shape, strict=True)
    ):
        raise RequestError(f"`seed` {seed} is outside the image of shape {labels.shape}.")
    value = image[seed]  # not as float: limits are compared in the dtype of the image
    if not limits[0] <= value <= limits[1]:
        raise RequestError(
            f"the seed has intensity {value:g}, outside the range {limits[0]:g} to {limits[1]:g}; "
            "widen the range or choose another seed."
        )
    found = int(labels[seed])
    if protect and found not in (0, label):
        raise RequestError(
            f"the seed lies on label {found}, which is protected; choose another seed."
        )


def _reach(
    seed: tuple[int, ...],
    shape: tuple[int, ...],
    spacing: Sequence[float],
    radius_mm: float | None,
    axis: int | None,
) -> tuple[slice, slice, slice]:
    """Return the box that growing may not leave."""
    if axis is not None:
        check_axis(axis)
    sides = []
    for number, (index, size, step) in enumerate(zip(seed, shape, spacing, strict=True)):
        steps = size if radius_mm is None else int(radius_mm / step)
        steps = 0 if number == axis else steps
        sides.append(slice(max(index - steps, 0), min(index + steps + 1, size)))
    a, b, c = sides
    return a, b, c


def _distances(
    shape: tuple[int, ...], start: tuple[int, ...], spacing: Sequence[float]
) -> np.ndarray:
    """Return the distance of each voxel from one of them, in mm."""
    grids = np.ogrid[tuple(slice(0, size) for size in shape)]
    squares = (
        ((grid - index) * step) ** 2
        for grid, index, step in zip(grids, start, spacing, strict=True)
    )
    return np.sqrt(sum(squares, np.zeros(1)))


def _connected(allowed: Region, start: tuple[int, ...]) -> Region:
    from scipy import ndimage

    parts, _ = ndimage.label(allowed)
    return np.asarray(parts == parts[start])
