# SPDX-License-Identifier: BSD-3-Clause
"""The question when napari is closed while a training started from it is running."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QMainWindow, QMessageBox, QWidget

from napari_mtmri.errors import ResourceError
from napari_mtmri.train.folder import launch

QUESTION = (
    "A training that was started from this window is still running.\n\n"
    "It can continue without napari; 'Open…' in the Train panel shows it again."
)
_GUARDS: dict[int, ClosingGuard] = {}  # by window; a guard must live as long as its window
STOP, KEEP_RUNNING, STAY = "Stop after this batch", "Keep it running", "Keep napari open"


class ClosingGuard(QObject):
    """Delays the closing of a window until the question is answered.

    Parameters
    ----------
    window : QMainWindow
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._is_answered = False
        self.question: QMessageBox | None = None
        window.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Ask instead of closing if a training is running."""
        is_close = watched is self.parent() and event.type() == QEvent.Type.Close
        if not is_close or self._is_answered or not launch.running() or self._is_torn_down():
            return False
        event.ignore()
        self._ask()
        return True

    def _is_torn_down(self) -> bool:
        """Whether code closes the viewer, which cannot be delayed."""
        middle = self.parent().centralWidget()
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        inside = [] if middle is None else middle.findChildren(QWidget, options=direct)
        return not any(part.isVisible() for part in inside)

    def _ask(self) -> None:
        if self.question is None:
            box = QMessageBox(self.parent())
            box.setWindowTitle("Train")
            box.setText(QUESTION)
            for text, role in (
                (STOP, QMessageBox.ButtonRole.AcceptRole),
                (KEEP_RUNNING, QMessageBox.ButtonRole.AcceptRole),
                (STAY, QMessageBox.ButtonRole.RejectRole),
            ):
                box.addButton(text, role)
            box.buttonClicked.connect(self._answered)
            self.question = box
        self.question.open()  # modal to the window, without blocking the caller

    def _ask_again(self, why: str) -> None:
        assert self.question is not None  # it was just answered
        self.question.setInformativeText(why)
        QTimer.singleShot(0, self.question.open)

    def _answered(self, button: Any) -> None:
        text = button.text()
        if text == STAY:
            return
        if text == STOP:
            try:
                for run in launch.running():
                    launch.ask_to_stop(run)
            except ResourceError as why:
                self._ask_again(str(why))
                return
        self._is_answered = True
        self.parent().close()


def guard_window_of(widget: QWidget) -> ClosingGuard | None:
    """Return the guard of the window that a widget is in; it outlives the widget."""
    window = _window_of(widget)
    if window is None:
        return None
    key = id(window)
    if key not in _GUARDS:
        _GUARDS[key] = ClosingGuard(window)
        window.destroyed.connect(partial(_forget, key))
    return _GUARDS[key]


def _forget(key: int, *_: object) -> None:
    _GUARDS.pop(key, None)


def _window_of(widget: QWidget) -> QMainWindow | None:
    """Return napari's window that a docked or floating widget belongs to."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QMainWindow):
        above = above.parentWidget()
    return above
