# SPDX-License-Identifier: BSD-3-Clause
"""Variable-density Poisson disc: samples at random, never close together, denser inside."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request

SCALE_STEPS = 1024  # scales 0, 1/64, ..., 16


def draw(request: Request) -> Mask:
    """Return the samples taken: a centre block and a Poisson disc around it.

    Returns
    -------
    bool array, (readout, phase)

    Notes
    -----
    In an order drawn once, a sample is accepted unless it lies nearer than
    ``scale * (1 + slope * rho)`` pixels to one accepted before, rho being that one's
    distance to zero frequency in half sides. The largest scale of a fixed bisection
    that gives enough samples is taken, and the last accepted are left out until the
    count is met. The centre blocks nothing.
    """
    mask = request.center()
    slope = request.number("slope")
    others = np.flatnonzero(~mask)
    order = others[np.argsort(request.uniform(len(others), slope=slope), kind="stable")]
    growth = (1 + slope * request.distance()).ravel()[order]
    wanted = request.n - request.n_center
    accepted, low, high = order[:wanted], 0, SCALE_STEPS
    while high - low > 1:
        middle = (low + high) // 2
        found = _scan(request.shape, order, growth * (middle / 64), wanted)
        if len(found) == wanted:
            accepted, low = found, middle
        else:
            high = middle
    mask.ravel()[accepted] = True
    return mask


def _scan(
    shape: tuple[int, int], order: NDArray[np.intp], radius: NDArray[np.float64], wanted: int
) -> NDArray[np.intp]:
    """Return the first ``wanted`` accepted samples, or all where there are fewer."""
    margin = int(radius.max()) + 1
    width = shape[1] + 2 * margin
    blocked = bytearray((shape[0] + 2 * margin) * width)
    writable = np.frombuffer(blocked, np.uint8)
    rows, columns = np.divmod(order, shape[1])
    places = ((rows + margin) * width + columns + margin).tolist()
    # d < radius for whole d**2 is d**2 <= reach, so that few discs serve all samples.
    reaches = (np.ceil(radius**2).astype(int) - 1).tolist()
    discs: dict[int, NDArray[np.intp]] = {}
    accepted: list[int] = []
    for index, (place, reach) in enumerate(zip(places, reaches, strict=True)):
        if blocked[place]:
            continue
        accepted.append(index)
        if len(accepted) == wanted:
            break
        if reach > 0:
            if reach not in discs:
                discs[reach] = _disc(reach, width)
            writable[discs[reach] + place] = 1
    return order[accepted]


def _disc(reach: int, width: int) -> NDArray[np.intp]:
    """Return the offsets in a flat plane of all places with d**2 <= reach."""
    side = math.isqrt(reach)
    steps = np.arange(-side, side + 1)
    rows, columns = np.nonzero(steps[:, None] ** 2 + steps**2 <= reach)
    return (rows - side) * width + columns - side


POISSON = PatternKind(
    name="poisson",
    title="Poisson disc (2-D)",
    summary="Whole centre, other samples at random but never close together, denser inside",
    dimensions=2,
    draw=draw,
    options=(
        Option(
            "slope",
            "float",
            2.0,
            "growth of the spacing from centre to edge",
            0.0,
            10.0,
            label="Growth of the spacing",
        ),
    ),
)
