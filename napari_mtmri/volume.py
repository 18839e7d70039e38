# SPDX-License-Identifier: BSD-3-Clause
"""Volume: a 3-D array with its grid in space and its source file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import (
    Axes,
    axis_codes,
    check_affine,
    choose_axes,
    farthest_corner,
    is_oblique,
    phase_letters,
    spacing,
)

Kind = Literal["image", "labels", "complex"]
NUMBERS = {"image": "iufb", "labels": "iub", "complex": "c"}  # dtype.kind allowed for each
SAME_GRID_VOXELS = 0.02
BRIGHT_PERCENTILE = 99.9
FAR_ABOVE = 3.0  # times the bright value: a few voxels far above all others


def magnitude(data: NDArray[Any]) -> NDArray[np.float32]:
    """Return the absolute values of real, integer or complex numbers as float32.

    The absolute value of the smallest number of a signed integer type does not fit into
    that type: ``np.abs`` of int16 -32768 is -32768.

    Parameters
    ----------
    data : array, any shape and dtype

    Returns
    -------
    float32 array, same shape
    """
    with np.errstate(over="ignore"):  # beyond float32: infinite, which the callers count
        if data.dtype.kind == "c":
            return np.asarray(np.abs(data), dtype=np.float32)
        return np.asarray(np.abs(data.astype(np.float32)))


def bright_value(image: NDArray[Any]) -> float:
    """Return the 99.9th percentile of the magnitudes above 0; 1 if there are none.

    Error scales are a share of it: a share of the largest value would leave an error map
    black if a single voxel is far above all others.

    Parameters
    ----------
    image : array, any shape and dtype
    """
    values = magnitude(image)
    seen = values[(values > 0) & np.isfinite(values)]
    return float(np.percentile(seen, BRIGHT_PERCENTILE, method="lower")) if seen.size else 1.0


def image_hash(image: NDArray[Any]) -> str:
    """Return the SHA-256 of the sorted values of an image.

    It depends neither on the file nor on the order of the axes, so that copies with other
    axes are found too.

    Parameters
    ----------
    image : real array, any shape
    """
    values = np.sort(image.ravel()).astype(np.float32) + np.float32(0)  # no -0
    return hashlib.sha256(values.tobytes()).hexdigest()


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3-D array on a grid in space; never resampled.

    Parameters
    ----------
    data : array, (i, j, k)
        In the voxel axes of the file; kept as a read-only view. Any real dtype for an image,
        any integer dtype or bool for labels, any complex dtype for complex values.
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm.
    name : str
    kind : {"image", "labels", "complex"}
        Real intensities, integer labels of a segmentation, or complex values.
    spacing_known : bool
        False if the file does not state the unit of its voxel size.
    directions_known : bool
        False if the file does not state where right and left, front and back of the patient are;
        then the axes of the affine are a guess.
    path : Path, optional
        Source file.
    sha256 : str, optional
        Hash of the bytes of the source file.
    header : mapping, optional
        Header fields to keep when the volume is written.
    warnings : tuple of str
        Remarks on the file for the user.

    Raises
    ------
    InputError
        If the array is not 3-D or is empty, its dtype does not fit the kind, or the affine is
        invalid.
    """

    data: NDArray[Any]
    affine: NDArray[np.float64]
    name: str = "volume"
    kind: Kind = "image"
    spacing_known: bool = True
    path: Path | None = None
    sha256: str | None = None
    header: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    directions_known: bool = True

    def __post_init__(self) -> None:
        data = np.asarray(self.data)
        if data.ndim != 3 or 0 in data.shape:
            raise InputError(
                f"{self.name}: shape {data.shape} is not that of a volume; "
                "give an array with three axes, none of them empty."
            )
        if self.kind not in NUMBERS:
            raise InputError(
                f"{self.name}: kind {self.kind!r} does not exist; "
                f"choose one of {', '.join(NUMBERS)}."
            )
        if data.dtype.kind not in NUMBERS[self.kind]:
            wanted = {"image": "real", "labels": "integer", "complex": "complex"}[self.kind]
            raise InputError(
                f"{self.name}: dtype {data.dtype} does not fit kind {self.kind!r}, which takes "
                f"{wanted} numbers; choose another kind."
            )
        view = data.view()
        view.flags.writeable = False
        object.__setattr__(self, "data", view)
        object.__setattr__(self, "affine", check_affine(self.affine, self.name))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along each axis."""
        a, b, c = self.data.shape
        return a, b, c

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size along each axis, in mm if ``spacing_known``."""
        return spacing(self.affine)

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in ml if ``spacing_known``, also on a sheared grid."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000

    @property
    def codes(self) -> str:
        """Direction of each axis, e.g. ``"RAS"``."""
        return axis_codes(self.affine)

    def ends(self, axis: int) -> str:
        """Return the two ends of an array axis: ``"A–P"``, or ``"axis 1"`` if they are unknown."""
        return phase_letters(self.affine, axis) if self.directions_known else f"axis {axis}"

    @property
    def axes(self) -> Axes:
        """Slice, readout and phase-encoding axes, as `geometry.choose_axes` finds them."""
        return choose_axes(self.shape, self.affine)

    @property
    def is_oblique(self) -> bool:
        """Whether the grid is rotated relative to the patient axes."""
        return is_oblique(self.affine)

    def like(
        self, data: NDArray[Any], *, kind: Kind | None = None, name: str | None = None
    ) -> Volume:
        """Return a volume of another array on the same grid.

        Parameters
        ----------
        data : array, (i, j, k)
            In the voxel axes of this volume.
        kind : {"image", "labels", "complex"}, optional
            Default: "complex" for complex numbers, else "image".
        name : str, optional
            Default: the name of this volume.

        Raises
        ------
        InputError
            If the shape differs from that of this volume.
        """
        if data.shape != self.shape:
            raise InputError(
                f"{self.name}: shape {data.shape} is not that of its grid, {self.shape}; "
                "give an array of that shape."
            )
        kind = kind or ("complex" if np.iscomplexobj(data) else "image")
        return replace(
            self, data=data, kind=kind, name=name or self.name, path=None, sha256=None, warnings=()
        )

    def same_grid(self, other: Volume) -> bool:
        """Return whether the other volume has the same shape and place.

        The corner voxels must lie within 0.02 voxels of each other.
        """
        if self.shape != other.shape:
            return False
        return farthest_corner(self.shape, self.affine, other.affine) <= SAME_GRID_VOXELS

    def require_same_grid(self, other: Volume, what: str) -> None:
        """Refuse a volume on another grid than ``other``.

        Parameters
        ----------
        other : Volume
        what : str
            What the other volume is, for the message: "the image".

        Raises
        ------
        InputError
            If shape or place differ.
        """
        if self.same_grid(other):
            return
        if self.shape != other.shape:
            why = f"its shape {self.shape} is not the shape {other.shape} of {what}"
        else:
            off = farthest_corner(self.shape, self.affine, other.affine)
            why = f"its corners lie up to {off:.3g} voxels from those of {what}"
        raise InputError(f"{self.path or self.name}: {why}; use a volume on the same grid.")

    def magnitude(self) -> NDArray[np.float32]:
        """Return the image, or the magnitude of complex values, as float32; computed once.

        Returns
        -------
        float32 array, (i, j, k)
            In the unit of ``data``.

        Raises
        ------
        InputError
            If voxels are NaN or infinite, or the volume contains labels.
        """
        if self.kind == "labels":
            raise InputError(f"{self.name}: contains labels, not an image; choose an image.")
        return self._magnitude

    @cached_property
    def content_hash(self) -> str:
        """`image_hash` of the absolute values, as training data are compared."""
        return image_hash(magnitude(self.data))

    @cached_property
    def _magnitude(self) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # values beyond float32 are counted below
            is_complex = self.kind == "complex"
            image = magnitude(self.data) if is_complex else self.data.astype(np.float32)
        bad = image.size - int(np.isfinite(image).sum())
        if bad:
            raise InputError(
                f"{self.name}: {bad} of {image.size} voxels are NaN or infinite; "
                "replace them and open the file again."
            )
        return image
