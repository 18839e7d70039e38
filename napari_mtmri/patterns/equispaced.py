# SPDX-License-Identifier: BSD-3-Clause
"""Equispaced lines: a fully sampled centre, the other lines spaced as evenly as possible."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request


def draw(request: Request) -> Mask:
    """Return the mask: the centre, and q equispaced lines of the m lines outside it.

    Returns
    -------
    bool array, (phase,)

    Notes
    -----
    The q lines are those at ``floor((j + offset) * m / q)``, all different because m / q is
    at least 1. Computed with fractions, because rounding could merge two of them. Gaps
    differ by at most one line; the pattern is periodic only without a centre and if R divides
    the number of lines.
    """
    lines = request.center()
    others = np.flatnonzero(~lines)
    wanted = request.n - request.n_center
    given = request.options["offset"]
    offset = Fraction(float(request.uniform(1)[0] if given is None else given))
    places = [floor((j + offset) * len(others) / wanted) for j in range(wanted)]
    lines[others[places]] = True
    return lines


EQUISPACED = PatternKind(
    name="equispaced",
    title="Equispaced lines",
    summary="Fully sampled centre, other lines evenly spaced",
    dimensions=1,
    draw=draw,
    options=(
        Option(
            "offset",
            "float",
            None,
            "offset of the first line as a fraction of the line spacing; automatic: random",
            0.0,
            0.999,
            label="Shift of the lines",
        ),
    ),
)
