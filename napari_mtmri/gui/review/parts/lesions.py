# SPDX-License-Identifier: BSD-3-Clause
"""Table of the lesions of the mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.review.sentences import lesion_cells, lesion_headings, lesion_summary
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.review.lesions import LesionTable
from napari_mtmri.review.mask_store import LabelName

LEAST_ROWS = 4


class LesionsPart(QWidget):
    """Lesions, the largest first; a click goes there.

    Signals
    -------
    chosen : number of a lesion to go to
    delete_asked, relabel_asked : number of the chosen lesion
    """

    chosen = Signal(int)
    delete_asked = Signal(int)
    relabel_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lesions: LesionTable | None = None
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
        self.delete.setToolTip("Delete the chosen lesion from the mask (Alt+D)")
        self.relabel.setToolTip(
            "Give the chosen lesion the label that is selected for painting (Alt+B)"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.summary)
        layout.addWidget(self.table)
        layout.addLayout(Flow(self.delete, self.relabel))
        self.table.cellClicked.connect(self._clicked)
        self.table.itemSelectionChanged.connect(self._enable)
        self.delete.clicked.connect(self._delete)
        self.relabel.clicked.connect(self._relabel)
        self.clear()

    def clear(self) -> None:
        """Show no lesions."""
        self.lesions = None
        self.table.setRowCount(0)
        self.summary.setText("—")
        self._enable()

    def show_lesions(self, lesions: LesionTable, names: Mapping[int, LabelName]) -> None:
        """Show the lesions of the mask; the chosen number stays chosen."""
        before, self.lesions = self.number, lesions
        self.table.setUpdatesEnabled(False)
        self.table.blockSignals(True)
        headings = lesion_headings(lesions)
        self.table.setColumnCount(len(headings))
        self.table.setRowCount(len(lesions.lesions))
        for column, (text, tip) in enumerate(headings):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            self.table.setHorizontalHeaderItem(column, item)
        for row, lesion in enumerate(lesions.lesions):
            for column, text in enumerate(lesion_cells(lesion, lesions, names)):
                cell = QTableWidgetItem(text)
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, cell)
        for column in range(len(headings)):
            is_measured = any(
                self.table.item(row, column).text() != "—" for row in range(len(lesions.lesions))
            )
            self.table.setColumnHidden(column, not is_measured and bool(lesions.lesions))
        self.table.resizeColumnsToContents()
        if before and before <= len(lesions.lesions):
            self.table.selectRow(before - 1)
        self.table.blockSignals(False)
        self.table.setUpdatesEnabled(True)
        self.summary.setText(lesion_summary(lesions))
        self._enable()

    def show_editable(self, is_editable: bool) -> None:
        """Enable the buttons if the mask can be changed."""
        self._is_editable = is_editable
        self._enable()

    @property
    def number(self) -> int:
        """Number of the chosen lesion; 0 if none is chosen."""
        rows = self.table.selectionModel().selectedRows()
        return rows[0].row() + 1 if rows else 0

    def step(self, by: int) -> None:
        """Choose the next or previous lesion and go there."""
        count = self.table.rowCount()
        if count:
            row = (self.number - 1 + by) % count if self.number else (0 if by > 0 else count - 1)
            self.table.selectRow(row)
            self.chosen.emit(row + 1)

    def _clicked(self, row: int, column: int) -> None:
        self.chosen.emit(row + 1)

    def _enable(self, *_: Any) -> None:
        can_edit = bool(self.number) and self._is_editable
        for button in (self.delete, self.relabel):
            button.setEnabled(can_edit)

    def _delete(self) -> None:
        if self.number:
            self.delete_asked.emit(self.number)

    def _relabel(self) -> None:
        if self.number:
            self.relabel_asked.emit(self.number)
