# SPDX-License-Identifier: BSD-3-Clause
"""Which method, what it gives and needs, and its card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
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
from napari_mtmri.gui.form import OptionsForm
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.reconstruct.weights_list import WeightsList, own_weights
from napari_mtmri.gui.widgets.layout import IS_TABLE
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.methods.base import METHODS, Method
from napari_mtmri.weights import Card, find_weights, read_card

NO_WEIGHTS = "zero-filled"
PREFERRED = ("mtmri", "two-stage", "d5c5", NO_WEIGHTS)


def cards_of(name: str, own: str | None = None) -> list[Card]:
    """Return the cards of a method's weights, or of weights of the user's own.

    Raises
    ------
    RequestError, WeightsError
        If the method or its weights are not there.
    """
    if own is not None:
        return [read_card(Path(own))]
    return [read_card(find_weights(weights)) for weights in METHODS.get(name).weights]


def why_not(name: str, own: str | None = None) -> str | None:
    """Return why a method cannot run here, or None."""
    try:
        cards_of(name, own)
    except MtmriError as why:
        return str(why)
    return None


class MethodPart(QWidget):
    """Lists the methods; those that cannot run are greyed, with the reason."""

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._cards: list[Card] = []
        self.method = QComboBox()
        self.method.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.method.setMinimumContentsLength(12)
        self.summary, self.far, self.problem = QLabel(), QLabel(), Problem()
        for label in (self.summary, self.far):
            label.setWordWrap(True)
        self.card_button = QPushButton("Card")
        self.card_button.setCheckable(True)
        self.card_button.setToolTip(
            "What the weights were trained on, how well they do, their terms"
        )
        self.card = QPlainTextEdit()
        self.card.setReadOnly(True)
        self.card.setProperty(IS_TABLE, True)
        self.card.setMinimumHeight(160)
        self.card.hide()
        self.far.hide()
        self.weights, self.parameters = WeightsList(), OptionsForm()
        row = QHBoxLayout()
        row.addWidget(self.method, stretch=1)
        row.addWidget(self.card_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        for widget in (
            self.summary, self.weights, self.parameters, self.far, self.problem, self.card
        ):  # fmt: skip
            layout.addWidget(widget)
        self.refresh()
        self.weights.chosen.connect(self._weights_chosen)
        self.method.currentIndexChanged.connect(self._changed)
        self.parameters.changed.connect(self._parameters_changed)
        self.card_button.toggled.connect(self.card.setVisible)

    @property
    def can_run(self) -> bool:
        """Whether the chosen method can run here."""
        return why_not(self._choices.method, self._choices.weights) is None

    def choose(self, method: str, weights: Path) -> None:
        """Choose a method with weights of the user's own."""
        self.refresh()
        self.method.setCurrentIndex(self.method.findData(method))
        self.weights.choose(str(weights))

    def refresh(self) -> None:
        """List the methods anew: weights may have come or gone."""
        reasons = {name: self._why_not(name) for name in METHODS.names()}
        if self._choices.weights is not None and not Path(self._choices.weights).is_file():
            self._choices.weights = None
        if reasons.get(self._choices.method) is not None:
            able = [name for name in PREFERRED if name in reasons and reasons[name] is None]
            self._choices.method = able[0] if able else NO_WEIGHTS
        self.method.blockSignals(True)
        self.method.clear()
        for name in sorted(reasons, key=_place):
            self._add(name, reasons[name])
        self.method.setCurrentIndex(self.method.findData(self._choices.method))
        self.method.blockSignals(False)
        self._show_method()

    def _why_not(self, name: str) -> str | None:
        """Why a method cannot run, neither as it ships nor with weights of the user's own."""
        needed = METHODS.get(name).weights
        has_own = len(needed) == 1 and bool(own_weights(needed[0]))
        return None if has_own else why_not(name)

    def _add(self, name: str, reason: str | None) -> None:
        self.method.addItem(name if reason is None else f"{name} (no weights)", name)
        row = self.method.count() - 1
        tip = reason or METHODS.get(name).summary
        self.method.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        if reason is not None:
            self.method.model().item(row).setEnabled(False)

    def show_far(self, pattern: str, acceleration: float) -> None:
        """Say in one line if the sampling is far from what the weights were trained for."""
        lines = [card.misfit(pattern, acceleration) for card in self._cards]
        text = "\n".join(dict.fromkeys(f"Caution: {line}" for line in lines if line))
        self.far.setText(text)
        self.far.setVisible(bool(text))

    def _changed(self, *_: object) -> None:
        self._choices.parameters = {}
        self._choices.weights = None
        self._choices.method = self.method.currentData()
        self._show_method()

    def _weights_chosen(self, weights: str | None) -> None:
        self._choices.weights = weights
        self._show_cards(METHODS.get(self._choices.method))

    def _parameters_changed(self, values: Mapping[str, Any]) -> None:
        self._choices.parameters = values

    def _show_method(self) -> None:
        member = METHODS.get(self._choices.method)
        self.summary.setText(f"{member.summary} {_gives_and_needs(member)}")
        self.weights.show_weights(member.weights, self._choices.weights)
        self.parameters.show_options(member.parameters)
        self._show_cards(member)

    def _show_cards(self, member: Method) -> None:
        self.problem.clear()
        try:
            self._cards = cards_of(member.name, self._choices.weights)
        except MtmriError as why:
            self._cards = []
            self.problem.show_error(why)
        self.card.setPlainText("\n\n".join(card.text() for card in self._cards))
        self.card_button.setEnabled(bool(self._cards))
        if not self._cards:
            self.card_button.setChecked(False)


def _gives_and_needs(member: Method) -> str:
    text = f"Gives {' and '.join(sorted(member.gives))}"
    needs = {"weights": "weights", "coil_maps": "coil sensitivity maps"}
    wanted = [needs[need] for need in sorted(member.needs) if need in needs]
    text += f", needs {' and '.join(wanted)}" if wanted else ""
    return text + ("; it is shown the fully sampled image." if member.is_full_sample else ".")


def _place(name: str) -> tuple[int, str]:
    return (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name)
