# SPDX-License-Identifier: BSD-3-Clause
"""Volume: an array with its grid, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import Axes, axis_codes, check_affine, choose_axes, is_oblique, spacing

Kind = Literal["image", "labels", "complex"]
NUMBERS = {"image": "iufb", "labels": "iub", "complex": "c"}  # kinds of dtype
SAME_GRID_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3-D array on a grid in space; never resampled silently.

    Parameters
    ----------
    data : array (i, j, k)
        In the file's own voxel axes; kept as a read-only view.
    affine : float64 (4, 4)
        Voxel to RAS+ mm.
    name : str
    kind : {"image", "labels", "complex"}
        Magnitudes, integers that somebody drew, or complex values.
    spacing_known : bool
        False where the file does not say its unit.
    path : Path, optional
    sha256 : str, optional
        Of the file's bytes.
    header : mapping, optional
        Facts of the file worth keeping when written again.
    warnings : tuple of str
        What a user should know about the file.

    Raises
    ------
    InputError
        If the array is not 3-D or empty, its type does not fit the kind, or the affine is
        unusable.
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

    def __post_init__(self) -> None:
        """Check array and affine, and make the array read-only."""
        data = np.asarray(self.data)
        if data.ndim != 3 or 0 in data.shape:
            raise InputError(f"{self.name}: shape {data.shape} is no volume; it needs three sides.")
        if self.kind not in NUMBERS:
            raise InputError(f"{self.name}: {self.kind!r} is none of {', '.join(NUMBERS)}.")
        if data.dtype.kind not in NUMBERS[self.kind]:
            wanted = {"image": "real", "labels": "whole", "complex": "complex"}[self.kind]
            raise InputError(
                f"{self.name}: type {data.dtype} does not fit {self.kind}, which takes {wanted} "
                "numbers; choose another kind."
            )
        view = data.view()
        view.flags.writeable = False
        object.__setattr__(self, "data", view)
        object.__setattr__(self, "affine", check_affine(self.affine, self.name))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along each axis."""
        a, b, c = self.data.shape
        return a, b, c

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size along each axis, in mm where ``spacing_known``."""
        return spacing(self.affine)

    @property
    def codes(self) -> str:
        """Where each axis points to, e.g. ``"RAS"``."""
        return axis_codes(self.affine)

    @property
    def axes(self) -> Axes:
        """Slice, readout and phase axes, by the rules of `geometry.choose_axes`."""
        return choose_axes(self.shape, self.affine)

    @property
    def is_oblique(self) -> bool:
        """Whether the grid is turned against the patient's axes."""
        return is_oblique(self.affine)

    def like(
        self, data: NDArray[Any], *, kind: Kind | None = None, name: str | None = None
    ) -> Volume:
        """Return another array on this grid.

        Raises
        ------
        InputError
            If the shape is another.
        """
        if data.shape != self.shape:
            raise InputError(
                f"{self.name}: shape {data.shape} is not that of its grid, {self.shape}."
            )
        kind = kind or ("complex" if np.iscomplexobj(data) else "image")
        return replace(
            self, data=data, kind=kind, name=name or self.name, path=None, sha256=None, warnings=()
        )

    def same_grid(self, other: Volume) -> bool:
        """Whether the other volume has the same shape and place, to a micrometre."""
        return self.shape == other.shape and bool(
            np.allclose(self.affine, other.affine, atol=SAME_GRID_MM)
        )

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
            If shape or affine differ.
        """
        if not self.same_grid(other):
            raise InputError(
                f"{self.path or self.name}: shape {self.shape} or affine differ from those of "
                f"{what}, {other.shape}; use a volume on the same grid."
            )

    def magnitude(self) -> NDArray[np.float32]:
        """Return the magnitude as float32; worked out once and kept.

        Raises
        ------
        InputError
            If voxels are NaN or infinite, or it holds labels.
        """
        if self.kind == "labels":
            raise InputError(f"{self.name}: holds labels, not an image; choose an image.")
        return self._magnitude

    @cached_property
    def _magnitude(self) -> NDArray[np.float32]:
        image = np.abs(self.data) if self.kind == "complex" else self.data
        with np.errstate(over="ignore"):  # beyond float32: counted below
            image = image.astype(np.float32)
        bad = image.size - int(np.isfinite(image).sum())
        if bad:
            raise InputError(
                f"{self.name}: {bad} of {image.size} voxels are NaN or infinite; "
                "mend or mask them and open the file again."
            )
        return image
