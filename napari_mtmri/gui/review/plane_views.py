# SPDX-License-Identifier: BSD-3-Clause
"""The two planes that the canvas does not show, drawn as pictures with a cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QLineF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_mtmri.gui.review.plane_drawings import Drawing, Plane, Point

CROSS_COLOUR, LETTER_COLOUR = "#00ffff", "#ffffff"
GAP = 6  # half the gap in the middle of the cross, in pixels
MARGIN = 3
STEP = 120  # of a wheel, in eighths of a degree


class PlaneView(QWidget):
    """One plane. A click moves the cross; the wheel steps through its slices.

    Signals
    -------
    pointed : point in world coordinates
    stepped : axis of the plane, slices to go
    """

    pointed = Signal(object)
    stepped = Signal(int, int)

    def __init__(self, caption: QLabel) -> None:
        super().__init__()
        self._caption = caption
        self._plane: Plane | None = None
        self._point: Point = (0.0, 0.0, 0.0)
        self._head = QRectF()
        self._images: list[tuple[QImage, QRectF]] = []
        self._wheeled = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(100, 80)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("plane")

    def show_plane(
        self,
        plane: Plane,
        point: Point,
        drawn: Sequence[Drawing],
        head: tuple[float, float, float, float],
        note: str,
    ) -> None:
        """Show the slices of a plane through a point, the lowest first, with the head in view."""
        self._plane, self._point = plane, point
        self._head = _rectangle(head)
        self._images = [(_image(one), _rectangle(one.box)) for one in drawn]
        where = f" {drawn[0].number + 1} of {drawn[0].count}" if drawn else ""
        self._caption.setText(f"{plane.name}{where}{note}")
        self.update()

    def show_nothing(self) -> None:
        """Show an empty plane: no case is open."""
        self._plane, self._images, self._head = None, [], QRectF()
        self._caption.clear()
        self.update()

    def _area(self) -> QRectF:
        """Return the mm that are drawn: the head, and what is beside it and fills the widget."""
        area = self._head
        if area.isEmpty() or not self.width() or not self.height():
            return QRectF()
        scale = max(area.width() / self.width(), area.height() / self.height())
        whole = QRectF(0, 0, self.width() * scale, self.height() * scale)
        whole.moveCenter(area.center())
        return whole

    def paintEvent(self, event: Any) -> None:
        """Draw image, masks, cross and letters."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        area = self._area()
        if self._plane is None or area.isEmpty():
            return
        scale = self.width() / area.width()
        for image, box in self._images:
            is_grey = image.format() == QImage.Format.Format_Grayscale8
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_grey)
            left, top = (box.left() - area.left()) * scale, (box.top() - area.top()) * scale
            painter.drawImage(QRectF(left, top, box.width() * scale, box.height() * scale), image)
        x, y = self._plane.on_screen(self._point)
        self._draw_cross(painter, (x - area.left()) * scale, (y - area.top()) * scale)
        self._draw_letters(painter, self._plane.letters)

    def _draw_cross(self, painter: QPainter, x: float, y: float) -> None:
        painter.setPen(QPen(QColor(CROSS_COLOUR), 1))
        painter.drawLines(
            [
                QLineF(0, y, x - GAP, y),
                QLineF(x + GAP, y, self.width(), y),
                QLineF(x, 0, x, y - GAP),
                QLineF(x, y + GAP, x, self.height()),
            ]
        )

    def _draw_letters(self, painter: QPainter, letters: tuple[str, str, str, str]) -> None:
        painter.setFont(self._caption.font())
        painter.setPen(QColor(LETTER_COLOUR))
        inside = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        flag = Qt.AlignmentFlag
        middle = (flag.AlignLeft, flag.AlignRight), (flag.AlignTop, flag.AlignBottom)
        places = [one | flag.AlignVCenter for one in middle[0]]
        places += [one | flag.AlignHCenter for one in middle[1]]
        for letter, place in zip(letters, places, strict=True):
            box = painter.boundingRect(inside, place, letter)
            painter.fillRect(box, QColor(0, 0, 0, 160))
            painter.drawText(inside, place, letter)

    def mousePressEvent(self, event: Any) -> None:
        """Move the cross."""
        self._point_at(event)

    def mouseMoveEvent(self, event: Any) -> None:
        """Move the cross with the mouse."""
        self._point_at(event)

    def _point_at(self, event: Any) -> None:
        area = self._area()
        if self._plane is None or area.isEmpty():
            return
        if event.buttons() & Qt.MouseButton.LeftButton:
            scale, at = area.width() / self.width(), event.position()
            x, y = area.left() + at.x() * scale, area.top() + at.y() * scale
            self.pointed.emit(self._plane.moved_to(self._point, x, y))

    def wheelEvent(self, event: Any) -> None:
        """Step through the slices of this plane."""
        self._wheeled += event.angleDelta().y()
        steps, self._wheeled = int(self._wheeled / STEP), int(self._wheeled % STEP)
        if steps and self._plane is not None:
            self.stepped.emit(self._plane.axis, -steps)
        event.accept()


class PlaneViews(QWidget):
    """Two planes side by side, or one below the other where there is more height.

    Signals
    -------
    closed : the dock with this widget was closed
    """

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("planes")
        self.captions = (QLabel(), QLabel())
        self.views = tuple(PlaneView(caption) for caption in self.captions)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(2, 2, 2, 2)
        for caption, view in zip(self.captions, self.views, strict=True):
            caption.setToolTip("Click: move the cross; wheel: step through the slices")
            column = QVBoxLayout()
            column.addWidget(caption)
            column.addWidget(view, stretch=1)
            self._box.addLayout(column, stretch=1)

    def sizeHint(self) -> QSize:
        """Usual size below the canvas."""
        return QSize(500, 260)

    def resizeEvent(self, event: Any) -> None:
        """Lay the planes out along the longer side."""
        super().resizeEvent(event)
        way = QBoxLayout.Direction
        self._box.setDirection(
            way.LeftToRight if self.width() >= self.height() else way.TopToBottom
        )

    def hideEvent(self, event: Any) -> None:
        """Tell that the dock was closed; a minimised window is no reason."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.closed.emit()


def _image(one: Drawing) -> QImage:
    """Return the pixels as an image with memory of its own."""
    rows, columns = one.pixels.shape[:2]
    is_grey = one.pixels.ndim == 2
    kind = QImage.Format.Format_Grayscale8 if is_grey else QImage.Format.Format_RGBA8888
    stride = columns if is_grey else 4 * columns
    return QImage(one.pixels.data, columns, rows, stride, kind).copy()


def _rectangle(box: tuple[float, float, float, float]) -> QRectF:
    left, top, right, bottom = box
    return QRectF(left, top, right - left, bottom - top)
