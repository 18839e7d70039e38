# SPDX-License-Identifier: BSD-3-Clause
"""Error message with expandable details."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.jobs import sentence


def relabeled(text: str, labels: Mapping[str, str]) -> str:
    """Return a core message with parameter names replaced by the panel's labels."""
    for name, label in labels.items():
        text = re.sub(rf"\b{re.escape(name)}\b", label.replace("\\", r"\\"), text)
    return text


class Problem(QWidget):
    """Shows an error below the field that caused it; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more, self._copy = QPushButton("Details"), QPushButton("Copy")
        self._more.setCheckable(True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setMinimumHeight(120)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self._more)
        row.addWidget(self._copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label)
        layout.addLayout(row)
        layout.addWidget(self.details)
        self._more.toggled.connect(self.details.setVisible)
        self._copy.clicked.connect(self._to_clipboard)
        self.clear()

    def show_error(self, why: BaseException, labels: Mapping[str, str] | None = None) -> None:
        """Show an error, with parameter names replaced by the panel's labels."""
        self.label.setText(relabeled(sentence(why), labels or {}))
        self.details.setPlainText("".join(traceback.format_exception(why)))
        self._more.setChecked(False)
        self.details.hide()
        self.show()

    def clear(self, *_: object) -> None:
        """Hide the error."""
        self.label.clear()
        self.hide()

    @property
    def text(self) -> str:
        """The error message, empty if there is none."""
        return self.label.text()

    def _to_clipboard(self) -> None:
        QApplication.clipboard().setText(f"{self.label.text()}\n\n{self.details.toPlainText()}")
