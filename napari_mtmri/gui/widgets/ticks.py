# SPDX-License-Identifier: BSD-3-Clause
"""Strip with one tick per step, which shows the input of the U-Net in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QBrush, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_mtmri.gui.widgets.colors import color_of, text_color
from napari_mtmri.gui.widgets.layout import DRAWS_TEXT

LEAST_TICK = 3  # pixels
LEGEND = "Full tick: reference image; low hatched tick: reconstruction."


class TickStrip(QWidget):
    """Full ticks for the fully sampled image, low hatched ticks for the reconstruction."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ticks: tuple[bool, ...] = ()
        self.setProperty(DRAWS_TEXT, True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("teacher forcing")
        self.setToolTip(f"Input of the U-Net in each step. {LEGEND}")

    def show_ticks(self, ticks: Sequence[bool]) -> None:
        """Show one tick per step, from left to right; True for the fully sampled image."""
        self.ticks = tuple(ticks)
        self.update()

    def sizeHint(self) -> QSize:
        """Height of one line of text."""
        return QSize(60 * LEAST_TICK, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Same as `sizeHint`."""
        return self.sizeHint()

    def paintEvent(self, event: Any) -> None:
        """Draw the ticks and the base line."""
        painter = QPainter(self)
        painter.setPen(text_color(self))
        bottom = self.height() - 1
        painter.drawLine(0, bottom, self.width(), bottom)
        for is_truth in (True, False):
            self._draw(painter, is_truth, bottom)
        painter.end()

    def _draw(self, painter: QPainter, is_truth: bool, bottom: int) -> None:
        wide = self.width() / max(len(self.ticks), 1)
        top = 0 if is_truth else bottom / 2
        places = [
            QRectF(number * wide, top, max(wide - 1, 1), bottom - top)
            for number, tick in enumerate(self.ticks)
            if tick == is_truth
        ]
        style = Qt.BrushStyle.SolidPattern if is_truth else Qt.BrushStyle.Dense4Pattern
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(color_of(self, "truth" if is_truth else "own"), style))
        painter.drawRects(places)
