# SPDX-License-Identifier: BSD-3-Clause
"""Preview of a sampling mask, one pixel per line, or of its point-spread function."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPainter, QPixmap
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from napari_mtmri.gui.widgets.colors import text_color

STRIP, MOST_HEIGHT = 56, 200  # height in pixels of a 1-D mask, and at most of a 2-D mask
SMALLEST_SHOWN_DB = -50.0


class _Framed(QLabel):
    """A picture with a thin frame, without which white lines end in a light theme nowhere."""

    def paintEvent(self, event: Any) -> None:
        """Draw the picture, then the frame around it."""
        super().paintEvent(event)
        size = self.pixmap().size()
        if size.isEmpty():
            return
        left = (self.width() - size.width()) // 2
        top = (self.height() - size.height()) // 2
        painter = QPainter(self)
        painter.setPen(text_color(self))
        painter.drawRect(left - 1, top - 1, size.width() + 1, size.height() + 1)
        painter.end()


class MaskPreview(QScrollArea):
    """Shows a mask unscaled, one pixel per line; scrolls if it does not fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = _Framed()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWidget(self.picture)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName("sampling mask")
        self.setToolTip("White: sampled. Horizontal: phase encoding; vertical: readout.")
        self._size = (0, 0)
        self._fit(STRIP, 0)

    def show_mask(self, mask: np.ndarray) -> None:
        """Show a sampling mask.

        Parameters
        ----------
        mask : bool array, (readout, phase)
            True for measured samples, shown white.
        """
        lines = bool((mask == mask[:1]).all())
        shown = np.repeat(mask[:1], STRIP, axis=0) if lines else mask
        self._show(shown.astype(np.uint8) * 255)

    def show_spread(self, spread: np.ndarray) -> None:
        """Show a point-spread function.

        Parameters
        ----------
        spread : float array, (readout, phase)
            Magnitude in dB: 0 is shown white, -50 black.
        """
        decibel = 20 * np.log10(np.maximum(spread, 10 ** (SMALLEST_SHOWN_DB / 20)))
        picture = ((decibel / -SMALLEST_SHOWN_DB + 1) * 255).astype(np.uint8)
        middle = len(picture) // 2
        if not np.delete(picture, middle, axis=0).any():  # a 1-D mask only spreads along one row
            picture = np.repeat(picture[middle : middle + 1], STRIP, axis=0)
        self._show(picture)

    def clear(self) -> None:
        """Show nothing."""
        self.picture.clear()

    def _show(self, picture: np.ndarray) -> None:
        strip = np.ascontiguousarray(picture)
        rows, columns = strip.shape
        image = QImage(strip.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        self.picture.setPixmap(QPixmap.fromImage(image.copy()))
        if (rows, columns) != self._size:
            self._size = (rows, columns)
            self._fit(rows, columns)

    def _fit(self, rows: int, columns: int) -> None:
        self.picture.setMinimumSize(columns + 2, rows + 2)  # with the frame
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(min(rows + 2, MOST_HEIGHT) + (bar if columns > self.width() else 2))
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue((columns - self.viewport().width()) // 2)
        down.setValue((rows - self.viewport().height()) // 2)
