# SPDX-License-Identifier: BSD-3-Clause
"""The bar at the top of each panel: device, research use, help."""

from __future__ import annotations

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

RESEARCH = "Research use only"


class Header(QWidget):
    """Device in use, research use, and a button that opens a page of the documentation."""

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page = page
        self.device = QLabel("device: …")
        note = QLabel(RESEARCH)
        note.setToolTip("Not a medical device. Nothing leaves this machine.")
        button = QToolButton()
        button.setText("?")
        button.setToolTip("Open the documentation of this panel")
        button.clicked.connect(self._open)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.device)
        layout.addStretch()
        layout.addWidget(note)
        layout.addWidget(button)

    def show_device(self, why: str) -> None:
        """Show which device is used; the reason in the tooltip."""
        self.device.setText(f"device: {why.partition(':')[0]}")
        self.device.setToolTip(why)

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._page))
