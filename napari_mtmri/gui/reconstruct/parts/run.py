# SPDX-License-Identifier: BSD-3-Clause
"""Run, Stop, Live, device, progress with the remaining time, and errors."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.device import DEVICES, PRECISIONS
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.widgets.layout import Flow, Note
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.methods.passes import Progress

SCORING, WRITING = "Computing scores …", "Writing …"


class RunPart(QWidget):
    """Buttons, progress and errors of a run.

    Signals
    -------
    run_asked, stop_asked
    live_changed : bool
    """

    run_asked = Signal()
    stop_asked = Signal()
    live_changed = Signal(bool)

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._is_running = self._is_writing = False
        self.run, self.stop = QPushButton("Run volume"), QPushButton("Stop")
        self.live = QCheckBox("Live")
        self.device, self.precision = _list(DEVICES, "Device"), _list(PRECISIONS, "Precision")
        self.progress, self.note, self.problem = QProgressBar(), Note(), Problem()
        self._prepare()
        self._lay_out()
        self.run.clicked.connect(self.run_asked)
        self.stop.clicked.connect(self.stop_asked)
        self.live.toggled.connect(self.live_changed)
        self.device.currentTextChanged.connect(self._device_changed)
        self.precision.currentTextChanged.connect(self._precision_changed)

    def _prepare(self) -> None:
        font = self.run.font()
        font.setBold(True)
        self.run.setFont(font)
        self.run.setToolTip("Reconstruct all slices, starting with the slice on screen (Alt+R)")
        self.stop.setToolTip("Stop the run and restore the layers from before it (Alt+S)")
        self.stop.setEnabled(False)
        self.live.setToolTip("Recompute the slice on screen after every change (Alt+I)")
        self.device.setToolTip("Device for the networks; auto: the fastest available")
        self.precision.setToolTip(
            "Number format of the networks; Fourier transforms and data consistency always use float32"
        )
        self.progress.hide()

    def _lay_out(self) -> None:
        first, second = Flow(), Flow()
        for widget in (self.run, self.stop, self.live):
            first.addWidget(widget)
        for text, box in (("Device", self.device), ("Precision", self.precision)):
            pair = QWidget()
            row = QHBoxLayout(pair)
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(QLabel(text))
            row.addWidget(box)
            second.addWidget(pair)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addLayout(first)
        layout.addLayout(second)
        for widget in (self.progress, self.note, self.problem):
            layout.addWidget(widget)

    def show_running(self, running: bool, can_run: bool = True) -> None:
        """Enable and disable the buttons."""
        self.run.setEnabled(can_run and not running)
        self.stop.setEnabled(running)
        self._is_running = running
        self._show_bar()

    def show_start(self) -> None:
        """Show that a run has started."""
        self.problem.clear()
        self.note.hide()
        self.progress.setRange(0, 0)
        self.progress.setFormat("Starting …")

    def show_stopped(self) -> None:
        """Show that the run was stopped."""
        self.show_note("Stopped; the layers from before the run are restored.")

    def show_progress(self, progress: Progress) -> None:
        """Show the number of finished slices and the remaining time, then that scoring runs."""
        if progress.done == progress.total:
            self.progress.setRange(0, 0)
            self.progress.setFormat(SCORING)
            self.show_note(SCORING)
            return
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        left = progress.seconds_left
        remaining = "" if left != left else f" · {duration(left)} left"
        self.progress.setFormat(f"%v of %m slices{remaining}")

    def show_writing(self, is_on: bool) -> None:
        """Show that files are being written; the progress of a run goes before it."""
        self._is_writing = is_on
        if is_on and not self._is_running:
            self.progress.setRange(0, 0)
            self.progress.setFormat(WRITING)
            self.show_note(WRITING)
        self._show_bar()

    def show_written(self, done: int, total: int) -> None:
        """Show how many files of a result folder are written."""
        if self._is_writing and not self._is_running:
            self.progress.setRange(0, total)
            self.progress.setValue(done)
            self.progress.setFormat("%v of %m files")

    def _show_bar(self) -> None:
        is_used = self._is_running or self._is_writing
        self.progress.setVisible(is_used)
        if not is_used:
            self.progress.reset()

    def grey_note(self) -> None:
        """Grey the message, which is about earlier choices."""
        self.note.setEnabled(False)

    def show_note(self, text: str, details: Sequence[str] = ()) -> None:
        """Show a message instead of an error."""
        self.note.setEnabled(True)
        if text:
            self.problem.clear()
        self.note.setText("\n".join([text, *details]))

    def show_error(self, why: BaseException) -> None:
        """Show an error message with expandable details."""
        self.note.hide()
        self.problem.show_error(why)

    def _device_changed(self, name: str) -> None:
        self._choices.device = name

    def _precision_changed(self, name: str) -> None:
        self._choices.precision = name


def duration(seconds: float) -> str:
    """Return a duration as text: "8 s", "2 min 5 s"."""
    whole = max(round(seconds), 0)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _list(names: Sequence[str], what: str) -> QComboBox:
    box = QComboBox()
    box.addItems(list(names))
    box.setAccessibleName(what)
    return box
