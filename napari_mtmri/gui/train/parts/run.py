# SPDX-License-Identifier: BSD-3-Clause
"""Start, Stop, Resume, how it stands, and what went wrong; always in sight."""

from __future__ import annotations

import time

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.gui.train.sentences import checkpoint_line, status_line
from napari_mtmri.gui.widgets.layout import Steady
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.train.monitor.status import Status

START = "Train as chosen, in a process of its own (Alt+T)"
GOES_ON = "The training that is watched goes on: stop it, or choose another under Run"


class RunPart(QWidget):
    """Buttons and status of the training that is watched.

    Signals
    -------
    start_asked, stop_asked, resume_asked
    """

    start_asked = Signal()
    stop_asked = Signal()
    resume_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.start, self.stop = QPushButton("Start"), QPushButton("Stop after this batch")
        self.resume = QPushButton("Resume")
        self.status, self.progress, self.problem = QLabel(), QProgressBar(), Problem()
        font = self.start.font()
        font.setBold(True)
        self.start.setFont(font)
        self.stop.setToolTip("The batch in hand is finished and a checkpoint written (Alt+E)")
        self.resume.setToolTip("Go on from the last checkpoint (Alt+G)")
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        row.addWidget(self.start, stretch=2)
        row.addWidget(self.stop, stretch=2)
        row.addWidget(self.resume, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        for widget in (self.progress, Steady(self.status), self.problem):
            layout.addWidget(widget)
        self.start.clicked.connect(self.start_asked)
        self.stop.clicked.connect(self.stop_asked)
        self.resume.clicked.connect(self.resume_asked)
        self.show_status(Status())

    def show_status(self, status: Status) -> None:
        """Show how the training stands and enable what can be clicked now."""
        now = time.time()
        self.start.setEnabled(not status.is_going_on)
        self.start.setToolTip(GOES_ON if status.is_going_on else START)
        self.stop.setEnabled(status.is_going_on and not status.is_stopping)
        self.resume.setEnabled(status.can_go_on)
        self.status.setText(status_line(status))
        self.status.setToolTip(checkpoint_line(status, now))
        self.progress.setVisible(status.is_going_on)
        self.progress.setUpdatesEnabled(False)  # or each value is drawn at once, and the window
        # A range of 0 to 0 shows that something goes on whose end is not known.
        self.progress.setRange(0, 0 if status.state == "starting" else status.total or 0)
        self.progress.setValue(status.updates or 0)
        self.progress.setUpdatesEnabled(True)
