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

from napari_mtmri.compare import AGREED, EXTRA, agreement
from napari_mtmri.compare.comparison import Mode

STRIPES = 4  # period of the stripes in voxels


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

    def takes_first(self, shape: tuple[int, ...], column_axis: int) -> np.ndarray | bool:
        """Return where the first picture is shown.

        Returns
        -------
        bool array (row, column), or something that broadcasts to it
        """
        if self.mode == "blink":
            return not self.shows_second
        rows, columns = np.ogrid[: shape[-2], : shape[-1]]
        if self.mode == "checkerboard":
            return np.asarray((rows // self.tile + columns // self.tile) % 2 == 0)
        from_left = columns[:, ::-1] if self.is_mirrored[column_axis] else columns
        return np.asarray(from_left < self.edge * shape[-1])


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


def disagreement(found: Any, base: Any) -> SliceArray:
    """Return where two segmentations agree, with a pattern for each answer.

    Values as of `napari_mtmri.compare.agreement`: agreed voxels are drawn as the outline of
    their region, missed ones solid, and extra ones striped.
    """

    def make(key: tuple[Any, ...]) -> Any:
        codes = agreement(np.asarray(found[key]), np.asarray(base[key]))
        return patterned(codes) if codes.ndim == 2 else codes

    return SliceArray(found.shape, np.uint8, make)


def patterned(codes: np.ndarray) -> np.ndarray:
    """Return the codes of one slice with the pattern of each, 0 where nothing is drawn.

    Parameters
    ----------
    codes : uint8 array, (row, column)
    """
    padded = np.pad(codes, 1)
    inside = np.ones(codes.shape, bool)
    for row, column in ((0, 1), (2, 1), (1, 0), (1, 2)):
        rows, columns = slice(row, row + codes.shape[0]), slice(column, column + codes.shape[1])
        inside &= padded[rows, columns] == AGREED
    rows_at, columns_at = np.ogrid[: codes.shape[0], : codes.shape[1]]
    gaps = (rows_at + columns_at) % STRIPES >= STRIPES // 2
    left_out = ((codes == AGREED) & inside) | ((codes == EXTRA) & gaps)
    return np.where(left_out, 0, codes).astype(np.uint8)
