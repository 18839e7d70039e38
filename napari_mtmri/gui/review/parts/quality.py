# SPDX-License-Identifier: BSD-3-Clause
"""Scores of image quality for reconstructions shown side by side under letters."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.review.reading import QUALITIES, SCALE

ABOUT = (
    "Two to four images of a case side by side, under letters, in an order drawn with the seed. "
    "Score each from 1 (very poor) to 5 (very good); the key stays in a file of its own."
)
NOT_SCORED = "—"


class QualityPart(QWidget):
    """Table of scores of one page.

    Signals
    -------
    start_asked : seed
    stop_asked, csv_asked, key_asked
    scored : for each letter, the scores by quality
    """

    start_asked = Signal(int)
    stop_asked = Signal()
    scored = Signal(object)
    csv_asked = Signal()
    key_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seed, self.start, self.stop = QSpinBox(), QPushButton("Start"), QPushButton("Stop")
        self.page, self.next, self.problem = QLabel(), QPushButton("Next page"), Problem()
        self.csv, self.key = QPushButton("Scores…"), QPushButton("Key…")
        self.boxes: dict[str, dict[str, QComboBox]] = {}
        self._table = QWidget()
        self.seed.setPrefix("seed ")
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setToolTip("The same seed gives the same order and letters")
        self.start.setToolTip("Read all cases that have two to four images")
        self.stop.setToolTip("Return to the masks; what was scored is kept")
        self.next.setToolTip("Keep these scores and show the next page (Alt+PageDown)")
        self.csv.setToolTip("Write the scores of all readers, under letters")
        self.key.setToolTip("Write which letter was which image; keep it from the readers")
        about = QLabel(ABOUT)
        about.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(about)
        layout.addLayout(Flow(self.seed, self.start, self.stop))
        for widget in (self.page, self._table, self.next, self.problem):
            layout.addWidget(widget)
        layout.addLayout(Flow(self.csv, self.key))
        self.start.clicked.connect(self._start)
        self.stop.clicked.connect(self.stop_asked)
        self.next.clicked.connect(self.keep)
        self.csv.clicked.connect(self.csv_asked)
        self.key.clicked.connect(self.key_asked)
        self.show_page("", ())

    def show_page(self, text: str, letters: Sequence[str]) -> None:
        """Show an empty table for the images of a page; no letters: no reading."""
        is_reading = bool(letters)
        self.problem.clear()
        self.page.setText(text)
        old, self._table = self._table, QWidget()
        self.layout().replaceWidget(old, self._table)
        old.deleteLater()
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        self.boxes = {}
        for column, letter in enumerate(letters, start=1):
            grid.addWidget(QLabel(letter), 0, column)
            self.boxes[letter] = {}
            for row, quality in enumerate(QUALITIES, start=1):
                box = self.boxes[letter][quality] = _score_box()
                grid.addWidget(box, row, column)
        for row, (quality, tip) in enumerate(QUALITIES.items(), start=1) if is_reading else ():
            label = QLabel(quality)
            label.setToolTip(tip)
            grid.addWidget(label, row, 0)
        for widget in (self.start, self.seed):
            widget.setEnabled(not is_reading)
        for widget in (self.stop, self.next, self.key):
            widget.setEnabled(is_reading)

    def keep(self) -> None:
        """Pass on the scores of the page."""
        if self.boxes:
            self.scored.emit(
                {
                    letter: {name: box.currentData() for name, box in boxes.items() if box.currentData()}
                    for letter, boxes in self.boxes.items()
                }
            )  # fmt: skip

    def _start(self) -> None:
        self.start_asked.emit(self.seed.value())


def _score_box() -> QComboBox:
    box = QComboBox()
    box.addItem(NOT_SCORED, 0)
    for score, text in SCALE.items():
        box.addItem(str(score), score)
        box.setItemData(score, text, Qt.ItemDataRole.ToolTipRole)
    box.setToolTip(", ".join(f"{score} {text}" for score, text in SCALE.items()))
    box.setMaximumWidth(5 * box.fontMetrics().height())
    return box
