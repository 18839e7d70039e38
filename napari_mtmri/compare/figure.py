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

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import NOT_COMPARED, Comparison
from napari_mtmri.compare.errors import RESIDUAL, error_map, error_top, residual_map
from napari_mtmri.compare.mask_drawing import draw_masks, mask_legend
from napari_mtmri.compare.score_table import score_table
from napari_mtmri.compare.spectrum import error_spectrum
from napari_mtmri.compare.zoom import slice_view, unit_of, zoom_limits
from napari_mtmri.display import SliceView
from napari_mtmri.errors import RequestError
from napari_mtmri.files import write_whole
from napari_mtmri.metrics.base import format_value
from napari_mtmri.plotting import (
    BLACK,
    BLUE,
    DOTS_PER_INCH,
    GREEN,
    ORANGE,
    PURPLE,
    RESEARCH,
    SIMULATED,
    SKY,
    YELLOW,
    draw_letters,
    stroke,
)

MOST_IN_A_BAND = 5
# In inches.
COLUMN = 2.4
_TALLEST, _GAP, _MARGIN, _BAR = 1.4, 0.1, 0.15, 0.85  # the first in widths of a column
_HEADER, _TITLE, _CAPTION, _BETWEEN, _LINE = 0.75, 0.4, 0.42, 0.12, 0.16
_NARROWEST = 7.5
_CHARACTERS = 16.0  # of 8-point text, per inch
_BAR_LENGTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_CURVES = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK)
_STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2)))


def save_comparison_figure(comparison: Comparison, path: Path) -> None:
    """Write the figure of the shown slice; the extension sets the format: .png, .pdf or .svg.

    Raises
    ------
    RequestError
        If the extension is not one of these, or the zoom lies outside the picture.
    ResourceError
        If the file cannot be written.
    """
    _save(draw_comparison(comparison), path)


def save_spectrum_figure(comparison: Comparison, path: Path) -> None:
    """Write the error spectrum of the compared cells, as `save_comparison_figure` does.

    Raises
    ------
    RequestError
        If there is no reference to compare with, or the extension is wrong.
    ResourceError
        If the file cannot be written.
    """
    _save(draw_spectrum(comparison), path)


