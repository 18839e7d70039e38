# SPDX-License-Identifier: BSD-3-Clause
"""Layout of the parts of a panel: in a column, in sections, side by side, folded."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QFontDatabase, QFontInfo
from qtpy.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

WIDTH, HEIGHT = 380, 700
LEAST_HEIGHT = 120
DRAWS_TEXT = "draws_text"  # property of a widget that paints words itself
IS_TABLE = "is_table"  # property of a text whose columns are made by spaces


class Panel(QWidget):
    """A dock's contents, as wide as its parts need and no wider.

    Until napari has styled the parts they request more width, and a dock keeps the largest
    width that was ever requested; so the usual width is requested first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_styled = False
        self._styling = QTimer(self)
        self._styling.setSingleShot(True)
        self._styling.timeout.connect(self._styled)

    def sizeHint(self) -> QSize:
        """The usual size."""
        return QSize(WIDTH, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """As wide as the parts need."""
        hint = super().minimumSizeHint()
        return hint if self._is_styled else QSize(WIDTH, LEAST_HEIGHT)

    def showEvent(self, event: Any) -> None:
        """Ask for the true width once the parts are styled."""
        super().showEvent(event)
        self._styling.start(0)

    def changeEvent(self, event: Any) -> None:
        """Apply a new font size to all text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._is_styled:
            self._styling.start(0)

    def _styled(self) -> None:
        self._is_styled = True
        # napari sets the font size of labels and buttons, not of typed or painted text.
        label = self.findChild(QLabel)
        if label is not None:
            for part in self.findChildren(QWidget):
                if part.property(IS_TABLE):
                    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
                    fixed.setPointSizeF(QFontInfo(label.font()).pointSizeF())
                    part.setFont(fixed)
                elif isinstance(part, (QLineEdit, QPlainTextEdit)) or part.property(DRAWS_TEXT):
                    part.setFont(label.font())
        self.updateGeometry()


class Column(QScrollArea):
    """Parts of a panel below each other; scrolls down, and is as wide as they need.

    With large fonts that is more than usual: nothing is cut off at the side.
    """

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 0, 6, 0)
        for part in parts:
            layout.addWidget(part)
        layout.addStretch()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(body)
        self._width = 0
        body.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        """As wide as the widest part, and the scroll bar."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.widget().minimumSizeHint().width() + bar, LEAST_HEIGHT)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Update the width when the parts request another."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            width = self.minimumSizeHint().width()
            if width != self._width:
                self._width = width
                self.updateGeometry()
        return bool(super().eventFilter(watched, event))


class Steady(QWidget):
    """Holds a label whose words change often and are broken into lines.

    A label in a layout causes a new layout and drawing of the whole window with each text;
    here that happens only when it needs another height.
    """

    def __init__(self, label: QLabel) -> None:
        super().__init__()
        self._label, self._height = label, 0
        label.setParent(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def heightForWidth(self, width: int) -> int:
        """As the label."""
        return self._label.heightForWidth(width)

    def sizeHint(self) -> QSize:
        """As the label."""
        return self._label.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """As the label."""
        return self._label.minimumSizeHint()

    def resizeEvent(self, event: Any) -> None:
        """Give the label all the room."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: Any) -> bool:
        """Handle the label's layout requests here, so that the window is not laid out for each."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return bool(super().event(event))

    def _fit(self) -> None:
        self._label.setGeometry(self.rect())
        height = self.heightForWidth(self.width())
        if height != self._height:
            self._height = height
            self.updateGeometry()


class Flow(QFlowLayout):
    """Widgets side by side, as many as fit, the others below."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setHorizontalSpacing(6)
        self.setVerticalSpacing(4)
        for widget in widgets:
            self.addWidget(widget)


class Fold(QWidget):
    """Parts under a button that shows and hides them, as high as they need.

    The collapsible of superqt gives too little height to text that is broken into lines.
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
    """A part of a panel under its title."""

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
