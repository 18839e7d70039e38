# SPDX-License-Identifier: BSD-3-Clause
"""Shape of the grid of the cells."""

from __future__ import annotations

import math
from collections.abc import Sequence


def grid_shape(n_cells: int, size: Sequence[float]) -> tuple[int, int]:
    """Return rows and columns of the grid whose square cells are largest.

    Parameters
    ----------
    n_cells : int
    size : (float, float)
        Height and width of the canvas in pixels.
    """
    shapes = [(math.ceil(n_cells / columns), columns) for columns in range(1, n_cells + 1)]
    return max(shapes, key=lambda shape: min(size[0] / shape[0], size[1] / shape[1]))
