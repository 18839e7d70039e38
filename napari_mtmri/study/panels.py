# SPDX-License-Identifier: BSD-3-Clause
"""Panels, legend and colours that the figures of a study share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_mtmri.files import write_whole
from napari_mtmri.plotting import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, YELLOW

COLOURS = (BLACK, BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW)
DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (1, 1.5)))
WIDTH, PANEL_HEIGHT, PANEL_WIDTH = 10.0, 2.3, 3.2
DOTS_PER_INCH = 120


def panels(count: int, title: str, height: float = PANEL_HEIGHT) -> tuple[Any, list[Any]]:
    """Return a figure and its panels, in rows of a page; ``height`` of a row in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_columns = min(count, max(1, int(WIDTH / PANEL_WIDTH)))
    n_rows = -(-count // n_columns)
    figure = Figure(figsize=(WIDTH, n_rows * height + 1.3), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    axes = list(figure.subplots(n_rows, n_columns, squeeze=False).ravel())
    for axis in axes:
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def legend(figure: Any, axes: Sequence[Any]) -> None:
    """Draw one legend for all panels, with each name once."""
    named = {
        label: handle
        for axis in axes
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    if named:
        figure.legend(
            list(named.values()), list(named), loc="outside lower center", ncols=3, fontsize=8,
            frameon=False, handlelength=3,
        )  # fmt: skip


def name_rows(axes: Sequence[Any], names: Sequence[str]) -> None:
    """Name the places 0, 1, ... of the vertical axis, at the left of every row of panels."""
    for axis in axes:
        is_left = axis.get_subplotspec().is_first_col()
        axis.set_yticks(range(len(names)), names if is_left else [""] * len(names))


def save_figure(figure: Any, place: Path) -> None:
    """Write a figure as PNG."""
    place.parent.mkdir(parents=True, exist_ok=True)
    write_whole(place, lambda file: figure.savefig(file, dpi=DOTS_PER_INCH, facecolor="white"))
