# SPDX-License-Identifier: BSD-3-Clause
"""Table of the lesions of the mask and, while one is shown, of a suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.review.sentences import (
    lesion_cells,
    lesion_headings,
    lesion_summary,
    suggested_cells,
)
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.plotting import PREDICTED_COLOUR
from napari_mtmri.review.lesions import LesionTable
from napari_mtmri.review.mask_store import LabelName

LEAST_ROWS = 4


class LesionsPart(QWidget):
    """Lesions of the mask, the largest first, then those of a suggestion; a click goes there.

    Signals
    -------
    chosen : number of a lesion to go to
    delete_asked, relabel_asked : number of the chosen lesion
    suggested_chosen : number of a suggested lesion to go to
    accept_asked, reject_asked : the chosen lesion of the suggestion
    """

    chosen = Signal(int)
    delete_asked = Signal(int)
    relabel_asked = Signal(int)
    suggested_chosen = Signal(int)
    accept_asked = Signal()
    reject_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lesions: LesionTable | None = None
        self._names: Mapping[int, LabelName] = {}
        self._suggested: LesionTable | None = None
        self._rejected: Set[int] = frozenset()
        self._is_editable = False
        self.table, self.summary = QTableWidget(0, 0), QLabel()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        line = round(1.5 * self.table.fontMetrics().height())
        self.table.verticalHeader().setDefaultSectionSize(line)
        self.table.setMinimumHeight((LEAST_ROWS + 2) * line)
        self.table.setToolTip("Click a lesion to go to it (N: next, Shift+N: previous)")
        self.delete, self.relabel = QPushButton("Delete lesion"), QPushButton("Relabel lesion")
        self.accept, self.reject = QPushButton("Accept lesion"), QPushButton("Reject lesion")
        self.accept.setToolTip("Add the chosen lesion of the suggestion to your mask (Alt+A)")
        self.reject.setToolTip("Leave the chosen lesion of the suggestion out (Alt+Z)")
        self.delete.setToolTip("Delete the chosen lesion from the mask (Alt+D)")
        self.relabel.setToolTip(
            "Give the chosen lesion the label that is selected for painting (Alt+B)"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.summary)
        layout.addWidget(self.table)
        layout.addLayout(Flow(self.delete, self.relabel, self.accept, self.reject))
        self.table.cellClicked.connect(self._clicked)
        self.table.itemSelectionChanged.connect(self._enable)
        self.delete.clicked.connect(self._delete)
        self.relabel.clicked.connect(self._relabel)
        self.accept.clicked.connect(self.accept_asked)
        self.reject.clicked.connect(self.reject_asked)
        self.clear()

    def clear(self) -> None:
        """Show no lesions."""
        self.lesions = self._suggested = None
        self._rejected = frozenset()
        self.table.setRowCount(0)
        self.summary.setText("—")
        self._enable()

    def show_lesions(self, lesions: LesionTable, names: Mapping[int, LabelName]) -> None:
        """Show the lesions of the mask; the chosen lesion stays chosen."""
        chosen = self.number, self.suggested
        self.lesions, self._names = lesions, names
        self.summary.setText(lesion_summary(lesions))
        self._draw(*chosen)

    def show_suggested(self, lesions: LesionTable | None, rejected: Set[int]) -> None:
        """Show the lesions of a suggestion below those of the mask; None for no suggestion."""
        chosen = self.number, self.suggested
        self._suggested, self._rejected = lesions, rejected
        self._draw(*chosen)

    def _draw(self, number: int, suggested: int) -> None:
        """Fill the table, and choose a lesion of the mask or of the suggestion."""
        if self.lesions is None:
            return
        own, found = self.lesions, self._suggested
        rows = [(lesion_cells(one, own, self._names), "") for one in own.lesions]
        if found is not None:
            rows += [
                (suggested_cells(one, found, one.number in self._rejected), PREDICTED_COLOUR)
                for one in found.lesions
            ]
        headings = lesion_headings(own)
        self.table.setUpdatesEnabled(False)
        self.table.blockSignals(True)
        self.table.setColumnCount(len(headings))
        self.table.setRowCount(len(rows))
        for column, (text, tip) in enumerate(headings):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            self.table.setHorizontalHeaderItem(column, item)
            is_measured = any(texts[column] != "—" for texts, _ in rows)
            self.table.setColumnHidden(column, not is_measured and bool(rows))
        for row, (texts, colour) in enumerate(rows):
            for column, text in enumerate(texts):
                cell = QTableWidgetItem(text)
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if colour:
                    cell.setForeground(QColor(colour))
                    cell.setToolTip("Suggested by a model, not a lesion of your mask")
                self.table.setItem(row, column, cell)
        self.table.resizeColumnsToContents()
        self.table.clearSelection()
        self._select(number, suggested)
        self.table.blockSignals(False)
        self.table.setUpdatesEnabled(True)
        self._enable()

    def show_editable(self, is_editable: bool) -> None:
        """Enable the buttons if the mask can be changed."""
        self._is_editable = is_editable
        self._enable()

    @property
    def number(self) -> int:
        """Number of the chosen lesion of the mask; 0 if none is chosen."""
        row = self._row()
        return row + 1 if row < self._count() else 0

    @property
    def suggested(self) -> int:
        """Number of the chosen lesion of the suggestion; 0 if none is chosen."""
        return max(self._row() + 1 - self._count(), 0)

    def _row(self) -> int:
        rows = self.table.selectionModel().selectedRows()
        return rows[0].row() if rows else -1

    def _count(self) -> int:
        return 0 if self.lesions is None else len(self.lesions.lesions)

    def step(self, by: int) -> None:
        """Choose the next or previous lesion and go there."""
        count, row = self.table.rowCount(), self._row()
        if count:
            row = (row + by) % count if row >= 0 else (0 if by > 0 else count - 1)
            self.table.selectRow(row)
            self._clicked(row, 0)

    def follow(self, suggested: int) -> None:
        """Choose a lesion of the suggestion, which is shown already."""
        self._select(0, suggested)

    def _select(self, number: int, suggested: int) -> None:
        row = self._count() + suggested if suggested else number
        if 0 < row <= (self.table.rowCount() if suggested else self._count()):
            self.table.selectRow(row - 1)

    def _clicked(self, row: int, column: int) -> None:
        own = self._count()
        if row < own:
            self.chosen.emit(row + 1)
        else:
            self.suggested_chosen.emit(row + 1 - own)

    def _enable(self, *_: Any) -> None:
        for button in (self.delete, self.relabel):
            button.setEnabled(bool(self.number) and self._is_editable)
        self.accept.setEnabled(bool(self.suggested) and self._is_editable)
        self.reject.setEnabled(bool(self.suggested))
        for button in (self.accept, self.reject):
            button.setVisible(self._suggested is not None)

    def _delete(self) -> None:
        if self.number:
            self.delete_asked.emit(self.number)

    def _relabel(self) -> None:
        if self.number:
            self.relabel_asked.emit(self.number)
