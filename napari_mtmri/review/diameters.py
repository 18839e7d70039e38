# SPDX-License-Identifier: BSD-3-Clause
"""Longest diameter of a lesion in a plane, and its largest perpendicular, as RANO measures them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_mtmri.geometry import Affine, directions

SUPERIOR = 2  # patient axis, see `geometry.directions`
Line = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Diameters:
    """Longest diameter of a lesion and its largest perpendicular in the same slice.

    Parameters
    ----------
    longest, perpendicular : float
        In mm, or in voxels if the spacing is unknown.
    slice : int
        Slice that contains both, along the axis they were measured across.
    longest_line, perpendicular_line : pair of (i, j, k)
        End points in voxel coordinates; voxel centers are whole numbers.
    """

    longest: float
    perpendicular: float
    slice: int
    longest_line: Line
    perpendicular_line: Line


def axial_axis(affine: Affine) -> int:
    """Return the array axis closest to superior-inferior; axial planes are perpendicular to it.

    Parameters
    ----------
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    """
    return [patient for patient, _ in directions(affine)].index(SUPERIOR)


def measure_diameters(
    region: np.ndarray, affine: Affine, axis: int, *, spacing_known: bool = True
) -> Diameters:
    """Return the longest diameter of a region over all slices, and its perpendicular there.

    Diameters are chords of the convex hull of a connected part of the region in a slice; parts
    that are joined only in other slices are measured one by one. A voxel extends half a voxel
    to each side of its center, so a row of n voxels is n voxel sizes long.

    Parameters
    ----------
    region : bool array, (i, j, k)
        At least one voxel is True.
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    axis : int
        Axis perpendicular to the slices, see `axial_axis`.
    spacing_known : bool
        If False, lengths are in voxels.

    References
    ----------
    Wen et al., Journal of Clinical Oncology 28(11), 2010 (RANO); the product of both diameters
    is followed over time.
    """
    plane = [other for other in range(3) if other != axis]
    shape = _plane_shape(affine, plane) if spacing_known else np.eye(2)
    best: tuple[float, int, np.ndarray] = (0.0, 0, np.zeros((0, 2)))
    for bound, number, part, offset in _parts(np.moveaxis(region, axis, 0), shape):
        if bound <= best[0]:
            break
        hull = (_hull(np.argwhere(part)) + offset) @ shape.T
        length = _longest(hull)[0]
        if length > best[0]:
            best = length, number, hull
    longest, number, hull = best
    _, ends = _longest(hull)
    perpendicular, feet = _perpendicular(hull, ends)

    def line(points: np.ndarray) -> Line:
        flat = points @ np.linalg.inv(shape).T
        both = np.insert(flat, axis, number, axis=1).tolist()
        return tuple(both[0]), tuple(both[1])

    return Diameters(longest, perpendicular, number, line(ends), line(feet))


def _plane_shape(affine: Affine, plane: list[int]) -> np.ndarray:
    """Return the matrix from voxels in a plane to mm in it; the plane may be sheared."""
    first, second = affine[:3, plane[0]], affine[:3, plane[1]]
    length = float(np.linalg.norm(first))
    along = float(first @ second) / length
    across = math.sqrt(max(float(second @ second) - along**2, 0.0))
    return np.array([[length, along], [0.0, across]])


def _parts(
    slices: np.ndarray, shape: np.ndarray
) -> list[tuple[float, int, np.ndarray, tuple[int, int]]]:
    """Return the connected parts of each slice, those that may be longest first.

    Each with an upper bound of its diameter (the diagonal of its box), its slice, its voxels in
    the box, and the place of the box in the slice.
    """
    from scipy import ndimage

    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1] = True
    numbers, _ = ndimage.label(slices, in_plane)
    found = []
    for number, (across, rows, columns) in enumerate(ndimage.find_objects(numbers), start=1):
        part = numbers[across.start, rows, columns] == number
        a, b = part.shape
        diagonals = shape @ np.array([[a, a], [b, -b]])
        bound = float(np.linalg.norm(diagonals, axis=0).max())
        found.append((bound, int(across.start), part, (rows.start, columns.start)))
    return sorted(found, key=lambda one: -one[0])


def _hull(voxels: np.ndarray) -> np.ndarray:
    """Return the convex hull, counterclockwise, of the edge midpoints of voxels in a plane."""
    from scipy.spatial import ConvexHull

    # Voxels are sorted by row; those between the first and the last of a row lie inside.
    _, first = np.unique(voxels[:, 0], return_index=True)
    last = np.append(first[1:], len(voxels)) - 1
    outer = voxels[np.union1d(first, last)].astype(np.float64)
    half = np.array([[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]])
    points = (outer[:, None] + half).reshape(-1, 2)
    return np.asarray(points[ConvexHull(points).vertices])


def _longest(hull: np.ndarray) -> tuple[float, np.ndarray]:
    gaps = ((hull[:, None] - hull[None]) ** 2).sum(-1)
    first, second = np.unravel_index(int(gaps.argmax()), gaps.shape)
    return math.sqrt(float(gaps[first, second])), hull[[first, second]]


def _perpendicular(hull: np.ndarray, ends: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the longest chord of a convex polygon at right angles to a line between two corners.

    Its length is piecewise linear along the line, so that it is largest at a corner.
    """
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    across = np.array([-along[1], along[0]])
    u, v = hull @ along, hull @ across
    there, back = int(u.argmin()), int(u.argmax())
    corners = np.arange(len(hull))
    chains = []
    for start, end in ((there, back), (back, there)):
        chain = (start + corners)[: (end - start) % len(hull) + 1] % len(hull)
        order = chain[np.argsort(u[chain], kind="stable")]
        chains.append(np.interp(u, u[order], v[order]))
    lengths = np.abs(chains[1] - chains[0])
    best = int(lengths.argmax())
    feet = [u[best] * along + chain[best] * across for chain in chains]
    return float(lengths[best]), np.array(feet)
