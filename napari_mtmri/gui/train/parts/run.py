# SPDX-License-Identifier: BSD-3-Clause
"""Start, Stop, Resume, the status and the last error; always visible below the tabs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.gui.train.sentences import checkpoint_line, status_line
from napari_mtmri.gui.widgets.layout import Steady
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.train.monitor.status import Status

START = "Start the training as a separate process (Alt+T)"
IS_RUNNING = "A training is running: stop it, or select another one in the Run tab"


class RunPart(QWidget):
    """Buttons and status of the watched training.

    Signals
    -------
    start_asked, stop_asked, resume_asked
    """

    start_asked = Signal()
    stop_asked = Signal()
    resume_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status = Status()
        self.start, self.stop = QPushButton("Start"), QPushButton("Stop after this batch")
        self.resume, self.obstacle = QPushButton("Resume"), QLabel()
        self.status, self.progress, self.problem = QLabel(), QProgressBar(), Problem()
        font = self.start.font()
        font.setBold(True)
        self.start.setFont(font)
        self.stop.setToolTip("Finish the current batch, write a checkpoint and stop (Alt+E)")
        self.resume.setToolTip("Continue from the last checkpoint (Alt+G)")
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self.status, self.obstacle):
            label.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.start, stretch=2)
        row.addWidget(self.stop, stretch=2)
        row.addWidget(self.resume, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        for widget in (self.obstacle, self.progress, Steady(self.status), self.problem):
            layout.addWidget(widget)
        self.start.clicked.connect(self.start_asked)
        self.stop.clicked.connect(self.stop_asked)
        self.resume.clicked.connect(self.resume_asked)
        self.show_refused(())
        self.show_status(Status())

    def show_refused(self, labels: Sequence[str]) -> None:
        """Disable Start while the recipe has refused values."""
        text = f"To start, correct in the Recipe tab: {', '.join(labels)}"
        self.obstacle.setText(text if labels else "")
        self.obstacle.setVisible(bool(labels))
        self._enable_start()

    def _enable_start(self) -> None:
        self.start.setEnabled(not self._status.is_going_on and not self.obstacle.text())
        self.start.setToolTip(
            IS_RUNNING if self._status.is_going_on else self.obstacle.text() or START
        )

    def show_status(self, status: Status) -> None:
        """Show the status of the training and enable the buttons that apply."""
        self._status = status
        self._enable_start()
        self.stop.setEnabled(status.is_going_on and not status.is_stopping)
        self.resume.setEnabled(status.can_go_on)
        self.status.setText(status_line(status))
        self.status.setToolTip(checkpoint_line(status, time.time()))
        self.progress.setVisible(status.is_going_on)
        self.progress.setUpdatesEnabled(False)  # or the window is drawn for each value
        # A range of 0 to 0 shows activity with unknown end.
        self.progress.setRange(0, 0 if status.state == "starting" else status.total or 0)
        self.progress.setValue(status.updates or 0)
        self.progress.setUpdatesEnabled(True)
