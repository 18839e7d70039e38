# SPDX-License-Identifier: BSD-3-Clause
"""What each column of the figure of a comparison shows: pictures, masks and maps of one slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import Comparison, MaskStyle
from napari_mtmri.compare.errors import error_map, error_top, residual_map
from napari_mtmri.compare.figure_text import kind_text, scale_text, scores_text
from napari_mtmri.compare.mask_spread import spread_map
from napari_mtmri.compare.mixing import in_first_squares, left_of_edge
from napari_mtmri.compare.zoom import slice_view

GREY, ERRORS = "gray", "inferno"
Region = np.ndarray | None


@dataclass(frozen=True, eq=False)
class Column:
    """One column: an image with masks, and the maps below it.

    Parameters
    ----------
    name, remarks, scores : str
        Above and below the picture.
    image : array, (row, column)
        Upright.
    window : (float, float)
    colours : str
        Name of a matplotlib colour map.
    masks : "none", "outline", "fill" or "disagreement"
    base, own : bool array, (row, column), or None
        The segmentation that is compared with, and that of the cell.
    maps : tuple of (array, (row, column)) or str
        For each row of maps a picture, or the text in its place.
    edge : float, optional
        Where the edge of a swipe is drawn, as a share of the width from the left.
    """

    name: str
    remarks: str
    scores: str
    image: np.ndarray
    window: tuple[float, float]
    colours: str = GREY
    masks: MaskStyle = "outline"
    base: Region = None
    own: Region = None
    maps: tuple[np.ndarray | str, ...] = ()
    edge: float | None = None


def figure_columns(comparison: Comparison, names: Sequence[str] | None = None) -> list[Column]:
    """Return the columns of a figure.

    Parameters
    ----------
    comparison : Comparison
    names : sequence of str, optional
        Cells to draw side by side; by default as the mode says: all in the mode "grid", else
        two, with their mixture or difference between them.
    """
    maker = _Maker(comparison)
    if names is not None:
        return maker.columns([comparison.cell(name) for name in names])
    pair = None if comparison.view.mode == "grid" else comparison.pair
    if pair is None:
        return maker.columns(comparison.cells)
    first, second = maker.columns(pair)
    if comparison.view.mode == "blink":  # a figure stands still
        return [first, second]
    if comparison.view.mode == "difference":
        return [first, second, maker.difference(*pair)]
    return [first, maker.mixture(first, second), second]


class _Maker:
    """Makes columns of one slice."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison, self._view = comparison, slice_view(comparison)
        self._number = comparison.slice
        self._base = None if comparison.base is None else self._region(comparison.base)

    def _picture(self, data: np.ndarray) -> np.ndarray:
        return self._view.picture(data, self._number)

    def _region(self, cell: Cell) -> Region:
        return None if cell.labels is None else self._picture(cell.labels.data) > 0

    def columns(self, cells: Sequence[Cell]) -> list[Column]:
        """Return one column for each cell, with the rows of maps that any of them has."""
        maps = [self._maps(what, cells) for what in ("error", "spread")]
        rows = [row for row in maps if any(isinstance(one, np.ndarray) for one in row)]
        found = [self._column(cell) for cell in cells]
        return [
            replace(one, maps=tuple(row[place] for row in rows)) for place, one in enumerate(found)
        ]

    def _column(self, cell: Cell) -> Column:
        comparison = self._comparison
        image = comparison.image_of(cell)
        shape = comparison.grid.shape
        data = np.zeros(shape, np.float32) if image is None else image.magnitude()
        return Column(
            cell.name,
            kind_text(comparison, cell),
            scores_text(comparison, cell),
            self._picture(data),
            comparison.window_of(cell),
            masks=comparison.view.masks,
            base=self._base,
            own=None if cell is comparison.base else self._region(cell),
        )

    def _maps(self, what: str, cells: Sequence[Cell]) -> list[np.ndarray | str]:
        comparison = self._comparison
        if not (comparison.view.errors if what == "error" else comparison.view.spread):
            return [""] * len(cells)
        found = [self._map(what, cell) for cell in cells]
        missing = "no image to compare" if what == "error" else "one mask only"
        row: list[np.ndarray | str] = [missing if one is None else one for one in found]
        for place, cell in enumerate(cells):
            if cell.kind == "reference" and found[place] is None:
                row[place] = scale_text(comparison, what)
        return row

    def _map(self, what: str, cell: Cell) -> Region:
        comparison = self._comparison
        makers: dict[str, Callable[[], Region]] = {
            "spread": lambda: spread_map(comparison, cell),
            "error": lambda: (
                residual_map(cell) if comparison.reference is None else error_map(comparison, cell)
            ),
        }
        data = makers[what]()
        return None if data is None else np.abs(self._picture(data))

    def difference(self, first: Cell, second: Cell) -> Column:
        """Return the column of the magnitude of a difference, on the scale of the errors."""
        images = [self._column(cell).image for cell in (first, second)]
        top = error_top(self._comparison)
        return Column(
            f"|{self._comparison.named(first)} − {self._comparison.named(second)}|",
            f"0 to {top:.3g}",
            "",
            np.abs(images[0] - images[1]),
            (0.0, top),
            ERRORS,
            self._comparison.view.masks,
            self._region(first),
            self._region(second),
        )

    def mixture(self, first: Column, second: Column) -> Column:
        """Return the column of two pictures on both sides of an edge, or in a checkerboard."""
        view, shape = self._comparison.view, first.image.shape
        is_swipe = view.mode == "swipe"
        chosen = left_of_edge(shape, view.edge) if is_swipe else in_first_squares(shape, view.tile)
        pictures = [_in_window(one.image, one.window) for one in (first, second)]
        beside = [one.base if one.own is None else one.own for one in (first, second)]
        regions = [np.zeros(shape, bool) if one is None else one for one in beside]
        return Column(
            f"{first.name} │ {second.name}",
            f"edge at {view.edge:.0%} of the width"
            if is_swipe
            else f"squares of {view.tile} voxels",
            "",
            np.where(chosen, *pictures),
            (0.0, 1.0),
            masks="none" if view.masks == "disagreement" else view.masks,
            base=np.where(chosen, regions[0], False) if first.own is None else None,
            own=np.where(
                chosen,
                False if first.own is None else regions[0],
                False if second.own is None else regions[1],
            ),
            edge=view.edge if is_swipe else None,
        )


def _in_window(image: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Return the grey values, 0 black to 1 white: each cell may have its own window."""
    low, high = window
    return np.asarray(np.clip((image - low) / (high - low), 0, 1))
