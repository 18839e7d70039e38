# SPDX-License-Identifier: BSD-3-Clause
"""The page of a figure in inches, and what all pictures of slices carry: letters, lines, scale."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# In inches.
MARGIN, LINE = 0.15, 0.16
NOTE_SIZE, CHARACTERS = 8, 16.0  # points, and characters per inch of that size
NOTE_COLOUR = "#555555"
_BAR_LENGTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True)
class Sheet:
    """White page of a figure; positions in inches from the lower left corner.

    Parameters
    ----------
    width, height : float
        ``height`` is without the notes, which are added below.
    notes : tuple of str
        Lines, see `wrapped`.
    """

    width: float
    height: float
    notes: tuple[str, ...] = ()

    @property
    def floor(self) -> float:
        """Upper edge of the notes."""
        return LINE * (len(self.notes) + 1)

    @property
    def top(self) -> float:
        """Upper edge of the page."""
        return self.height + self.floor

    def box(self, left: float, bottom: float, width: float, height: float) -> list[float]:
        """Return a box as fractions of the figure."""
        return [left / self.width, bottom / self.top, width / self.width, height / self.top]

    def figure(self) -> Any:
        """Return the matplotlib figure with its notes."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(self.width, self.top), facecolor="white")
        FigureCanvasAgg(figure)
        for place, line in enumerate(reversed(self.notes)):
            self.write(figure, line, MARGIN, LINE * (place + 0.5), NOTE_SIZE, color=NOTE_COLOUR)
        return figure

    def write(self, figure: Any, text: str, x: float, y: float, size: float, **style: Any) -> Any:
        """Write a text verbatim: matplotlib would typeset signs in case names as formulas."""
        style = {"ha": "left", "va": "bottom", "color": "black", **style}
        place = x / self.width, y / self.top
        return figure.text(*place, text, fontsize=size, parse_math=False, **style)

    def write_title(self, figure: Any, title: str) -> None:
        """Write the title at the top; a long one loses its middle, not its method and slice."""
        text = self.write(figure, title, MARGIN, self.top - 0.12, 12, va="top")
        room, kept = (self.width - 2 * MARGIN) * figure.dpi, len(title)
        while text.get_window_extent().width > room and kept > 1:
            kept = int(kept * 0.95)
            text.set_text(f"{title[: kept // 4]} … {title[kept // 4 - kept :]}")


def wrapped(notes: Sequence[str], width: float) -> tuple[str, ...]:
    """Return the lines of notes on a page of a width in inches."""
    across = int((width - 2 * MARGIN) * CHARACTERS)
    return tuple(line for note in notes for line in textwrap.wrap(note, across))


def stroke(width: float) -> list[Any]:
    """Return a black outline, which makes a line or letter visible on any grey."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="black")]


def draw_outline(axis: Any, region: np.ndarray | None, colour: str, line: Any) -> None:
    """Draw the outline of a region of a picture, bool (row, column); its limits are kept."""
    if region is not None and region.any() and not region.all():
        axis.autoscale(False)
        found = axis.contour(region, [0.5], colors=colour, linestyles=[line], linewidths=1.3)
        found.set_path_effects(stroke(2.3))  # both colours print as mid-grey


def draw_letters(axis: Any, letters: tuple[str, str, str, str]) -> None:
    """Write the orientation letters into a picture: left, right, top and bottom."""
    places = ((0.02, 0.5, "left", "center"), (0.98, 0.5, "right", "center"),
              (0.5, 0.98, "center", "top"), (0.5, 0.02, "center", "bottom"))  # fmt: skip
    for letter, (x, y, across, along) in zip(letters, places, strict=True):
        axis.text(
            x, y, letter, transform=axis.transAxes, ha=across, va=along, color="white",
            fontsize=11, fontweight="bold",
            path_effects=stroke(2.5),
        )  # fmt: skip


def draw_scale_bar(axis: Any, width: float, unit: str) -> None:
    """Draw a bar of a round length, at most a quarter as long as the picture is wide.

    Parameters
    ----------
    axis : matplotlib Axes
    width : float
        Width of the picture in ``unit``.
    unit : str
        "mm", or "voxels" if the spacing is unknown.
    """
    length = max((one for one in _BAR_LENGTHS if one <= width / 4), default=None)
    if length is None:
        return
    share = length / width
    axis.plot(
        [0.04, 0.04 + share], [0.035, 0.035], transform=axis.transAxes, color="white",
        linewidth=2.5, solid_capstyle="butt", path_effects=stroke(4),
    )  # fmt: skip
    axis.text(
        0.04, 0.055, f"{length} {unit}", transform=axis.transAxes, color="white", fontsize=8,
        path_effects=stroke(2),
    )  # fmt: skip
