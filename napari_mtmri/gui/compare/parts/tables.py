# SPDX-License-Identifier: BSD-3-Clause
"""Tables of lesions and scores, sortable and copied as CSV."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.compare import LesionTable, ScoreTable
from napari_mtmri.gui.widgets.layout import DRAWS_TEXT, Flow

ROWS = 6
FOUND, NOT_FOUND, NONE = "✓", "✗", "—"
NO_LESIONS = "No table: it needs a reference mask."
NO_SCORES = "No scores yet."


@dataclass(frozen=True)
class _Entry:
    """Text of a table cell, the number to sort by, and a tooltip."""

    text: str
    value: float = math.nan
    tip: str = ""


class _Item(QTableWidgetItem):
    """Item that sorts by its number; items without one come last."""

    def __init__(self, entry: _Entry, row: int, side: Qt.AlignmentFlag) -> None:
        super().__init__(entry.text)
        self._value = -math.inf if math.isnan(entry.value) else entry.value
        self.setToolTip(entry.tip)
        self.setData(Qt.ItemDataRole.UserRole, row)
        self.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: Any) -> bool:
        return bool(self._value < other._value)


class _Table(QTableWidget):
    """Table some rows high, sorted by a click on a heading."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()  # Qt does not sort it with the rows
        for header in (self.verticalHeader(), self.horizontalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setProperty(DRAWS_TEXT, True)  # napari's font size passes tables by
        self.setSortingEnabled(True)

    def sizeHint(self) -> QSize:
        """Some rows high."""
        return QSize(200, (self.fontMetrics().height() + 8) * ROWS)

    def minimumSizeHint(self) -> QSize:
        """Same as `sizeHint`."""
        return self.sizeHint()

    def fill(
        self,
        first: str,
        headings: Sequence[_Entry],
        rows: Sequence[tuple[str, Sequence[_Entry]]],
    ) -> None:
        """Show rows, each with its name in the first column."""
        self.setSortingEnabled(False)
        self.clear()
        self.setColumnCount(1 + len(headings))
        self.setRowCount(len(rows))
        for at, heading in enumerate((_Entry(first), *headings)):
            item = QTableWidgetItem(heading.text)
            item.setToolTip(heading.tip)
            self.setHorizontalHeaderItem(at, item)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        for row, (name, entries) in enumerate(rows):
            self.setItem(row, 0, _Item(_Entry(name, row, name), row, left))
            for column, entry in enumerate(entries, start=1):
                self.setItem(row, column, _Item(entry, row, right))
        self.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)


class _TablePart(QWidget):
    """Table with a note and a button that copies it.

    Parameters
    ----------
    name, note : str
        Name of the table; note while there is none.
    """

    def __init__(self, name: str, note: str) -> None:
        super().__init__()
        self._nothing = note
        self._csv: Callable[[], str] | None = None
        self.table, self.note = _Table(name), QLabel(note)
        self.copy = QPushButton("Copy as CSV")
        self.copy.setToolTip(f"Copy the whole table of {name} as comma-separated text")
        self.note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.note)
        layout.addWidget(self.table)
        layout.addLayout(Flow(self.copy))
        self.copy.clicked.connect(self._copy)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Show why there is no table."""
        self._csv = None
        self.note.setText(self._nothing)
        self.note.show()
        self.table.hide()
        self.copy.setEnabled(False)

    def _show(self, csv: Callable[[], str], note: str) -> None:
        self._csv = csv
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.table.show()
        self.copy.setEnabled(True)

    def _copy(self, *_: object) -> None:
        if self._csv is not None:
            QApplication.clipboard().setText(self._csv())


class LesionsPart(_TablePart):
    """Table of lesions: found by which cell, volume and Dice by each.

    Signals
    -------
    voxel_asked : voxel of a lesion, in the axes of the file
    """

    voxel_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__("lesions", NO_LESIONS)
        self._lesions: LesionTable | None = None
        self.table.setToolTip("Click a lesion to go there; next lesion: Alt+Shift+L")
        self.table.cellClicked.connect(self._clicked)
        self.table.cellActivated.connect(self._clicked)

    def show_table(self, lesions: LesionTable | None) -> None:
        """Show the lesions."""
        self._lesions = lesions
        if lesions is None:
            self.show_nothing()
            return
        headings = [_Entry(f"volume ({lesions.unit})", tip=f"Volume in {lesions.base}")]
        for name in lesions.cells:
            headings += [
                _Entry(f"{name}\nfound", tip=f"Whether {name} found it: {lesions.depends}"),
                _Entry(f"{name}\n{lesions.unit}", tip=f"Volume by {name}"),
                _Entry(f"{name}\nDice", tip=f"Dice of this lesion alone by {name}"),
            ]
        rows = []
        for row in lesions.rows:
            entries = [_Entry(_size(row.volume, lesions.unit), row.volume)]
            for name in lesions.cells:
                found, dice = row.found[name], row.dice[name]
                entries += [
                    _Entry(FOUND if found else NOT_FOUND, float(found)),
                    _Entry(_size(row.volumes[name], lesions.unit), row.volumes[name]),
                    _Entry(NONE if math.isnan(dice) else f"{dice:.2f}", dice),
                ]
            rows.append((f"{row.kind} {row.number}", entries))
        self.table.fill("lesion", headings, rows)
        n_lesions = sum(row.kind == "lesion" for row in lesions.rows)
        text = f"{n_lesions} in {lesions.base}, {len(rows) - n_lesions} extra; click to go there."
        self._show(lesions.to_csv, text)

    def go(self, step: int) -> None:
        """Go to the next lesion of the table."""
        number = self.table.rowCount()
        if number and self._lesions is not None:
            row = (self.table.currentRow() + step) % number
            self.table.setCurrentCell(row, 0)
            self._clicked(row)

    def _clicked(self, row: int, column: int = 0) -> None:
        item = self.table.item(row, 0)
        if item is not None and self._lesions is not None:
            self.voxel_asked.emit(self._lesions.rows[item.data(Qt.ItemDataRole.UserRole)].voxel)


def _size(value: float, unit: str) -> str:
    """Return a volume as shown: whole voxels, or hundredths of a millilitre."""
    return f"{value:.2f}" if unit == "ml" else f"{value:.0f}"


class ScoresPart(_TablePart):
    """Table of scores of the volume: rows are cells, columns are metrics."""

    def __init__(self) -> None:
        super().__init__("scores", NO_SCORES)

    def show_table(self, scores: ScoreTable) -> None:
        """Show the scores; each states in its tooltip what it depends on."""
        depends = scores.depends()
        headings = [
            _Entry(column.title, tip=f"{column.quantity.tip}\n{depends[column.title]}")
            for column in scores.columns
        ]
        rows = []
        for name, values in scores.rows.items():
            entries = []
            for column, score in zip(scores.columns, values, strict=True):
                value = math.nan if score is None else score.value
                what = "not measured" if score is None else f"{score.region}; {score.depends}"
                flag = "" if score is None or not score.flag else f" {score.flag}"
                tip = f"{name}: {column.title}\n{what}"
                entries.append(_Entry(column.text(score) + flag, value, tip))
            rows.append((name, entries))
        if not rows:
            self.show_nothing()
            if scores.remark:
                self.note.setText(scores.remark)
            return
        self.table.fill("cell", headings, rows)
        self._show(scores.to_csv, scores.remark)
