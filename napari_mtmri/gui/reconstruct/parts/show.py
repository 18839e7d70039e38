# SPDX-License-Identifier: BSD-3-Clause
"""Choose the layers that a run adds, and the error scale."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.reconstruct.state import LAYERS, Choices
from napari_mtmri.gui.viewer.result_layers import ERROR_SCALES, FIXED
from napari_mtmri.gui.widgets.layout import Flow

TIPS = {
    "zero-filled": "Image from the measured samples, with zeros for all others",
    "reconstruction": "Image that the method reconstructs from the measured samples",
    "error": "|reconstruction − reference|, from 0 to the chosen maximum",
    "segmentation": "Segmentation by the method, outlined in orange",
    "probability": "Probability of a lesion in each voxel, 0 to 1",
    "disagreement": "Difference from the reference mask: missed in solid teal, extra in striped orange",
    "k-space": "Measured k-space of each slice in decibels",
}


class ShowPart(QWidget):
    """Layers that a run adds; a change also shows or hides the layers of the newest run.

    Signals
    -------
    toggled : name of a layer, and whether to show it
    """

    toggled = Signal(str, bool)

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self.boxes: dict[str, QCheckBox] = {}
        self.scale, self.top = QComboBox(), QDoubleSpinBox()
        self.scale.addItems([*ERROR_SCALES, FIXED])
        self.scale.setCurrentText(choices.error_scale)
        self.scale.setToolTip(
            "End of the error scale; ×5: one fifth of the 99.9th percentile of the reference"
        )
        self.top.setRange(0.0, 1e9)
        self.top.setDecimals(3)
        self.top.setToolTip("Maximum of the error scale in the units of the image")
        self.top.hide()
        boxes, row = Flow(), QHBoxLayout()
        for name in LAYERS:
            box = self.boxes[name] = QCheckBox(name)
            box.setChecked(name in choices.shown)
            box.setToolTip(TIPS[name])
            box.toggled.connect(self._changed)
            boxes.addWidget(box)
        row.addWidget(QLabel("Error scale"))
        row.addWidget(self.scale)
        row.addWidget(self.top)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(boxes)
        layout.addLayout(row)
        self.scale.currentTextChanged.connect(self._scale_changed)
        self.top.valueChanged.connect(self._top_changed)

    def _changed(self, *_: object) -> None:
        wanted = tuple(name for name, box in self.boxes.items() if box.isChecked())
        changed = set(wanted) ^ set(self._choices.shown)
        self._choices.shown = wanted
        for name in changed:
            self.toggled.emit(name, name in wanted)

    def _scale_changed(self, text: str) -> None:
        self.top.setVisible(text == FIXED)
        self._choices.error_scale = text

    def _top_changed(self, value: float) -> None:
        self._choices.error_top = float(value) or None
