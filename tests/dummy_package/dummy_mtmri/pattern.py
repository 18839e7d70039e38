# SPDX-License-Identifier: BSD-3-Clause
"""The first lines that make up the number asked for, and no centre."""

from __future__ import annotations

import numpy as np

from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request


def draw(request: Request) -> Mask:
    mask = np.zeros(request.sides, bool)
    mask[: request.n] = True
    return mask


COMB = PatternKind(
    name="comb",
    title="Comb",
    summary="The first lines of the plane",
    dimensions=1,
    draw=draw,
    uses=frozenset({"acceleration"}),
)
