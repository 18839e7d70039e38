# SPDX-License-Identifier: BSD-3-Clause
"""The bar at the top of each panel: device, research use, help."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QTextBrowser,
    QToolButton,
    QWidget,
)

from napari_mtmri.gui.jobs import sentence

RESEARCH = "Research use only"
LOADING, UNKNOWN = "loading …", "Device: —"


class Header(QWidget):
    """Bar with the device, the research-use notice and a button that opens the guide.

    Parameters
    ----------
    title, guide : str
        Title and Markdown text of the help window; nothing is downloaded.
    """

    def __init__(self, title: str, guide: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._guide = title, guide
        self._window: QTextBrowser | None = None
        self.device = QLabel(LOADING)
        note = QLabel(RESEARCH)
        note.setToolTip("Not a medical device, not for diagnosis. No data leave this machine.")
        self.help = QToolButton()
        self.help.setText("?")
        self.help.setToolTip("How to use this panel")
        self.help.clicked.connect(self.show_guide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addWidget(self.device)
        layout.addStretch()
        layout.addWidget(note)
        layout.addWidget(self.help)

    def show_device(self, why: str) -> None:
        """Show the device, with the reason for its choice in the tooltip."""
        self.device.setText(f"Device: {why.partition(':')[0]}")
        self.device.setToolTip(why)

    def show_no_device(self, why: BaseException) -> None:
        """Replace "loading …" after an error, which the tooltip shows."""
        if self.device.text() == LOADING:
            self.device.setText(UNKNOWN)
            self.device.setToolTip(sentence(why))

    def show_guide(self) -> QWidget:
        """Show the guide in a non-modal window and return the window."""
        if self._window is None:
            self._window = QTextBrowser(self)
            self._window.setWindowFlag(Qt.WindowType.Window)
            self._window.setWindowTitle(self._title)
            self._window.setMarkdown(self._guide)
            self._window.resize(560, 640)
        self._window.show()
        self._window.raise_()
        return self._window
