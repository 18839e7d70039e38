# SPDX-License-Identifier: BSD-3-Clause
"""Choose the method and its weights; show its outputs, requirements and model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.batch.method_choice import cards_of
from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.form import OptionsForm
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.widgets.layout import IS_TABLE
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.methods.base import METHODS, Method
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.weights import Card, find_weights, list_weights, user_folder

SHIPPED = "shipped"
NEEDS = {"weights": "weights", "coil_maps": "coil sensitivity maps"}


def why_not(name: str, own: Path | None = None) -> str | None:
    """Return the reason why a method cannot run here, or None."""
    try:
        cards_of(name, own)
    except MtmriError as why:
        return str(why)
    return None


def own_weights(name: str) -> list[Path]:
    """Return the user's own weights files for a method, except the default ones."""
    try:
        usual = find_weights(name)
    except MtmriError:
        return list_weights(name)
    return [path for path in list_weights(name) if path != usual]


def _ships(name: str) -> bool:
    """Return whether the default weights of a method are the shipped weights."""
    try:
        return find_weights(name).parent != user_folder()
    except MtmriError:
        return False


class WeightsList(QWidget):
    """List of shipped and own weights; hidden if there is no choice.

    Signals
    -------
    chosen : path of the user's own weights as str, or None for the default weights
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QComboBox()
        self.box.setAccessibleName("weights")
        self.box.setToolTip(
            "Shipped weights, or your own from your weights folder (see the Train panel)"
        )
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.box.setSizeAdjustPolicy(policy)
        self.box.setMinimumContentsLength(12)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Weights"))
        layout.addWidget(self.box, stretch=1)
        self.box.currentIndexChanged.connect(self._changed)

    def show_weights(self, names: Sequence[str], chosen: str | None) -> None:
        """List the weights for a method; hidden for methods that need several weights files.

        Parameters
        ----------
        names : sequence of str
            Names of the weights that the method needs.
        chosen : str or None
            Path of the chosen weights.
        """
        own = own_weights(names[0]) if len(names) == 1 else []
        self.box.blockSignals(True)
        self.box.clear()
        self.box.addItem(SHIPPED if not own or _ships(names[0]) else f"{names[0]} (yours)", None)
        for path in own:
            self.box.addItem(path.stem, str(path))
            self.box.setItemData(self.box.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)
        self.box.setCurrentIndex(max(self.box.findData(chosen), 0))
        self.box.blockSignals(False)
        self.setVisible(bool(own))

    def choose(self, weights: str) -> None:
        """Choose one of the listed weights."""
        self.box.setCurrentIndex(self.box.findData(weights))

    def _changed(self, index: int) -> None:
        self.chosen.emit(self.box.itemData(index))


class MethodPart(QWidget):
    """List of methods; methods that cannot run are greyed out, with the reason."""

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
            "Model card: the training data of the weights, their scores and their licence"
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
        return why_not(self._choices.method, self._choices.method_choice().weights) is None

    def choose(self, method: str, weights: Path) -> None:
        """Choose a method with the user's own weights."""
        self.refresh()
        self.method.setCurrentIndex(self.method.findData(method))
        self.weights.choose(str(weights))

    def refresh(self) -> None:
        """Refresh the list, because weights may have been added or removed."""
        reasons = {name: self._why_not(name) for name in METHODS.names()}
        if self._choices.weights is not None and not Path(self._choices.weights).is_file():
            self._choices.weights = None
        if reasons.get(self._choices.method) is not None:
            trained = [
                name
                for name in sorted(reasons, key=_place)
                if reasons[name] is None and METHODS.get(name).weights
            ]
            # Not an iterative method: the slice on screen follows every change of a setting.
            self._choices.method = trained[0] if trained else ZERO_FILLED
        self.method.blockSignals(True)
        self.method.clear()
        for name in sorted(reasons, key=_place):
            self._add(name, reasons[name])
        self.method.setCurrentIndex(self.method.findData(self._choices.method))
        self.method.blockSignals(False)
        self._show_method()

    def _why_not(self, name: str) -> str | None:
        """Return why a method runs with neither shipped nor own weights, or None if it runs."""
        if name in METHODS.broken():
            return METHODS.broken()[name]
        needed = METHODS.get(name).weights
        has_own = len(needed) == 1 and bool(own_weights(needed[0]))
        return None if has_own else why_not(name)

    def _add(self, name: str, reason: str | None) -> None:
        self.method.addItem(name if reason is None else f"{name} ({_lacks(name)})", name)
        row = self.method.count() - 1
        tip = reason or METHODS.get(name).summary
        self.method.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        if reason is not None:
            self.method.model().item(row).setEnabled(False)

    def show_far(self, pattern: str, acceleration: float) -> None:
        """Show a warning if the sampling differs from the training of the weights."""
        sees_sampling = not METHODS.get(self._choices.method).is_full_sample
        lines = [card.misfit(pattern, acceleration) for card in self._cards if sees_sampling]
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
            self._cards = cards_of(member.name, self._choices.method_choice().weights)
        except MtmriError as why:
            self._cards = []
            self.problem.show_error(why)
        self.card.setPlainText("\n\n".join(card.text() for card in self._cards))
        self.card_button.setEnabled(bool(self._cards))
        if not self._cards:
            self.card_button.setChecked(False)


def _lacks(name: str) -> str:
    """Return what a method that cannot run lacks, in two words."""
    try:
        METHODS.get(name).require_extra()
    except MtmriError:
        return "not installed"
    return "no weights"


def _gives_and_needs(member: Method) -> str:
    text = f"Gives {' and '.join(sorted(member.gives))}"
    wanted = [NEEDS[need] for need in sorted(member.needs) if need in NEEDS]
    text += f", needs {' and '.join(wanted)}" if wanted else ""
    return text + ("; it uses the fully sampled image." if member.is_full_sample else ".")


def _place(name: str) -> tuple[bool, bool, int, str]:
    """Return the sort key of a method: joint methods, then methods with weights, then others."""
    if name in METHODS.broken():
        return True, True, 0, name
    member = METHODS.get(name)
    return member.is_full_sample, not member.weights, -len(member.gives), name
