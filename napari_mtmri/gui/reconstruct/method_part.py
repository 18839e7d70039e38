# SPDX-License-Identifier: BSD-3-Clause
"""Which method, what it gives and needs, and its card."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.methods.base import METHODS
from napari_mtmri.weights import Card, find_weights, read_card


def why_not(name: str) -> str | None:
    """Return why a method cannot run here, or None."""
    try:
        for weights in METHODS.get(name).weights:
            read_card(find_weights(weights))
    except MtmriError as why:
        return str(why)
    return None


class MethodPart(QWidget):
    """Lists the methods; those that cannot run are greyed, with the reason."""

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self.method = QComboBox()
        self.summary, self.far = QLabel(), QLabel()
        for label in (self.summary, self.far):
            label.setWordWrap(True)
        self.card_button = QPushButton("Card")
        self.card_button.setCheckable(True)
        self.card_button.setToolTip(
            "What the weights were trained on, how well they do, their terms"
        )
        self.card = QPlainTextEdit()
        self.card.setReadOnly(True)
        self.card.setMinimumHeight(160)
        self.card.hide()
        self.far.hide()
        row = QHBoxLayout()
        row.addWidget(self.method, stretch=1)
        row.addWidget(self.card_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        for widget in (self.summary, self.far, self.card):
            layout.addWidget(widget)
        self._fill()
        self._show_method()
        self.method.currentTextChanged.connect(self._changed)
        self.card_button.toggled.connect(self.card.setVisible)

    def cards(self) -> list[Card]:
        """Return the cards of the chosen method's weights."""
        if why_not(self._choices.method):
            return []
        used = METHODS.get(self._choices.method).weights
        return [read_card(find_weights(name)) for name in used]

    def show_far(self, pattern: str, acceleration: float) -> None:
        """Say in one line if the sampling is far from what the weights were trained for."""
        lines = [card.misfit(pattern, acceleration) for card in self.cards()]
        self.far.setText("\n".join(line for line in lines if line))
        self.far.setVisible(any(lines))

    def _fill(self) -> None:
        model = self.method.model()
        for name in METHODS.names():
            self.method.addItem(name)
            row = self.method.count() - 1
            reason = why_not(name)
            tip = reason or METHODS.get(name).summary
            self.method.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
            if reason and isinstance(model, QStandardItemModel):
                model.item(row).setEnabled(False)
        if why_not(self._choices.method):
            self._choices.method = "zero-filled"
        self.method.setCurrentText(self._choices.method)

    def _changed(self, name: str) -> None:
        self._choices.method = name
        self._show_method()

    def _show_method(self) -> None:
        member = METHODS.get(self._choices.method)
        needs = "; is shown the fully sampled image" if member.is_full_sample else ""
        gives = " and ".join(sorted(member.gives))
        self.summary.setText(f"{member.summary} Gives: {gives}{needs}.")
        cards = self.cards()
        self.card.setPlainText("\n\n".join(card.text() for card in cards) or "No weights.")
        self.card_button.setEnabled(bool(cards))
