# SPDX-License-Identifier: BSD-3-Clause
"""Questions to answer before a window of napari closes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QMainWindow, QMessageBox, QWidget

from napari_mtmri.errors import ResourceError

_GUARDS: dict[int, ClosingGuard] = {}  # by window; a guard must live as long as its window


@dataclass(frozen=True)
class Question:
    """A question that delays the closing of a window.

    Parameters
    ----------
    title : str
        Name of the panel that asks.
    is_needed : callable
        Whether it must be asked now.
    text : callable
        Text of the question.
    answers : mapping
        Buttons, each with its action; None keeps the window open.
    """

    title: str
    is_needed: Callable[[], bool]
    text: Callable[[], str]
    answers: Mapping[str, Callable[[], None] | None]


class ClosingGuard(QObject):
    """Delays the closing of a window until all questions are answered.

    Parameters
    ----------
    window : QMainWindow
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.questions: dict[str, Question] = {}
        self.question: QMessageBox | None = None  # the last one asked
        self._answered: set[str] = set()
        window.installEventFilter(self)

    def add(self, question: Question) -> None:
        """Ask a question, instead of an earlier one with the same title."""
        self.questions[question.title] = question

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Ask instead of closing if a question is needed."""
        is_close = watched is self.parent() and event.type() == QEvent.Type.Close
        if not is_close or self._is_torn_down():
            return False
        for title, question in self.questions.items():
            if title not in self._answered and question.is_needed():
                event.ignore()
                self._ask(question)
                return True
        return False

    def _is_torn_down(self) -> bool:
        """Whether code closes the viewer, which cannot be delayed."""
        middle = self.parent().centralWidget()
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        inside = [] if middle is None else middle.findChildren(QWidget, options=direct)
        return not any(part.isVisible() for part in inside)

    def _ask(self, question: Question) -> None:
        if self.question is not None and self.question.isVisible():
            return
        box = QMessageBox(self.parent())
        box.setWindowTitle(question.title)
        box.setText(question.text())
        for text, act in question.answers.items():
            stays = act is None
            role = QMessageBox.ButtonRole
            box.addButton(text, role.RejectRole if stays else role.AcceptRole)
        box.buttonClicked.connect(partial(self._clicked, question))
        self.question = box
        box.open()  # modal to the window, without blocking the caller

    def _clicked(self, question: Question, button: Any) -> None:
        act = question.answers[button.text()]
        if act is None:
            self._answered.clear()
            return
        try:
            act()
        except ResourceError as why:
            self._ask_again(str(why))
            return
        self._answered.add(question.title)
        self.parent().close()

    def _ask_again(self, why: str) -> None:
        assert self.question is not None  # it was just answered
        self.question.setInformativeText(why)
        QTimer.singleShot(0, self.question.open)


def guard_window_of(widget: QWidget) -> ClosingGuard | None:
    """Return the guard of the window that a widget is in; it outlives the widget."""
    window = window_of(widget)
    if window is None:
        return None
    key = id(window)
    if key not in _GUARDS:
        _GUARDS[key] = ClosingGuard(window)
        window.destroyed.connect(partial(_forget, key))
    return _GUARDS[key]


def _forget(key: int, *_: object) -> None:
    _GUARDS.pop(key, None)


def window_of(widget: QWidget) -> QMainWindow | None:
    """Return napari's window that a docked or floating widget belongs to."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QMainWindow):
        above = above.parentWidget()
    return above
