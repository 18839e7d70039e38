# SPDX-License-Identifier: BSD-3-Clause
"""List of cases with filters, search, sorting and progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.review.sentences import COLUMNS, Cell, cells_of
from napari_mtmri.gui.review.state import SHOWN_STATES, View
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.review.case_list import DIFFICULTIES, SORTS, CaseStatus

ANY_READER, ANY_DIFFICULTY = "any reader", "any difficulty"
LEAST_ROWS = 8


class CaseTable(QAbstractTableModel):
    """The listed cases, one per row."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.statuses: list[CaseStatus] = []
        self._cells: list[list[Cell]] = []

    def show_cases(self, statuses: Sequence[CaseStatus]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.statuses = list(statuses)
        self._cells = [cells_of(one) for one in statuses]
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of cases."""
        return len(self.statuses)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(COLUMNS)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, tooltip or alignment of a cell."""
        cell = self._cells[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.tip
        return None

    def headerData(
        self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heading of a column."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None


class CasesPart(QWidget):
    """Chooses the folder, the reader and the case.

    Signals
    -------
    folder_asked : the user wants to choose a folder of cases
    reader_named : name of the reader
    chosen : name of a case
    """

    folder_asked = Signal()
    reader_named = Signal(str)
    chosen = Signal(str)

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.folder, self.place, self.problem = QPushButton("Open folder…"), QLabel(), Problem()
        self.folder.setToolTip("Folder of images and masks; or drop it on the window (Alt+O)")
        self.place.setWordWrap(True)
        self.reader = QLineEdit()
        self.reader.setPlaceholderText("Your name or initials")
        self.reader.setAccessibleName("reader")
        self.reader.setToolTip(
            "Name under which your masks and verdicts are kept, apart from those of other readers"
        )
        self.state, self.readers, self.difficulty = QComboBox(), QComboBox(), QComboBox()
        self.sort, self.search = QComboBox(), QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.progress, self.notes = QLabel(), QLabel()
        self.notes.setWordWrap(True)
        self.notes.hide()
        self.model = CaseTable(self)
        self.table = QTableView()
        self._fill()
        self._lay_out()
        self._connect()
        self.show_folder("", [])

    def _fill(self) -> None:
        for box, tip in (
            (self.state, "Which cases are listed, by state"),
            (self.readers, "Which cases are listed, by reader"),
            (self.difficulty, "Which cases are listed, by difficulty"),
            (self.sort, "Order of the cases"),
        ):
            box.setToolTip(tip)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for text, states in SHOWN_STATES.items():
            self.state.addItem(text, states)
        self.readers.addItem(ANY_READER, "")
        self.difficulty.addItem(ANY_DIFFICULTY, "")
        for one in DIFFICULTIES:
            self.difficulty.addItem(one, one)
        for one in SORTS:
            text = one.removesuffix("_ml").replace("_", " ")
            self.sort.addItem(f"by {text}", one)

    def _lay_out(self) -> None:
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        line = round(1.5 * self.table.fontMetrics().height())
        self.table.verticalHeader().setDefaultSectionSize(line)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names differ at their end
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setResizeContentsPrecision(20)
        self.table.setMinimumHeight((LEAST_ROWS + 2) * line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(Flow(self.folder, self.reader))
        for widget in (self.place, self.notes, self.problem):
            layout.addWidget(widget)
        self.filters = QWidget()
        inside = QVBoxLayout(self.filters)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(Flow(self.state, self.readers, self.difficulty, self.sort))
        inside.addWidget(self.search)
        inside.addWidget(self.table, stretch=1)
        inside.addWidget(self.progress)
        layout.addWidget(self.filters, stretch=1)
        layout.addStretch()  # while no folder is open

    def _connect(self) -> None:
        self.folder.clicked.connect(self.folder_asked)
        self.reader.editingFinished.connect(self._named)
        self.state.currentIndexChanged.connect(self._filtered)
        self.readers.currentIndexChanged.connect(self._filtered)
        self.difficulty.currentIndexChanged.connect(self._filtered)
        self.sort.currentIndexChanged.connect(self._filtered)
        self.search.textChanged.connect(self._filtered)
        self.table.clicked.connect(self._clicked)
        self.table.activated.connect(self._clicked)

    def show_folder(self, place: str, readers: Sequence[str]) -> None:
        """Show which folder is open, and its readers; "" for none."""
        self.place.setText(place)
        self.place.setVisible(bool(place))
        self.filters.setVisible(bool(place))
        self.problem.clear()
        self.readers.blockSignals(True)
        chosen = self.readers.currentData()
        self.readers.clear()
        self.readers.addItem(ANY_READER, "")
        for name in readers:
            self.readers.addItem(name, name)
        self.readers.setCurrentIndex(max(self.readers.findData(chosen), 0))
        self.readers.setVisible(len(readers) > 1)
        self.readers.blockSignals(False)

    def show_cases(self, statuses: Sequence[CaseStatus], current: str, progress: str) -> None:
        """List the cases that the filters let through, and mark the open one."""
        self.model.show_cases(statuses)
        self.progress.setText(progress)
        for row, status in enumerate(self.model.statuses):
            if status.name == current:
                self.table.selectRow(row)
                self.table.scrollTo(self.model.index(row, 0))

    def show_opening(self, place: str) -> None:
        """Show that a folder is being read."""
        self.problem.clear()
        self.place.setText(f"Reading {place} …")
        self.place.show()

    def show_notes(self, notes: Sequence[str]) -> None:
        """Show remarks on how the cases were found."""
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))

    def neighbour(self, name: str, by: int) -> str:
        """Return the case above or below another in the list, "" at its ends."""
        names = [status.name for status in self.model.statuses]
        if name not in names:
            return names[0] if names else ""
        at = names.index(name) + by
        return names[at] if 0 <= at < len(names) else ""

    def _named(self) -> None:
        self.reader_named.emit(self.reader.text().strip())

    def _filtered(self, *_: object) -> None:
        self._view.states = self.state.currentData() or ()
        self._view.reader = self.readers.currentData() or ""
        self._view.difficulty = self.difficulty.currentData() or ""
        self._view.sort = self.sort.currentData()
        self._view.search = self.search.text().strip()

    def _clicked(self, index: Any) -> None:
        self.chosen.emit(self.model.statuses[index.row()].name)
