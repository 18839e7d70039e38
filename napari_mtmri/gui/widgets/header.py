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
    """Device in use, research use, and a button that opens the guide of the panel.

    Parameters
    ----------
    title, guide : str
        Title and Markdown text of the help window; the text is part of the program, so
        nothing is downloaded.
    """

    def __init__(self, title: str, guide: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._guide = title, guide
        self._window: QTextBrowser | None = None
        self.device = QLabel(LOADING)
        note = QLabel(RESEARCH)
        note.setToolTip("Not a medical device: no diagnosis. Nothing leaves this machine.")
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
        """Show which device is used; the reason in the tooltip."""
        self.device.setText(f"Device: {why.partition(':')[0]}")
        self.device.setToolTip(why)

    def show_no_device(self, why: BaseException) -> None:
        """End "loading …" if no device was loaded; the tooltip shows the reason."""
        if self.device.text() == LOADING:
            self.device.setText(UNKNOWN)
            self.device.setToolTip(sentence(why))

    def show_guide(self) -> QWidget:
        """Show the guide in a window that is not modal; return the window."""
        if self._window is None:
            self._window = QTextBrowser(self)
            self._window.setWindowFlag(Qt.WindowType.Window)
            self._window.setWindowTitle(self._title)
            self._window.setMarkdown(self._guide)
            self._window.resize(560, 640)
        self._window.show()
        self._window.raise_()
        return self._window
