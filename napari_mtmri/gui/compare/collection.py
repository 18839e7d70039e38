# SPDX-License-Identifier: BSD-3-Clause
"""The cells: from runs in the viewer, layers, files and folders; read in a thread."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.compare import (
    Cell,
    Comparison,
    compare_results,
    distinct_names,
    is_comparison,
    load_comparison,
    open_cell,
    reference_of,
    result_cell,
    zero_filled_cell,
)
from napari_mtmri.compare.cells import Kind
from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.jobs import halt, once
from napari_mtmri.gui.viewer.contributions import drawn_layer
from napari_mtmri.gui.viewer.layer_list import (
    insert_quietly,
    is_preview,
    is_result,
    known_result,
    known_what,
    results_in,
)
from napari_mtmri.gui.viewer.layers import placement_of, volume_of, volume_on
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

PAINT_MS = 500  # after the last stroke
MINE = "my mask"


class Collection(QObject):
    """Keeps the comparison, and adds, changes and removes its cells.

    Signals
    -------
    changed : the comparison, or None without cells
    opened : a saved comparison was opened
    used : layer of the user that a cell shows from now on
    refused : cell on another grid, and the exception
    failed : exception
    """

    changed = Signal(object)
    opened = Signal(object)
    used = Signal(object)
    refused = Signal(object, object)
    failed = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.comparison: Comparison | None = None
        self._mask: weakref.ref[Any] | None = None
        self._own: dict[str, weakref.ref[Any]] = {}  # the user's labels layers, by cell
        self._painting = QTimer(self)
        self._painting.setSingleShot(True)
        self._painting.setInterval(PAINT_MS)
        self._painting.timeout.connect(self._take_painted)

    def runs(self) -> dict[str, Result]:
        """Return the results in the viewer that are not in the comparison, by their titles."""
        cells = () if self.comparison is None else self.comparison.cells
        known = {id(cell.result) for cell in cells}
        found = results_in(self._viewer)
        return {title: result for title, result in found.items() if id(result) not in known}

    @property
    def mask_layer(self) -> Any:
        """The labels layer that is the reference segmentation, or None."""
        return None if self._mask is None else self._mask()

    def own_layer(self, cell: str) -> Any:
        """Return the user's labels layer that a cell shows, or None."""
        known = self._own.get(cell)
        layer = None if known is None else known()
        return layer if layer is not None and layer in self._viewer.layers else None

    def add_runs(self, results: Sequence[Result]) -> None:
        """Add results; the first ones bring their reference, its mask and the zero-filled image."""
        if not results:
            return
        if self.comparison is None:
            self._try(lambda: self._first(results))
            return
        for result in results:
            self.add(result_cell(result))

    def _first(self, results: Sequence[Result]) -> Comparison:
        comparison = compare_results(results, zero_filled=True)
        drawn = self._drawn_on(comparison)
        return comparison if drawn is None else self._with_mask(comparison, drawn)

    def _drawn_on(self, comparison: Comparison) -> Any:
        """Return the first labels layer of the user on the grid of the cells, or None."""
        for layer in self._viewer.layers:
            if isinstance(layer, Labels) and not is_result(layer):
                try:
                    if volume_on(layer, comparison.grid).same_grid(comparison.grid):
                        return layer
                except MtmriError:
                    continue
        return None

    def set_mask(self, layer: Any) -> None:
        """Use a labels layer as the reference segmentation; None for no segmentation."""
        comparison = self.comparison
        if comparison is not None:
            if layer is not None:
                self.used.emit(layer)
            self._try(lambda: self._with_mask(comparison, layer))

    def _with_mask(self, comparison: Comparison, layer: Any) -> Comparison:
        labels = None if layer is None else volume_on(layer, comparison.grid)
        self._mask = None if layer is None else weakref.ref(layer)
        first = comparison.cells[0]
        cells = list(comparison.cells)
        if first.kind == "reference":
            cells[0] = replace(first, labels=labels, labels_path=None)
        elif labels is not None:
            cells.insert(0, Cell("reference", "reference", labels=labels))
        else:
            return comparison
        return _again(comparison, cells)

    def add_layers(self, layers: Sequence[Any]) -> None:
        """Add layers of the layer list: results as such, others as images and masks."""
        for layer in layers:
            if is_preview(layer):
                continue
            try:
                cell = self._cell_of(layer)
            except MtmriError as why:
                self.failed.emit(why)
                continue
            if isinstance(layer, Labels) and cell.kind == "mask":
                self._follow(layer, cell)
            if self.comparison is None or cell.grid.same_grid(self.comparison.grid):
                self.used.emit(layer)
            self.add(cell)

    def _cell_of(self, layer: Any) -> Cell:
        result = known_result(layer)
        if result is not None:
            what = known_what(layer)
            return zero_filled_cell(result) if what == "zero-filled" else result_cell(result)
        comparison = self.comparison
        volume = volume_of(layer) if comparison is None else volume_on(layer, comparison.grid)
        if isinstance(layer, Labels):
            return Cell(self._free_name(layer.name), "mask", labels=volume)
        return Cell(self._free_name(layer.name), "image", image=volume)

    def _follow(self, layer: Any, cell: Cell) -> None:
        """Show the user's own layer in the cell if it is on the grid, and read what he paints."""
        grid = cell.grid if self.comparison is None else self.comparison.grid
        if not cell.grid.same_grid(grid):
            return
        self._own[cell.name] = weakref.ref(layer)
        layer.events.paint.connect(self._painted)
        layer.events.set_data.connect(self._painted)  # undo and redo

    def _painted(self, event: Any = None) -> None:
        self._painting.start()

    def _take_painted(self) -> None:
        """Read the masks that were painted on."""
        comparison = self.comparison
        if comparison is None:
            return
        cells = []
        for cell in comparison.cells:
            layer = self.own_layer(cell.name)
            if layer is not None and cell.labels is not None:
                labels = volume_on(layer, comparison.grid)
                if not np.array_equal(labels.data, cell.labels.data):
                    cell = replace(cell, labels=labels, labels_path=None)
            cells.append(cell)
        if tuple(cells) != comparison.cells:
            self._try(lambda: _again(comparison, cells))

    def paint(self, name: str) -> Any:
        """Add the user's own labels layer with a copy of a cell's mask, as a new cell.

        Returns
        -------
        Labels layer or None
            None without cells.
        """
        comparison = self.comparison
        if comparison is None:
            return None
        cell = comparison.cell(name)
        drawn = cell.labels
        if drawn is None:
            empty = np.zeros(comparison.grid.shape, np.uint8)
            drawn = comparison.grid.like(empty, kind="labels")
        mine = self._free_name(f"{MINE} · {name}")
        labels = drawn.like(drawn.data.copy(), kind="labels", name=mine)
        data, arguments, _ = drawn_layer(labels, mine)
        arguments.update(placement_of(comparison.grid).arguments())
        layer = Labels(data, **arguments)
        insert_quietly(self._viewer, layer)
        made = Cell(mine, "mask", image=comparison.image_of(cell), labels=labels)
        self._follow(layer, made)
        self.add(made)
        return layer

    def add_paths(self, paths: Sequence[str | Path]) -> None:
        """Add result folders and files, or open a saved comparison."""
        found = [Path(path) for path in paths]
        if len(found) == 1 and is_comparison(found[0]):
            once(partial(load_comparison, found[0]), self._replace, self._failed)
            return
        once(partial(_open_cells, found), self.add_opened, self._failed)

    def _replace(self, comparison: Comparison) -> None:
        self._own, self._mask = {}, None
        self._set(comparison)
        self.opened.emit(comparison)

    def add_opened(self, found: Sequence[Cell | MtmriError]) -> None:
        """Add cells that were read in a thread, and say what could not be read."""
        for one in found:
            if isinstance(one, MtmriError):
                self.failed.emit(one)
            else:
                self.add(one)

    def _failed(self, why: BaseException) -> None:
        self.failed.emit(why)

    def add(self, cell: Cell) -> None:
        """Add a cell; one on another grid is refused, and can be resampled."""
        comparison = self.comparison
        named = replace(cell, name=self._free_name(self._distinct(cell)))
        if named.name != cell.name and cell.name in self._own:
            self._own[named.name] = self._own.pop(cell.name)
        try:
            made = Comparison((named,)) if comparison is None else comparison.with_cell(named)
            made = _with_reference(made, named)
        except MtmriError as why:
            is_elsewhere = comparison is not None and not named.grid.same_grid(comparison.grid)
            if is_elsewhere:
                self.refused.emit(named, why)
            else:
                self.failed.emit(why)
            return
        drawn = self._drawn_on(made) if comparison is None and named.result is not None else None
        self._set(made if drawn is None else self._with_mask(made, drawn))

    def _distinct(self, cell: Cell) -> str:
        """Return the name of a cell, with what tells its result from those that are there."""
        if cell.result is None or cell.kind != "result" or self.comparison is None:
            return cell.name
        known = [c.result for c in self.comparison.cells if c.result and c.kind == "result"]
        return distinct_names([*known, cell.result])[-1]

    def add_resampled(self, cell: Cell) -> None:
        """Add a refused cell, interpolated onto the grid of the others, in a thread."""
        if self.comparison is not None:
            grid = self.comparison.grid
            once(partial(_resampled, cell, grid), self.add_opened, self._failed)

    def remove(self, name: str) -> None:
        """Remove a cell; the last one ends the comparison."""
        comparison = self.comparison
        if comparison is None:
            return
        self._own.pop(name, None)
        if len(comparison.cells) == 1:
            self.clear()
        else:
            self._try(lambda: comparison.without(name))

    def clear(self) -> None:
        """Remove all cells."""
        self._own, self._mask = {}, None
        self._set(None)

    def set_kind(self, name: str, kind: Kind) -> None:
        """Say what a cell is, such as the reference or an image of another date."""
        comparison = self.comparison
        if comparison is None:
            return
        cells = [replace(c, kind=kind) if c.name == name else c for c in comparison.cells]
        self._try(lambda: _again(comparison, cells))

    def let_go(self) -> None:
        """Disconnect from the user's layers."""
        halt(self._painting)
        for name in list(self._own):
            layer = self.own_layer(name)
            if layer is not None:
                layer.events.paint.disconnect(self._painted)
                layer.events.set_data.disconnect(self._painted)

    def _free_name(self, name: str) -> str:
        known = [] if self.comparison is None else [c.name for c in self.comparison.cells]
        number, free = 1, name
        while free in known:
            number += 1
            free = f"{name} ({number})"
        return free

    def _try(self, make: Callable[[], Comparison]) -> None:
        try:
            made = make()
        except MtmriError as why:
            self.failed.emit(why)
            return
        self._set(made)

    def _set(self, comparison: Comparison | None) -> None:
        self.comparison = comparison
        self.changed.emit(comparison)


def _again(comparison: Comparison, cells: Sequence[Cell]) -> Comparison:
    """Return a comparison with other cells and the same view."""
    return Comparison(tuple(cells), comparison.view, comparison.warnings)


def _with_reference(comparison: Comparison, cell: Cell) -> Comparison:
    """Return the comparison with the fully sampled image of a result, if it has one."""
    image = None if cell.result is None or cell.is_resampled else reference_of(cell.result)
    if image is None or comparison.cells[0].kind == "reference":
        return comparison
    return comparison.with_cell(Cell("reference", "reference", image))


def _open_cells(paths: Sequence[Path]) -> list[Cell | MtmriError]:
    """Open files and folders; one that cannot be read does not keep the others from it."""
    found: list[Cell | MtmriError] = []
    for path in paths:
        try:
            found.append(open_cell(path))
        except MtmriError as why:
            found.append(why)
    return found


def _resampled(cell: Cell, grid: Volume) -> list[Cell | MtmriError]:
    return [cell.resampled_to(grid)]
