# SPDX-License-Identifier: BSD-3-Clause
"""The Compare panel: connects the cells, what they show, and where to look."""

from __future__ import annotations

from typing import Any

from napari.utils.notifications import show_info
from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QPushButton, QTabWidget, QVBoxLayout

from napari_mtmri.compare import Cell, Comparison, readings, zoom_at, zoom_middle
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.app.panels import register_panel, unbind_keys, unwrapped
from napari_mtmri.gui.compare.below import Below
from napari_mtmri.gui.compare.collection import Collection
from napari_mtmri.gui.compare.files import Files
from napari_mtmri.gui.compare.guide import GUIDE
from napari_mtmri.gui.compare.measures import MeasureParts, Measures
from napari_mtmri.gui.compare.parts.cells import CellsPart
from napari_mtmri.gui.compare.parts.spectrum import SpectrumPart
from napari_mtmri.gui.compare.parts.sweep import SweepPart
from napari_mtmri.gui.compare.parts.tables import LesionsPart, ScoresPart
from napari_mtmri.gui.compare.parts.view import ViewPart
from napari_mtmri.gui.compare.places import Places
from napari_mtmri.gui.compare.screen import Screen
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.compare.sweeping import Sweeping
from napari_mtmri.gui.jobs import sentence
from napari_mtmri.gui.viewer import orientation
from napari_mtmri.gui.widgets.header import Header
from napari_mtmri.gui.widgets.layout import Column, Flow, Panel
from napari_mtmri.gui.widgets.problem import Problem

LAYER_EVENTS = ("inserted", "removed", "renamed")
NO_NETWORK = "none: no network is run to compare results"
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


