# SPDX-License-Identifier: BSD-3-Clause
"""All 48 ways the axes of a head can lie in an array."""

from __future__ import annotations

from itertools import permutations, product

from napari_mtmri.volume import Volume
from tests.phantoms import SPACING_RAS, marked_phantom

__all__ = ["ORDERS", "SHAPE_RAS", "SPACING_RAS", "Order", "codes_of", "marked_head"]

SHAPE_RAS = (12, 10, 8)
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
    return marked_phantom(codes_of(order), SHAPE_RAS, dtype)
