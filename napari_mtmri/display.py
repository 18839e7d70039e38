# SPDX-License-Identifier: BSD-3-Clause
"""Upright display of the slices of a volume, without resampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_mtmri.geometry import LETTERS, display_affine, display_order
from napari_mtmri.volume import Volume

PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class SliceView:
    """Orientation in which the slices of a volume are displayed.

    Parameters
    ----------
    order : (int, int, int)
        Array axes along S, A and R, in either direction.
    cut : int
        Position in ``order`` of the slice axis: 0 axial, 1 coronal, 2 sagittal.
    flips : (bool, bool)
        Whether rows and columns are reversed.
    letters : (str, str, str, str)
        Orientation letters at the left, right, top and bottom; empty if they are unknown.
    size : (float, float)
        Height and width of a slice, in ``unit``.
    unit : str
        "mm", or "voxels" if the spacing is unknown.
    """

    order: tuple[int, int, int]
    cut: int
    flips: tuple[bool, bool]
    letters: tuple[str, str, str, str]
    size: tuple[float, float]
    unit: str = "mm"

    @property
    def plane(self) -> str:
        """Name of the anatomical plane closest to the slices."""
        return PLANES[self.cut]

    @property
    def sides(self) -> str:
        """Which side of the patient is on the left or right, in words."""
        if not any(self.letters):
            return "where right and left are is not known"
        if self.cut == 2:
            return "anterior is on the left"
        return f"the patient's right is on the {'left' if self.letters[0] == 'R' else 'right'}"

    def picture(self, data: np.ndarray, number: int) -> np.ndarray:
        """Return one slice as a picture.

        Parameters
        ----------
        data : array, (i, j, k)
            In the voxel axes of the volume.
        number : int
            Slice number along the slice axis of ``data``.

        Returns
        -------
        array, (row, column)
            Rows from top to bottom, columns from left to right.
        """
        picture = data.transpose(self.order).take(number, axis=self.cut)
        rows, columns = (slice(None, None, -1 if flip else 1) for flip in self.flips)
        return np.asarray(picture[rows, columns])


def upright_view(volume: Volume, slice_axis: int, *, neurological: bool = False) -> SliceView:
    """Return the upright display orientation of the slices along an array axis.

    Superior is up, or anterior in axial slices. The patient's right is on the left
    (radiological) or on the right (``neurological``); in sagittal slices anterior is on the
    left. An oblique volume is shown on its own grid.
    """
    order = display_order(volume.affine)
    shown, _ = display_affine(volume.shape, volume.affine)
    upwards = [bool(shown[axis, axis] > 0) for axis in range(3)]  # along S, A, R
    cut = order.index(slice_axis)
    row, column = (axis for axis in range(3) if axis != cut)
    high_is_left = not (neurological and column == 2)
    bottom, top = LETTERS[2 - row]
    low, high = LETTERS[2 - column]
    left, right = (high, low) if high_is_left else (low, high)
    sides = [volume.shape[axis] * volume.spacing[axis] for axis in order]
    return SliceView(
        order=order,
        cut=cut,
        flips=(upwards[row], upwards[column] == high_is_left),
        letters=(left, right, top, bottom) if volume.directions_known else ("", "", "", ""),
        size=(sides[row], sides[column]),
        unit="mm" if volume.spacing_known else "voxels",
    )
