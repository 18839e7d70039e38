# SPDX-License-Identifier: BSD-3-Clause
"""What is asked when napari is closed while a training that was started here runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMainWindow, QMessageBox, QWidget

from napari_mtmri.train import launch

QUESTION = (
    "A training that was started here is still running.\n\n"
    "It can run on without napari; 'Open…' in the Train panel attaches to it again."
)
STOP, RUN_ON, STAY = "Stop and keep the checkpoint", "Let it run on", "Keep napari open"


class ClosingGuard(QObject):
    """Holds back the window's closing until the question is answered.

    Parameters
    ----------
    window : QMainWindow
    stop_all : callable
        Asks all trainings that were started here to stop.
    """

    def __init__(self, window: QMainWindow, stop_all: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._stop_all = window, stop_all
        self._is_answered = False
        self.question: QMessageBox | None = None
        window.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Ask instead of closing, where there is something to ask."""
        is_close = watched is self._window and event.type() == QEvent.Type.Close
        if not is_close or self._is_answered or not launch.running() or self._is_torn_down():
            return False
        event.ignore()
        self._ask()
        return True

    def _is_torn_down(self) -> bool:
        """Whether the viewer is being closed by a program: too late to hold that back."""
        inside = self._window.centralWidget()
        return inside is None or not inside.isVisible()

    def _ask(self) -> None:
        if self.question is None:
            box = QMessageBox(self._window)
            box.setWindowTitle("Train")
            box.setText(QUESTION)
            for text, role in (
                (STOP, QMessageBox.ButtonRole.AcceptRole),
                (RUN_ON, QMessageBox.ButtonRole.AcceptRole),
                (STAY, QMessageBox.ButtonRole.RejectRole),
            ):
                box.addButton(text, role)
            box.buttonClicked.connect(self._answered)
            self.question = box
        self.question.open()  # modal to the window, yet it holds nobody up

    def _answered(self, button: Any) -> None:
        text = button.text()
        if text == STAY:
            return
        if text == STOP:
            self._stop_all()
        self._is_answered = True
        self._window.close()


def window_of(widget: QWidget) -> QMainWindow | None:
    """Return napari's window that a docked or floating widget belongs to."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QMainWindow):
        above = above.parentWidget()
    return above
