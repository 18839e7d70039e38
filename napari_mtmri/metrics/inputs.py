# SPDX-License-Identifier: BSD-3-Clause
"""Inputs of a metric: a prediction and its reference, checked and on the same grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_mtmri.errors import InputError, RequestError

MOST_CLASSES = 64
MOST_NAMED = 6


@dataclass(frozen=True)
class ImagePair:
    """A predicted magnitude image and the fully sampled reference image.

    Parameters
    ----------
    prediction, reference : real array, (slice, row, column)
        In the same units; neither is rescaled, cropped or rounded.
    data_range : float
        Maximum of the reference **volume**, even if the pair is a single slice.
    object_mask : bool array, same shape, or None
        Voxels of the object, computed from the reference alone.
    first_slice : int
        Index of the first slice in its volume.
    """

    prediction: np.ndarray
    reference: np.ndarray
    data_range: float
    object_mask: np.ndarray | None = None
    first_slice: int = 0

    def slices(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray | None]]:
        """Yield the slices one by one.

        Yields
        ------
        index : int
            Slice in the volume.
        prediction, reference : float64 array, (row, column)
            In the units of the images.
        object_mask : bool array, (row, column), or None
        """
        for number in range(len(self.reference)):
            yield (
                self.first_slice + number,
                np.asarray(self.prediction[number], np.float64),
                np.asarray(self.reference[number], np.float64),
                None if self.object_mask is None else self.object_mask[number],
            )


@dataclass(frozen=True)
class LabelPair:
    """The voxels of one class in the prediction and in the reference.

    Parameters
    ----------
    prediction, reference : bool array, (slice, row, column)
    region : str
        Name of the class, such as "class 1".
    spacing : tuple of float or None
        Voxel spacing in mm along the same axes; None if unknown.
    first_slice : int
        Index of the first slice in its volume.
    voxel_ml : float or None
        Volume of a voxel in ml, if it is not the product of the spacings (sheared grid).
    probability : float array, same shape, or None
        Predicted probability of the class, 0 to 1.
    """

    prediction: np.ndarray
    reference: np.ndarray
    region: str
    spacing: tuple[float, float, float] | None = None
    first_slice: int = 0
    voxel_ml: float | None = None
    probability: np.ndarray | None = None

    @property
    def flag(self) -> str:
        """Flag for empty masks: "both empty", "missed", "false alarm", or ""."""
        return emptiness(self.prediction.any(), self.reference.any())

    @property
    def voxel(self) -> tuple[float, str]:
        """Volume of a voxel and its unit: ml, or 1 voxel if the spacing is unknown."""
        if self.spacing is None:
            return 1.0, "voxel"
        return self.voxel_ml or math.prod(self.spacing) / 1000, "ml"

    def cropped(self) -> LabelPair:
        """Return the pair cropped to the bounding box of both masks.

        Distances and connected components do not change.
        """
        either = self.prediction | self.reference
        if not either.any():
            return self
        sides = []
        for axis in range(3):
            others = tuple(other for other in range(3) if other != axis)
            filled = np.flatnonzero(either.any(axis=others))
            sides.append(slice(int(filled[0]), int(filled[-1]) + 1))
        box = tuple(sides)
        inside = None if self.probability is None else self.probability[box]
        return replace(
            self,
            prediction=self.prediction[box],
            reference=self.reference[box],
            probability=inside,
        )


def emptiness(predicted: bool | np.bool_, drawn: bool | np.bool_) -> str:
    """Return the flag of a pair of masks, given whether each contains a voxel."""
    if predicted:
        return "" if drawn else "false alarm"
    return "missed" if drawn else "both empty"


def checked_image(stack: np.ndarray, what: str) -> np.ndarray:
    """Return the stack if it is a real, finite image.

    Parameters
    ----------
    stack : real array, (slice, row, column)
    what : str
        Name of the image in error messages.

    Returns
    -------
    real array, (slice, row, column)
        ``stack`` itself, not a copy.

    Raises
    ------
    InputError
        If it is not three-dimensional, is empty or complex, or has NaN or infinite values.
    """
    _check_shape(stack, what)
    if np.iscomplexobj(stack):
        raise InputError(f"{what}: values are {stack.dtype}; scores need the magnitude.")
    bad = stack.size - int(np.count_nonzero(np.isfinite(stack)))
    if bad:
        raise InputError(
            f"{what}: {bad} of {stack.size} values are NaN or infinite; replace them first."
        )
    return stack


def checked_labels(stack: np.ndarray, what: str, classes: Sequence[int] | None) -> np.ndarray:
    """Return the stack as integer labels, with 0 as background.

    Parameters
    ----------
    stack : bool, integer or float array, (slice, row, column)
        A mask of 0 and 255 is read as 0 and 1, unless class 255 is requested.
    what : str
        Name of the labels in error messages.
    classes : sequence of int or None
        Requested classes.

    Returns
    -------
    integer array, (slice, row, column)

    Raises
    ------
    InputError
        If it is not three-dimensional, is empty, or has fractional or negative values.
    """
    _check_shape(stack, what)
    if stack.dtype.kind not in "bui":
        if stack.dtype.kind != "f" or not np.array_equal(stack, np.trunc(stack)):
            raise InputError(
                f"{what}: {stack.dtype} values are not whole numbers; threshold probabilities at "
                "0.5."
            )
        stack = stack.astype(np.int64)
    lowest = int(stack.min())
    if lowest < 0:
        raise InputError(f"{what}: the lowest label is {lowest}; labels start at 0.")
    of_picture = int(stack.max()) == 255 and (classes is None or 255 not in classes)
    if of_picture and np.isin(stack, (0, 255)).all():
        return (stack > 0).astype(np.uint8)
    return stack.astype(np.uint8) if stack.dtype.kind == "b" else stack


def match_labels(drawn: np.ndarray | None, n_classes: int) -> tuple[np.ndarray | None, str]:
    """Return reference labels to compare with a method of ``n_classes``, and a note.

    For a method with a single class any label of the reference is the lesion, as in training.

    Parameters
    ----------
    drawn : integer array, any shape, or None
    n_classes : int

    Returns
    -------
    integer array or None
    str
        Note for `Score.depends`; empty if the labels are compared as they are.
    """
    if drawn is None or n_classes > 1:
        return drawn, ""
    values = np.unique(drawn[drawn > 0]).tolist()
    if values in ([], [1], [255]):
        return drawn, ""
    if len(values) > MOST_NAMED:
        text = f"{len(values)} labels"
    else:
        text = "label " + " or ".join(f"{value:g}" for value in values)
    # Negative labels stay as they are, and are refused.
    return np.where(drawn > 0, 1, drawn).astype(np.int16), f"lesion: {text} of the reference"


def checked_classes(
    prediction: np.ndarray, drawn: Sequence[int], classes: Sequence[int] | None
) -> tuple[int, ...]:
    """Return the classes to measure: the requested ones, else all that occur, else class 1.

    Parameters
    ----------
    prediction : integer array, (slice, row, column)
    drawn : sequence of int
        Values that occur in the reference volume.
    classes : sequence of int or None
        Requested classes.

    Returns
    -------
    tuple of int
        Classes from 1; background 0 is never included.

    Raises
    ------
    RequestError
        If background or an empty list is requested.
    InputError
        If there are too many different values for labels.
    """
    if classes is not None:
        wanted = tuple(dict.fromkeys(int(number) for number in classes))
        if not wanted or min(wanted) < 1:
            raise RequestError(
                f"`classes` {list(classes)}: give one or more, each at least 1; 0 is background."
            )
        return wanted
    found = sorted({*np.unique(prediction).tolist(), *drawn} - {0})
    if len(found) > MOST_CLASSES:
        raise InputError(
            f"labels: {len(found)} different values are more than {MOST_CLASSES}, as in an image; "
            "give `classes` to measure."
        )
    return tuple(found) or (1,)


def checked_spacing(spacing: Sequence[float] | None) -> tuple[float, float, float] | None:
    """Return the voxel spacing as three floats in mm, or None.

    Raises
    ------
    InputError
        If there are not three, or one is not positive and finite.
    """
    if spacing is None:
        return None
    values = tuple(float(value) for value in spacing)
    if len(values) != 3 or not all(0 < value < math.inf for value in values):
        raise InputError(f"`spacing` {values}: give three positive distances in mm, or None.")
    return values


def check_same_grid(prediction: np.ndarray, reference: np.ndarray, what: str) -> None:
    """Check that prediction and reference have the same shape.

    Parameters
    ----------
    prediction, reference : array, (slice, row, column)
    what : str
        Name of the prediction in error messages.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if prediction.shape != reference.shape:
        raise InputError(
            f"{what}: the prediction has shape {prediction.shape}, but the reference "
            f"{reference.shape}; scores need the same grid."
        )


def _check_shape(stack: np.ndarray, what: str) -> None:
    if stack.ndim != 3 or not stack.size:
        raise InputError(f"{what}: has shape {stack.shape}; scores need (slice, row, column).")
