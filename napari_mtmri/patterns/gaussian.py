# SPDX-License-Identifier: BSD-3-Clause
"""Variable-density lines: Gaussian density around the centre plus a constant floor."""

from __future__ import annotations

import math

import numpy as np

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request, smallest


def draw(request: Request) -> Mask:
    """Return the mask: the centre, and other lines drawn at random by weight.

    Returns
    -------
    bool array, (phase,)

    Notes
    -----
    The weight of a line at distance d from the centre is ``exp(-d**2 / 2 sigma**2) + floor``.
    Lines are drawn without replacement: those with the smallest ``-ln(u) / weight``, compared
    by their logarithms, which do not underflow far from the centre.

    References
    ----------
    Weights: ``cartesian_mask`` in js3611/Deep-MRI-Reconstruction. Weighted draw: Efraimidis
    and Spirakis, Information Processing Letters 97(5), 2006.
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
    summary="Fully sampled centre, other lines at random, denser near the centre",
    dimensions=1,
    draw=draw,
    options=(
        Option(
            "sigma",
            "float",
            0.1,
            "standard deviation of the density as a fraction of k-space",
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
