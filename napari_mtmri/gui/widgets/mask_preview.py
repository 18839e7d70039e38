# SPDX-License-Identifier: BSD-3-Clause
"""A mask drawn one pixel a line, or its point-spread function."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QLabel, QWidget

HEIGHT = 96
SMALLEST_SHOWN_DB = -50.0


class MaskPreview(QLabel):
    """Shows a mask, cut or repeated to a strip; never scaled, so that every line is seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMinimumHeight(HEIGHT)
        self.setAccessibleName("sampling mask")

    def show_mask(self, mask: np.ndarray) -> None:
        """Show a mask (readout, phase): white was sampled."""
        self._show(mask.astype(np.uint8) * 255)

    def show_spread(self, spread: np.ndarray) -> None:
        """Show a point-spread function in decibels: white 0, black -50."""
        decibel = 20 * np.log10(np.maximum(spread, 10 ** (SMALLEST_SHOWN_DB / 20)))
        self._show(((decibel / -SMALLEST_SHOWN_DB + 1) * 255).astype(np.uint8))

    def _show(self, picture: np.ndarray) -> None:
        middle = picture.shape[0] // 2
        half = min(HEIGHT // 2, middle)
        strip = np.ascontiguousarray(picture[middle - half : middle + half or 1])
        rows, columns = strip.shape
        image = QImage(strip.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        self.setPixmap(QPixmap.fromImage(image.copy()))
