# SPDX-License-Identifier: BSD-3-Clause
"""Containers for the parts of a panel: column, section, row that wraps, foldable part."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer
from qtpy.QtGui import QFont, QFontDatabase, QFontInfo
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

WIDTH, HEIGHT = 380, 700
LEAST_HEIGHT = 120
MOST_LINES = 6  # of a note below the column, which would leave the column no place
LINE = 1.5  # height of a table's row in heights of its font
# napari's theme sets the font size of labels and buttons, but not of these.
WITHOUT_FONT = (QLineEdit, QPlainTextEdit, QAbstractItemView, QHeaderView, QToolButton)
DRAWS_TEXT = "draws_text"  # property of a widget that paints its own text
IS_TABLE = "is_table"  # property of a text widget with columns aligned by spaces


class Panel(QWidget):
    """Content of a dock, no wider than its parts need.

    The parts request more width until napari has styled them, and a dock keeps the largest
    width ever requested; so the panel first requests its usual width.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_styled = False
        self._styling = QTimer(self)
        self._styling.setSingleShot(True)
        self._styling.timeout.connect(self._styled)

    def sizeHint(self) -> QSize:
        """Usual size."""
        return QSize(WIDTH, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Minimum width of the parts."""
        hint = super().minimumSizeHint()
        return hint if self._is_styled else QSize(WIDTH, LEAST_HEIGHT)

    def showEvent(self, event: Any) -> None:
        """Request the actual width once the parts are styled."""
        super().showEvent(event)
        self._styling.start(0)

    def changeEvent(self, event: Any) -> None:
        """Apply a new font size to all text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._is_styled:
            self._styling.start(0)

    def _styled(self) -> None:
        self._is_styled = True
        label = self.findChild(QLabel)
        if label is not None:
            for part in self.findChildren(QWidget):
                if part.property(IS_TABLE):
                    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
                    fixed.setPointSizeF(QFontInfo(label.font()).pointSizeF())
                    part.setFont(fixed)
                elif isinstance(part, QTableView):
                    _set_table_font(part, label.font())
                elif isinstance(part, WITHOUT_FONT) or part.property(DRAWS_TEXT):
                    part.setFont(label.font())
        self.updateGeometry()


def _set_table_font(table: QTableView, font: QFont) -> None:
    """Set the font of cells and headings, and the size of rows and columns after it."""
    table.setFont(font)
    table.horizontalHeader().setFont(font)
    table.verticalHeader().setDefaultSectionSize(round(LINE * table.fontMetrics().height()))
    table.resizeColumnsToContents()


class Column(QScrollArea):
    """Parts of a panel in a column that scrolls vertically and is as wide as they need.

    With large fonts it becomes wider than usual, so that nothing is cut off at the side.

    Parameters
    ----------
    parts : QWidget
    fills : bool
        Whether the last part takes the height that is left.
    """

    def __init__(self, *parts: QWidget, fills: bool = False) -> None:
        super().__init__()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 0, 6, 0)
        for part in parts:
            layout.addWidget(part, stretch=int(fills and part is parts[-1]))
        if not fills:
            layout.addStretch()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(body)
        self._width = 0
        body.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        """Width of the widest part plus the scroll bar."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.widget().minimumSizeHint().width() + bar, LEAST_HEIGHT)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Update the width when a part requests a new layout."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            width = self.minimumSizeHint().width()
            if width != self._width:
                self._width = width
                self.updateGeometry()
        return bool(super().eventFilter(watched, event))


class Steady(QWidget):
    """Container for a word-wrapped label whose text changes often.

    A label in a layout causes a new layout and repaint of the whole window with each text;
    here that happens only when its height changes.
    """

    def __init__(self, label: QLabel) -> None:
        super().__init__()
        self._label, self._height = label, 0
        label.setParent(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def heightForWidth(self, width: int) -> int:
        """Height of the label at this width."""
        return self._label.heightForWidth(width)

    def sizeHint(self) -> QSize:
        """Size hint of the label."""
        return self._label.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Minimum size hint of the label."""
        return self._label.minimumSizeHint()

    def resizeEvent(self, event: Any) -> None:
        """Resize the label to the whole area."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: Any) -> bool:
        """Handle the label's layout requests here, so that they do not reach the window."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return bool(super().event(event))

    def _fit(self) -> None:
        self._label.setGeometry(self.rect())
        height = self.heightForWidth(self.width())
        if height != self._height:
            self._height = height
            self.updateGeometry()


class Note(QScrollArea):
    """Word-wrapped text of a few lines; longer text scrolls. Hidden while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setWidget(self._label)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def text(self) -> str:
        """Return the text."""
        return self._label.text()

    def setText(self, text: str) -> None:
        """Show a text from its beginning."""
        self._label.setText(text)
        self.verticalScrollBar().setValue(0)
        self.setVisible(bool(text))
        self.updateGeometry()

    def heightForWidth(self, width: int) -> int:
        """Height of the text at this width, or of the most lines."""
        most = MOST_LINES * self._label.fontMetrics().lineSpacing()
        return min(self._label.heightForWidth(width), most)

    def sizeHint(self) -> QSize:
        """Size at the present width."""
        return QSize(WIDTH, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        """One line."""
        return QSize(0, self._label.fontMetrics().lineSpacing())


class Flow(QFlowLayout):
    """Row of widgets that wraps to further rows; hidden widgets take no place."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setHorizontalSpacing(6)
        self.setVerticalSpacing(4)
        for widget in widgets:
            self.addWidget(widget)

    def heightForWidth(self, width: int) -> int:
        """Return the height of all rows at this width."""
        rows = self._rows(width)
        return sum(rows) + max(len(rows) - 1, 0) * self.verticalSpacing()

    def setGeometry(self, rect: QRect) -> None:
        """Place the widgets."""
        super().setGeometry(rect)
        self._rows(rect.width(), rect.topLeft())

    def _rows(self, width: int, place: QPoint | None = None) -> list[int]:
        """Return the height of each row, and place the widgets if there is a place."""
        rows: list[int] = []
        x = 0
        for item in (self.itemAt(number) for number in range(self.count())):
            if item is None or item.isEmpty():
                continue  # superqt's own layout leaves a gap for each
            size = item.sizeHint()
            if x + size.width() > width or not rows:
                rows.append(0)
                x = 0
            if place is not None:
                y = sum(rows[:-1]) + (len(rows) - 1) * self.verticalSpacing()
                item.setGeometry(QRect(place + QPoint(x, y), size))
            rows[-1] = max(rows[-1], size.height())
            x += size.width() + self.horizontalSpacing()
        return rows


class Fold(QWidget):
    """Parts below a button that shows and hides them.

    superqt's QCollapsible gives too little height to word-wrapped text.
    """

    def __init__(self, title: str, *parts: QWidget) -> None:
        super().__init__()
        self._title, self.button, self._body = title, QPushButton(f"▸ {title}"), QWidget()
        self.button.setCheckable(True)
        layout, inside = QVBoxLayout(self), QVBoxLayout(self._body)
        for one in (layout, inside):
            one.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            inside.addWidget(part)
        layout.addWidget(self.button)
        layout.addWidget(self._body)
        self._body.hide()
        self.button.toggled.connect(self._toggled)

    def _toggled(self, is_open: bool) -> None:
        self.button.setText(f"{'▾' if is_open else '▸'} {self._title}")
        self._body.setVisible(is_open)


class Section(QWidget):
    """Part of a panel with a title."""

    def __init__(self, title: str, *parts: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel(title)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 8)
        layout.setSpacing(4)
        layout.addWidget(label)
        for part in parts:
            layout.addWidget(part)
