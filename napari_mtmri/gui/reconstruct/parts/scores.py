# SPDX-License-Identifier: BSD-3-Clause
"""Score table of the current run, the zero-filled image and earlier runs of the case."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.viewer.result_layers import run_title
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.metrics.base import Quantity, main_quantity, quantities
from napari_mtmri.metrics.scores import Score, Scores, format_value
from napari_mtmri.result import ZERO_FILLED, Result
from napari_mtmri.tables import csv_text

MOST_ROWS = 12
VOLUME, SLICE = "volume", "slice"


@dataclass(frozen=True)
class Row:
    """Scores of one image, with its case and run."""

    case: str
    title: str
    scores: Scores


class ScoresPart(QWidget):
    """Score table that can be copied, and buttons to save a run.

    Signals
    -------
    save_asked, figure_asked, report_asked
    csv_asked : table as CSV text
    """

    save_asked = Signal()
    figure_asked = Signal()
    report_asked = Signal()
    csv_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._slice = 0
        self._columns = quantities("panel")
        self._headings = [one.label or one.name for one in self._columns]
        self.table = QTableWidget(0, len(self._columns))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setMinimumHeight(120)
        self.table.setHorizontalHeaderLabels(self._headings)
        self.scope = QComboBox()
        self.scope.addItem("whole volume", VOLUME)
        self.scope.addItem("slice on screen", SLICE)
        self.scope.setToolTip("Scores of the volume, or of the slice with the volume's data range")
        self.copy, self.csv = QPushButton("Copy"), QPushButton("CSV…")
        self.save, self.figure = QPushButton("Save run…"), QPushButton("Figure…")
        self.report = QPushButton("Report…")
        self.save.setToolTip("Write images, mask, scores and provenance as a result folder")
        self.figure.setToolTip("Write a figure of the slice with the largest lesion")
        self.report.setToolTip("Write one HTML page: pictures, scores, lesions and provenance")
        self._lay_out()
        self._enable()
        self.scope.currentIndexChanged.connect(self._draw)
        self.copy.clicked.connect(self._to_clipboard)
        self.csv.clicked.connect(self._ask_csv)
        self.save.clicked.connect(self.save_asked)
        self.figure.clicked.connect(self.figure_asked)
        self.report.clicked.connect(self.report_asked)

    def _lay_out(self) -> None:
        buttons = Flow()
        for widget in (self.scope, self.copy, self.csv, self.save, self.figure, self.report):
            buttons.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addLayout(buttons)

    def _enable(self) -> None:
        for widget in (self.copy, self.csv, self.save, self.figure, self.report):
            widget.setEnabled(bool(self.rows))

    def add(self, result: Result) -> None:
        """Add the scores of a result, replacing scores of the same request."""
        title = run_title(result).partition(" · ")[2]
        # A zero-filled image does not depend on weights.
        alone = replace(result, request={**result.request, "weights": None})
        sampling = run_title(alone).partition(" · ")[2].partition(" ")[2]
        fresh = [
            Row(result.name, f"{name} {sampling}" if name == ZERO_FILLED else title, scores)
            for name, scores in result.scores.items()
        ]
        named = {row.title for row in fresh}
        kept = [row for row in self.rows if row.case == result.name and row.title not in named]
        self.rows = (kept + fresh)[-MOST_ROWS:]
        self._enable()
        self._draw()

    def show_slice(self, number: int) -> None:
        """Show the scores of another slice, if slices are shown."""
        if number != self._slice:
            self._slice = number
            if self.scope.currentData() == SLICE:
                self._draw()

    def cells(self) -> list[list[str]]:
        """Return the table as text, headings first."""
        scope = self.scope.currentText()
        if self.scope.currentData() == SLICE:
            scope = f"slice {self._slice}"
        table = [[scope, *self._headings]]
        for row in self.rows:
            texts = [cell_text(one, self._score(row.scores, one.name)) for one in self._columns]
            table.append([row.title, *texts])
        return table

    def csv_text(self) -> str:
        """Return the table as comma-separated text."""
        heading, *rows = self.cells()
        return csv_text(heading, rows)

    def _score(self, scores: Scores, metric: str) -> Score | None:
        scope = self.scope.currentData()
        for row in scores.find(metric, None, scope):
            if scope == VOLUME or row.item == self._slice:
                return row
        return None

    def _draw(self, *_: object) -> None:
        self.table.setRowCount(len(self.rows))
        self.table.setVerticalHeaderLabels([row.title for row in self.rows])
        for number, row in enumerate(self.rows):
            for column, one in enumerate(self._columns):
                score = self._score(row.scores, one.name)
                item = QTableWidgetItem(cell_text(one, score))
                item.setToolTip(_tip(one, score))
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(number, column, item)
        self.table.resizeColumnsToContents()

    def _ask_csv(self) -> None:
        self.csv_asked.emit(self.csv_text())

    def _to_clipboard(self) -> None:
        QApplication.clipboard().setText("\n".join("\t".join(row) for row in self.cells()))


def cell_text(column: Quantity, score: Score | None) -> str:
    """Return a score formatted for the table, with unit and flag; "—" if not measured."""
    if score is None or score.value != score.value:
        return "—"
    decimals = column.shown["panel"]
    text = format_value(score.value, score.unit, decimals)
    if not score.unit and abs(score.value) < float("inf"):
        text = f"{score.value:.{decimals}f}"  # the same width for small values
    return " ".join(part for part in (text, score.unit, score.flag) if part)


def _tip(column: Quantity, score: Score | None) -> str:
    measured = "not measured" if score is None else f"{score.region}; {score.depends}"
    return f"{column.tip}\n{measured}"


def summary(result: Result) -> str:
    """Return the duration and main scores of a run in one line."""
    image, labels = main_quantity("image"), main_quantity("labels")
    parts = [f"Done in {sum(result.timings.values()):.1f} s"]
    for name, scores in result.scores.items():
        quality, overlap = scores.get(image.name), scores.get(labels.name)
        if quality == quality:
            parts.append(f"{name} {quality:.1f} {image.unit}".rstrip())
        if overlap == overlap:
            parts.append(f"{labels.name} {overlap:.2f}")
    return " · ".join(parts)
