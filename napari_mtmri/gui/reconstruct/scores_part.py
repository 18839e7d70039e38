# SPDX-License-Identifier: BSD-3-Clause
"""Scores of this run beside zero-filled and earlier runs of the case."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.metrics.scores import Score, Scores, format_value
from napari_mtmri.result import Result

COLUMNS = ("PSNR", "SSIM", "NMSE", "Dice", "precision", "recall", "HD95", "volume")
TITLES = ("PSNR dB", "SSIM", "NMSE", "Dice", "precision", "recall", "HD95", "lesion vol.")
MOST_ROWS = 12


class ScoresPart(QWidget):
    """A table that can be copied, and what can be saved of a run.

    Signals
    -------
    save_asked, figure_asked
    """

    save_asked = Signal()
    figure_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[str, str, Scores]] = []
        self._slice: int | None = None
        self.table = QTableWidget(0, len(COLUMNS) + 1)
        self.table.setHorizontalHeaderLabels(["", *TITLES])
        self.table.verticalHeader().hide()
        self.table.setMinimumHeight(130)
        self.by_slice = QCheckBox("slice on screen")
        self.by_slice.setToolTip(
            "Scores of this slice, over the volume's range; else of the volume"
        )
        copy, csv = QPushButton("Copy"), QPushButton("CSV…")
        self.save, self.figure = QPushButton("Save run…"), QPushButton("Figure…")
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.by_slice, copy, csv):
            first.addWidget(widget)
        for widget in (self.save, self.figure):
            widget.setEnabled(False)
            second.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addLayout(first)
        layout.addLayout(second)
        self.by_slice.toggled.connect(self._draw)
        copy.clicked.connect(self._copy)
        csv.clicked.connect(self._save_csv)
        self.save.clicked.connect(self.save_asked)
        self.figure.clicked.connect(self.figure_asked)

    def add(self, result: Result) -> None:
        """Add the scores of a result; those of the same request are replaced."""
        title = result.title.partition(" · ")[2]
        fresh = []
        for name, scores in result.scores.items():
            pattern = title.partition(" ")[2]
            fresh.append(
                (result.name, title if name != "zero-filled" else f"{name} {pattern}", scores)
            )
        names = {row[:2] for row in fresh}
        kept = [row for row in self._rows if row[0] == result.name and row[:2] not in names]
        self._rows = (kept + fresh)[-MOST_ROWS:]
        self.save.setEnabled(True)
        self.figure.setEnabled(True)
        self._draw()

    def show_slice(self, number: int) -> None:
        """Show the scores of another slice, where slices are shown."""
        if number != self._slice:
            self._slice = number
            if self.by_slice.isChecked():
                self._draw()

    def text(self) -> str:
        """Return the table as tab-separated text."""
        rows: list[Sequence[str]] = [["", *TITLES]]
        rows += [[title, *self._cells(scores)] for _, title, scores in self._rows]
        return "\n".join("\t".join(row) for row in rows)

    def _cells(self, scores: Scores) -> list[str]:
        return [
            cell.text if cell else "—"
            for cell in map(self._score, [scores] * len(COLUMNS), COLUMNS)
        ]

    def _score(self, scores: Scores, metric: str) -> Score | None:
        scope = "slice" if self.by_slice.isChecked() else "volume"
        for row in scores.find(metric, None, scope):  # type: ignore[arg-type]
            if (scope == "volume" or row.item == self._slice) and row.value == row.value:
                return row
        return None

    def _draw(self, *_: object) -> None:
        self.table.setRowCount(len(self._rows))
        for number, (_case, title, scores) in enumerate(self._rows):
            self.table.setItem(number, 0, QTableWidgetItem(title))
            for column, metric in enumerate(COLUMNS, start=1):
                score = self._score(scores, metric)
                text = "—" if score is None else format_value(score.value, score.unit)
                item = QTableWidgetItem(f"{text} {score.flag}".strip() if score else text)
                item.setToolTip(score.depends if score else "not measured")
                self.table.setItem(number, column, item)
        self.table.resizeColumnsToContents()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.text())

    def _save_csv(self) -> None:
        from qtpy.QtWidgets import QFileDialog

        path, _ = QFileDialog.getSaveFileName(self, "Save the scores", "scores.csv", "CSV (*.csv)")
        if path:
            from pathlib import Path

            from napari_mtmri.files import write_whole

            text = self.text().replace("\t", ",") + "\n"
            write_whole(Path(path), lambda file: file.write_text(text, encoding="utf-8"))