def _save(figure: Any, path: Path) -> None:
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
    bottom the images, the zoomed part if the view has one, and the error maps if it shows them
    (without a reference, the data-consistency residuals). All images have one window, all
    errors one scale.

    Parameters
    ----------
    comparison : Comparison
    names : sequence of str, optional
        Names of the cells to draw; by default all.
    column : float
        Width of a picture in inches.
    notes : bool
        Whether the notes of `figure_notes` are written below.
    """
    cells = comparison.cells if names is None else tuple(map(comparison.cell, names))
    page = _Page(comparison, cells, column, notes)
    figure = page.figure()
    for place, cell in enumerate(cells):
        _draw_column(figure, page, place, cell)
    for band in range(page.n_bands):
        _draw_bar(figure, page, band)
    _draw_header(figure, page)
    return figure


@dataclass(frozen=True, eq=False)
class _Page:
    """What is drawn where; positions in inches from the lower left corner."""

    comparison: Comparison
    cells: tuple[Cell, ...]
    column: float
    has_notes: bool

    @cached_property
    def view(self) -> SliceView:
        return slice_view(self.comparison)

    @cached_property
    def per_band(self) -> int:
        count = len(self.cells)
        return count if count <= MOST_IN_A_BAND else -(-count // 2)

    @property
    def n_bands(self) -> int:
        return -(-len(self.cells) // self.per_band)

    @cached_property
    def picture(self) -> tuple[float, float]:
        """Height and width of an image."""
        tall, wide = self.view.size
        shrink = min(self.column / wide, _TALLEST * self.column / tall)
        return tall * shrink, wide * shrink

    @cached_property
    def maps(self) -> dict[str, np.ndarray]:
        """Error or residual picture of each cell that has one."""
        shown = self.comparison
        if not shown.view.errors:
            return {}
        maps = {
            cell.name: residual_map(cell) if shown.reference is None else error_map(shown, cell)
            for cell in self.cells
        }
        return {
            name: np.abs(self.view.picture(data, shown.slice))
            for name, data in maps.items()
            if data is not None
        }

    @cached_property
    def rows(self) -> tuple[float, ...]:
        """Heights of the rows of a band: images, zoom, errors."""
        zoom = [] if self.comparison.view.zoom is None else [self.column]
        return (self.picture[0], *zoom, *([self.picture[0]] if self.maps else []))

    @property
    def band_height(self) -> float:
        return _TITLE + sum(self.rows) + _BETWEEN * (len(self.rows) - 1) + _CAPTION

    @property
    def width(self) -> float:
        wanted = (
            self.per_band * (self.column + _GAP) - _GAP + 2 * _MARGIN + (_BAR if self.maps else 0)
        )
        return max(_NARROWEST, wanted) if self.has_notes else wanted

    @cached_property
    def notes(self) -> tuple[str, ...]:
        across = int((self.width - 2 * _MARGIN) * _CHARACTERS)
        found = figure_notes(self.comparison) if self.has_notes else []
        return tuple(line for note in found for line in textwrap.wrap(note, across))

    @property
    def height(self) -> float:
        return _HEADER + self.n_bands * self.band_height + _LINE * (len(self.notes) + 1)

    def box(self, left: float, bottom: float, width: float, height: float) -> list[float]:
        """Return a box as fractions of the figure."""
        return [left / self.width, bottom / self.height, width / self.width, height / self.height]

    def middle(self, place: int) -> float:
        """Return the horizontal centre of the column of a cell."""
        return _MARGIN + place % self.per_band * (self.column + _GAP) + self.column / 2

    def bottom(self, band: int, row: int) -> float:
        """Return the lower edge of a row of pictures; row −1 is the last."""
        top = self.height - _HEADER - band * self.band_height - _TITLE
        done = self.rows[: row % len(self.rows) + 1]
        return top - sum(done) - _BETWEEN * (len(done) - 1)

    def figure(self) -> Any:
        """Return the figure with its notes."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(self.width, self.height), facecolor="white")
        FigureCanvasAgg(figure)
        for place, line in enumerate(reversed(self.notes)):
            self.write(figure, line, _MARGIN, _LINE * (place + 0.5), 8, color="#555555")
        return figure

    def write(self, figure: Any, text: str, x: float, y: float, size: float, **style: Any) -> Any:
        """Write a text verbatim: matplotlib would typeset signs in case names as formulas."""
        style = {"ha": "left", "va": "bottom", "color": "black", **style}
        place = x / self.width, y / self.height
        return figure.text(*place, text, fontsize=size, parse_math=False, **style)


def _draw_column(figure: Any, page: _Page, place: int, cell: Cell) -> None:
    comparison, band = page.comparison, place // page.per_band
    tall, wide = page.picture
    middle = page.middle(place)
    axis = figure.add_axes(page.box(middle - wide / 2, page.bottom(band, 0), wide, tall))
    _draw_image(axis, page, cell)
    draw_letters(axis, page.view.letters)
    if place == 0:
        _draw_scale_bar(axis, page)
    limits = zoom_limits(comparison)
    if limits is not None:
        _draw_zoom_box(axis, limits)
        low = page.bottom(band, 1)
        part = figure.add_axes(page.box(middle - page.column / 2, low, page.column, page.column))
        _draw_image(part, page, cell)
        part.set(xlim=limits[:2], ylim=(limits[3], limits[2]))
    if page.maps:
        _draw_map(figure, page, place, cell)
    most = int(page.column * 15)
    lines = [cell.name, ", ".join((*_kind(cell), *cell.remarks))]
    title = "\n".join(_cut(line, most) for line in lines)
    top = page.bottom(band, 0) + tall
    page.write(figure, title.strip(), middle, top + 0.04, 9, ha="center")
    low = page.bottom(band, -1) - 0.05
    page.write(figure, _scores_text(comparison, cell), middle, low, 8.5, ha="center", va="top")


