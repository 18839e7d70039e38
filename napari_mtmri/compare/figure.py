# SPDX-License-Identifier: BSD-3-Clause
"""Figure of a comparison: images with masks, the chosen part larger, and error maps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.compare.errors import error_top
from napari_mtmri.compare.figure_columns import ERRORS, GREY, Column, figure_columns
from napari_mtmri.compare.figure_text import case_name, figure_notes
from napari_mtmri.compare.mask_drawing import draw_masks, mask_legend
from napari_mtmri.compare.zoom import slice_view, zoom_limits
from napari_mtmri.display import SliceView
from napari_mtmri.errors import RequestError
from napari_mtmri.files import write_whole
from napari_mtmri.plotting import DOTS_PER_INCH
from napari_mtmri.sheet import MARGIN, Sheet, draw_letters, draw_scale_bar, stroke, wrapped

MOST_IN_A_BAND = 5
# In inches.
COLUMN = 2.4
_TALLEST, _GAP, _BAR = 1.4, 0.1, 0.85  # the first in widths of a column
_HEADER, _TITLE, _CAPTION, _BETWEEN = 0.75, 0.4, 0.42, 0.12
_NARROWEST = 7.5


def save_comparison_figure(comparison: Comparison, path: Path) -> None:
    """Write the figure of the shown slice; the extension sets the format: .png, .pdf or .svg.

    Raises
    ------
    RequestError
        If the extension is not one of these, or the zoom lies outside the picture.
    ResourceError
        If the file cannot be written.
    """
    save_drawn(draw_comparison(comparison), path)


def save_drawn(figure: Any, path: Path) -> None:
    """Write a matplotlib figure, as `save_comparison_figure` does."""
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise RequestError(f"{path}: a figure is written as .png, .pdf or .svg; use one of them.")
    write_whole(path, lambda file: figure.savefig(file, dpi=DOTS_PER_INCH, facecolor="white"))


def draw_comparison(
    comparison: Comparison,
    names: Sequence[str] | None = None,
    *,
    column: float = COLUMN,
    notes: bool = True,
) -> Any:
    """Return the matplotlib figure of the shown slice.

    From left to right the reference and every other cell with its segmentation, from top to
    bottom the images, the zoomed part if the view has one, the error maps if it shows them
    (without a reference, the data-consistency residuals), and the spread over masks. All images
    have one window, all maps one scale. In the modes "swipe", "checkerboard" and "difference" the
    two cells have their mixture or difference beside them.

    Parameters
    ----------
    comparison : Comparison
    names : sequence of str, optional
        Names of the cells to draw side by side; by default as the mode says.
    column : float
        Width of a picture in inches.
    notes : bool
        Whether the notes of `figure_notes` are written below.
    """
    columns = figure_columns(comparison, names)
    page = _Page(comparison, columns, column, notes)
    figure = page.sheet.figure()
    for place, one in enumerate(columns):
        _draw_column(figure, page, place, one)
    for band in range(page.n_bands):
        _draw_bars(figure, page, band)
    _draw_header(figure, page)
    return figure


@dataclass(frozen=True, eq=False)
class _Page:
    """What is drawn where; positions in inches from the lower left corner."""

    comparison: Comparison
    columns: Sequence[Column]
    column: float
    has_notes: bool

    @cached_property
    def view(self) -> SliceView:
        return slice_view(self.comparison)

    @cached_property
    def zoom(self) -> tuple[float, float, float, float] | None:
        return zoom_limits(self.comparison)

    @cached_property
    def per_band(self) -> int:
        count = len(self.columns)
        return count if count <= MOST_IN_A_BAND else -(-count // 2)

    @property
    def n_bands(self) -> int:
        return -(-len(self.columns) // self.per_band)

    @cached_property
    def picture(self) -> tuple[float, float]:
        """Height and width of an image."""
        tall, wide = self.view.size
        shrink = min(self.column / wide, _TALLEST * self.column / tall)
        return tall * shrink, wide * shrink

    @cached_property
    def n_maps(self) -> int:
        return max(len(one.maps) for one in self.columns)

    @cached_property
    def rows(self) -> tuple[float, ...]:
        """Heights of the rows of a band: images, zoom, maps."""
        zoom = [] if self.zoom is None else [self.column]
        return (self.picture[0], *zoom, *[self.picture[0]] * self.n_maps)

    @property
    def band_height(self) -> float:
        return _TITLE + sum(self.rows) + _BETWEEN * (len(self.rows) - 1) + _CAPTION

    @cached_property
    def sheet(self) -> Sheet:
        has_bar = bool(self.n_maps) or any(one.colours != GREY for one in self.columns)
        width = self.per_band * (self.column + _GAP) - _GAP + 2 * MARGIN + (_BAR if has_bar else 0)
        width = max(_NARROWEST, width) if self.has_notes else width
        notes = wrapped(figure_notes(self.comparison), width) if self.has_notes else ()
        return Sheet(width, _HEADER + self.n_bands * self.band_height, notes)

    def middle(self, place: int) -> float:
        """Return the horizontal centre of a column."""
        return MARGIN + place % self.per_band * (self.column + _GAP) + self.column / 2

    def bottom(self, band: int, row: int) -> float:
        """Return the lower edge of a row of pictures; row −1 is the last."""
        top = self.sheet.top - _HEADER - band * self.band_height - _TITLE
        done = self.rows[: row % len(self.rows) + 1]
        return top - sum(done) - _BETWEEN * (len(done) - 1)


def _draw_column(figure: Any, page: _Page, place: int, column: Column) -> None:
    sheet, band = page.sheet, place // page.per_band
    tall, wide = page.picture
    middle = page.middle(place)
    axis = figure.add_axes(sheet.box(middle - wide / 2, page.bottom(band, 0), wide, tall))
    _draw_image(axis, column)
    draw_letters(axis, page.view.letters)
    if place == 0:
        draw_scale_bar(axis, page.view.size[1], page.view.unit)
    if page.zoom is not None:
        _draw_zoom_box(axis, page.zoom)
        low = page.bottom(band, 1)
        part = figure.add_axes(sheet.box(middle - page.column / 2, low, page.column, page.column))
        _draw_image(part, column)
        part.set(xlim=page.zoom[:2], ylim=(page.zoom[3], page.zoom[2]))
    for number, one in enumerate(column.maps):
        _draw_map(figure, page, place, len(page.rows) - page.n_maps + number, one)
    most = int(page.column * 15)
    title = "\n".join(_cut(line, most) for line in (column.name, column.remarks))
    top = page.bottom(band, 0) + tall
    sheet.write(figure, title.strip(), middle, top + 0.04, 9, ha="center")
    low = page.bottom(band, -1) - 0.05
    sheet.write(figure, column.scores, middle, low, 8.5, ha="center", va="top")


def _draw_image(axis: Any, column: Column) -> None:
    low, high = column.window
    axis.imshow(
        column.image,
        cmap=column.colours,
        vmin=low,
        vmax=high,
        aspect="auto",  # the box has the proportions of the slice in mm
        origin="upper",
        interpolation="antialiased",
    )
    axis.set_axis_off()
    axis.autoscale(False)
    draw_masks(axis, column.masks, column.base, column.own)
    if column.edge is not None:
        at = column.edge * column.image.shape[1] - 0.5
        axis.axvline(at, color="white", linewidth=0.9, path_effects=stroke(2))


def _draw_map(figure: Any, page: _Page, place: int, row: int, shown: np.ndarray | str) -> None:
    band = place // page.per_band
    tall, wide = page.picture
    middle, low = page.middle(place), page.bottom(band, row)
    if isinstance(shown, str):
        lines = "\n".join(textwrap.wrap(shown, int(page.column * 14)))
        page.sheet.write(figure, lines, middle, low + tall / 2, 9, ha="center", va="center")
        return
    axis = figure.add_axes(page.sheet.box(middle - wide / 2, low, wide, tall))
    axis.imshow(
        shown, cmap=ERRORS, vmin=0, vmax=error_top(page.comparison),
        aspect="auto", origin="upper", interpolation="antialiased",
    )  # fmt: skip
    axis.set_axis_off()
    draw_letters(axis, page.view.letters)


def _draw_bars(figure: Any, page: _Page, band: int) -> None:
    """Draw a colour bar right of the last column of each row that has the error scale."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    tall, wide = page.picture
    shown = page.columns[band * page.per_band : (band + 1) * page.per_band]
    left = page.middle(len(shown) - 1) + wide / 2 + 0.08
    maps = range(len(page.rows) - page.n_maps, len(page.rows))
    for row in (*([0] if any(one.colours != GREY for one in shown) else []), *maps):
        axis = figure.add_axes(page.sheet.box(left, page.bottom(band, row), 0.12, tall))
        scale = ScalarMappable(Normalize(0, error_top(page.comparison)), ERRORS)
        figure.colorbar(scale, cax=axis).ax.tick_params(labelsize=8)


def _draw_zoom_box(axis: Any, limits: tuple[float, float, float, float]) -> None:
    left, right, top, bottom = limits
    xs, ys = [left, right, right, left, left], [top, top, bottom, bottom, top]
    axis.plot(xs, ys, color="white", linewidth=0.9, path_effects=stroke(2))


def _draw_header(figure: Any, page: _Page) -> None:
    comparison = page.comparison
    title = f"{case_name(comparison)} · {page.view.plane} slice {comparison.slice}"
    page.sheet.write_title(figure, f"{title} of 0–{comparison.n_slices - 1}")
    handles = mask_legend(comparison, comparison.slice)
    if handles:
        figure.legend(
            handles=handles, loc="upper left", ncols=len(handles), frameon=False, fontsize=9,
            borderaxespad=0, borderpad=0, handlelength=2.5, labelcolor="black",
            bbox_to_anchor=(MARGIN / page.sheet.width, 1 - 0.4 / page.sheet.top),
        )  # fmt: skip


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 11]}…{text[-10:]}"
