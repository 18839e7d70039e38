# SPDX-License-Identifier: BSD-3-Clause
"""Random lines: a fully sampled centre, the other lines uniformly at random."""

from __future__ import annotations

import numpy as np

from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request, smallest


def draw(request: Request) -> Mask:
    """Return the mask: the centre, and the other lines with the smallest random numbers.

    Returns
    -------
    bool array, (phase,)

    References
    ----------
    Qi et al. keep each line outside the centre with a fixed probability; here the number of
    lines is fixed, so that R is exactly the requested one.
    """
    lines = request.center()
    others = np.flatnonzero(~lines)
    keys = request.uniform(len(others))
    lines[others[smallest(keys, request.n - request.n_center)]] = True
    return lines


RANDOM = PatternKind(
    name="random",
    title="Random lines",
    summary="Fully sampled centre, other lines uniformly at random",
    dimensions=1,
    draw=draw,
)
