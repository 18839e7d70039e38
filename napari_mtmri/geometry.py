# SPDX-License-Identifier: BSD-3-Clause
"""Affines, axis letters, and the slice, readout and phase-encoding axes of a volume.

Only this module works out the orientation of an axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mtmri.errors import InputError, RequestError

Affine = NDArray[np.float64]
LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))
OBLIQUE_MM = 1e-3
SMALLEST_MM, LARGEST_MM, FARTHEST_MM = 1e-6, 1e6, 1e9  # of voxels and their positions
ROUNDING = 1e-6  # of the last row of an affine
FLAT = 1e-6  # volume of a voxel relative to a box with its edges; below: singular
COARSER = 1.01  # ratio of spacings from which one counts as coarser
_TO_SAR = np.eye(4)[[2, 1, 0, 3]]  # rows R, A, S -> S, A, R


@dataclass(frozen=True)
class Axes:
    """Which array axis of a volume is the slice, readout and phase-encoding axis.

    Parameters
    ----------
    slice, readout, phase : int
        0, 1 and 2 in any order.

    Raises
    ------
    RequestError
        If an axis is named twice or is not 0, 1 or 2.
    """

    slice: int
    readout: int
    phase: int

    def __post_init__(self) -> None:
        if sorted(self.order) != [0, 1, 2]:
            raise RequestError(
                f"axes {self.order} (slice, readout, phase) are not 0, 1 and 2; name each once."
            )

    @property
    def order(self) -> tuple[int, int, int]:
        """Slice, readout and phase-encoding axis, as an argument of ``numpy.transpose``."""
        return (self.slice, self.readout, self.phase)

    def swapped(self) -> Axes:
        """Return the axes with readout and phase encoding exchanged."""
        return Axes(self.slice, self.phase, self.readout)


def check_affine(affine: ArrayLike, what: str) -> Affine:
    """Return a valid affine as float64.

    Parameters
    ----------
    affine : array, (4, 4)
        Voxel to RAS+ mm.
    what : str
        Name of the file or volume, for messages.

    Returns
    -------
    float64 array, (4, 4)
        A copy.

    Raises
    ------
    InputError
        If the affine is not 4 × 4, not finite, singular, or its last row is not
        (0, 0, 0, 1).
    """
    try:
        matrix = np.array(affine, dtype=np.float64)
    except (TypeError, ValueError) as why:
        raise InputError(
            f"{what}: the affine {affine!r} is not a 4 x 4 matrix; correct the header."
        ) from why
    if matrix.shape != (4, 4):
        raise InputError(
            f"{what}: an affine of shape {matrix.shape} is not 4 x 4; correct the header."
        )
    if not np.isfinite(matrix).all():
        raise InputError(
            f"{what}: the affine {matrix.tolist()} has NaN or infinite values; "
            "export the file again."
        )
    if np.abs(matrix[3] - [0, 0, 0, 1]).max() <= ROUNDING:
        matrix[3] = 0, 0, 0, 1
    else:
        raise InputError(
            f"{what}: the last row of the affine is {matrix[3].tolist()}, not 0 0 0 1; "
            "correct the header."
        )
    if _is_singular(matrix[:3, :3]):
        raise InputError(
            f"{what}: the affine is singular (its columns are {matrix[:3, :3].T.tolist()}); "
            "export the file again."
        )
    sizes = np.linalg.norm(matrix[:3, :3], axis=0)
    if sizes.min() < SMALLEST_MM or sizes.max() > LARGEST_MM or np.abs(matrix).max() > FARTHEST_MM:
        found = " x ".join(f"{size:.3g}" for size in sizes)
        raise InputError(
            f"{what}: voxels of {found} mm at {np.abs(matrix[:3, 3]).max():.3g} mm from the origin "
            "are not possible; correct the header."
        )
    return matrix


def _is_singular(matrix: NDArray[np.float64]) -> bool:
    """Whether the voxel axes span no volume, for any voxel size."""
    with np.errstate(over="ignore", invalid="ignore"):  # 1e300 mm is finite, its square is not
        sizes = np.linalg.norm(matrix, axis=0)
        if not np.isfinite(sizes).all() or not sizes.all():
            return True
        return bool(abs(np.linalg.det(matrix / sizes)) < FLAT)


def directions(affine: Affine) -> tuple[tuple[int, bool], ...]:
    """Return the patient axis that each array axis is closest to.

    Parameters
    ----------
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.

    Returns
    -------
    tuple of (int, bool)
        For each array axis: patient axis (0 R, 1 A, 2 S; each occurs once), and whether the
        index increases in that direction.
    """
    unit = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    found: list[tuple[int, bool] | None] = [None, None, None]
    strength = np.abs(unit)
    for _ in range(3):  # the best-aligned pair first, each patient axis once
        world, axis = np.unravel_index(int(np.argmax(strength)), strength.shape)
        found[int(axis)] = (int(world), bool(unit[world, axis] > 0))
        strength[world, :] = -1
        strength[:, axis] = -1
    return tuple(pair for pair in found if pair is not None)


def axis_codes(affine: Affine) -> str:
    """Return the direction of each array axis as letters, e.g. ``"RAS"``.

    Parameters
    ----------
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    """
    return "".join(LETTERS[world][upwards] for world, upwards in directions(affine))


def phase_letters(affine: Affine, axis: int) -> str:
    """Return the two ends of an array axis: ``"A–P"``, ``"L–R"`` or ``"S–I"``.

    Parameters
    ----------
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    axis : int
    """
    return ("L–R", "A–P", "S–I")[directions(affine)[axis][0]]


def spacing(affine: Affine) -> tuple[float, float, float]:
    """Return the voxel size along each array axis, in mm.

    Parameters
    ----------
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    """
    a, b, c = np.linalg.norm(affine[:3, :3], axis=0)
    return float(a), float(b), float(c)


def farthest_corner(shape: tuple[int, ...], affine: Affine, other: Affine) -> float:
    """Return the largest distance between the corner voxels of two grids, in voxels.

    Entries of two affines that differ by little can place the far side of a large volume
    many voxels apart; the corners show it.

    Parameters
    ----------
    shape : (int, int, int)
        Of both grids.
    affine, other : float64 array, (4, 4)
        Voxel to RAS+ mm.

    Returns
    -------
    float
        In voxels of the first grid.
    """
    last = np.array(shape) - 1
    corners = np.array(list(np.ndindex(2, 2, 2))) * last
    placed = corners @ other[:3, :3].T + other[:3, 3] - affine[:3, 3]
    steps = np.linalg.solve(affine[:3, :3], placed.T).T - corners
    return float(np.linalg.norm(steps, axis=1).max())


def is_oblique(affine: Affine) -> bool:
    """Return whether an array axis is not parallel to a patient axis.

    Parameters
    ----------
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    """
    matrix = affine[:3, :3]
    largest = np.abs(matrix).max(axis=0)
    return bool((np.abs(matrix).sum(axis=0) - largest > OBLIQUE_MM * largest).any())


def choose_axes(
    shape: tuple[int, ...],
    affine: Affine,
    *,
    slice_axis: int | None = None,
    phase_axis: int | None = None,
) -> Axes:
    """Return the slice, readout and phase-encoding axes of a volume.

    The slice axis is the one with the coarsest spacing; without a coarsest one, the axis
    closest to superior-inferior. A volume of a single slice keeps that slice. Phase encoding
    is along the shorter side of the slice, or, of two equal sides, the one closest to
    left-right.

    Parameters
    ----------
    shape : (int, int, int)
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    slice_axis, phase_axis : int, optional
        Chosen axis, 0, 1 or 2.

    Raises
    ------
    RequestError
        If a chosen axis is not 0, 1 or 2, or both are the same.
    """
    for name, axis in (("slice_axis", slice_axis), ("phase_axis", phase_axis)):
        if axis is not None and axis not in (0, 1, 2):
            raise RequestError(f"`{name}` {axis} does not exist; choose 0, 1 or 2.")
    if slice_axis is not None and slice_axis == phase_axis:
        raise RequestError(
            f"`slice_axis` and `phase_axis` are both {slice_axis}; choose two different axes."
        )
    world = [pair[0] for pair in directions(affine)]
    if slice_axis is None:
        slice_axis = _slice_axis(shape, spacing(affine), world, phase_axis)
    plane = [axis for axis in range(3) if axis != slice_axis]
    if phase_axis is None:
        phase_axis = min(plane, key=lambda axis: (shape[axis], world[axis] != 0, axis))
    readout = next(axis for axis in plane if axis != phase_axis)
    return Axes(slice_axis, readout, phase_axis)


def _slice_axis(
    shape: tuple[int, ...], sizes: tuple[float, ...], world: list[int], taken: int | None
) -> int:
    free = [axis for axis in range(3) if axis != taken]
    flat = [axis for axis in free if shape[axis] == 1]
    if len(flat) == 1:
        return flat[0]
    coarsest, *others = sorted(free, key=lambda axis: -sizes[axis])
    if all(sizes[coarsest] > COARSER * sizes[axis] for axis in others):
        return coarsest
    return max(free, key=lambda axis: world[axis])  # S-I is patient axis 2


def to_stack(data: NDArray, axes: Axes) -> NDArray:  # type: ignore[type-arg]
    """Return the array of a volume as a stack of slices.

    Parameters
    ----------
    data : array, (i, j, k)
        In the voxel axes of the file.
    axes : Axes

    Returns
    -------
    array, (slice, readout, phase)
        A view of ``data``.
    """
    return data.transpose(axes.order)


def from_stack(stack: NDArray, axes: Axes) -> NDArray:  # type: ignore[type-arg]
    """Return a stack of slices in the voxel axes of the volume; the inverse of `to_stack`.

    Parameters
    ----------
    stack : array, (slice, readout, phase)
    axes : Axes

    Returns
    -------
    array, (i, j, k)
        A view of ``stack``.
    """
    return stack.transpose(np.argsort(axes.order))


def display_order(affine: Affine) -> tuple[int, int, int]:
    """Return array axes such that ``data.transpose(order)`` runs along S, A, R, either way.

    Parameters
    ----------
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm, of ``data`` with shape (i, j, k).
    """
    world = [pair[0] for pair in directions(affine)]
    return world.index(2), world.index(1), world.index(0)


def display_affine(shape: tuple[int, ...], affine: Affine) -> tuple[Affine, Affine]:
    """Return two affines of an array in `display_order`, with patient axes S, A, R.

    Parameters
    ----------
    shape : (int, int, int)
        Of the volume, in its own voxel axes.
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.

    Returns
    -------
    shown : float64 array, (4, 4)
        Upright and without rotation, about the same centre, because napari drops rotations
        out of the plane. Voxel to mm.
    true : float64 array, (4, 4)
        Voxel to mm. Equal to ``shown`` if the volume is not oblique.
    """
    order = display_order(affine)
    permutation = np.zeros((4, 4))
    permutation[list(order), range(3)] = 1
    permutation[3, 3] = 1
    true = _TO_SAR @ affine @ permutation
    matrix = true[:3, :3]
    shown = np.eye(4)
    shown[:3, :3] = np.diag(np.sign(np.diag(matrix)) * np.linalg.norm(matrix, axis=0))
    centre = (np.array([shape[axis] for axis in order]) - 1) / 2
    shown[:3, 3] = true[:3] @ np.r_[centre, 1] - shown[:3, :3] @ centre
    return shown, true
