# SPDX-License-Identifier: BSD-3-Clause
"""What a metric is given: a prediction and its reference, checked and on one grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_mtmri.errors import InputError, RequestError

MOST_CLASSES = 64


@dataclass(frozen=True)
class ImagePair:
    """A magnitude image and the fully sampled one.

    Parameters
    ----------
    prediction, reference : real array, (slice, row, column)
        In the same units; neither is rescaled, cropped or rounded.
    data_range : float
        Maximum of the reference **volume**, also where the pair is one slice of it.
    object_mask : bool array, same shape, or None
        Where the object is, made from the reference alone.
    first_slice : int
        Index that the first slice has in its volume.
    """

    prediction: np.ndarray
    reference: np.ndarray
    data_range: float
    object_mask: np.ndarray | None = None
    first_slice: int = 0

    def slices(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray | None]]:
        """Yield index, prediction and reference in float64, and object, slice by slice."""
        for number in range(len(self.reference)):
            yield (
                self.first_slice + number,
                np.asarray(self.prediction[number], np.float64),
                np.asarray(self.reference[number], np.float64),
                None if self.object_mask is None else self.object_mask[number],
            )


@dataclass(frozen=True)
class LabelPair:
    """The voxels of one class, in the prediction and in the reference.

    Parameters
    ----------
    prediction, reference : bool array, (slice, row, column)
    region : str
        "class 1".
    spacing : tuple of float or None
        In mm along the same axes; None where it is not known.
    first_slice : int
        Index that the first slice has in its volume.
    """

    prediction: np.ndarray
    reference: np.ndarray
    region: str
    spacing: tuple[float, float, float] | None = None
    first_slice: int = 0

    @property
    def flag(self) -> str:
        """Which of the two is empty: "both empty", "missed", "false alarm", or nothing."""
        return emptiness(self.prediction.any(), self.reference.any())

    @property
    def voxel(self) -> tuple[float, str]:
        """Volume of a voxel with its unit: ml, or 1 voxel where the spacing is unknown."""
        if self.spacing is None:
            return 1.0, "voxel"
        return math.prod(self.spacing) / 1000, "ml"

    def cropped(self) -> LabelPair:
        """Return the box around both masks; distances and components stay as they are."""
        either = self.prediction | self.reference
        if not either.any():
            return self
        sides = []
        for axis in range(3):
            others = tuple(other for other in range(3) if other != axis)
            filled = np.flatnonzero(either.any(axis=others))
            sides.append(slice(int(filled[0]), int(filled[-1]) + 1))
        box = tuple(sides)
        return replace(self, prediction=self.prediction[box], reference=self.reference[box])


def emptiness(predicted: bool | np.bool_, drawn: bool | np.bool_) -> str:
    """Return the flag of a pair of masks, from whether each has any voxel."""
    if predicted:
        return "" if drawn else "false alarm"
    return "missed" if drawn else "both empty"


def checked_image(stack: np.ndarray, what: str) -> np.ndarray:
    """Return the stack if it is a real and finite image.

    Raises
    ------
    InputError
        If it is not three-dimensional, is empty, complex, or has NaN or infinite values.
    """
    _check_shape(stack, what)
    if np.iscomplexobj(stack):
        raise InputError(f"{what}: {stack.dtype} values; scores need its magnitude.")
    bad = stack.size - int(np.count_nonzero(np.isfinite(stack)))
    if bad:
        raise InputError(
            f"{what}: {bad} of {stack.size} values are NaN or infinite; mend it first."
        )
    return stack


def checked_labels(stack: np.ndarray, what: str, classes: Sequence[int] | None) -> np.ndarray:
    """Return the stack as integers of which 0 is background.

    A mask of 0 and 255, as pictures have it, is one of 0 and 1, unless class 255 is
    asked for.

    Raises
    ------
    InputError
        If it is not three-dimensional, is empty, or its values are no labels.
    """
    _check_shape(stack, what)
    if stack.dtype.kind not in "bui":
        if stack.dtype.kind != "f" or not np.array_equal(stack, np.trunc(stack)):
            raise InputError(
                f"{what}: {stack.dtype} values that are not whole numbers; labels are "
                "whole numbers, and a probability is one from 0.5 upwards."
            )
        stack = stack.astype(np.int64)
    lowest = int(stack.min())
    if lowest < 0:
        raise InputError(f"{what}: the lowest label is {lowest}; labels begin at 0.")
    of_picture = int(stack.max()) == 255 and (classes is None or 255 not in classes)
    if of_picture and np.isin(stack, (0, 255)).all():
        return (stack > 0).astype(np.uint8)
    return stack.astype(np.uint8) if stack.dtype.kind == "b" else stack


def checked_classes(
    prediction: np.ndarray, drawn: Sequence[int], classes: Sequence[int] | None
) -> tuple[int, ...]:
    """Return the classes to measure: those asked for, else all that occur, else 1.

    Parameters
    ----------
    prediction : integer array
    drawn : sequence of int
        Values that occur in the reference volume.
    classes : sequence of int or None
        Classes that were asked for.

    Raises
    ------
    RequestError
        If background or nothing is asked for.
    InputError
        If so many values occur that the array is an image rather than labels.
    """
    if classes is not None:
        wanted = tuple(dict.fromkeys(int(number) for number in classes))
        if not wanted or min(wanted) < 1:
            raise RequestError(
                f"classes {list(classes)}: name one or more from 1; 0 is background."
            )
        return wanted
    found = sorted({*np.unique(prediction).tolist(), *drawn} - {0})
    if len(found) > MOST_CLASSES:
        raise InputError(
            f"labels: {len(found)} different values are more than {MOST_CLASSES}, as if an "
            "image had been given; name the classes to measure."
        )
    return tuple(found) or (1,)


def checked_spacing(spacing: Sequence[float] | None) -> tuple[float, float, float] | None:
    """Return three positive distances in mm, or None.

    Raises
    ------
    InputError
        If there are not three, or one is not positive and finite.
    """
    if spacing is None:
        return None
    values = tuple(float(value) for value in spacing)
    if len(values) != 3 or not all(0 < value < math.inf for value in values):
        raise InputError(f"spacing {values}: give three positive distances in mm, or none.")
    return values


def check_same_grid(prediction: np.ndarray, reference: np.ndarray, what: str) -> None:
    """Refuse arrays of different shapes.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if prediction.shape != reference.shape:
        raise InputError(
            f"{what}: the prediction has shape {prediction.shape} and the reference "
            f"{reference.shape}; scores need one grid."
        )


def _check_shape(stack: np.ndarray, what: str) -> None:
    if stack.ndim != 3 or not stack.size:
        raise InputError(f"{what}: shape {stack.shape}; scores need (slice, row, column).")
