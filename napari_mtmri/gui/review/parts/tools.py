# SPDX-License-Identifier: BSD-3-Clause
"""Buttons and values of the tools that edit the mask; each is one undo step."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.gui.review.tool_list import TOOLS, Settings
from napari_mtmri.gui.widgets.layout import Flow

DEFAULT = Settings()
BRUSH = "napari's own: brush P, eraser E, fill F, polygon 3"
BRUSH_TIP = "Also: pick a label L, brush size [ and ], new label M; buttons at the top left"


class ToolsPart(QWidget):
    """Tools beyond napari's own.

    Signals
    -------
    asked : name of a tool
    undo_asked, redo_asked
    protect_toggled : whether other labels are protected
    """

    asked = Signal(str)
    undo_asked = Signal()
    redo_asked = Signal()
    protect_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.undo, self.redo, self.note = QPushButton("Undo"), QPushButton("Redo"), QLabel()
        self.undo.setToolTip("Undo the last stroke or tool, also on another slice (Ctrl+Z)")
        self.redo.setToolTip("Make again what was undone (Ctrl+Shift+Z)")
        self.protect = QCheckBox("Protect other labels")
        self.in_slice = QCheckBox("This slice only")
        self.protect.setChecked(DEFAULT.protect)
        self.protect.setToolTip("Brush and tools never change voxels of other labels (B)")
        self.in_slice.setToolTip("Fill holes and grow from a seed in the slice on screen only")
        self.auto = QCheckBox("range from seed")
        self.auto.setChecked(DEFAULT.range_from_seed)
        self.auto.setToolTip("Take the intensity range from the surroundings of the seed")
        self.smallest = _number(DEFAULT.smallest_mm3, 0, 100_000, 0, "smallest volume")
        self.sigma = _number(DEFAULT.sigma_mm, 0.1, 20, 1, "width of smoothing")
        self.distance = _number(DEFAULT.distance_mm, 0.1, 50, 1, "distance")
        self.low = _number(DEFAULT.low, -1e6, 1e6, 2, "lowest intensity")
        self.high = _number(DEFAULT.high, -1e6, 1e6, 2, "highest intensity")
        self.low.setPrefix("from ")
        self.high.setPrefix("to ")
        self._is_typed = False  # an intensity range by the reader
        self.buttons = {name: QPushButton(tool.title) for name, tool in TOOLS.items() if tool.title}
        for name, button in self.buttons.items():
            button.setToolTip(TOOLS[name].full_tip)
            button.clicked.connect(partial(self._clicked, name))
        self.note.setWordWrap(True)
        self._lay_out()
        self.undo.clicked.connect(self.undo_asked)
        self.redo.clicked.connect(self.redo_asked)
        self.protect.toggled.connect(self.protect_toggled)
        for field in (self.low, self.high):
            field.valueChanged.connect(self._range_typed)
        self.auto.toggled.connect(self._auto_toggled)
        self._auto_toggled(self.auto.isChecked())
        self.show_units(True)

    def _lay_out(self) -> None:
        own = self.buttons
        brush = QLabel(BRUSH)
        brush.setToolTip(BRUSH_TIP)
        brush.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(brush)
        for row in (
            Flow(self.undo, self.redo, self.protect),
            Flow(own["interpolate"], own["copy"], own["fill holes"]),
            Flow(own["remove small"], self.smallest, own["largest"]),
            Flow(own["smooth"], self.sigma),
            Flow(own["grow"], own["shrink"], self.distance, self.in_slice),
            Flow(own["seed"], own["threshold"], self.low, self.high, self.auto),
        ):
            layout.addLayout(row)
        layout.addWidget(self.note)

    def settings(self) -> Settings:
        """Return the values of the fields."""
        return Settings(
            smallest_mm3=self.smallest.value(),
            sigma_mm=self.sigma.value(),
            distance_mm=self.distance.value(),
            low=self.low.value(),
            high=self.high.value(),
            range_from_seed=self.auto.isChecked(),
            in_slice=self.in_slice.isChecked(),
            protect=self.protect.isChecked(),
        )

    def show_units(self, spacing_known: bool) -> None:
        """Show millimetres, or voxels if the voxel size is unknown."""
        self.smallest.setSuffix(" mm³" if spacing_known else " voxels")
        for field in (self.sigma, self.distance):
            field.setSuffix(" mm" if spacing_known else " voxels")

    def show_window(self, low: float, high: float) -> None:
        """Use a display window as the intensity range, until the reader gives one."""
        for field, value in ((self.low, low), (self.high, high)) if not self._is_typed else ():
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)

    def show_state(self, *, can_edit: bool, can_undo: bool, can_redo: bool) -> None:
        """Enable what can be done now."""
        for button in self.buttons.values():
            button.setEnabled(can_edit)
        self.undo.setEnabled(can_edit and can_undo)
        self.redo.setEnabled(can_edit and can_redo)

    def show_note(self, text: str) -> None:
        """Show what a tool did, or why it did nothing."""
        self.note.setText(text)

    def _range_typed(self, value: float) -> None:
        self._is_typed = True

    def _clicked(self, name: str, *_: object) -> None:
        self.asked.emit(name)

    def _auto_toggled(self, is_auto: bool) -> None:
        tip = "Intensity range of 'Threshold'" if is_auto else "Intensity range of both tools"
        for field in (self.low, self.high):
            field.setToolTip(tip)


def _number(value: float, least: float, most: float, decimals: int, name: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setDecimals(decimals)
    field.setRange(least, most)
    field.setValue(value)
    field.setAccessibleName(name)
    field.setKeyboardTracking(False)
    field.setMaximumWidth(11 * field.fontMetrics().height())
    return field
