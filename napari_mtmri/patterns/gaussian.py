# SPDX-License-Identifier: BSD-3-Clause
"""Variable-density lines: a Gaussian's share of them near the centre, a floor elsewhere."""

from __future__ import annotations

import math

import numpy as np

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request, smallest


def draw(request: Request) -> Mask:
    """Return the lines taken: the centre, and others drawn by weight.

    Returns
    -------
    bool array, (phase,)

    Notes
    -----
    Weight of a line d lines off the centre: ``exp(-d**2 / 2 sigma**2) + floor``. Drawn
    without replacement: the smallest ``-ln(u) / weight``, compared by their logarithms,
    which do not underflow far from the centre.

    References
    ----------
    The weights are those of ``cartesian_mask`` in js3611/Deep-MRI-Reconstruction;
    Efraimidis and Spirakis, Information Processing Letters 97(5), 2006, for the draw.
    """
    lines = request.center()
    others = np.flatnonzero(~lines)
    sigma = request.number("sigma")
    base = request.number("floor", otherwise=1 / (2 * request.acceleration))
    off_center = (others - request.total // 2) / (sigma * request.total)
    weight = np.logaddexp(-(off_center**2) / 2, math.log(base) if base else -math.inf)
    keys = np.log(-np.log(request.uniform(len(others), sigma=sigma, floor=base))) - weight
    lines[others[smallest(keys, request.n - request.n_center)]] = True
    return lines


GAUSSIAN = PatternKind(
    name="gaussian",
    title="Gaussian density",
    summary="Whole centre, the other lines at random, denser near it",
    dimensions=1,
    draw=draw,
    options=(
        Option(
            "sigma",
            "float",
            0.1,
            "standard deviation of the density as a fraction of the lines",
            0.01,
            10.0,
            label="Width of the density (σ)",
        ),
        Option(
            "floor",
            "float",
            None,
            "density far from the centre relative to the peak; automatic: 1 / (2 R)",
            0.0,
            1.0,
            label="Lowest density",
        ),
    ),
)
