# SPDX-License-Identifier: BSD-3-Clause
"""An error in one sentence, with the details on a click."""

from __future__ import annotations

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
    """Return a message of the core with its parameters called as the panel labels them."""
    for name, label in labels.items():
        text = text.replace(name, label)
    return text


class Problem(QWidget):
    """Shows an error next to what caused it; takes no space while there is none."""

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
        """Show an error, with the parameters it names called as the panel labels them."""
        self.label.setText(relabeled(sentence(why), labels or {}))
        self.details.setPlainText("".join(traceback.format_exception(why)))
        self._more.setChecked(False)
        self.details.hide()
        self.show()

    def clear(self, *_: object) -> None:
        """Show nothing."""
        self.label.clear()
        self.hide()

    @property
    def text(self) -> str:
        """The sentence, empty if there is no error."""
        return self.label.text()

    def _to_clipboard(self) -> None:
        QApplication.clipboard().setText(f"{self.label.text()}\n\n{self.details.toPlainText()}")
