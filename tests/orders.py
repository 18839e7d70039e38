# SPDX-License-Identifier: BSD-3-Clause
"""All 48 ways the axes of a head can lie in an array, and a head with a marker on one side."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from napari_mtmri.volume import Volume

SHAPE_RAS = (12, 10, 8)
SPACING_RAS = (1.0, 1.5, 3.0)
Order = tuple[tuple[int, int], ...]
ORDERS: list[Order] = [
    tuple(zip(order, signs, strict=True))
    for order in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]


def codes_of(order: Order) -> str:
    """Where each array axis points to."""
    return "".join(("LR", "PA", "IS")[world][sign > 0] for world, sign in order)


def marked_head(order: Order, dtype: str = "float32") -> Volume:
    """A volume whose axis i runs along world axis order[i][0]; bright at right, anterior, superior."""
    data = np.zeros([SHAPE_RAS[world] for world, _ in order], dtype)
    affine = np.zeros((4, 4))
    corner = []
    for axis, (world, sign) in enumerate(order):
        affine[world, axis] = sign * SPACING_RAS[world]
        corner.append(slice(-3, None) if sign > 0 else slice(0, 3))
    data[tuple(corner)] = 100
    affine[:, 3] = (5.0, -7.0, 11.0, 1.0)
    return Volume(data, affine, name="marked")
