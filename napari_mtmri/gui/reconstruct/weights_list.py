# SPDX-License-Identifier: BSD-3-Clause
"""Which weights a method runs with: those that ship, or the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from napari_mtmri.errors import MtmriError
from napari_mtmri.weights import find_weights, list_weights, user_folder

SHIPPED = "shipped"


class WeightsList(QWidget):
    """Stands there only where there is something to choose.

    Signals
    -------
    chosen : path of weights as text, or None for those that are used without a choice
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QComboBox()
        self.box.setAccessibleName("weights")
        self.box.setToolTip("Your own lie in your folder of weights; the Train panel makes them")
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.box.setSizeAdjustPolicy(policy)
        self.box.setMinimumContentsLength(12)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Weights"))
        layout.addWidget(self.box, stretch=1)
        self.box.currentIndexChanged.connect(self._changed)

    def show_weights(self, names: Sequence[str], chosen: str | None) -> None:
        """List the weights of a method; one that needs several has no choice.

        Parameters
        ----------
        names : sequence of str
            Of the weights that the method needs.
        chosen : str or None
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
        """Choose weights that are listed."""
        self.box.setCurrentIndex(self.box.findData(weights))

    def _changed(self, index: int) -> None:
        self.chosen.emit(self.box.itemData(index))


def own_weights(name: str) -> list[Path]:
    """Return the user's own weights of a kind, but for those that are used without a choice."""
    try:
        usual = find_weights(name)
    except MtmriError:
        return list_weights(name)
    return [path for path in list_weights(name) if path != usual]


def _ships(name: str) -> bool:
    """Return whether the weights that are used without a choice are the package's."""
    try:
        return find_weights(name).parent != user_folder()
    except MtmriError:
        return False