def _draw_image(axis: Any, page: _Page, cell: Cell) -> None:
    comparison, view = page.comparison, page.view
    image = comparison.image_of(cell)
    data = np.zeros(comparison.grid.shape, np.float32) if image is None else image.magnitude()
    low, high = comparison.window_of(cell)
    axis.imshow(
        view.picture(data, comparison.slice),
        cmap="gray",
        vmin=low,
        vmax=high,
        aspect="auto",  # the box has the proportions of the slice in mm
        origin="upper",
        interpolation="antialiased",
    )
    axis.set_axis_off()
    axis.autoscale(False)
    base = comparison.base

    def picture(one: Cell | None) -> np.ndarray | None:
        drawn = None if one is None else one.labels
        return None if drawn is None else view.picture(drawn.data, comparison.slice) > 0

    own = None if cell is base else picture(cell)
    draw_masks(axis, comparison.view.masks, picture(base), own)


def _draw_map(figure: Any, page: _Page, place: int, cell: Cell) -> None:
    band = place // page.per_band
    tall, wide = page.picture
    middle, low = page.middle(place), page.bottom(band, -1)
    if cell.name not in page.maps:
        text = _scale_text(page.comparison) if cell.kind == "reference" else "no image to compare"
        lines = "\n".join(textwrap.wrap(text, int(page.column * 14)))
        page.write(figure, lines, middle, low + tall / 2, 9, ha="center", va="center")
        return
    axis = figure.add_axes(page.box(middle - wide / 2, low, wide, tall))
    axis.imshow(
        page.maps[cell.name], cmap="inferno", vmin=0, vmax=error_top(page.comparison),
        aspect="auto", origin="upper", interpolation="antialiased",
    )  # fmt: skip
    axis.set_axis_off()
    draw_letters(axis, page.view.letters)


