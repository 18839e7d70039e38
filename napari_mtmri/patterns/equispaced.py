# SPDX-License-Identifier: BSD-3-Clause
"""Equispaced lines: a fully sampled centre, the others as evenly as whole lines allow."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request


def draw(request: Request) -> Mask:
    """Return the lines taken: every (m / q)-th of the m lines outside the centre.

    Returns
    -------
    bool array, (phase,)

    Notes
    -----
    The q lines are those at ``floor((j + offset) * m / q)``: distinct because m / q is
    at least 1. Worked out in fractions, since rounding could merge two of them. Gaps
    differ by one line, and the pattern is periodic only if there is no centre and R
    divides the number of lines.
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
    summary="Whole centre, the other lines evenly spaced",
    dimensions=1,
    draw=draw,
    options=(
        Option(
            "offset",
            "float",
            None,
            "shift of the comb as a fraction of its spacing; automatic: by the seed",
            0.0,
            0.999,
            label="Shift of the lines",
        ),
    ),
)
