# SPDX-License-Identifier: BSD-3-Clause
"""Full sampling, for comparison."""

from __future__ import annotations

import numpy as np

from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request


def draw(request: Request) -> Mask:
    """Return the mask of all lines: bool array, (phase,)."""
    return np.ones(request.sides, bool)


FULL = PatternKind(
    name="full",
    title="Full",
    summary="All samples; R must be 1",
    dimensions=1,
    draw=draw,
    uses=frozenset({"acceleration"}),
    max_acceleration=1.0,
)
