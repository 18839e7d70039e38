# SPDX-License-Identifier: BSD-3-Clause
"""Affines, axis letters, slice, phase and readout axes: where an axis goes is said here alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mtmri.errors import InputError, RequestError

Affine = NDArray[np.float64]
LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))
OBLIQUE_MM = 1e-3
FLAT = 1e-6  # volume of a voxel against that of a box with its sides: below it, no volume
COARSER = 1.01
_TO_SAR = np.eye(4)[[2, 1, 0, 3]]  # rows R, A, S -> S, A, R


@dataclass(frozen=True)
class Axes:
    """Which array axis of a volume is slice, readout and phase encoding."""

    slice: int
    readout: int
    phase: int

    def __post_init__(self) -> None:
        """Check that each axis is named once."""
        if sorted(self.order) != [0, 1, 2]:
            raise RequestError(f"axes {self.order}: name each of 0, 1 and 2 once.")

    @property
    def order(self) -> tuple[int, int, int]:
        """Slice, readout, phase, as ``numpy.transpose`` takes them."""
        return (self.slice, self.readout, self.phase)

    def swapped(self) -> Axes:
        """Readout and phase encoding exchanged."""
        return Axes(self.slice, self.phase, self.readout)


def check_affine(affine: ArrayLike, what: str) -> Affine:
    """Return a float64 copy of a usable affine (voxel to RAS+ mm).

    Raises
    ------
    InputError
        If it is not 4 × 4, not finite, singular, or its last row is not (0, 0, 0, 1);
        names ``what``.
    """
    try:
        matrix = np.array(affine, dtype=np.float64)
    except (TypeError, ValueError) as why:
        raise InputError(
            f"{what}: the affine {affine!r} is no 4 x 4 matrix; mend the header."
        ) from why
    if matrix.shape != (4, 4):
        raise InputError(
            f"{what}: an affine of shape {matrix.shape} is not 4 x 4; mend the header."
        )
    if not np.isfinite(matrix).all():
        raise InputError(f"{what}: the affine holds NaN or infinity; export the file again.")
    if matrix[3].tolist() != [0, 0, 0, 1]:
        raise InputError(
            f"{what}: the affine's last row is {matrix[3].tolist()}, not 0 0 0 1; mend the header."
        )
    if _is_singular(matrix[:3, :3]):
        raise InputError(
            f"{what}: the affine is singular (its columns are {matrix[:3, :3].T.tolist()}); "
            "export the file again."
        )
    return matrix


def _is_singular(matrix: NDArray[np.float64]) -> bool:
    """Whether the axes span no volume, at any size of voxels."""
    with np.errstate(over="ignore", invalid="ignore"):  # 1e300 mm is finite, its square is not
        sizes = np.linalg.norm(matrix, axis=0)
        if not np.isfinite(sizes).all() or not sizes.all():
            return True
        return bool(abs(np.linalg.det(matrix / sizes)) < FLAT)


def directions(affine: Affine) -> tuple[tuple[int, bool], ...]:
    """For each array axis, the world axis (0 R, 1 A, 2 S) it follows and whether upwards."""
    unit = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    found: list[tuple[int, bool] | None] = [None, None, None]
    strength = np.abs(unit)
    for _ in range(3):  # the clearest pair first, each world axis once
        world, axis = np.unravel_index(int(np.argmax(strength)), strength.shape)
        found[int(axis)] = (int(world), bool(unit[world, axis] > 0))
        strength[world, :] = -1
        strength[:, axis] = -1
    return tuple(pair for pair in found if pair is not None)


def axis_codes(affine: Affine) -> str:
    """Where each array axis points to, e.g. ``"RAS"``."""
    return "".join(LETTERS[world][upwards] for world, upwards in directions(affine))


def phase_letters(affine: Affine, axis: int) -> str:
    """The two ends of an array axis: ``"A–P"``, ``"L–R"`` or ``"S–I"``."""
    return ("L–R", "A–P", "S–I")[directions(affine)[axis][0]]


def spacing(affine: Affine) -> tuple[float, float, float]:
    """Voxel size along each array axis, in mm."""
    a, b, c = np.linalg.norm(affine[:3, :3], axis=0)
    return float(a), float(b), float(c)


def is_oblique(affine: Affine) -> bool:
    """Whether an axis of the grid is not along a patient axis."""
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
    """Return slice, readout and phase axes of a volume.

    Slices are cut along the coarsest spacing, or the axis closest to superior-inferior
    where none is coarser; a single slice is kept whole. Phase encoding is the shorter side of the plane; ties go to the
    axis closest to left-right.

    Raises
    ------
    RequestError
        If an axis given is not 0, 1 or 2, or both are the same.
    """
    for name, axis in (("slice", slice_axis), ("phase", phase_axis)):
        if axis is not None and axis not in (0, 1, 2):
            raise RequestError(f"{name} axis {axis}: choose 0, 1 or 2.")
    if slice_axis is not None and slice_axis == phase_axis:
        raise RequestError(
            f"slice and phase axis are both {slice_axis}; choose two different ones."
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
    return max(free, key=lambda axis: world[axis])  # S-I is world axis 2


def to_stack(data: NDArray, axes: Axes) -> NDArray:  # type: ignore[type-arg]
    """Return a volume's array as a view (slice, readout, phase)."""
    return data.transpose(axes.order)


def from_stack(stack: NDArray, axes: Axes) -> NDArray:  # type: ignore[type-arg]
    """Return a stack as a view in the volume's axes; the exact inverse of `to_stack`."""
    return stack.transpose(np.argsort(axes.order))


def display_order(affine: Affine) -> tuple[int, int, int]:
    """Axes so that ``data.transpose(order)`` runs along S, A, R (either way)."""
    world = [pair[0] for pair in directions(affine)]
    return world.index(2), world.index(1), world.index(0)


def display_affine(shape: tuple[int, ...], affine: Affine) -> tuple[Affine, Affine]:
    """Return (shown, true) affines of the view that `display_order` gives, rows S, A, R.

    ``shown`` is upright without rotation, about the same centre: napari drops rotations
    out of the plane. For straight volumes both are equal.
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
