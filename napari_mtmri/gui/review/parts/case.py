# SPDX-License-Identifier: BSD-3-Clause
"""How the open case is shown: mask, sequence, display window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QVBoxLayout, QWidget

from napari_mtmri.gui.viewer.windows import PRESETS
from napari_mtmri.gui.widgets.layout import Flow

IMAGE = "image"


class CasePart(QWidget):
    """Chooses mask, sequence and window of the open case.

    Signals
    -------
    mask_chosen : title of a mask of the case
    sequence_chosen : title of a sequence, "" for the image
    window_chosen : name of a preset
    outline_toggled : whether the mask is an outline
    sources_toggled : whether the source of each voxel is shown
    planes_toggled : whether axial, coronal and sagittal plane are shown at once
    """

    mask_chosen = Signal(str)
    sequence_chosen = Signal(str)
    window_chosen = Signal(str)
    outline_toggled = Signal(bool)
    sources_toggled = Signal(bool)
    planes_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mask, self.sequence, self.window = QComboBox(), QComboBox(), QComboBox()
        self.outline, self.sources = QCheckBox("Outline"), QCheckBox("Sources")
        self.planes = QCheckBox("Planes")
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        self.mask.setToolTip("Mask of this case to start from; your edits of each are kept")
        self.sequence.setToolTip("Sequence on screen (Alt+Q: next)")
        self.window.setToolTip(
            "Display window (Alt+C: next). Drag with the right button: sideways for the width, "
            "up and down for the level; double click resets. With the brush, hold Shift as well"
        )
        self.outline.setToolTip("Show the mask as an outline (hold H to hide it)")
        self.sources.setToolTip(
            "Show which voxels come from a model (orange), from you (teal), or were edited (violet)"
        )
        self.planes.setToolTip(
            "Show the other two planes below the image, linked by a cross (Alt+Shift+O): a click in "
            "any plane moves it"
        )
        for box in (self.mask, self.sequence, self.window):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.window.addItems(list(PRESETS))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(
            Flow(self.mask, self.sequence, self.window, self.outline, self.sources, self.planes)
        )
        layout.addWidget(self.facts)
        self.mask.activated.connect(self._mask_chosen)
        self.sequence.currentIndexChanged.connect(self._sequence_chosen)
        self.window.currentTextChanged.connect(self.window_chosen)
        self.outline.toggled.connect(self.outline_toggled)
        self.sources.toggled.connect(self.sources_toggled)
        self.planes.toggled.connect(self.planes_toggled)

    def show_case(
        self,
        masks: Mapping[str, str],
        chosen: str,
        sequences: Sequence[str],
        notes: Sequence[str],
    ) -> None:
        """Show the choices of a case.

        Parameters
        ----------
        masks : mapping
            What is shown for each mask, by its title.
        chosen : str
            Title of the mask that is edited.
        sequences : sequence of str
        notes : sequence of str
            Remarks, such as that a mask was resampled.
        """
        self._fill(self.mask, masks, chosen)
        self._fill(self.sequence, {"": IMAGE, **{one: one for one in sequences}}, "")
        self.mask.setVisible(len(masks) > 1)
        self.sequence.setVisible(bool(sequences))
        self.sources.setChecked(False)
        self.facts.setText("\n".join(notes))
        self.facts.setVisible(bool(notes))

    def next_sequence(self) -> None:
        """Choose the next sequence."""
        _choose_next(self.sequence)

    def next_window(self) -> None:
        """Choose the next preset."""
        _choose_next(self.window)

    def _fill(self, box: QComboBox, items: Mapping[str, str], chosen: str) -> None:
        box.blockSignals(True)
        box.clear()
        for key, text in items.items():
            box.addItem(text, key)
        box.setCurrentIndex(max(box.findData(chosen), 0))
        box.blockSignals(False)

    def _mask_chosen(self, index: int) -> None:
        self.mask_chosen.emit(self.mask.itemData(index))

    def _sequence_chosen(self, index: int) -> None:
        self.sequence_chosen.emit(self.sequence.itemData(index) or "")


def _choose_next(box: QComboBox) -> None:
    if box.count():
        box.setCurrentIndex((box.currentIndex() + 1) % box.count())
