# SPDX-License-Identifier: BSD-3-Clause
"""Variable-density Poisson disc: random samples with a minimum distance, denser at the centre."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request

SCALE_STEPS = 1024  # scales 0, 1/64, ..., 16


def draw(request: Request) -> Mask:
    """Return the mask: a fully sampled centre and a Poisson disc around it.

    Returns
    -------
    bool array, (readout, phase)

    Notes
    -----
    Samples are visited in a random order. One is accepted unless it is closer than
    ``scale * (1 + slope * rho)`` samples to one accepted before, where rho is the distance
    of the latter to zero frequency in units of half the side. A fixed bisection finds the
    largest scale that gives enough samples; surplus ones, accepted last, are dropped. The
    centre does not exclude its neighbours.
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
    """Return the first ``wanted`` accepted samples, or all if there are fewer."""
    margin = int(radius.max()) + 1
    width = shape[1] + 2 * margin
    blocked = bytearray((shape[0] + 2 * margin) * width)
    writable = np.frombuffer(blocked, np.uint8)
    rows, columns = np.divmod(order, shape[1])
    places = ((rows + margin) * width + columns + margin).tolist()
    # For integer d**2, d < radius is the same as d**2 <= reach: few different discs are needed.
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
    """Return the offsets in a flattened plane of all samples with d**2 <= reach."""
    side = math.isqrt(reach)
    steps = np.arange(-side, side + 1)
    rows, columns = np.nonzero(steps[:, None] ** 2 + steps**2 <= reach)
    return (rows - side) * width + columns - side


POISSON = PatternKind(
    name="poisson",
    title="Poisson disc (2-D)",
    summary="Fully sampled centre, other samples at random with a minimum distance, denser inside",
    dimensions=2,
    draw=draw,
    options=(
        Option(
            "slope",
            "float",
            2.0,
            "increase of the spacing from centre to edge",
            0.0,
            10.0,
            label="Increase of the spacing",
        ),
    ),
)
