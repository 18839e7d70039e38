# SPDX-License-Identifier: BSD-3-Clause
"""Score table of the chosen case: current run, zero-filled image and earlier runs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.viewer.result_layers import run_name
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.metrics.base import Quantity, main_quantity, quantities
from napari_mtmri.metrics.scores import Score, Scores, format_value
from napari_mtmri.result import ZERO_FILLED, Result
from napari_mtmri.tables import csv_text

MOST_ROWS = 12  # for each case
VOLUME, SLICE = "volume", "slice"
OTHER_MASK = "of another reference mask, or of this one before it was changed; run again."


@dataclass(frozen=True)
class Row:
    """Scores of one image, with its case, its run, and the mask that it was scored with."""

    case: Hashable
    name: str
    title: str
    scores: Scores
    mask: Hashable = None


class ScoreTable(QTableWidget):
    """One row per score, so that all are in view, and one column per run, the newest first."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(len(names), 0)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalHeaderLabels(names)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.geometriesChanged.connect(self.updateGeometry)  # also by a style, later
        self.verticalHeader().sectionResized.connect(self._row_resized)

    def _row_resized(self, *_: int) -> None:
        self.updateGeometry()

    def fit(self) -> None:
        """Give each row and column the size of its text."""
        self.resizeColumnsToContents()
        self.resizeRowsToContents()
        self.updateGeometry()

    def changeEvent(self, event: Any) -> None:
        """Fit to another font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            for header in (self.horizontalHeader(), self.verticalHeader()):
                header.setFont(self.font())
            self.fit()

    def sizeHint(self) -> QSize:
        """High enough for all rows."""
        high = self.verticalHeader().length() + self.horizontalHeader().sizeHint().height()
        bar = self.horizontalScrollBar().sizeHint().height()
        return QSize(100, high + bar + 2 * self.frameWidth())

    def minimumSizeHint(self) -> QSize:
        """Same as `sizeHint`."""
        return self.sizeHint()


class ScoresPart(QWidget):
    """Score table of one case that can be copied, and buttons to save its newest run.

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
        self._all: list[Row] = []
        self._case: Hashable = None
        self._mask: Hashable = None
        self._slice = 0
        self._columns = quantities("panel")
        self._of_labels = quantities("panel", "labels")
        self._headings = [one.label or one.name for one in self._columns]
        self._can_save = False
        self.name = QLabel()
        self.table = ScoreTable(self._headings)
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
        self._draw()
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
        self.name.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.name)
        layout.addWidget(self.table)
        layout.addLayout(buttons)

    @property
    def rows(self) -> list[Row]:
        """The rows of the chosen case, oldest first."""
        return [row for row in self._all if row.case == self._case]

    def _enable(self) -> None:
        for widget in (self.copy, self.csv):
            widget.setEnabled(bool(self.rows))
        for widget in (self.save, self.figure, self.report):
            widget.setEnabled(self._can_save)

    def add(self, result: Result, case: Hashable, mask: Hashable = None) -> None:
        """Add the scores of a result of a case, replacing scores of the same request.

        Parameters
        ----------
        result : Result
        case, mask : hashable
            Identity of the volume, and of the reference mask with its version.
        """
        title = run_name(result)
        # A zero-filled image does not depend on weights.
        alone = run_name(replace(result, method=ZERO_FILLED, request=_sampling_only(result)))
        fresh = [
            Row(case, result.name, alone if name == ZERO_FILLED else title, scores, mask)
            for name, scores in result.scores.items()
        ]
        named = {row.title for row in fresh}
        others = [row for row in self._all if row.case != case]
        same = [row for row in self._all if row.case == case and row.title not in named]
        self._all = others + (same + fresh)[-MOST_ROWS:]
        self._draw()

    def show_case(self, case: Hashable, *, can_save: bool) -> None:
        """Show the scores of this case; ``can_save``: whether its newest run is in memory."""
        self._case, self._can_save = case, can_save
        self._draw()

    def show_mask(self, mask: Hashable) -> None:
        """Grey the scores that were measured with another mask than this."""
        if mask != self._mask:
            self._mask = mask
            self._draw()

    def show_slice(self, number: int) -> None:
        """Show the scores of another slice, if slices are shown."""
        if number != self._slice:
            self._slice = number
            if self.scope.currentData() == SLICE:
                self._draw()

    def cells(self) -> list[list[str]]:
        """Return the table as text, one row per run, headings first."""
        scope = self.scope.currentText()
        if self.scope.currentData() == SLICE:
            scope = f"slice {self._slice}"
        table = [["case", scope, *self._headings]]
        for row in self.rows:
            texts = [cell_text(one, self._score(row.scores, one.name)) for one in self._columns]
            table.append([row.name, row.title, *texts])
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
        rows = self.rows[::-1]
        self.name.setText(rows[0].name if rows else "No run of this case yet.")
        self.table.setColumnCount(len(rows))
        self.table.setHorizontalHeaderLabels([row.title.replace(", ", "\n") for row in rows])
        for column, row in enumerate(rows):
            self.table.horizontalHeaderItem(column).setToolTip(f"{row.title} · {row.name}")
            for number, one in enumerate(self._columns):
                self.table.setItem(number, column, self._item(row, one))
        self.table.setVisible(bool(rows))
        self.table.fit()
        self._enable()

    def _item(self, row: Row, column: Quantity) -> QTableWidgetItem:
        score = self._score(row.scores, column.name)
        item = QTableWidgetItem(cell_text(column, score))
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tip = _tip(column, score)
        if score is not None and column in self._of_labels and row.mask != self._mask:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            tip = f"{tip}\n{OTHER_MASK}"
        item.setToolTip(tip)
        return item

    def _ask_csv(self) -> None:
        self.csv_asked.emit(self.csv_text())

    def _to_clipboard(self) -> None:
        QApplication.clipboard().setText("\n".join("\t".join(row) for row in self.cells()))


def _sampling_only(result: Result) -> dict[str, Any]:
    """Return the request without what the zero-filled image does not depend on."""
    kept = ("pattern", "simulation")
    return {key: value for key, value in result.request.items() if key in kept}


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
