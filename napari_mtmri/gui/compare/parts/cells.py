# SPDX-License-Identifier: BSD-3-Clause
"""The list of cells, and the ways to add one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.compare import NOT_COMPARED, Cell, Comparison
from napari_mtmri.gui.compare.state import MOST_CELLS, Looking
from napari_mtmri.gui.viewer.layer_list import is_preview, is_result
from napari_mtmri.gui.widgets.layer_chooser import LayerChooser
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.result import Result

KINDS = {
    "reference": "fully sampled reference",
    "result": "result of a method",
    "image": "other image of this scan",
    "mask": "mask of a reader",
    "date": "image of another date",
}
KIND_TIP = (
    "What this cell is. Results and other images of the scan are scored against the reference; "
    "an image of another date is only shown."
)
NOTHING = "Add runs, layers, files or result folders of one case."
NO_MASK = "none"
MASK_TIP = "Reference segmentation, with which the masks of the results are compared"
LIST_TIP = (
    "Tick the cells to show, at most 7. Drag layers from the layer list, files or result folders "
    "here to add them."
)
ROWS = 5


class CellList(QListWidget):
    """List of the cells, on which layers, files and folders can be dropped.

    Signals
    -------
    files_dropped : list of paths
    layers_dropped : layers of the layer list were dropped
    """

    files_dropped = Signal(object)
    layers_dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setToolTip(LIST_TIP)
        self.setAccessibleName("cells")

    def sizeHint(self) -> QSize:
        """Some rows high."""
        return QSize(200, (self.fontMetrics().height() + 6) * ROWS)

    def minimumSizeHint(self) -> QSize:
        """Same as `sizeHint`."""
        return self.sizeHint()

    def dragEnterEvent(self, event: Any) -> None:
        """Accept files, and layers dragged from the layer list."""
        if event.mimeData().hasUrls() or event.source() not in (None, self):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: Any) -> None:
        """Same as `dragEnterEvent`."""
        self.dragEnterEvent(event)

    def dropEvent(self, event: Any) -> None:
        """Add what was dropped."""
        data = event.mimeData()
        if data.hasUrls():
            self.files_dropped.emit([url.toLocalFile() for url in data.urls()])
        else:  # the dragged layers are the selected ones
            self.layers_dropped.emit()
        # The layer list offers its layers to be moved, and would remove them after a move; a
        # copy that is not offered becomes a move again.
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()


class CellsPart(QWidget):
    """Shows and changes the cells of the comparison.

    Signals
    -------
    runs_asked : list of results to add
    layers_asked : the selected layers are to be added
    files_asked, folder_asked : request to open
    paths_asked : paths to open
    removed, painted, kind_set : name of the cell; and its new kind
    mask_set : labels layer or None
    resample_asked
    """

    runs_asked = Signal(object)
    layers_asked = Signal()
    files_asked = Signal()
    folder_asked = Signal()
    paths_asked = Signal(object)
    removed = Signal(str)
    painted = Signal(str)
    kind_set = Signal(str, str)
    mask_set = Signal(object)
    resample_asked = Signal()

    def __init__(self, viewer: Viewer, looking: Looking) -> None:
        super().__init__()
        self._viewer, self._looking = viewer, looking
        self._runs: Mapping[str, Result] = {}
        self._comparison: Comparison | None = None
        self.compare, self.add = QPushButton(), QPushButton("Add")
        self.list, self.kind = CellList(), QComboBox()
        self.remove, self.paint = QPushButton("Remove"), QPushButton("Paint")
        self.clear = QPushButton("Clear")
        self.own_window = QPushButton("Own window")
        self.mask = LayerChooser(MASK_TIP, NO_MASK)
        self.note, self.problem = QLabel(NOTHING), Problem()
        self.resample = QPushButton("Resample it onto the grid of the cells")
        self._prepare()
        self._lay_out()
        self._connect()
        self.show_cells(None)

    def _prepare(self) -> None:
        font = self.compare.font()
        font.setBold(True)
        self.compare.setFont(font)
        self.own_window.setCheckable(True)
        self.note.setWordWrap(True)
        self.resample.hide()
        self.kind.setToolTip(KIND_TIP)
        self.kind.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.kind.setMinimumContentsLength(8)
        for kind, text in KINDS.items():
            self.kind.addItem(text, kind)
        self.add.setToolTip("Add runs of this window, layers, files or result folders")
        self.menu = QMenu(self)
        self.add.setMenu(self.menu)
        self.remove.setToolTip("Remove the selected cell; nothing on disk changes")
        self.clear.setToolTip("Remove all cells and show the viewer as it was")
        self.paint.setToolTip(
            "Copy the mask of the selected cell to a layer of your own, to correct it; it stays "
            "when the comparison ends"
        )
        self.own_window.setToolTip(
            "Give the selected cell a display window of its own; its title then states the window"
        )
        self.resample.setToolTip(
            "Images are interpolated linearly, masks take the nearest voxel; the cell is marked "
            "as resampled"
        )

    def _lay_out(self) -> None:
        buttons = Flow(self.add, self.remove, self.paint, self.own_window, self.clear)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("Cell is", self.kind)
        form.addRow("Reference mask", self.mask)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.compare)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        layout.addLayout(form)
        for widget in (self.note, self.problem, self.resample):
            layout.addWidget(widget)

    def _connect(self) -> None:
        self.menu.aboutToShow.connect(self._fill_menu)
        self.compare.clicked.connect(self._ask_all_runs)
        self.list.currentItemChanged.connect(self._select)
        self.list.itemChanged.connect(self._tick)
        self.list.files_dropped.connect(self.paths_asked)
        self.list.layers_dropped.connect(self.layers_asked)
        self.remove.clicked.connect(self._ask_remove)
        self.clear.clicked.connect(self._ask_clear)
        self.paint.clicked.connect(self._ask_paint)
        self.own_window.clicked.connect(self._own_window_clicked)
        self.kind.activated.connect(self._kind_chosen)
        self.mask.activated.connect(self._mask_chosen)
        self.resample.clicked.connect(self.resample_asked)

    @property
    def selected(self) -> str:
        """Name of the selected cell, empty if there is none."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def show_runs(self, runs: Mapping[str, Result]) -> None:
        """Offer the runs in the viewer that are not compared yet."""
        self._runs = runs
        number = len(runs)
        runs_text = "run" if number == 1 else "runs"
        self.compare.setText(
            f"Compare {number} {runs_text} in the viewer"
            if self._comparison is None
            else f"Add {number} more {runs_text} of the viewer"
        )
        self.compare.setEnabled(bool(number))
        self.compare.setVisible(bool(number) or self._comparison is None)
        self.compare.setToolTip("\n".join(runs) or "Run a method in the Reconstruct panel first")

    def show_masks(self, mask: Any) -> None:
        """List the labels layers of the user as reference masks, and show the chosen one."""
        layers = [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, Labels) and not is_preview(layer) and not is_result(layer)
        ]
        self.mask.fill(layers, mask)

    def show_cells(self, comparison: Comparison | None) -> None:
        """List the cells."""
        before = self.selected
        self._comparison = comparison
        self.list.blockSignals(True)
        self.list.clear()
        cells = () if comparison is None else comparison.cells
        for cell in cells:
            self.list.addItem(self._item(cell))
        names = [cell.name for cell in cells]
        if names:
            self.list.setCurrentRow(names.index(before) if before in names else 0)
        self.list.blockSignals(False)
        self.show_ticks()
        self._show_note(comparison)
        self._select()

    def _item(self, cell: Cell) -> QListWidgetItem:
        item = QListWidgetItem(" · ".join([cell.name, *cell.remarks]))
        item.setData(Qt.ItemDataRole.UserRole, cell.name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setToolTip(f"{KINDS[cell.kind]}\n{cell.source or 'in memory'}")
        return item

    def show_ticks(self) -> None:
        """Tick the cells that are shown."""
        if self._comparison is None:
            return
        shown = {cell.name for cell in self._looking.shown(self._comparison)}
        self.list.blockSignals(True)
        for row in range(self.list.count()):
            item = self.list.item(row)
            is_shown = item.data(Qt.ItemDataRole.UserRole) in shown
            state = Qt.CheckState.Checked if is_shown else Qt.CheckState.Unchecked
            item.setCheckState(state)
        self.list.blockSignals(False)

    def _show_note(self, comparison: Comparison | None) -> None:
        if comparison is None:
            self.note.setText(NOTHING)
            return
        lines = list(comparison.warnings)
        if comparison.reference is None:
            lines.insert(0, NOT_COMPARED)
        if len(comparison.cells) > MOST_CELLS:
            lines.append(f"{MOST_CELLS} of {len(comparison.cells)} cells are shown at most.")
        self.note.setText("\n".join(lines))
        self.note.setVisible(bool(lines))

    def show_error(self, why: BaseException, *, can_resample: bool = False) -> None:
        """Show why a cell was refused."""
        self.problem.show_error(why)
        self.resample.setVisible(can_resample)

    def clear_error(self) -> None:
        """Hide the error."""
        self.problem.clear()
        self.resample.hide()

    def _select(self, *_: object) -> None:
        name = self.selected
        for widget in (self.remove, self.paint, self.own_window, self.kind, self.clear):
            widget.setEnabled(bool(name))
        self.mask.setEnabled(self._comparison is not None)
        if name and self._comparison is not None:
            cell = self._comparison.cell(name)
            self.kind.setCurrentIndex(list(KINDS).index(cell.kind))
        self.own_window.setChecked(name in self._looking.own_windows)

    def _tick(self, item: QListWidgetItem) -> None:
        name = item.data(Qt.ItemDataRole.UserRole)
        hidden = set(self._looking.hidden)
        if item.checkState() == Qt.CheckState.Checked:
            hidden.discard(name)
        else:
            hidden.add(name)
        self._looking.hidden = frozenset(hidden)
        self.show_ticks()

    def _fill_menu(self) -> None:
        self.menu.clear()
        for title, result in self._runs.items():
            action = self.menu.addAction(title)
            action.triggered.connect(partial(self._ask_run, result))
        if self._runs:
            self.menu.addSeparator()
        for text, asked in (
            ("Selected layers", self.layers_asked),
            ("Files…", self.files_asked),
            ("Result folder…", self.folder_asked),
        ):
            self.menu.addAction(text).triggered.connect(asked)

    def _ask_run(self, result: Result, *_: object) -> None:
        self.runs_asked.emit([result])

    def _ask_all_runs(self, *_: object) -> None:
        self.runs_asked.emit(list(self._runs.values()))

    def _ask_remove(self, *_: object) -> None:
        if self.selected:
            self.removed.emit(self.selected)

    def _ask_clear(self, *_: object) -> None:
        self.removed.emit("")

    def _ask_paint(self, *_: object) -> None:
        if self.selected:
            self.painted.emit(self.selected)

    def _own_window_clicked(self, wanted: bool) -> None:
        name, own = self.selected, dict(self._looking.own_windows)
        if wanted and self._comparison is not None:
            own[name] = self._looking.window or self._comparison.window
        else:
            own.pop(name, None)
        self._looking.own_windows = own

    def _kind_chosen(self, *_: object) -> None:
        if self.selected:
            self.kind_set.emit(self.selected, self.kind.currentData())

    def _mask_chosen(self, *_: object) -> None:
        self.mask_set.emit(self.mask.layer)
