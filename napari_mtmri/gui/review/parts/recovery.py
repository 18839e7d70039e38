# SPDX-License-Identifier: BSD-3-Clause
"""The choice after a crash: restore the strokes, keep what was on disk, or look at both."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.review.opened import Recovery


class RecoveryPart(QWidget):
    """Shown while a case has strokes that a crash left behind.

    Signals
    -------
    decided : "restore" or "disk"
    toggled : whether the restored mask is shown, else the mask on disk
    """

    decided = Signal(str)
    toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.restore, self.disk = QPushButton("Restore"), QPushButton("Keep what was on disk")
        self.both = QPushButton("Look at both")
        self.both.setCheckable(True)
        self.restore.setToolTip("Continue with the strokes that were not saved as a version")
        self.disk.setToolTip("Continue with the last saved mask; the strokes stay in their file")
        self.both.setToolTip("Switch between the restored mask and the mask on disk")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 4)
        layout.addWidget(self.text)
        layout.addLayout(Flow(self.restore, self.disk, self.both))
        self.restore.clicked.connect(self._restore)
        self.disk.clicked.connect(self._disk)
        self.both.clicked.connect(self._look)
        self.hide()

    def show_recovery(self, recovery: Recovery | None) -> None:
        """Ask what to do with the strokes, or hide the question."""
        self.setVisible(recovery is not None)
        self.both.setChecked(False)
        self.both.setText("Look at both")
        if recovery is not None:
            steps = f"{recovery.n_edits} step{'s' if recovery.n_edits != 1 else ''}"
            self.text.setText(
                f"napari ended before {steps} of {recovery.when:%d %B, %H:%M:%S} were saved as a "
                "version. They were found on the disk."
            )

    @property
    def is_asking(self) -> bool:
        """Whether the question waits for an answer."""
        return not self.isHidden()

    def _restore(self) -> None:
        self.decided.emit("restore")

    def _disk(self) -> None:
        self.decided.emit("disk")

    def _look(self, is_restored: bool) -> None:
        self.both.setText("Shown: restored" if is_restored else "Shown: on disk")
        self.toggled.emit(is_restored)
