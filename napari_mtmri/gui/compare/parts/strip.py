# SPDX-License-Identifier: BSD-3-Clause
"""The strip: one score of every slice, one curve per cell; and the values under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.compare import Comparison, SliceScores, strip_quantities
from napari_mtmri.compare.readings import Reading
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.widgets.colors import SERIES, text_color
from napari_mtmri.gui.widgets.plot import Line, Plot

NO_SCORES = "No scores of slices: they need a reference image or a reference mask."
NO_CURSOR = "Move the mouse over the cells to read their values."


def lines_of(names: Sequence[str]) -> list[Line]:
    """Return a line for each cell: colours in turn, the second round dashed."""
    return [
        Line(name, SERIES[at % len(SERIES)], is_dashed=(at + at // len(SERIES)) % 2 == 1)
        for at, name in enumerate(names)
    ]


class StripPart(QWidget):
    """Curve of each cell over the slices, the slice on screen, and the slices worth a look.

    Signals
    -------
    slice_asked : number of a slice
    worst_asked, disputed_asked
    """

    slice_asked = Signal(int)
    worst_asked = Signal()
    disputed_asked = Signal()

    def __init__(self, looking: Looking) -> None:
        super().__init__()
        self._looking = looking
        self.quantity = QComboBox()
        self.quantity.setToolTip("Score of each slice")
        self.quantity.setAccessibleName("score of each slice")
        self.worst, self.disputed = QPushButton("Worst slice"), QPushButton("Most disagreement")
        self.worst.setToolTip("Go to the slice with the worst score of any cell (Alt+Shift+W)")
        self.disputed.setToolTip(
            "Go to the slice in which the masks differ in most voxels (Alt+Shift+D)"
        )
        self.note, self.plot = QLabel(NO_SCORES), Plot("slices", ())
        self.note.setWordWrap(True)
        self.plot.setToolTip("Click to go to a slice")
        self.scores: SliceScores | None = None
        self._here: pg.InfiniteLine | None = None
        self._number = 0
        layout, choices = QHBoxLayout(self), QVBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.quantity, self.worst, self.disputed):
            choices.addWidget(widget)
        choices.addStretch()
        layout.addLayout(choices)
        layout.addWidget(self.note, stretch=1)
        layout.addWidget(self.plot, stretch=1)
        self.quantity.activated.connect(self._chosen)
        self.worst.clicked.connect(self.worst_asked)
        self.disputed.clicked.connect(self.disputed_asked)
        self._watch(self.plot)
        self.show_comparison(None)

    def show_comparison(self, comparison: Comparison | None) -> None:
        """List the scores that the cells allow."""
        known = () if comparison is None else strip_quantities(comparison)
        names = [one.name for one in known]
        if [self.quantity.itemText(at) for at in range(self.quantity.count())] != names:
            self.quantity.clear()
            for at, one in enumerate(known):
                self.quantity.addItem(one.name)
                self.quantity.setItemData(at, one.tip)
        if self._looking.quantity in names:
            self.quantity.setCurrentText(self._looking.quantity)
        self.quantity.setVisible(bool(names))
        self.worst.setEnabled(bool(names))
        can_differ = comparison is not None and sum(c.labels is not None for c in comparison.cells)
        self.disputed.setEnabled(bool(can_differ and can_differ > 1))
        self.note.setVisible(not names and comparison is not None)
        self.plot.setVisible(bool(names))

    @property
    def wanted(self) -> str:
        """Name of the chosen score, empty if there is none."""
        return str(self.quantity.currentText())

    def show_scores(self, scores: SliceScores) -> None:
        """Draw the curves of the cells."""
        self.scores = scores
        names = tuple(scores.values)
        if names != tuple(self.plot.curves):
            self._renew(names)
        for name, values in scores.values.items():
            self.plot.show_line(name, np.arange(len(values), dtype=float), values)
        unit = f" ({scores.quantity.unit})" if scores.quantity.unit else ""
        self.plot.canvas.setToolTip(
            f"{scores.quantity.name}{unit} of each slice: {scores.depends}\nClick to go to a slice"
        )

    def _renew(self, names: Sequence[str]) -> None:
        plot = Plot("slices", lines_of(names))
        self.layout().replaceWidget(self.plot, plot)
        self.plot.hide()
        self.plot.deleteLater()
        self.plot, self._here = plot, None
        self._watch(plot)

    def _watch(self, plot: Plot) -> None:
        plot.canvas.scene().sigMouseClicked.connect(self._clicked)
        self._here = pg.InfiniteLine(self._number, pen=pg.mkPen(text_color(self), width=1))
        plot.canvas.addItem(self._here, ignoreBounds=True)

    def show_slice(self, number: int) -> None:
        """Mark the slice on screen."""
        self._number = number
        if self._here is not None:
            self._here.setValue(number)

    def changeEvent(self, event: Any) -> None:
        """Draw the mark of the slice in the colours of a new theme."""
        super().changeEvent(event)
        wanted = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        here = getattr(self, "_here", None)  # not yet there while Qt makes the widget
        if event.type() in wanted and here is not None:
            here.setPen(pg.mkPen(text_color(self), width=1))

    def _clicked(self, event: Any) -> None:
        view = self.plot.canvas.getViewBox()
        if self.scores is None or not view.sceneBoundingRect().contains(event.scenePos()):
            return
        number = round(view.mapSceneToView(event.scenePos()).x())
        most = max((len(values) for values in self.scores.values.values()), default=1) - 1
        self.slice_asked.emit(min(max(number, 0), most))

    def _chosen(self, *_: object) -> None:
        self._looking.quantity = self.wanted


class ReadoutPart(QWidget):
    """One line per cell: value, error and label under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.label = QLabel(NO_CURSOR)
        self.label.setAccessibleName("values under the cursor")
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()  # seven lines of a large font are higher than the dock
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(self.label)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def forget(self) -> None:
        """Show no values until the cursor moves."""
        self.label.setText(NO_CURSOR)

    def show_readings(self, readings: Sequence[Reading]) -> None:
        """Show the values; nothing if the cursor is outside."""
        self.label.setText("\n".join(one.text for one in readings) or NO_CURSOR)
