# SPDX-License-Identifier: BSD-3-Clause
"""Scores of image quality for reconstructions shown side by side under letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

from napari_mtmri.errors import RequestError
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.review.reading import QUALITIES, SCALE, How

ABOUT = (
    "Two to four images of a case side by side, under letters, in an order drawn with the seed. "
    "Score each from 1 (very poor) to 5 (very good), or rank them; the key stays in a file of "
    "its own."
)
NOT_SCORED = "—"
WAYS: Mapping[How, str] = {"scores": "scores from 1 to 5", "ranking": "forced ranking"}
RANK, RANK_TIP = "rank", "1 for the best image; each rank is given once"


class QualityPart(QWidget):
    """Table of scores of one page.

    Signals
    -------
    start_asked : seed, "scores" or "ranking"
    stop_asked, csv_asked, key_asked
    scored : for each letter, the scores by quality
    ranked : all letters, the best first
    """

    start_asked = Signal(int, str)
    stop_asked = Signal()
    scored = Signal(object)
    ranked = Signal(object)
    csv_asked = Signal()
    key_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seed, self.start, self.stop = QSpinBox(), QPushButton("Start"), QPushButton("Stop")
        self.way = QComboBox()
        self.page, self.next, self.problem = QLabel(), QPushButton("Next page"), Problem()
        self.csv, self.key = QPushButton("Scores…"), QPushButton("Key…")
        self.boxes: dict[str, dict[str, QComboBox]] = {}
        self.ranks: dict[str, QComboBox] = {}
        self._table = QWidget()
        for way, text in WAYS.items():
            self.way.addItem(text, way)
        self.way.setToolTip("Score each image by itself, or put them in an order without ties")
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
        layout.addLayout(Flow(self.way, self.seed, self.start, self.stop))
        for widget in (self.page, self._table, self.next, self.problem):
            layout.addWidget(widget)
        layout.addLayout(Flow(self.csv, self.key))
        self.start.clicked.connect(self._start)
        self.stop.clicked.connect(self.stop_asked)
        self.next.clicked.connect(self.keep)
        self.csv.clicked.connect(self.csv_asked)
        self.key.clicked.connect(self.key_asked)
        self.show_page("", ())

    def show_page(self, text: str, letters: Sequence[str], how: How = "scores") -> None:
        """Show an empty table for the images of a page; no letters: no reading."""
        is_reading = bool(letters)
        rows = QUALITIES if how == "scores" else {RANK: RANK_TIP}
        self.problem.clear()
        self.page.setText(text)
        old, self._table = self._table, QWidget()
        self.layout().replaceWidget(old, self._table)
        old.hide()
        old.deleteLater()
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        self.boxes, self.ranks = {}, {}
        for column, letter in enumerate(letters, start=1):
            grid.addWidget(QLabel(letter), 0, column)
            for row, what in enumerate(rows, start=1):
                box = self._box(letter, what, len(letters))
                grid.addWidget(box, row, column)
        for row, (what, tip) in enumerate(rows.items(), start=1) if is_reading else ():
            label = QLabel(what)
            label.setToolTip(tip)
            grid.addWidget(label, row, 0)
        for widget in (self.start, self.seed, self.way):
            widget.setEnabled(not is_reading)
        for widget in (self.stop, self.next, self.key):
            widget.setEnabled(is_reading)

    def _box(self, letter: str, what: str, count: int) -> QComboBox:
        """Return the box of a score or rank of an image."""
        if what == RANK:
            box = self.ranks[letter] = _choice(dict.fromkeys(range(1, count + 1), ""), RANK_TIP)
            box.currentIndexChanged.connect(self._rank_given)
            return box
        tip = ", ".join(f"{score} {text}" for score, text in SCALE.items())
        box = self.boxes.setdefault(letter, {})[what] = _choice(SCALE, tip)
        return box

    def _rank_given(self, index: int) -> None:
        """Take a rank from the image that had it: there are no ties."""
        for box in self.ranks.values():
            if box is not self.sender() and index and box.currentIndex() == index:
                box.setCurrentIndex(0)

    def keep(self) -> None:
        """Pass on the scores or the ranking of the page."""
        if self.ranks:
            ranks = {letter: box.currentData() for letter, box in self.ranks.items()}
            missing = [letter for letter, rank in ranks.items() if not rank]
            if missing:
                self.problem.show_error(
                    RequestError(f"{', '.join(missing)} has no rank; give each image one.")
                )
            else:
                self.ranked.emit(sorted(ranks, key=ranks.__getitem__))
        elif self.boxes:
            self.scored.emit(
                {
                    letter: {name: box.currentData() for name, box in boxes.items() if box.currentData()}
                    for letter, boxes in self.boxes.items()
                }
            )  # fmt: skip

    def _start(self) -> None:
        self.start_asked.emit(self.seed.value(), self.way.currentData())


def _choice(numbers: Mapping[int, str], tip: str) -> QComboBox:
    """Return a box of numbers from 1, each with its tooltip."""
    box = QComboBox()
    box.addItem(NOT_SCORED, 0)
    for number, text in numbers.items():
        box.addItem(str(number), number)
        box.setItemData(number, text, Qt.ItemDataRole.ToolTipRole)
    box.setToolTip(tip)
    box.setMaximumWidth(5 * box.fontMetrics().height())
    return box
