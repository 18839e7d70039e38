# SPDX-License-Identifier: BSD-3-Clause
"""Arrays that make a slice when napari asks for it: mixed pictures, disagreement, k-space.

A layer reads its data by an index for each axis; an array like these computes the one slice on
screen, so that nothing of the size of a volume is kept for each way to look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_mtmri.compare import agreement
from napari_mtmri.compare.comparison import Mode
from napari_mtmri.compare.mask_patterns import outline, patterned
from napari_mtmri.compare.mixing import in_first_squares, left_of_edge


@dataclass
class Mix:
    """How two pictures become one; changed in place, so that a layer can be redrawn.

    Parameters
    ----------
    mode : str
        "swipe", "blink", "checkerboard" or "difference".
    edge : float
        Share of the width that shows the first picture, from the left of the screen.
    tile : int
        Side of the squares in voxels.
    shows_second : bool
        Whether Blink shows the second picture.
    is_mirrored : (bool, bool, bool)
        For each axis of the layer, whether its index increases to the left on screen.
    """

    mode: Mode = "swipe"
    edge: float = 0.5
    tile: int = 32
    shows_second: bool = False
    is_mirrored: tuple[bool, bool, bool] = (False, False, False)

    def takes_first(self, shape: tuple[int, ...], column_axis: int) -> np.ndarray:
        """Return where the first picture of a swipe or checkerboard is shown.

        Returns
        -------
        bool array (row, column), or something that broadcasts to it
        """
        if self.mode == "checkerboard":
            return in_first_squares(shape, self.tile)
        from_left = left_of_edge(shape, self.edge)
        return from_left[:, ::-1] if self.is_mirrored[column_axis] else from_left


class SliceArray:
    """Array whose slices are made by a function of the index.

    Parameters
    ----------
    shape : (int, int, int)
    dtype : dtype
    make : callable
        From an index, a tuple of integers and slices, to an array.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: Any, make: Callable[[tuple[Any, ...]], Any]
    ) -> None:
        self.shape, self.dtype, self._make = tuple(shape), np.dtype(dtype), make
        self.ndim, self.size = len(self.shape), int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        key = key if isinstance(key, tuple) else (key,)
        whole = list(key + (slice(None),) * (self.ndim - len(key)))
        thin: list[int] = []  # napari asks for one slice by a number, or by a slice of length 1
        for at, one in enumerate(whole):
            kept = sum(isinstance(other, slice) for other in whole)
            if isinstance(one, slice) and kept > 2:
                number, *more = range(*one.indices(self.shape[at]))
                if not more:
                    thin.append(_kept_before(whole, at, thin))
                    whole[at] = number
        made = np.asarray(self._make(tuple(whole)), self.dtype)
        for place in thin:
            made = np.expand_dims(made, place)
        return made


def _kept_before(key: Sequence[Any], at: int, thin: Sequence[int]) -> int:
    """Return the axis of the answer that belongs to an entry of an index."""
    return sum(isinstance(one, slice) for one in key[:at]) + len(thin)


def _column_axis(key: tuple[Any, ...]) -> int:
    """Return the axis of the layer that runs along the columns of a slice."""
    return max((at for at, one in enumerate(key) if isinstance(one, slice)), default=0)


def mixed(first: Any, second: Any, mix: Mix) -> SliceArray:
    """Return the picture of two images, or of two masks, as `Mix` says.

    Parameters
    ----------
    first, second : arrays of the same shape and dtype, in the axes of the layer
    """

    def make(key: tuple[Any, ...]) -> Any:
        if mix.mode == "blink":
            return (second if mix.shows_second else first)[key]
        a, b = np.asarray(first[key]), np.asarray(second[key])
        if a.ndim < 2:
            return a
        return np.where(mix.takes_first(a.shape, _column_axis(key)), a, b)

    return SliceArray(first.shape, first.dtype, make)


def difference(first: Any, second: Any) -> SliceArray:
    """Return the magnitude of the difference of two images of the same shape."""

    def make(key: tuple[Any, ...]) -> Any:
        return np.abs(np.asarray(first[key]) - np.asarray(second[key]))

    return SliceArray(first.shape, first.dtype, make)


def outlined(labels: Any) -> SliceArray:
    """Return the outlines of a segmentation; napari's own take most of the time of a slice step.

    Parameters
    ----------
    labels : uint8 array in the axes of the layer
    """

    def make(key: tuple[Any, ...]) -> Any:
        drawn = np.asarray(labels[key])
        return outline(drawn) if drawn.ndim == 2 else drawn

    return SliceArray(labels.shape, np.uint8, make)


def disagreement(found: Any, base: Any) -> SliceArray:
    """Return where two segmentations agree, with a pattern for each answer.

    Values as of `napari_mtmri.compare.agreement`: agreed voxels are drawn as the outline of
    their region, missed ones solid, and extra ones striped.
    """

    def make(key: tuple[Any, ...]) -> Any:
        codes = agreement(np.asarray(found[key]), np.asarray(base[key]))
        return patterned(codes) if codes.ndim == 2 else codes

    return SliceArray(found.shape, np.uint8, make)
