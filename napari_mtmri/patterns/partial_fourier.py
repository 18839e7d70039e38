# SPDX-License-Identifier: BSD-3-Clause
"""Partial Fourier: lines of one side of k-space and the centre only."""

from __future__ import annotations

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.request import Request, smallest


def draw(request: Request) -> Mask:
    """Return the mask: the centre, and other lines of the sampled part at random.

    Returns
    -------
    bool array, (phase,)

    Raises
    ------
    RequestError
        If the sampled part does not contain the centre, or has fewer lines than R requires.
    """
    automatic = 1 / request.acceleration if request.acceleration <= 1.6 else 0.625
    fraction = request.number("partial_fraction", otherwise=automatic)
    side = str(request.options["side"])
    lines = request.center()
    band = _band(request.total, fraction, side)
    _check(request, fraction, side)
    others = np.flatnonzero(band & ~lines)
    keys = request.uniform(len(others), partial_fraction=fraction, side=side)
    lines[others[smallest(keys, request.n - request.n_center)]] = True
    return lines


def _band(total: int, fraction: float, side: str) -> Mask:
    width = round(fraction * total)
    band = np.arange(total) < width
    return band if side == "first" else band[::-1]


def _holds_center(request: Request, fraction: float, side: str) -> bool:
    # Rounding may exclude a line of the centre even at 0.5 + center_fraction / 2.
    whole = not (request.center() & ~_band(request.total, fraction, side)).any()
    return whole and fraction >= 0.5 + request.fraction / 2


def _check(request: Request, fraction: float, side: str) -> None:
    if not _holds_center(request, fraction, side):
        least = next(k / 1000 for k in range(500, 1001) if _holds_center(request, k / 1000, side))
        raise RequestError(
            f"{request.where}: the {side} {round(fraction * request.total)} lines do not contain "
            f"the {request.n_center} of the centre; use partial_fraction >= {least:g}."
        )
    width = round(fraction * request.total)
    if request.n > width:
        least = next(
            k / 1000 for k in range(500, 1001) if round(k / 1000 * request.total) >= request.n
        )
        raise RequestError(
            f"{request.where}: {request.n} lines are more than the {width} of the {side} part; "
            f"use partial_fraction >= {least:g} or R >= {_smallest_acceleration(request, width):g}."
        )


def _smallest_acceleration(request: Request, width: int) -> float:
    return next(k / 100 for k in range(100, 1601) if round(request.total / (k / 100)) <= width)


PARTIAL_FOURIER = PatternKind(
    name="partial-fourier",
    title="Partial Fourier",
    summary="Lines of one side of k-space and the centre; the other side is not sampled",
    dimensions=1,
    draw=draw,
    options=(
        Option(
            "partial_fraction",
            "float",
            None,
            "fraction of k-space that is sampled; automatic: 1 / R up to R = 1.6, else 0.625",
            0.5,
            1.0,
            label="Sampled fraction",
        ),
        Option(
            "side",
            "choice",
            "first",
            "sampled side of k-space",
            choices=("first", "last"),
            label="Sampled side",
        ),
    ),
)
