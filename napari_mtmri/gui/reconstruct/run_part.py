# SPDX-License-Identifier: BSD-3-Clause
"""Run, Stop, Live, progress with time to go, and what went wrong; and which layers to add."""

from __future__ import annotations

import traceback

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.reconstruct.state import LAYERS, Choices
from napari_mtmri.gui.work import sentence
from napari_mtmri.methods.passes import Progress


class RunPart(QWidget):
    """Buttons and progress of a run.

    Signals
    -------
    run_asked, stop_asked
    live_changed : bool
    """

    run_asked = Signal()
    stop_asked = Signal()
    live_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run = QPushButton("Run volume")
        self.run.setToolTip("Reconstruct all slices, the one on screen first (Alt+R)")
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop and leave the layers as they were (Alt+S)")
        self.stop.setEnabled(False)
        self.live = QCheckBox("Live")
        self.live.setToolTip("Recompute the slice on screen whenever anything changes (Alt+L)")
        self.progress = QProgressBar()
        self.progress.setFormat("%v of %m slices")
        self.progress.hide()
        self.note, self.problem = QLabel(), QLabel()
        self.details = QPushButton("Copy details")
        for label in (self.note, self.problem):
            label.setWordWrap(True)
        for widget in (self.problem, self.details):
            widget.hide()
        row = QHBoxLayout()
        for widget in (self.run, self.stop, self.live):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        for widget in (self.progress, self.note, self.problem, self.details):
            layout.addWidget(widget)
        self._text = ""
        self.run.clicked.connect(self.run_asked)
        self.stop.clicked.connect(self.stop_asked)
        self.live.toggled.connect(self.live_changed)
        self.details.clicked.connect(self._copy)

    def show_running(self, running: bool) -> None:
        """Enable what can be clicked now."""
        self.run.setEnabled(not running)
        self.stop.setEnabled(running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)

    def show_progress(self, progress: Progress) -> None:
        """Show slices done and time to go."""
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        self.note.setText(f"{progress.seconds_left:.0f} s to go")

    def show_note(self, text: str) -> None:
        """Show what came of it; clears an error."""
        self.note.setText(text)
        self.problem.hide()
        self.details.hide()

    def show_error(self, why: BaseException) -> None:
        """Show an error in one sentence, its details a click away."""
        self._text = "".join(traceback.format_exception(why))
        self.problem.setText(sentence(why))
        self.problem.show()
        self.details.show()
        self.note.clear()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self._text)


class ShowPart(QWidget):
    """Which layers a run adds."""

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._boxes: dict[str, QCheckBox] = {}
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for number, name in enumerate(LAYERS):
            box = QCheckBox(name)
            box.setChecked(name in choices.shown)
            box.toggled.connect(self._changed)
            self._boxes[name] = box
            layout.addWidget(box, number // 2, number % 2)
        self._boxes["error"].setToolTip("|reconstruction - reference|, 0 to 20 % of the maximum")
        self._boxes["disagreement"].setToolTip("Where prediction and reference mask differ")

    def _changed(self, *_: object) -> None:
        self._choices.shown = tuple(name for name, box in self._boxes.items() if box.isChecked())
