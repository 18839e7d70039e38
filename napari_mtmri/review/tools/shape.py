# SPDX-License-Identifier: BSD-3-Clause
"""Tools that change the shape of a label: fill holes, remove small parts, smooth, grow, shrink."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.lesions import bounding_box, number_lesions
from napari_mtmri.review.tools.painting import (
    Box,
    Labels,
    Region,
    add_label,
    check_axis,
    check_label,
    in_box,
    padded_box,
    replace_label,
)

MOST_BOXES = 200
GAUSSIAN_REACH = 4.0  # standard deviations, as scipy truncates the filter


def fill_holes(
    labels: Labels, label: int, *, axis: int | None = None, protect: bool = True
) -> Edit:
    """Return the edit that fills the holes of a label: what it encloses on all sides.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    label : int
    axis : int, optional
        Array axis across the slices, to fill what is enclosed within a slice; by default only
        what is enclosed in all three dimensions.
    protect : bool
        Leave voxels of other labels as they are.

    Raises
    ------
    RequestError
        If label or axis do not exist.
    """
    from scipy import ndimage

    if axis is not None:
        check_axis(axis)
    check_label(labels, label)
    box = bounding_box(labels == label)
    outside = np.pad(labels[box] != label, 1, constant_values=True)
    neighbors = ndimage.generate_binary_structure(3, 1)
    if axis is not None:
        np.moveaxis(neighbors, axis, 0)[[0, 2]] = False
    parts, count = ndimage.label(outside, neighbors)
    is_open = np.zeros(count + 1, bool)
    for side in range(3):
        if side != axis:
            is_open[np.moveaxis(parts, side, 0)[[0, -1]]] = True
    holes = (outside & ~is_open[parts])[1:-1, 1:-1, 1:-1]
    return add_label(labels, in_box(labels, box, holes), label, "fill holes", protect=protect)


def remove_small(
    labels: Labels, smallest_mm3: float, voxel_mm3: float, *, label: int | None = None
) -> Edit:
    """Return the edit that erases lesions smaller than a volume.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    smallest_mm3 : float
        Volume of the smallest lesion that is kept.
    voxel_mm3 : float
        Volume of a voxel; 1 to give ``smallest_mm3`` in voxels.
    label : int, optional
        Erase only lesions of this label.

    Raises
    ------
    RequestError
        If a volume is negative or not finite.
    """
    if not (0 <= smallest_mm3 < math.inf and 0 < voxel_mm3 < math.inf):
        raise RequestError(
            f"`smallest_mm3` {smallest_mm3} with voxels of {voxel_mm3} mm³ is not a volume; "
            "give a number from 0."
        )
    box = bounding_box(labels)
    numbers, sizes = number_lesions(labels[box])
    is_small = np.concatenate([[False], sizes * voxel_mm3 < smallest_mm3])
    small = in_box(labels, box, is_small[numbers])
    if label is not None:
        small &= labels == label
    return erase(labels, small, "remove small lesions", label=label or 1)


def keep_largest(labels: Labels, label: int) -> Edit:
    """Return the edit that erases all lesions of a label except the largest.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    label : int
    """
    check_label(labels, label)
    own = labels == label
    box = bounding_box(own)
    numbers, _ = number_lesions(own[box])
    return erase(labels, in_box(labels, box, numbers > 1), "keep largest lesion", label=label)


def smooth(
    labels: Labels, label: int, sigma_mm: float, spacing: Sequence[float], *, protect: bool = True
) -> Edit:
    """Return the edit that smooths the outline of a label with a Gaussian filter.

    A voxel belongs to the label if more than half of its surroundings, weighted by the
    Gaussian, do. Parts thinner than ``sigma_mm`` may vanish.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    label : int
    sigma_mm : float
        Standard deviation of the Gaussian.
    spacing : sequence of three floats
        Voxel size along each array axis, in mm.
    protect : bool
        Leave voxels of other labels as they are.

    Raises
    ------
    RequestError
        If ``sigma_mm`` is not positive.
    """
    from scipy.ndimage import gaussian_filter

    check_label(labels, label)
    if not 0 < sigma_mm < math.inf:
        raise RequestError(f"`sigma_mm` {sigma_mm} is not a positive width; give 0.5 to 5 mm.")
    own = labels == label
    sigmas = [sigma_mm / step for step in spacing]
    margin = tuple(math.ceil(GAUSSIAN_REACH * sigma) + 1 for sigma in sigmas)
    box = padded_box(bounding_box(own), margin, labels.shape)
    if not own.any():
        return erase(labels, own, "smooth", label=label)
    share = gaussian_filter(own[box].astype(np.float32), sigmas, mode="nearest")
    region = in_box(labels, box, share > 0.5)
    return replace_label(labels, region, label, "smooth", protect=protect)


def grow(
    labels: Labels,
    label: int,
    distance_mm: float,
    spacing: Sequence[float],
    *,
    protect: bool = True,
) -> Edit:
    """Return the edit that grows a label by a distance, or shrinks it by a negative one.

    Distances are between voxel centers. Growing adds all voxels within the distance of the
    label; shrinking erases all within the distance of a voxel outside. What lies beyond the
    border of the image is not outside.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    label : int
    distance_mm : float
    spacing : sequence of three floats
        Voxel size along each array axis, in mm.
    protect : bool
        Leave voxels of other labels as they are.

    Raises
    ------
    RequestError
        If the distance is not finite.
    """
    check_label(labels, label)
    if not math.isfinite(distance_mm):
        raise RequestError(f"`distance_mm` {distance_mm} is not a distance; give a number of mm.")
    own = labels == label
    tool = "shrink" if distance_mm < 0 else "grow"
    if not own.any():
        return erase(labels, own, tool, label=label)
    reach = tuple(int(max(distance_mm, 0) / step) + 1 for step in spacing)
    region = np.zeros(labels.shape, bool)
    for part, number, numbers in _parts(own):
        box = padded_box(part, reach, labels.shape)
        grown = _grown(own[box], distance_mm, spacing)
        if distance_mm < 0:  # the box may cut through other lesions
            grown &= numbers[box] == number
        region[box] |= grown
    return replace_label(labels, region, label, tool, protect=protect)


def erase(labels: Labels, region: Region, tool: str, *, label: int = 1) -> Edit:
    """Return the edit that makes a region background.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    region : bool array, (i, j, k)
    tool : str
    label : int
        Label named in the journal.
    """
    after = labels.copy()
    after[region] = 0
    return Edit.between(labels, after, tool, label=label)


def _parts(own: Region) -> Iterator[tuple[Box, int, np.ndarray]]:
    """Yield the box, the number and all numbers of each lesion; many lesions share one box.

    Distances in many small boxes take less time than in one box around all.
    """
    from scipy import ndimage

    around = bounding_box(own)
    found, sizes = number_lesions(own[around])
    numbers = np.zeros(own.shape, np.int32)
    if len(sizes) > MOST_BOXES:
        numbers[around] = found > 0
        yield around, 1, numbers
        return
    numbers[around] = found
    for number, (a, b, c) in enumerate(ndimage.find_objects(numbers), start=1):
        yield (a, b, c), number, numbers


def _grown(own: Region, distance: float, spacing: Sequence[float]) -> Region:
    from scipy.ndimage import distance_transform_edt

    if distance < 0:
        if own.all():  # nothing is outside, and the transform needs a target
            return own.copy()
        return np.asarray(distance_transform_edt(own, sampling=spacing) > -distance)
    return np.asarray(distance_transform_edt(~own, sampling=spacing) <= distance)
