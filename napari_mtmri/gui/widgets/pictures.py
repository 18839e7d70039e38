# SPDX-License-Identifier: BSD-3-Clause
"""Grid of captioned pictures, scaled to the available width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPixmap
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_mtmri.gui.widgets.colors import text_color
from napari_mtmri.gui.widgets.layout import DRAWS_TEXT

GAP = 4
LEAST = 40  # minimum width of a picture in pixels


class Pictures(QWidget):
    """Rows of pictures of one shape; a missing picture is shown as "—".

    Parameters
    ----------
    names : sequence of str
        Captions below the pictures; may be empty.
    columns : int
        Number of pictures per row.
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
        """Show a picture at a position."""
        is_other = picture.size() != self.pictures[number].size()
        self.pictures[number] = picture
        if is_other:
            self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Remove all pictures."""
        self.pictures = [QPixmap() for _ in self.names]
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Usual width of a panel."""
        width = 80 * self._columns
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """Smallest useful size."""
        widest = max(self.fontMetrics().horizontalAdvance(name) for name in self.names)
        return QSize(max(LEAST, widest + GAP) * self._columns, LEAST)

    def heightForWidth(self, width: int) -> int:
        """Return the height of all rows at this width."""
        _, high = self._cell(width)
        return -(-len(self.names) // self._columns) * (high + self._caption() + GAP)

    def _caption(self) -> int:
        return self.fontMetrics().height() if any(self.names) else 0

    def _cell(self, width: int) -> tuple[int, int]:
        wide = max((width - (self._columns - 1) * GAP) // self._columns, 1)
        shapes = [one.height() / one.width() for one in self.pictures if not one.isNull()]
        return wide, round(wide * max(shapes, default=0.25))

    def paintEvent(self, event: Any) -> None:
        """Draw each picture as large as its cell allows."""
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
