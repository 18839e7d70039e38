# SPDX-License-Identifier: BSD-3-Clause
"""Two pictures in one: on both sides of an edge, or in the squares of a checkerboard."""

from __future__ import annotations

import numpy as np


def left_of_edge(shape: tuple[int, ...], edge: float) -> np.ndarray:
    """Return which columns lie left of an edge.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    edge : float
        Position from the left, as a share of the width.

    Returns
    -------
    bool array, (1, column)
    """
    return np.asarray(np.arange(shape[1])[None] < edge * shape[1])


def in_first_squares(shape: tuple[int, ...], tile: int) -> np.ndarray:
    """Return the squares of a checkerboard that show the first picture.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    tile : int
        Side of a square in pixels.

    Returns
    -------
    bool array, (row, column)
    """
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((rows // tile + columns // tile) % 2 == 0)
