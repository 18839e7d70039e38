# SPDX-License-Identifier: BSD-3-Clause
"""Radial spokes, rounded to the nearest samples of the Cartesian grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request, fewest, fill

GOLDEN_ANGLE_DEG = 111.24612
ROUNDING = 0.5 + 1e-9  # rounds halves up, independent of the last bit of a cosine


def draw(request: Request) -> Mask:
    """Return the mask: samples along spokes, from zero frequency outwards.

    Returns
    -------
    bool array, (readout, phase)

    Notes
    -----
    Samples are on the grid: there is no gridding error and no off-resonance. Spokes end at
    the inscribed ellipse; samples that R requires beyond it are taken in order of their
    distance to zero frequency.
    """
    uniform = request.options["angle"] == "uniform"
    most = 4 * sum(request.shape)  # spokes less than half a sample apart on the ellipse
    spokes = fewest(lambda k: _covered(request.shape, _angles(k, uniform)) >= request.n, most)
    places = _places(request.shape, _angles(spokes, uniform))
    order = np.full(request.shape, len(places))
    # Backwards, so that the first visit to a sample is the one that counts.
    order.ravel()[places[::-1]] = np.arange(len(places))[::-1]
    return fill(request, order)


def _angles(spokes: int, uniform: bool) -> NDArray[np.float64]:
    step_deg = 180 / spokes if uniform else GOLDEN_ANGLE_DEG
    angles: NDArray[np.float64] = np.deg2rad(step_deg * np.arange(spokes))
    return angles


def _covered(shape: tuple[int, int], angles: NDArray[np.float64]) -> int:
    visited = np.zeros(shape, bool)
    visited.ravel()[_places(shape, angles)] = True
    return int(visited.sum())


def _places(shape: tuple[int, int], angles: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return flat grid indices along the spokes, in steps of half a sample."""
    steps = np.arange(1, max(shape) + 1) / 2
    along = np.concatenate([[0.0], np.stack([steps, -steps], axis=1).ravel()])
    down, across = np.outer(np.cos(angles), along), np.outer(np.sin(angles), along)
    inside = (2 * down / shape[0]) ** 2 + (2 * across / shape[1]) ** 2 <= 1 + 1e-9
    rows = np.floor(shape[0] // 2 + down[inside] + ROUNDING).astype(np.intp)
    columns = np.floor(shape[1] // 2 + across[inside] + ROUNDING).astype(np.intp)
    # The far end of a spoke along an even side is one sample outside the grid.
    on_grid = (rows < shape[0]) & (columns < shape[1])
    return (rows * shape[1] + columns)[on_grid]


RADIAL = PatternKind(
    name="radial",
    title="Radial spokes (on the grid)",
    summary="Spokes through the centre, rounded to the Cartesian grid",
    dimensions=2,
    draw=draw,
    options=(
        Option(
            "angle",
            "choice",
            "golden",
            "angle between spokes: golden (111.246 degrees) or uniform",
            choices=("golden", "uniform"),
            label="Angle between spokes",
        ),
    ),
    uses=frozenset({"acceleration"}),
)
