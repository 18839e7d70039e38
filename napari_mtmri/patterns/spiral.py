# SPDX-License-Identifier: BSD-3-Clause
"""Archimedean spiral arms, rounded to the nearest samples of the Cartesian grid."""

from __future__ import annotations

import math

import numpy as np

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request, fewest, fill

TURN_STEPS = 64  # the number of turns is a multiple of 1/64
ROUNDING = 0.5 + 1e-9  # rounds halves up, independent of the last bit of a cosine


def draw(request: Request) -> Mask:
    """Return the mask: samples along spiral arms with the fewest turns that give enough.

    Returns
    -------
    bool array, (readout, phase)

    Notes
    -----
    For s from 0 to 1 an arm has the radius ``s ** density``, in units of half the side, and
    the angle ``2 pi turns s``; it ends at the inscribed ellipse. Surplus samples are dropped
    from the outside; samples that R requires beyond the ellipse are taken in order of their
    distance to zero frequency. Samples are on the grid: there is no gridding error and no
    off-resonance.
    """
    arms, density = int(request.number("interleaves")), request.number("density")
    # With this many turns, arms are half a sample apart on the ellipse.
    most = TURN_STEPS * math.ceil(density * max(request.shape) / arms + 1)
    steps = fewest(
        lambda k: int(_covered(request.shape, arms, density, k).sum()) >= request.n, most
    )
    return fill(request, np.where(_covered(request.shape, arms, density, steps), 0, 1))


def _covered(shape: tuple[int, int], arms: int, density: float, turn_steps: int) -> Mask:
    """Return the samples along the arms, in steps of at most half a sample."""
    turns = turn_steps / TURN_STEPS
    fastest = max(shape) / 2 * math.hypot(density, 2 * math.pi * turns)
    along = np.linspace(0.0, 1.0, math.ceil(2 * fastest) + 1)
    angles = 2 * np.pi * (turns * along + np.arange(arms)[:, None] / arms)
    visited = np.zeros(shape, bool)
    rows, columns = (
        np.floor(side // 2 + side / 2 * along**density * turned + ROUNDING).astype(int)
        for side, turned in zip(shape, (np.cos(angles), np.sin(angles)), strict=True)
    )
    # The far end of an arm along an even side is one sample outside the grid.
    on_grid = (rows < shape[0]) & (columns < shape[1])
    visited[rows[on_grid], columns[on_grid]] = True
    return visited


SPIRAL = PatternKind(
    name="spiral",
    title="Spiral (on the grid)",
    summary="Spiral arms from the centre outwards, rounded to the Cartesian grid",
    dimensions=2,
    draw=draw,
    options=(
        Option("interleaves", "int", 8, "number of spiral arms", 1, 64, label="Spiral arms"),
        Option(
            "density",
            "float",
            1.5,
            "1: uniform; larger: denser at the centre",
            1.0,
            4.0,
            label="Density at the centre",
        ),
    ),
    uses=frozenset({"acceleration"}),
)
