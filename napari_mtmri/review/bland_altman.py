# SPDX-License-Identifier: BSD-3-Clause
"""Limits of agreement of two readers' volumes, and their Bland-Altman plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import write_whole
from napari_mtmri.plotting import BLACK, BLUE, DOTS_PER_INCH, ORANGE, RESEARCH
from napari_mtmri.stats.intervals import LEVEL

NORMAL_95 = 1.96
PANEL, MARGIN = (4.6, 3.4), 0.5


@dataclass(frozen=True)
class BlandAltman:
    """Bias and 95 % limits of agreement of paired measurements, first minus second.

    Parameters
    ----------
    first, second : str
        Who measured.
    unit : str
    means, differences : tuple of float
        Mean and difference of each pair.
    bias, sd : float
        Mean and sample standard deviation of the differences.
    low, high : float
        Limits of agreement: bias ± 1.96 sd.
    bias_interval, low_interval, high_interval : (float, float)
        95 % intervals of bias and limits; NaN for fewer than two pairs.
    """

    first: str
    second: str
    unit: str
    means: tuple[float, ...]
    differences: tuple[float, ...]
    bias: float
    sd: float
    low: float
    high: float
    bias_interval: tuple[float, float]
    low_interval: tuple[float, float]
    high_interval: tuple[float, float]

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.differences)


def bland_altman(
    first: Sequence[float],
    second: Sequence[float],
    names: tuple[str, str] = ("first", "second"),
    unit: str = "ml",
) -> BlandAltman:
    """Return bias and limits of agreement of paired measurements.

    Parameters
    ----------
    first, second : sequence of float
        One value per case, in the same unit and order.
    names : pair of str
    unit : str

    Raises
    ------
    InputError
        If the lengths differ.

    References
    ----------
    Bland and Altman, Lancet 327(8476), 1986. The intervals are theirs: Student's t with
    standard errors ``sd / sqrt(n)`` of the bias and ``sqrt(3 / n) sd`` of the limits.
    """
    from scipy import stats

    ours, theirs = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if ours.shape != theirs.shape:
        raise InputError(
            f"{ours.size} and {theirs.size} values cannot be paired; give one of each per case."
        )
    differences = ours - theirs
    n = differences.size
    bias = float(differences.mean()) if n else math.nan
    sd = float(differences.std(ddof=1)) if n > 1 else math.nan
    t = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) if n > 1 else math.nan

    def around(value: float, error: float) -> tuple[float, float]:
        return value - t * error, value + t * error

    low, high = bias - NORMAL_95 * sd, bias + NORMAL_95 * sd
    of_limits = math.sqrt(3 / n) * sd if n else math.nan
    return BlandAltman(
        first=names[0],
        second=names[1],
        unit=unit,
        means=tuple(((ours + theirs) / 2).tolist()),
        differences=tuple(differences.tolist()),
        bias=bias,
        sd=sd,
        low=low,
        high=high,
        bias_interval=around(bias, sd / math.sqrt(n) if n else math.nan),
        low_interval=around(low, of_limits),
        high_interval=around(high, of_limits),
    )


def draw_bland_altman(found: Sequence[BlandAltman]) -> Any:
    """Return a matplotlib figure with one plot per pair of readers.

    Parameters
    ----------
    found : sequence of BlandAltman
        At least one.
    """
    from matplotlib.figure import Figure

    size = (PANEL[0] * len(found), PANEL[1] + MARGIN)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for axis, one in zip(axes, found, strict=True):
        _draw(axis, one)
    figure.suptitle("Agreement of volumes (Bland and Altman)", fontsize=10)
    figure.supxlabel(f"Lines: bias and limits of agreement, bands: 95 % intervals. {RESEARCH}",
                     fontsize=8, color="#555555")  # fmt: skip
    return figure


def save_bland_altman(found: Sequence[BlandAltman], path: Path) -> None:
    """Write the figure of `draw_bland_altman` to a file, in the format of its extension."""
    figure = draw_bland_altman(found)
    write_whole(path, lambda file: figure.savefig(file, dpi=DOTS_PER_INCH))


def _draw(axis: Any, one: BlandAltman) -> None:
    axis.plot(one.means, one.differences, "o", color=BLACK, markersize=4, alpha=0.7)
    lines = (
        ("bias", one.bias, one.bias_interval, BLUE, "solid"),
        ("upper limit", one.high, one.high_interval, ORANGE, (0, (5, 2))),
        ("lower limit", one.low, one.low_interval, ORANGE, (0, (5, 2))),
    )
    for name, value, interval, colour, dash in lines:
        if math.isfinite(value):
            axis.axhline(value, color=colour, linestyle=dash, linewidth=1.2)
            axis.axhspan(*interval, color=colour, alpha=0.12, linewidth=0)
            axis.annotate(
                f"{name} {float(f'{value:.3g}'):.10g}", (1, value), xycoords=("axes fraction", "data"), ha="right",
                va="bottom", fontsize=8, color=colour,
            )  # fmt: skip
    unit = f" ({one.unit})"
    axis.set_title(f"{one.first} − {one.second}, n = {one.n}", fontsize=9, parse_math=False)
    axis.set_xlabel(f"mean of both{unit}", fontsize=8)
    axis.set_ylabel(f"difference{unit}", fontsize=8)
    axis.tick_params(labelsize=8)
