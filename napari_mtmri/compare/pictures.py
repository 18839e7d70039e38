# SPDX-License-Identifier: BSD-3-Clause
"""A row of upright pictures of one slice, with letters, colour bars and notes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_mtmri.display import SliceView
from napari_mtmri.plotting import REFERENCE_COLOUR, draw_letters, stroke

_SLOT, _TALLEST, _GAP, _MARGIN, _BAR = 2.9, 3.6, 0.15, 0.15, 0.75
_HEADER, _TITLE, _LINE = 0.4, 0.3, 0.16
_CHARACTERS = 15.0  # of 8-point text, per inch


@dataclass(frozen=True)
class Picture:
    """One picture of a row.

    Parameters
    ----------
    title : str
    data : array, (i, j, k)
        In the voxel axes of the volume.
    top : float
        End of the colour scale, which starts at 0 (at ``-top`` for "RdBu_r").
    colours : str
        Name of a matplotlib colour map; all but "gray" have a colour bar.
    unit : str
        Beside the colour bar.
    outline : bool array, (i, j, k), optional
    crop : (left, right, top, bottom), optional
        Part to show, in pixels of the upright picture, with its proportions.
    """

    title: str
    data: np.ndarray
    top: float
    colours: str = "gray"
    unit: str = ""
    outline: np.ndarray | None = None
    crop: tuple[float, float, float, float] | None = None


def draw_row(
    pictures: Sequence[Picture], view: SliceView, number: int, title: str, notes: Sequence[str]
) -> Any:
    """Return the matplotlib figure of a row of pictures of one slice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tall, wide = view.size
    shrink = min(_SLOT / wide, _TALLEST / tall)
    tall, wide = tall * shrink, wide * shrink
    widths = [wide + (_BAR if one.colours != "gray" else 0) + _GAP for one in pictures]
    width = max(6.0, sum(widths) + 2 * _MARGIN)
    lines = [line for note in notes for line in textwrap.wrap(note, int(width * _CHARACTERS))]
    floor = _LINE * (len(lines) + 1)
    height = floor + tall + _TITLE + _HEADER
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    left = _MARGIN
    for one, taken in zip(pictures, widths, strict=True):
        box = (left / width, floor / height, wide / width, tall / height)
        shown = _draw_picture(figure.add_axes(box), one, view, number)
        if one.colours != "gray":
            place = ((left + wide + 0.06) / width, floor / height, 0.12 / width, tall / height)
            bar = figure.colorbar(shown, cax=figure.add_axes(place))
            bar.ax.tick_params(labelsize=8)
            bar.ax.set_title(one.unit, fontsize=8, parse_math=False)
        _write(figure, one.title, left / width, (floor + tall + 0.06) / height, 9)
        left += taken
    _write(figure, title, _MARGIN / width, 1 - 0.1 / height, 11, va="top")
    _write(figure, "\n".join(lines), _MARGIN / width, 0.06 / height, 8, color="#555555")
    return figure


def _draw_picture(axis: Any, one: Picture, view: SliceView, number: int) -> Any:
    shown = axis.imshow(
        view.picture(one.data, number),
        cmap=one.colours,
        vmin=-one.top if one.colours == "RdBu_r" else 0,
        vmax=one.top,
        aspect="auto",  # the box has the proportions of the slice in mm
        origin="upper",
        interpolation="antialiased",
    )
    axis.set_axis_off()
    if one.outline is not None:
        region = view.picture(one.outline, number)
        if region.any() and not region.all():
            axis.autoscale(False)
            line = axis.contour(region, [0.5], colors=REFERENCE_COLOUR, linewidths=1.3)
            line.set_path_effects(stroke(2.3))
    if one.crop is not None:
        left, right, top, bottom = one.crop
        axis.set(xlim=(left, right), ylim=(bottom, top))
    draw_letters(axis, view.letters)
    return shown


def _write(figure: Any, text: str, x: float, y: float, size: float, **style: Any) -> None:
    style = {"ha": "left", "va": "bottom", "color": "black", **style}
    figure.text(x, y, text, fontsize=size, parse_math=False, **style)
