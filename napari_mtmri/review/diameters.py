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

    Diameters are chords of the convex hull of the region in a slice. A voxel extends half a
    voxel to each side of its center, so a row of n voxels is n voxel sizes long.

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
    slices = np.moveaxis(region, axis, 0)
    bounds = _bounds(slices, shape)
    best: tuple[float, int, np.ndarray] | None = None
    for number in np.argsort(-bounds, kind="stable").tolist():
        if best is not None and bounds[number] <= best[0]:
            break
        hull = _hull(np.argwhere(slices[number])) @ shape.T
        length = _longest(hull)[0]
        if best is None or length > best[0]:
            best = length, number, hull
    if best is None:  # pragma: no cover - a region has at least one slice
        raise ValueError("empty region")
    _, number, hull = best
    longest, ends = _longest(hull)
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


def _bounds(slices: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return an upper bound of the diameter in each slice: the diagonal of its box; -1 if empty."""
    bounds = np.full(len(slices), -1.0)
    for number, region in enumerate(slices):
        rows, columns = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
        if rows.size:
            a, b = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
            diagonals = shape @ np.array([[a, a], [b, -b]])
            bounds[number] = np.linalg.norm(diagonals, axis=0).max()
    return bounds


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