class Compare(Panel):
    """Compare results side by side: image, error and mask of every method under one cursor."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = unwrapped(napari_viewer)
        self.looking = Looking()
        self.header = Header("Compare", GUIDE)
        self.cells, self.view = CellsPart(self.viewer, self.looking), ViewPart(self.looking)
        self.below = Below(self.viewer, self, self.looking)
        self.strip, self.readout = self.below.strip, self.below.readout
        self.lesions, self.scores = LesionsPart(), ScoresPart()
        self.spectrum, self.sweep = SpectrumPart(), SweepPart()
        self.problem, self.note = Problem(), QLabel()
        self.collection = Collection(self.viewer, self)
        self.places = Places(self.viewer, self)
        parts = MeasureParts(self.strip, self.lesions, self.scores, self.spectrum)
        self.measures = Measures(self.places, parts, self)
        own_layer = self.collection.own_layer
        self.screen = Screen(self.viewer, self.looking, self.places, own_layer, self)
        self.files, self.sweeping = Files(self, self.shown), Sweeping(self.sweep, self)
        self._refused: Cell | None = None
        self._goes_to: Comparison | None = None  # plane, slice and zoom, once the cells are shown
        self._has_let_go = False
        self._runs = QTimer(self)
        self._runs.setSingleShot(True)
        self._lay_out()
        self._connect()
        self._connect_parts()
        orientation.watch(self.viewer)
        register_panel(self, self.sweeping.job.stopper.stop, KEYS)
        self._changed(None)

    def _lay_out(self) -> None:
        self.save, self.figure = QPushButton("Save…"), QPushButton("Figure…")
        self.report = QPushButton("Report…")
        self.save.setToolTip("Save the comparison as a small file that can be opened again")
        self.figure.setToolTip("Write a figure of the shown cells in the slice on screen")
        self.report.setToolTip("Write one HTML page: pictures, scores, lesions and provenance")
        self.note.setWordWrap(True)
        self.header.show_device(NO_NETWORK)
        self.tabs = QTabWidget()
        for name, part in (
            ("Cells", self.cells), ("Lesions", self.lesions), ("Scores", self.scores),
            ("Spectrum", self.spectrum), ("Sweep", self.sweep),
        ):  # fmt: skip
            self.tabs.addTab(part, name)
        column = Column(self.view, self.problem, self.tabs, fills=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 6)
        layout.addWidget(self.header)
        layout.addWidget(column, stretch=1)
        layout.addWidget(self.note)
        layout.addLayout(Flow(self.save, self.figure, self.report))

    def _connect(self) -> None:
        self.collection.changed.connect(self._changed)
        self.collection.opened.connect(self._opened)
        self.collection.used.connect(self.screen.stage.cover)
        self.collection.refused.connect(self._show_refused)
        self.looking.events.connect(self._look)
        self.screen.settled.connect(self._settled)
        self.screen.closed.connect(self._closed)
        self.screen.pointed.connect(self._point_at)
        self.sweeping.opened.connect(self.collection.add_opened)
        self._runs.timeout.connect(self._find_runs)
        for source in (self.collection, self.screen, self.measures, self.files):
            source.failed.connect(self._failed)
        for event in LAYER_EVENTS:
            getattr(self.viewer.layers.events, event).connect(self._layers_changed)
        self.viewer.dims.events.point.connect(self.measures.show_slice)
        self.viewer.dims.events.order.connect(self._plane_changed)

    def _connect_parts(self) -> None:
        cells, collection, files = self.cells, self.collection, self.files
        cells.runs_asked.connect(collection.add_runs)
        cells.layers_asked.connect(self.add_selected)
        cells.files_asked.connect(files.open_files)
        cells.folder_asked.connect(files.open_folder)
        cells.paths_asked.connect(collection.add_paths)
        cells.removed.connect(self._remove)
        cells.painted.connect(self.paint)
        cells.kind_set.connect(collection.set_kind)
        cells.mask_set.connect(collection.set_mask)
        cells.resample_asked.connect(self._resample)
        self.view.plane_asked.connect(self.places.set_plane)
        self.view.window_reset.connect(self.reset_window)
        self.lesions.voxel_asked.connect(self._go_to_voxel)
        self.sweep.folder_asked.connect(files.choose_sweep_folder)
        self.sweep.report_asked.connect(files.report_sweep)
        files.sweep_folder.connect(self.sweep.use_folder)
        files.chosen.connect(collection.add_paths)
        files.noted.connect(self.note.setText)
        self.save.clicked.connect(files.save)
        self.figure.clicked.connect(files.figure)
        self.report.clicked.connect(files.report)

    def is_settled(self) -> bool:
        """Return whether all cells are shown and measured."""
        return self.screen.is_settled and not self.measures.is_busy

    def shown(self) -> Comparison | None:
        """Return the comparison as it is on screen, or None without cells."""
        comparison = self.collection.comparison
        if comparison is None:
            return None
        is_neurological = orientation.watch(self.viewer).view == "neurological"
        shown = self.looking.complete(
            comparison, axis=self.places.axis, slice=self.places.slice, neurological=is_neurological
        )
        side = self.screen.stage.zoomed_side if self.screen.stage.is_up else None
        zoom = None if side is None else zoom_at(shown, self.places.middle, side)
        return shown.with_view(zoom=zoom)

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

    def reset_window(self) -> None:
        """Give all cells the window found from the reference."""
        self.looking.own_windows = {}
        self.looking.window = None

    def _go_to_voxel(self, voxel: tuple[int, int, int]) -> None:
        point = self.places.go_to_voxel(voxel)
        if point is not None:
            self.screen.cursor.go(point)

    def _changed(self, comparison: Comparison | None) -> None:
        self._refused = None
        self.cells.clear_error()
        self.problem.clear()
        self.places.use(comparison)
        self.cells.show_cells(comparison)
        self.view.show_comparison(comparison)
        self.measures.show(comparison)
        self.sweeping.use(comparison)
        self.readout.forget()
        self._place_below()
        for button in (self.save, self.figure, self.report):
            button.setEnabled(comparison is not None)
        self._find_runs()
        if comparison is not None and not self.viewer.layers and self._goes_to is None:
            self._goes_to = comparison  # else the slice on screen stays
        self.screen.show(comparison)

    def _place_below(self) -> None:
        has_cells = self.collection.comparison is not None
        self.below.place(is_wanted=has_cells and self.screen.is_visible)

    def _opened(self, comparison: Comparison) -> None:
        self._goes_to = comparison
        self.looking.use(comparison)

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

    def _closed(self, name: str) -> None:
        self.looking.hidden = self.looking.hidden | {name}

    def _layers_changed(self, event: Any = None) -> None:
        self._runs.start(0)

    def _find_runs(self) -> None:
        self.cells.show_runs(self.collection.runs())
        self.cells.show_masks(self.collection.mask_layer)

    def _look(self, what: Any) -> None:
        name = what.signal.name
        if name not in ("shows_second", "tile"):
            self.view.refresh()
        if name in ("hidden", "own_windows"):
            self.cells.show_ticks()
        if name == "quantity":
            self.measures.measure_slices()
        else:
            self.screen.look(name)

    def _settled(self) -> None:
        goes_to, self._goes_to = self._goes_to, None
        if goes_to is not None:
            self.places.set_axis(goes_to.axis)
            self.places.go_to_slice(goes_to.slice)
            if goes_to.view.zoom is not None:
                middle = self.places.point(zoom_middle(goes_to, goes_to.view.zoom))
                self.screen.stage.show_square(middle, goes_to.view.zoom.size)
        self.view.show_plane(self.viewer.dims.order)
        self.measures.show_slice()

    def _plane_changed(self, event: Any = None) -> None:
        self.view.show_plane(self.viewer.dims.order)
        if self.screen.stage.is_up:
            self.measures.show_slice()
            self.measures.measure_slices()

    def _point_at(self, point: Any) -> None:
        comparison, placement = self.collection.comparison, self.places.placement
        if comparison is not None and placement is not None:
            self.readout.show_readings(readings(comparison, placement.voxel(point[-3:])))

    def _failed(self, why: BaseException) -> None:
        self.problem.show_error(why)
        self.cells.show_cells(self.collection.comparison)  # not what was refused
        if not self.screen.is_visible:
            show_info(sentence(why))

    def close_down(self) -> None:
        """Put the viewer back as it was, and disconnect from it."""
        self.let_go()

    def let_go(self) -> None:
        """Disconnect from the viewer, even if the widget is already deleted."""
        if self._has_let_go:
            return
        self._has_let_go = True
        self.sweeping.job.stopper.stop()
        self.below.put_away()
        self.screen.let_go()
        self.collection.let_go()
        for event in LAYER_EVENTS:
            getattr(self.viewer.layers.events, event).disconnect(self._layers_changed)
        self.viewer.dims.events.point.disconnect(self.measures.show_slice)
        self.viewer.dims.events.order.disconnect(self._plane_changed)
        unbind_keys(self.viewer, KEYS)

    def hideEvent(self, event: Any) -> None:
        """Put the viewer back while the panel is hidden; the cells are kept."""
        if not event.spontaneous():  # not when the window is minimised
            self.screen.set_visible(False)
            self._place_below()
        super().hideEvent(event)

    def showEvent(self, event: Any) -> None:
        """Show the cells again."""
        super().showEvent(event)
        if not self.screen.is_visible:
            self._find_runs()
            self.screen.set_visible(True)
            self._place_below()
