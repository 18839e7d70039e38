# SPDX-License-Identifier: BSD-3-Clause
"""A row of upright pictures of one slice, with letters, colour bars and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_mtmri.display import SliceView
from napari_mtmri.plotting import REFERENCE_COLOUR
from napari_mtmri.sheet import MARGIN, Sheet, draw_letters, draw_scale_bar, stroke, wrapped

_SLOT, _TALLEST, _GAP, _BAR = 2.9, 3.6, 0.15, 0.75
_HEADER, _TITLE = 0.4, 0.3


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
    tall, wide = view.size
    shrink = min(_SLOT / wide, _TALLEST / tall)
    tall, wide = tall * shrink, wide * shrink
    widths = [wide + (_BAR if one.colours != "gray" else 0) + _GAP for one in pictures]
    width = max(6.0, sum(widths) + 2 * MARGIN)
    sheet = Sheet(width, tall + _TITLE + _HEADER, wrapped(notes, width))
    figure = sheet.figure()
    left = MARGIN
    for place, (one, taken) in enumerate(zip(pictures, widths, strict=True)):
        axis = figure.add_axes(sheet.box(left, sheet.floor, wide, tall))
        shown = _draw_picture(axis, one, view, number)
        if place == 0 or one.crop != pictures[place - 1].crop:
            draw_scale_bar(axis, _width(one, view, number), view.unit)
        if one.colours != "gray":
            beside = sheet.box(left + wide + 0.06, sheet.floor, 0.12, tall)
            bar = figure.colorbar(shown, cax=figure.add_axes(beside))
            bar.ax.tick_params(labelsize=8)
            bar.ax.set_title(one.unit, fontsize=8, parse_math=False)
        sheet.write(figure, one.title, left, sheet.floor + tall + 0.06, 9)
        left += taken
    sheet.write_title(figure, title)
    return figure


def _width(one: Picture, view: SliceView, number: int) -> float:
    """Return the width of what is shown, in the unit of the view."""
    if one.crop is None:
        return view.size[1]
    columns = view.picture(one.data, number).shape[1]
    return float(view.size[1] * (one.crop[1] - one.crop[0]) / columns)


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
