# SPDX-License-Identifier: BSD-3-Clause
"""Pictures side by side with their names below, as large as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_mtmri.gui.widgets.colors import text_color
from napari_mtmri.gui.widgets.layout import DRAWS_TEXT

GAP = 4
LEAST = 40  # pixels of a picture's width


class Pictures(QWidget):
    """Rows of pictures of one shape; those that are missing are "—".

    Parameters
    ----------
    names : sequence of str
        Said below each; may be empty.
    columns : int
    """

    def __init__(self, names: Sequence[str], columns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names, self._columns = tuple(names), columns
        self.setProperty(DRAWS_TEXT, True)
        self.pictures: list[QPixmap] = [QPixmap() for _ in names]
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_picture(self, number: int, picture: QPixmap) -> None:
        """Show a picture in its place."""
        is_other = picture.size() != self.pictures[number].size()
        self.pictures[number] = picture
        if is_other:
            self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Show none."""
        self.pictures = [QPixmap() for _ in self.names]
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A usual panel's width."""
        width = 80 * self._columns
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """The smallest useful width."""
        widest = max(self.fontMetrics().horizontalAdvance(name) for name in self.names)
        return QSize(max(LEAST, widest + GAP) * self._columns, LEAST)

    def heightForWidth(self, width: int) -> int:
        """Return the height that the pictures need at a width."""
        _, high = self._cell(width)
        return -(-len(self.names) // self._columns) * (high + self._caption() + GAP)

    def _caption(self) -> int:
        return self.fontMetrics().height() if any(self.names) else 0

    def _cell(self, width: int) -> tuple[int, int]:
        wide = max((width - (self._columns - 1) * GAP) // self._columns, 1)
        shapes = [one.height() / one.width() for one in self.pictures if not one.isNull()]
        return wide, round(wide * max(shapes, default=0.25))

    def paintEvent(self, event: Any) -> None:
        """Draw the pictures, each as large as fits its cell."""
        painter = QPainter(self)
        painter.setPen(text_color(self))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        wide, high = self._cell(self.width())
        down = high + self._caption() + GAP
        for number, (name, picture) in enumerate(zip(self.names, self.pictures, strict=True)):
            row, column = divmod(number, self._columns)
            left, top = column * (wide + GAP), row * down
            middle = Qt.AlignmentFlag.AlignCenter
            if picture.isNull():
                painter.drawText(left, top, wide, high, middle, "—")
            else:
                size = picture.size().scaled(wide, high, Qt.AspectRatioMode.KeepAspectRatio)
                painter.drawPixmap(
                    left + (wide - size.width()) // 2, top, size.width(), size.height(), picture
                )
            painter.drawText(left, top + high, wide, self._caption(), middle, name)
        painter.end()