def _draw_bar(figure: Any, page: _Page, band: int) -> None:
    """Draw the colour bar of the maps of a band, right of its last column."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    if not page.maps:
        return
    tall, wide = page.picture
    count = min(page.per_band, len(page.cells) - band * page.per_band)
    left = page.middle(count - 1) + wide / 2 + 0.08
    axis = figure.add_axes(page.box(left, page.bottom(band, -1), 0.12, tall))
    scale = ScalarMappable(Normalize(0, error_top(page.comparison)), "inferno")
    figure.colorbar(scale, cax=axis).ax.tick_params(labelsize=8)


def _draw_scale_bar(axis: Any, page: _Page) -> None:
    """Draw a bar of a round length, at most a quarter as long as the picture is wide."""
    width, unit = page.view.size[1], unit_of(page.comparison)
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


def _draw_zoom_box(axis: Any, limits: tuple[float, float, float, float]) -> None:
    left, right, top, bottom = limits
    xs, ys = [left, right, right, left, left], [top, top, bottom, bottom, top]
    axis.plot(xs, ys, color="white", linewidth=0.9, path_effects=stroke(2))


def _draw_header(figure: Any, page: _Page) -> None:
    comparison = page.comparison
    title = f"{case_name(comparison)} · {page.view.plane} slice {comparison.slice}"
    title = f"{title} of 0–{comparison.n_slices - 1}"
    page.write(figure, title, _MARGIN, page.height - 0.12, 12, va="top")
    handles = mask_legend(comparison, comparison.slice)
    if handles:
        figure.legend(
            handles=handles, loc="upper left", ncols=len(handles), frameon=False, fontsize=9,
            borderaxespad=0, borderpad=0, handlelength=2.5, labelcolor="black",
            bbox_to_anchor=(_MARGIN / page.width, 1 - 0.4 / page.height),
        )  # fmt: skip


def case_name(comparison: Comparison) -> str:
    """Return the name of the case: that of the first result, else of the first volume."""
    results = (cell.result for cell in comparison.cells)
    return next((one.name for one in results if one is not None), comparison.grid.name)


def _kind(cell: Cell) -> tuple[str, ...]:
    own = {"reference": "fully sampled", "date": "other date", "mask": "segmentation only"}
    if cell.kind == "result" and cell.image is None:
        return ("segments the full image",)
    return (own[cell.kind],) if cell.kind in own else ()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 11]}…{text[-10:]}"


def _scores_text(comparison: Comparison, cell: Cell) -> str:
    """Return the headline scores of the volume: one line of images, one of segmentations."""
    table = score_table(comparison)
    lines: tuple[list[str], list[str]] = ([], [])
    for column, score in zip(table.columns, table.rows.get(cell.name, ()), strict=False):
        decimals = column.quantity.shown.get("figure")
        is_residual = column.quantity.name == RESIDUAL
        if score is not None and (decimals is not None or is_residual):
            value = format_value(score.value, score.unit, decimals)
            text = f"{'residual' if is_residual else column.quantity.name} {value} {score.unit}"
            lines[column.is_of_labels].append(text.rstrip())
    return "\n".join(" · ".join(line) for line in lines if line)


def _scale_text(comparison: Comparison) -> str:
    top, gain = error_top(comparison), comparison.view.gain
    what = "|image − reference|" if comparison.reference else RESIDUAL.capitalize()
    largest = "the largest reference value" if comparison.reference else "the largest value"
    share = largest if gain == 1 else f"1/{gain} of {largest}"
    return f"{what}, ×{gain}: 0 to {top:.3g}, {share}"


def figure_notes(comparison: Comparison) -> list[str]:
    """Return the notes: what scores and display depend on, warnings, and research use."""
    view = slice_view(comparison)
    table = score_table(comparison)
    depends = [
        f"{column.quantity.name}: {table.depends()[column.title]}."
        for column in table.columns
        if "figure" in column.quantity.shown and column.region in ("field of view", "class 1")
    ]
    low, high = comparison.window
    grid = " Oblique: shown on its own grid." if comparison.grid.is_oblique else ""
    results = [cell.result for cell in comparison.cells if cell.result is not None]
    simulated = any(result.request.get("simulation") is not None for result in results)
    flatters = f" {SIMULATED}, which flatters every method." if simulated else ""
    resampled = [cell.name for cell in comparison.cells if cell.is_resampled]
    return [
        *depends,
        f"Images: {low:.3g} (black) to {high:.3g} (white); {view.sides}.{grid}",
        *([f"{_scale_text(comparison)}."] if comparison.view.errors else []),
        *([f"Resampled onto this grid: {', '.join(resampled)}."] if resampled else []),
        *([NOT_COMPARED] if comparison.reference is None else []),
        *comparison.warnings,
        f"{RESEARCH}{flatters}",
    ]


def draw_spectrum(comparison: Comparison) -> Any:
    """Return the matplotlib figure of the error spectrum, relative to the reference.

    Raises
    ------
    RequestError
        If there is no reference to compare with.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    spectrum = error_spectrum(comparison)
    if spectrum is None or not spectrum.errors:
        raise RequestError(f"an error spectrum needs a `reference` and an image: {NOT_COMPARED}")
    figure = Figure(figsize=(_NARROWEST, 4), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    for place, name in enumerate(spectrum.errors):
        axis.semilogy(
            spectrum.frequency, spectrum.relative(name), label=name,
            color=_CURVES[place % len(_CURVES)], linestyle=_STYLES[place % len(_STYLES)],
        )  # fmt: skip
    axis.axhline(1, color="#888888", linewidth=0.8)
    axis.text(
        0.01, 1.1, "as much error as detail", transform=axis.get_yaxis_transform(), fontsize=8,
        color="#555555",
    )  # fmt: skip
    axis.set_xlabel(
        f"spatial frequency ({spectrum.unit}): coarse on the left, fine detail on the right"
    )
    axis.set_ylabel("error energy / energy of the reference")
    axis.legend(frameon=False, fontsize=9)
    return figure
