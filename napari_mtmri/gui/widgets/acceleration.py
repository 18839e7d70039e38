# SPDX-License-Identifier: BSD-3-Clause
"""Slider for R with tick labels, and a spin box for the exact value."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QPainter, QPalette
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QWidget,
)

STEPS = 10  # slider steps per unit of R
MARKS = (2, 4, 6, 8, 12, 16)
LEAST, MOST = 1.0, 16.0


class _Marks(QWidget):
    """Numbers below a slider; a click sets the slider to the number."""

    clicked = Signal(float)

    def __init__(self, slider: QSlider) -> None:
        super().__init__()
        self._slider = slider
        self.setToolTip("Click a number to choose this R")

    def sizeHint(self) -> QSize:
        """Size of one line of small numbers."""
        return QSize(100, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Same as `sizeHint`."""
        return self.sizeHint()

    def place(self, value: float) -> int:
        """Return the horizontal position of the slider handle for a value, in pixels."""
        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        handle = self._slider.style().pixelMetric(
            QStyle.PixelMetric.PM_SliderLength, option, self._slider
        )
        span = max(self._slider.width() - handle, 1)
        at = QStyle.sliderPositionFromValue(
            self._slider.minimum(), self._slider.maximum(), round(value * STEPS), span
        )
        return int(at + handle // 2)

    def paintEvent(self, event: Any) -> None:
        """Draw the numbers."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        metrics = self.fontMetrics()
        for mark in self._marks():
            text = str(mark)
            x = self.place(mark) - metrics.horizontalAdvance(text) // 2
            painter.drawText(max(x, 0), metrics.ascent(), text)

    def mousePressEvent(self, event: Any) -> None:
        """Set the slider to the nearest number."""
        x = event.position().x()
        self.clicked.emit(float(min(self._marks(), key=lambda mark: abs(self.place(mark) - x))))

    def _marks(self) -> tuple[int, ...]:
        return tuple(mark for mark in MARKS if mark * STEPS <= self._slider.maximum())


class Acceleration(QWidget):
    """Acceleration R from 1 to 16: slide, type, or click a number.

    Signals
    -------
    changed : the new R
    """

    changed = Signal(float)

    def __init__(self, value: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider, self.number = QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        tip = "Acceleration R: samples of the full plane divided by measured samples"
        self.slider.setToolTip(tip)
        self.slider.setAccessibleName("acceleration R")
        self.number.setToolTip(tip)
        self.number.setDecimals(2)
        self.number.setSingleStep(0.5)
        self.number.setKeyboardTracking(False)
        self.slider.setMinimumWidth(110)
        marks = _Marks(self.slider)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(0)
        layout.addWidget(self.slider, 0, 0)
        layout.addWidget(self.number, 0, 1)
        layout.addWidget(marks, 1, 0)
        self.set_most(MOST)
        self._show(value)
        self.slider.valueChanged.connect(self._slid)
        self.number.valueChanged.connect(self._typed)
        marks.clicked.connect(self._typed)

    @property
    def value(self) -> float:
        """The chosen R."""
        return float(self.number.value())

    def set_value(self, value: float) -> None:
        """Set R."""
        self._typed(value)

    def set_most(self, most: float) -> None:
        """Set the maximum of R; a larger value is lowered to it."""
        self.slider.setRange(round(LEAST * STEPS), int(most * STEPS))
        self.number.setRange(LEAST, most)

    def _slid(self, steps: int) -> None:
        self._typed(steps / STEPS)

    def _typed(self, value: float) -> None:
        self._show(value)
        self.changed.emit(self.value)

    def _show(self, value: float) -> None:
        for widget, shown in ((self.slider, round(value * STEPS)), (self.number, value)):
            widget.blockSignals(True)
            widget.setValue(shown)
            widget.blockSignals(False)
