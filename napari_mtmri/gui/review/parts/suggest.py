# SPDX-License-Identifier: BSD-3-Clause
"""Mask suggested by a model for the open case, accepted whole or lesion by lesion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.review.sentences import lesion_summary, number_text
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.review.lesions import LesionTable
from napari_mtmri.review.suggestions import Model, Suggestion

ABOUT = (
    "A model segments this image; its mask is shown as an orange outline beside yours. "
    "Nothing enters your mask unless you accept it."
)
HEADINGS = ("#", "Volume", "P", "Conf.")


class SuggestPart(QWidget):
    """Runs a model and accepts or rejects what it suggests.

    Signals
    -------
    asked : Model
    stop_asked
    chosen : number of a suggested lesion to go to
    accept_asked, reject_asked : number of a suggested lesion, 0 for all
    listed : the suggested lesions or None, and the set of the rejected numbers
    """

    asked = Signal(object)
    stop_asked = Signal()
    chosen = Signal(int)
    accept_asked = Signal(int)
    reject_asked = Signal(int)
    listed = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lesions: LesionTable | None = None
        self.rejected: set[int] = set()
        self.model, self.run, self.stop = QComboBox(), QPushButton("Suggest"), QPushButton("Stop")
        self.progress, self.note, self.problem = QProgressBar(), QLabel(), Problem()
        self.table = QTableWidget(0, len(HEADINGS))
        self.accept, self.reject = QPushButton("Accept lesion"), QPushButton("Reject lesion")
        self.accept_all, self.remove = QPushButton("Accept all"), QPushButton("Remove suggestion")
        self.model.setToolTip("Model that segments the image")
        self.model.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.model.setMinimumContentsLength(18)
        self.run.setToolTip("Segment this image with the model, in the background (Alt+J)")
        self.accept.setToolTip("Add the chosen lesion to your mask (Alt+A)")
        self.reject.setToolTip("Leave the chosen lesion out; it is noted in the journal (Alt+Z)")
        self.accept_all.setToolTip("Add all suggested lesions but the rejected ones to your mask")
        self.remove.setToolTip("Take the suggestion off the screen; your mask does not change")
        self._lay_out()
        self._connect()
        self.clear()

    def _lay_out(self) -> None:
        about = QLabel(ABOUT)
        for label in (about, self.note):
            label.setWordWrap(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.setHorizontalHeaderLabels(HEADINGS)
        self.table.resizeColumnsToContents()
        line = round(1.5 * self.table.fontMetrics().height())
        self.table.verticalHeader().setDefaultSectionSize(line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(about)
        layout.addLayout(Flow(self.model, self.run, self.stop))
        for widget in (self.progress, self.problem, self.note, self.table):
            layout.addWidget(widget)
        layout.addLayout(Flow(self.accept, self.reject, self.accept_all, self.remove))

    def _connect(self) -> None:
        self.run.clicked.connect(self._ask)
        self.stop.clicked.connect(self.stop_asked)
        self.table.cellClicked.connect(self._clicked)
        self.table.itemSelectionChanged.connect(self._enable)
        self.accept.clicked.connect(self.accept_one)
        self.reject.clicked.connect(self.reject_one)
        self.accept_all.clicked.connect(self._accept_all)
        self.remove.clicked.connect(self._remove)

    def show_models(self, models: Sequence[Model]) -> None:
        """List the models; those that cannot run are greyed out, with the reason."""
        self.model.clear()
        for model in models:
            self.model.addItem(model.title, model)
            row = self.model.count() - 1
            tip = model.reason or model.title
            self.model.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
            self.model.model().item(row).setEnabled(not model.reason)
        able = [row for row, model in enumerate(models) if not model.reason]
        self.model.setCurrentIndex(able[0] if able else -1)
        self.run.setEnabled(bool(able))

    def clear(self) -> None:
        """Show no suggestion."""
        self.lesions, self.rejected = None, set()
        self.table.setRowCount(0)
        self.note.clear()
        self.problem.clear()
        self.show_running(False)
        self._enable()
        self.listed.emit(None, self.rejected)

    def show_running(self, is_running: bool) -> None:
        """Show that a model is at work."""
        self.progress.setVisible(is_running)
        self.progress.setRange(0, 0)
        self.stop.setVisible(is_running)
        self.run.setEnabled(not is_running and self.model.currentIndex() >= 0)

    def show_progress(self, share: float, text: str) -> None:
        """Show how far the model is, from 0 to 1."""
        self.progress.setRange(0, 100)
        self.progress.setValue(round(100 * share))
        self.progress.setFormat(text or "%p%")

    def show_suggestion(self, suggestion: Suggestion, lesions: LesionTable) -> None:
        """List the suggested lesions."""
        self.lesions, self.rejected = lesions, set()
        summary = lesion_summary(lesions)
        self.note.setText("\n".join((f"{suggestion.model.title}: {summary}", *suggestion.warnings)))
        self._draw()

    @property
    def number(self) -> int:
        """Number of the chosen lesion; 0 if none is chosen."""
        rows = self.table.selectionModel().selectedRows()
        return rows[0].row() + 1 if rows else 0

    def choose(self, number: int) -> None:
        """Choose a suggested lesion and go there."""
        self.table.selectRow(number - 1)
        self.chosen.emit(number)

    def accept_one(self) -> None:
        """Accept the chosen lesion."""
        if self.number:
            self.accept_asked.emit(self.number)
            self._next()

    def reject_one(self) -> None:
        """Reject the chosen lesion."""
        if self.number:
            self.rejected.add(self.number)
            self.reject_asked.emit(self.number)
            self._draw()
            self._next()

    def _next(self) -> None:
        row = self.number  # rows count from 0, lesions from 1
        if row < self.table.rowCount():
            self.choose(row + 1)

    def _draw(self) -> None:
        found = () if self.lesions is None else self.lesions.lesions
        chosen = self.number
        self.table.setRowCount(len(found))
        for row, lesion in enumerate(found):
            is_ml = self.lesions is not None and self.lesions.volume_unit == "ml"
            is_rejected = lesion.number in self.rejected
            texts = (
                f"{lesion.number} ✗" if is_rejected else str(lesion.number),
                f"{number_text(lesion.volume, 2 if is_ml else 0)} {'ml' if is_ml else 'voxels'}",
                number_text(lesion.probability, 2),
                number_text(lesion.confidence, 2),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()
        if 0 < chosen <= len(found):
            self.table.selectRow(chosen - 1)
        self._enable()
        self.listed.emit(self.lesions, self.rejected)

    def _enable(self, *_: Any) -> None:
        for button in (self.accept, self.reject):
            button.setEnabled(bool(self.number))
        has_some = self.lesions is not None
        self.accept_all.setEnabled(has_some and bool(self.table.rowCount()))
        self.remove.setEnabled(has_some)

    def _ask(self) -> None:
        self.asked.emit(self.model.currentData())

    def _clicked(self, row: int, column: int) -> None:
        self.chosen.emit(row + 1)

    def _accept_all(self) -> None:
        self.accept_asked.emit(0)

    def _remove(self) -> None:
        self.reject_asked.emit(0)
