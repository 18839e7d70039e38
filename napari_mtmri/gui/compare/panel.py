# SPDX-License-Identifier: BSD-3-Clause
"""The Compare panel: connects the cells, what they show, and where to look."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.utils.notifications import show_info
from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTabWidget, QVBoxLayout

from napari_mtmri.compare import (
    Cell,
    Comparison,
    error_spectrum,
    lesion_table,
    most_disputed_slice,
    readings,
    score_table,
    slice_scores,
)
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.app.panels import register_panel, unbind_keys, unwrapped
from napari_mtmri.gui.compare.collection import Collection
from napari_mtmri.gui.compare.cursor import Cursor
from napari_mtmri.gui.compare.files import Files
from napari_mtmri.gui.compare.guide import GUIDE
from napari_mtmri.gui.compare.parts.cells import CellsPart
from napari_mtmri.gui.compare.parts.spectrum import SpectrumPart
from napari_mtmri.gui.compare.parts.strip import ReadoutPart, StripPart
from napari_mtmri.gui.compare.parts.tables import LesionsPart, ScoresPart
from napari_mtmri.gui.compare.parts.view import ViewPart
from napari_mtmri.gui.compare.pictures import Picture, Request, pictures
from napari_mtmri.gui.compare.places import Places
from napari_mtmri.gui.compare.slice_arrays import Mix
from napari_mtmri.gui.compare.stage import Stage
from napari_mtmri.gui.compare.state import PAIR_MODES, Looking
from napari_mtmri.gui.jobs import Latest, sentence
from napari_mtmri.gui.viewer import orientation
from napari_mtmri.gui.widgets.header import Header
from napari_mtmri.gui.widgets.layout import Column, Panel
from napari_mtmri.gui.widgets.problem import Problem

LAYER_EVENTS = ("inserted", "removed", "renamed")
BLINK_MS = 400  # 2.5 pictures a second: never faster than 3, for flicker can cause seizures
KEYS = {
    "Alt-Shift-M": commands.next_mode,
    "Alt-Shift-E": commands.next_content,
    "Alt-Shift-G": commands.next_gain,
    "Alt-Shift-K": commands.next_masks,
    "Alt-Shift-A": commands.next_plane,
    "Alt-Shift-B": commands.exchange_cells,
    "Alt-Shift-W": commands.worst_slice,
    "Alt-Shift-D": commands.most_disagreement,
    "Alt-Shift-L": commands.next_lesion,
    "Alt-Shift-R": commands.reset_window,
}
MIXED = ("edge", "tile", "shows_second")  # drawn again without other arrays


class Compare(Panel):
    """Compare results side by side: image, error and mask of every method under one cursor."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = unwrapped(napari_viewer)
        self.looking, self.mix = Looking(), Mix()
        self.header = Header("Compare", GUIDE)
        self.cells = CellsPart(self.viewer, self.looking)
        self.view, self.strip = ViewPart(self.looking), StripPart(self.looking)
        self.readout, self.spectrum = ReadoutPart(), SpectrumPart()
        self.lesions, self.scores = LesionsPart(), ScoresPart()
        self.collection = Collection(self.viewer, self)
        self.stage = Stage(self.viewer, self, self.collection.own_layer)
        self.places, self.cursor = Places(self.viewer, self), Cursor(self.viewer, self)
        self.files = Files(self, self.shown)
        self.drawing, self.measuring, self.stripping = Latest(self), Latest(self), Latest(self)
        self.problem, self.note = Problem(), QLabel()
        self.save, self.figure = QPushButton("Save…"), QPushButton("Figure…")
        self.report = QPushButton("Report…")
        self._refused: Cell | None = None
        self._has_let_go = False
        self._is_hidden = False
        self._goes_to: int | None = None
        self._blinking, self._runs = QTimer(self), QTimer(self)
        self._lay_out()
        self._connect()
        orientation.watch(self.viewer)
        register_panel(self, _nothing, KEYS)
        self._find_runs()
        self._changed(None)

    def _lay_out(self) -> None:
        self.save.setToolTip("Save the comparison as a small file that can be opened again")
        self.figure.setToolTip("Write a figure of the shown cells in the slice on screen")
        self.report.setToolTip("Write one HTML page: pictures, scores, lesions and provenance")
        self.note.setWordWrap(True)
        self.header.show_device("none needed: no network is run to compare results")
        self.tabs = QTabWidget()
        for name, part in (
            ("Cells", self.cells), ("Lesions", self.lesions),
            ("Scores", self.scores), ("Spectrum", self.spectrum),
        ):  # fmt: skip
            self.tabs.addTab(part, name)
        buttons = QHBoxLayout()
        for button in (self.save, self.figure, self.report):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 6)
        layout.addWidget(self.header)
        layout.addWidget(
            Column(self.view, self.tabs, self.strip, self.readout, self.problem), stretch=1
        )
        layout.addWidget(self.note)
        layout.addLayout(buttons)
        self._blinking.setInterval(BLINK_MS)
        self._runs.setSingleShot(True)

    def _connect(self) -> None:
        self.collection.changed.connect(self._changed)
        self.collection.opened.connect(self._opened)
        self.collection.refused.connect(self._show_refused)
        self.looking.events.connect(self._look)
        self.drawing.done.connect(self._show_pictures)
        self.measuring.done.connect(self._show_measured)
        self.stripping.done.connect(self._show_strip)
        self.stage.settled.connect(self._settled)
        self.stage.windowed.connect(self._windowed)
        self.stage.closed.connect(self._closed)
        self.cursor.moved.connect(self._point_at)
        self.cursor.dragged.connect(self._drag_edge)
        self._blinking.timeout.connect(self._blink)
        self._runs.timeout.connect(self._find_runs)
        for source in (self.collection, self.drawing, self.measuring, self.stripping, self.files):
            source.failed.connect(self._failed)
        self._connect_parts()
        for event in LAYER_EVENTS:
            getattr(self.viewer.layers.events, event).connect(self._layers_changed)
        self.viewer.dims.events.point.connect(self._slice_changed)
        self.viewer.dims.events.order.connect(self._plane_changed)

    def _connect_parts(self) -> None:
        cells, collection = self.cells, self.collection
        cells.runs_asked.connect(collection.add_runs)
        cells.layers_asked.connect(self.add_selected)
        cells.files_asked.connect(self.files.open_files)
        cells.folder_asked.connect(self.files.open_folder)
        cells.paths_asked.connect(collection.add_paths)
        self.files.chosen.connect(collection.add_paths)
        self.files.noted.connect(self._show_note)
        cells.removed.connect(self._remove)
        cells.painted.connect(self.paint)
        cells.kind_set.connect(collection.set_kind)
        cells.mask_set.connect(collection.set_mask)
        cells.resample_asked.connect(self._resample)
        self.view.plane_asked.connect(self.places.set_plane)
        self.view.window_reset.connect(self.reset_window)
        self.strip.slice_asked.connect(self.places.go_to_slice)
        self.strip.worst_asked.connect(self.worst_slice)
        self.strip.disputed_asked.connect(self.most_disagreement)
        self.lesions.voxel_asked.connect(self._go_to_voxel)
        self.save.clicked.connect(self._save)
        self.figure.clicked.connect(self._figure)
        self.report.clicked.connect(self._report)

    def is_settled(self) -> bool:
        """Return whether all cells are shown and measured."""
        workers = (self.drawing, self.measuring, self.stripping)
        return self.stage.is_settled and not any(one.is_busy for one in workers)

    # What is compared

    def shown(self) -> Comparison | None:
        """Return the comparison as it is on screen, or None without cells."""
        comparison = self.collection.comparison
        if comparison is None:
            return None
        is_neurological = orientation.watch(self.viewer).view == "neurological"
        return self.looking.complete(
            comparison, axis=self.places.axis, slice=self.places.slice, neurological=is_neurological
        )

    def add_selected(self) -> None:
        """Add the layers that are selected in the layer list."""
        selected = self.viewer.layers.selection
        self.collection.add_layers([layer for layer in self.viewer.layers if layer in selected])

    def paint(self, name: str) -> None:
        """Give the user a copy of a cell's mask to paint on, in a cell of its own."""
        layer = self.collection.paint(name)
        if layer is not None:
            self.viewer.layers.selection.active = layer
            layer.mode = "paint"

    def _changed(self, comparison: Comparison | None) -> None:
        self._refused = None
        self.cells.clear_error()
        self.problem.clear()
        self.places.use(comparison)
        self.cells.show_cells(comparison)
        self.view.show_comparison(comparison)
        self.strip.show_comparison(comparison)
        self.readout.show_cells(0 if comparison is None else len(comparison.cells))
        for button in (self.save, self.figure, self.report):
            button.setEnabled(comparison is not None)
        self._find_runs()
        if comparison is None:
            self._take_down()
            for part in (self.lesions, self.scores):
                part.show_nothing()
            self.spectrum.show_spectrum(None)
            return
        if not self.stage.is_up and self._goes_to is None:
            self._goes_to = comparison.slice
        self._draw()
        self._measure()

    def _opened(self, comparison: Comparison) -> None:
        self._goes_to = comparison.slice
        self.looking.use(comparison)
        if comparison.axis != self.places.axis:
            self.places.set_axis(comparison.axis)

    def _show_refused(self, cell: Cell, why: BaseException) -> None:
        self._refused = cell
        self.cells.show_error(why, can_resample=True)
        self.tabs.setCurrentWidget(self.cells)

    def _resample(self) -> None:
        if self._refused is not None:
            self.collection.add_resampled(self._refused)

    def _remove(self, name: str) -> None:
        if name:
            self.collection.remove(name)
        else:
            self.collection.clear()

    def _layers_changed(self, event: Any = None) -> None:
        self._runs.start(0)

    def _find_runs(self) -> None:
        self.cells.show_runs(self.collection.runs())
        self.cells.show_masks(self.collection.mask_layer)

    # What is shown

    def _look(self, what: Any) -> None:
        name = what.signal.name
        if name in MIXED and self.looking.mode in PAIR_MODES:
            self._mix()
            self.stage.redraw()
            if name == "shows_second":
                self._retitle()
            if name == "edge":
                self.view.refresh()
            return
        self.view.refresh()
        if name in ("hidden", "own_windows"):
            self.cells.show_ticks()
        if name == "quantity":
            self._measure_strip()
        else:
            self._draw()

    def _mix(self) -> None:
        looking, mix = self.looking, self.mix
        mix.mode, mix.tile = looking.mode, looking.tile
        mix.edge, mix.shows_second = looking.edge / 100, looking.shows_second
        if self.places.placement is not None:
            mix.is_mirrored = orientation.mirrored(self.viewer, self.places.placement)

    def _draw(self) -> None:
        """Show the cells as they are looked at now, unless the panel is hidden."""
        comparison, placement = self.collection.comparison, self.places.placement
        if comparison is None or placement is None or self._is_hidden:
            return
        self._mix()
        request = Request(comparison, self.looking.frozen(), placement, self.mix)
        self.drawing.ask(partial(_pictures, request))

    def _show_pictures(self, found: tuple[Request, list[Picture]]) -> None:
        request, shown = found
        if request.comparison is self.collection.comparison and not self._is_hidden:
            self.stage.show(shown, request.placement)

    def _settled(self) -> None:
        self.cursor.start()
        self._retitle()
        wanted = self.looking.mode == "blink" and self.looking.blinks
        if wanted != self._blinking.isActive():
            self._blinking.start() if wanted else self._blinking.stop()
        number, self._goes_to = self._goes_to, None
        if number is not None:
            self.places.go_to_slice(number)
        self._plane_changed()

    def _blink(self) -> None:
        self.looking.shows_second = not self.looking.shows_second

    def _retitle(self) -> None:
        comparison = self.collection.comparison
        pair = None if comparison is None else self.looking.pair(comparison)
        if self.looking.mode == "blink" and pair is not None:
            self.stage.retitle(pair[self.looking.shows_second].name)

    def _windowed(self, picture: Picture, window: tuple[float, float]) -> None:
        """Give all cells the window that the user gave one, unless that has its own."""
        name = picture.cells[0]
        if self.looking.content != "image" or self.looking.mode == "difference":
            return
        if len(picture.cells) == 1 and name in self.looking.own_windows:
            self.looking.own_windows = {**self.looking.own_windows, name: window}
        else:
            self.looking.window = window

    def reset_window(self) -> None:
        """Give all cells the window found from the reference."""
        self.looking.own_windows = {}
        self.looking.window = None

    def _closed(self, name: str) -> None:
        self.looking.hidden = self.looking.hidden | {name}

    def _drag_edge(self, point: Any) -> None:
        if self.looking.mode == "swipe" and self.places.placement is not None:
            layer = self.stage.slots[0].image if self.stage.slots else None
            if layer is not None:
                self.looking.edge = orientation.percent_from_left(
                    self.viewer, self.places.placement, layer, point
                )

    def _take_down(self) -> None:
        self._blinking.stop()
        self.cursor.stop()
        self.stage.take_down()

    # Where to look

    def worst_slice(self) -> None:
        """Go to the worst slice of the score in the strip."""
        number = None if self.strip.scores is None else self.strip.scores.worst()
        if number is not None:
            self.places.go_to_slice(number)

    def most_disagreement(self) -> None:
        """Go to the slice in which the masks differ most."""
        comparison = self._along()
        number = None if comparison is None else most_disputed_slice(comparison)
        if number is not None:
            self.places.go_to_slice(number)

    def _go_to_voxel(self, voxel: tuple[int, int, int]) -> None:
        point = self.places.go_to_voxel(voxel)
        if point is not None:
            self.cursor.go(point)

    def _plane_changed(self, event: Any = None) -> None:
        self.view.show_plane(self.viewer.dims.order)
        if self.stage.is_up:
            if event is not None:
                self.stage.fit()
            self._mix()
            self._slice_changed()
            self._measure_strip()

    def _slice_changed(self, event: Any = None) -> None:
        number = self.places.slice
        if number is not None:
            self.strip.show_slice(number)

    def _point_at(self, point: Any) -> None:
        comparison = self.collection.comparison
        if comparison is not None and self.places.placement is not None:
            self.readout.show_readings(
                readings(comparison, self.places.placement.voxel(point[-3:]))
            )

    # What is measured

    def _along(self) -> Comparison | None:
        """Return the comparison with slices along the plane on screen."""
        comparison, axis = self.collection.comparison, self.places.axis
        if comparison is None:
            return None
        return comparison.with_view(axis=axis) if axis is not None else comparison

    def _measure(self) -> None:
        if self.collection.comparison is not None:
            self.measuring.ask(partial(_measured, self.collection.comparison))
            self._measure_strip()

    def _measure_strip(self) -> None:
        comparison = self._along()
        if comparison is not None and self.strip.wanted:
            self.stripping.ask(partial(_stripped, comparison, self.strip.wanted))

    def _show_measured(self, found: Any) -> None:
        comparison, lesions, scores, spectrum = found
        if comparison is self.collection.comparison:
            self.lesions.show_table(lesions)
            self.scores.show_table(scores)
            self.spectrum.show_spectrum(spectrum)

    def _show_strip(self, found: Any) -> None:
        comparison, scores = found
        if self.collection.comparison is not None and comparison.axis == self.places.axis:
            self.strip.show_scores(scores)
            self._slice_changed()

    # The end

    def _save(self, *_: object) -> None:
        self.files.save()

    def _figure(self, *_: object) -> None:
        self.files.figure()

    def _report(self, *_: object) -> None:
        self.files.report()

    def _show_note(self, text: str) -> None:
        self.note.setText(text)

    def _failed(self, why: BaseException) -> None:
        self.problem.show_error(why)
        if self._is_hidden:
            show_info(sentence(why))

    def close_down(self) -> None:
        """Put the viewer back as it was, and disconnect from it."""
        self._take_down()
        self.let_go()

    def let_go(self) -> None:
        """Disconnect from the viewer, even if the widget is already deleted."""
        if self._has_let_go:
            return
        self._has_let_go = True
        self.stage.take_down()
        self.collection.let_go()
        for event in LAYER_EVENTS:
            getattr(self.viewer.layers.events, event).disconnect(self._layers_changed)
        self.viewer.dims.events.point.disconnect(self._slice_changed)
        self.viewer.dims.events.order.disconnect(self._plane_changed)
        unbind_keys(self.viewer, KEYS)

    def hideEvent(self, event: Any) -> None:
        """Put the viewer back while the panel is hidden; the cells are kept."""
        if not event.spontaneous():  # not when the window is minimised
            self._is_hidden = True
            self._take_down()
        super().hideEvent(event)

    def showEvent(self, event: Any) -> None:
        """Show the cells again."""
        super().showEvent(event)
        if self._is_hidden:
            self._is_hidden = False
            self._find_runs()
            self._draw()


def _pictures(request: Request) -> tuple[Request, list[Picture]]:
    return request, pictures(request)


def _measured(comparison: Comparison) -> Any:
    return (
        comparison,
        lesion_table(comparison),
        score_table(comparison),
        error_spectrum(comparison),
    )


def _stripped(comparison: Comparison, name: str) -> Any:
    return comparison, slice_scores(comparison, name)


def _nothing(*_: object) -> None:
    """Stop nothing: the panel runs no long job."""
