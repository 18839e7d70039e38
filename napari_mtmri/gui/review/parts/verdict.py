# SPDX-License-Identifier: BSD-3-Clause
"""Verdict on the open case, where it is saved, and problems; always in view."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.review.sentences import MARKS, time_text
from napari_mtmri.gui.widgets.layout import Flow, Steady
from napari_mtmri.review.case_list import DIFFICULTIES, CaseStatus

VERDICTS = ("approve", "flag", "reject")
TIPS = {
    "approve": "The mask is right (Alt+1); the next case opens",
    "flag": "The case needs a second look (Alt+2); the next case opens",
    "reject": "The case cannot be used (Alt+3); the next case opens",
}
NO_CASE = "No case is open"


class VerdictPart(QWidget):
    """Verdict buttons, difficulty, comment, active time and the place of the last save.

    Signals
    -------
    given : "approve", "flag" or "reject"
    reopen_asked, again_asked, save_asked
    stepped : 1 for the next case, -1 for the previous one
    left : the comment is complete, and keys belong to the image again
    """

    given = Signal(str)
    reopen_asked = Signal()
    again_asked = Signal()
    save_asked = Signal()
    stepped = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.time, self.saved = QLabel(NO_CASE), QLabel(), QLabel()
        self.problem = QLabel()
        self._error = ""
        self.previous, self.next = QPushButton("◀"), QPushButton("▶")
        self.previous.setToolTip("Previous case in the list (Alt+PageUp)")
        self.next.setToolTip("Next case in the list (Alt+PageDown)")
        self.buttons = {name: QPushButton(name.capitalize()) for name in VERDICTS}
        self.difficulty, self.comment = QComboBox(), QLineEdit()
        self.reopen, self.again = QPushButton("Re-open"), QPushButton("Read again")
        self.save = QPushButton("Save now")
        self._shortcuts = _Shortcuts(self)
        self._shown: tuple[object, ...] = ()
        self._set_texts()
        self._lay_out()
        self._connect()
        self.show_case(None, can_edit=False)

    def _set_texts(self) -> None:
        for name, button in self.buttons.items():
            button.setToolTip(TIPS[name])
        self.difficulty.addItem("difficulty", "")
        for one in DIFFICULTIES:
            self.difficulty.addItem(one, one)
        self.difficulty.setToolTip("Difficulty of the case, kept with the verdict (Alt+Y: next)")
        self.comment.setPlaceholderText("Comment")
        self.comment.setToolTip("Comment, kept with the verdict (Alt+M)")
        self.comment.installEventFilter(self._shortcuts)
        self.reopen.setToolTip("Work on this case again; the verdict stays in the journal (Alt+U)")
        self.again.setToolTip(
            "Read this case a second time, kept apart from the first reading (Alt+Shift+U)"
        )
        self.save.setToolTip("Save a version of the mask now (Alt+K); changes are kept anyway")
        for label in (self.saved, self.problem):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.time.setToolTip("Time in which you worked on this case; it rests when nothing is done")
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.problem.setFont(font)

    def _lay_out(self) -> None:
        top, row = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.previous)
        top.addWidget(self.title, stretch=1)
        top.addWidget(self.time)
        top.addWidget(self.next)
        for name in VERDICTS:
            row.addWidget(self.buttons[name], stretch=1)
        words = QHBoxLayout()
        words.addWidget(self.difficulty)
        words.addWidget(self.comment, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(4)
        for line in (top, words, row):
            layout.addLayout(line)
        layout.addLayout(Flow(self.reopen, self.again, self.save))
        layout.addWidget(Steady(self.saved))
        layout.addWidget(Steady(self.problem))

    def _connect(self) -> None:
        for name, button in self.buttons.items():
            button.clicked.connect(getattr(self, f"_{name}"))
        self.previous.clicked.connect(self._go_back)
        self.next.clicked.connect(self._go_on)
        self.reopen.clicked.connect(self.reopen_asked)
        self.again.clicked.connect(self.again_asked)
        self.save.clicked.connect(self.save_asked)
        self.comment.returnPressed.connect(self.left)

    def show_case(self, status: CaseStatus | None, *, can_edit: bool) -> None:
        """Show the state of the open case, with its last verdict."""
        is_done = status is not None and status.is_done
        can_edit = can_edit and status is not None
        for button in self.buttons.values():
            button.setEnabled(can_edit and not is_done)
        for widget in (self.difficulty, self.comment):
            widget.setEnabled(can_edit and not is_done)
        self.save.setEnabled(can_edit and not is_done)
        self.reopen.setVisible(can_edit and is_done)
        self.again.setVisible(can_edit and is_done)
        for button in (self.previous, self.next):
            button.setEnabled(status is not None)
        if status is None:
            self._shown = ()
            self.title.setText(NO_CASE)
            self.title.setToolTip("")
            return
        shown = status.name, status.reading, status.state
        if shown == self._shown:
            return  # what is being typed stays
        self._shown = shown
        reading = "" if status.reading == 1 else f", reading {status.reading}"
        self.title.setText(f"{MARKS[status.state]} {status.title}{reading}")
        self.title.setToolTip(status.state)
        self.difficulty.setCurrentIndex(max(self.difficulty.findData(status.difficulty), 0))
        self.comment.setText(status.comment)

    def show_time(self, seconds: float) -> None:
        """Show the active time on the open case."""
        text = time_text(seconds)
        if text != self.time.text():
            self.time.setText(text)

    def show_saved(self, text: str) -> None:
        """Show where and when the work was saved."""
        if text != self.saved.text():
            self.saved.setText(text)
            self.saved.setToolTip(text)

    def show_problem(self, text: str) -> None:
        """Show what keeps the work from being saved; "" for nothing."""
        text = text or self._error
        if text != self.problem.text():
            self.problem.setText(text)
            self.problem.setVisible(bool(text))

    def show_error(self, text: str) -> None:
        """Show why something could not be done, until the next case opens; "" for nothing."""
        self._error = text
        self.show_problem("")

    def words(self) -> tuple[str, str]:
        """Return difficulty and comment."""
        return self.difficulty.currentData() or "", self.comment.text().strip()

    def next_difficulty(self) -> None:
        """Choose the next difficulty."""
        if self.difficulty.isEnabled():
            count = self.difficulty.count()
            self.difficulty.setCurrentIndex((self.difficulty.currentIndex() + 1) % count)

    def give(self, verdict: str) -> None:
        """Give a verdict, if it can be given."""
        if self.buttons[verdict].isEnabled():
            self.given.emit(verdict)

    def _approve(self) -> None:
        self.give("approve")

    def _flag(self) -> None:
        self.give("flag")

    def _reject(self) -> None:
        self.give("reject")

    def _go_back(self) -> None:
        self.stepped.emit(-1)

    def _go_on(self) -> None:
        self.stepped.emit(1)


class _Shortcuts(QObject):
    """Passes keys with Alt from a text field to napari; the field would type their letter."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Let the window handle a key with Alt."""
        is_press = event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if is_press and event.modifiers() == Qt.KeyboardModifier.AltModifier:
            event.ignore()
            return True
        return False
