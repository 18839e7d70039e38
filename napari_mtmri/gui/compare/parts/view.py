# SPDX-License-Identifier: BSD-3-Clause
"""How the cells are looked at: mode, content, masks, planes and window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.compare import (
    AGREED,
    EXTRA,
    MISSED,
    Comparison,
    error_top,
    lesion_frequency,
    mask_spread,
)
from napari_mtmri.compare.comparison import GAINS, PAIR_MODES, Mode
from napari_mtmri.compare.mask_patterns import AGREEMENT_COLOURS
from napari_mtmri.gui.compare.places import PLANES
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.widgets.layout import Flow

MODES: dict[Mode, tuple[str, str]] = {
    "grid": ("Grid", "All cells side by side"),
    "swipe": ("Swipe", "Two cells in one picture; Alt and drag on the picture moves the edge"),
    "blink": ("Blink", "Two cells alternately, 2.5 times a second"),
    "checkerboard": ("Checker", "Two cells in the squares of a checkerboard"),
    "difference": ("Difference", "Magnitude of the difference of two cells"),
}
CONTENTS = {
    "image": ("Image", "Images, all with one display window"),
    "error": ("Error", "Magnitude of the error on one scale; without a reference, the residual"),
    "spread": (
        "Spread",
        "Standard deviation over sampling masks: of results that differ in the mask alone",
    ),
    "frequency": (
        "Frequency",
        "In how many of the sampling masks each voxel is called lesion, in percent",
    ),
    "k-space": ("k-space", "Magnitude of k-space in decibels, one scale for all cells"),
}
MASKS = {
    "none": ("No masks", "Images alone"),
    "outline": ("Outline", "Outlines of the masks: reference teal, predicted orange"),
    "fill": ("Fill", "Filled masks: reference teal, predicted orange"),
    "disagreement": ("Disagreement", "Where the masks differ from the reference mask"),
}
LEGEND = {
    AGREED: ("▢", "agreed", "in both masks: outline"),
    MISSED: ("■", "missed", "only in the reference mask, of two cells in the first: solid"),
    EXTRA: ("▨", "extra", "not in the reference mask, of two cells in the second: striped"),
}
NO_SPREAD = (
    "The spread needs results of one method and R with several sampling masks: add results with "
    "other seeds."
)
FREQUENCY = "Called lesion: 0 to 100 % of the sampling masks"
NO_FREQUENCY = (
    "The frequency needs predicted masks of one method and R with several sampling masks: add "
    "results with other seeds."
)
SHADE = "#303030"  # below the signs of the legend, as below the masks in an image
LEAST_TILE, MOST_TILE = 4, 128
NARROW, WIDE = 5, 9  # of the lists, in wide characters


class ViewPart(QWidget):
    """Mode, content, masks, planes and window of the cells.

    Signals
    -------
    plane_asked : order of the axes, the sliced one first
    window_reset
    """

    plane_asked = Signal(object)
    window_reset = Signal()

    def __init__(self, looking: Looking) -> None:
        super().__init__()
        self._looking = looking
        self._comparison: Comparison | None = None
        self.modes = {name: _button(*texts) for name, texts in MODES.items()}
        self.planes = {name: _button(name, f"{name} slices") for name in PLANES}
        self.content, self.masks, self.gain = _combo(CONTENTS), _combo(MASKS), QComboBox()
        self.first, self.second, self.flip = QComboBox(), QComboBox(), QPushButton("⇄")
        self.slider, self.blinks = QSlider(Qt.Orientation.Horizontal), QCheckBox("alternate")
        self.window = QPushButton("Reset window")
        self.legend, self.scale = QLabel(), QLabel()
        self._prepare()
        self._lay_out()
        self._connect()
        self.refresh()

    def _prepare(self) -> None:
        for gain in GAINS:
            self.gain.addItem(f"×{gain}", gain)
        self.gain.setToolTip(
            "Error scale: from 0 to the 99.9th percentile of the reference divided by this (Alt+Shift+G)"
        )
        for combo in (self.content, self.masks, self.first, self.second):
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.setMinimumContentsLength(WIDE if combo is self.masks else NARROW)
        self.content.setToolTip("What the cells show (Alt+Shift+E)")
        self.masks.setToolTip("How the masks are drawn (Alt+Shift+K)")
        self.first.setToolTip("First of the two cells")
        self.second.setToolTip("Second of the two cells")
        self.flip.setToolTip("Exchange the two cells (Alt+Shift+B)")
        self.flip.setAccessibleName("exchange the two cells")
        self.window.setToolTip("One display window for all cells, from the reference (Alt+Shift+R)")
        self.blinks.setToolTip("Off: change by hand with Alt+Shift+B")
        for label in (self.legend, self.scale):
            label.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setToolTip("\n".join(f"{name}: {tip}" for _, name, tip in LEGEND.values()))
        self._mode_group, self._plane_group = QButtonGroup(self), QButtonGroup(self)
        for group, buttons in ((self._mode_group, self.modes), (self._plane_group, self.planes)):
            group.setExclusive(True)
            for button in buttons.values():
                group.addButton(button)
        for button in self.modes.values():
            button.setToolTip(f"{button.toolTip()} (next mode: Alt+Shift+M)")
        for button in self.planes.values():
            button.setToolTip(f"{button.toolTip()} (next plane: Alt+Shift+A)")

    def _lay_out(self) -> None:
        self.pair = QWidget()
        form = QFormLayout(self.pair)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("First", self.first)
        form.addRow("Second", self.second)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(4)
        layout.addLayout(Flow(*self.modes.values()))
        layout.addWidget(self.pair)
        row = QHBoxLayout()
        row.addWidget(self.slider, stretch=1)
        row.addWidget(self.blinks)
        row.addWidget(self.flip)
        layout.addLayout(row)
        layout.addLayout(Flow(self.content, self.gain, self.masks))
        layout.addLayout(Flow(*self.planes.values(), self.window))
        layout.addWidget(self.legend)
        layout.addWidget(self.scale)

    def _connect(self) -> None:
        self._mode_group.buttonClicked.connect(self._mode_clicked)
        self._plane_group.buttonClicked.connect(self._plane_clicked)
        for combo, name in ((self.content, "content"), (self.masks, "masks"), (self.gain, "gain")):
            combo.activated.connect(getattr(self, f"_{name}_chosen"))
        self.first.activated.connect(self._pair_chosen)
        self.second.activated.connect(self._pair_chosen)
        self.flip.clicked.connect(self.exchange)
        self.slider.valueChanged.connect(self._slid)
        self.blinks.toggled.connect(self._blinks_toggled)
        self.window.clicked.connect(self.window_reset)

    def show_comparison(self, comparison: Comparison | None) -> None:
        """List the cells to choose two from."""
        self._comparison = comparison
        self.refresh()

    def refresh(self) -> None:
        """Show what is chosen."""
        looking, comparison = self._looking, self._comparison
        self.setEnabled(comparison is not None)
        self.modes[looking.mode].setChecked(True)
        for combo, value in (
            (self.content, looking.content), (self.masks, looking.masks), (self.gain, looking.gain)
        ):  # fmt: skip
            combo.setCurrentIndex(combo.findData(value))
        is_pair = looking.mode in PAIR_MODES
        self.pair.setVisible(is_pair)
        self.flip.setVisible(is_pair)
        self.blinks.setVisible(looking.mode == "blink")
        self.blinks.setChecked(looking.blinks)
        self.slider.setVisible(looking.mode in ("swipe", "checkerboard"))
        self._show_slider()
        self.gain.setVisible(looking.has_scale)
        has_reference = comparison is None or comparison.reference is not None
        at = self.content.findData("error")
        self.content.setItemText(at, CONTENTS["error"][0] if has_reference else "Residual")
        self._show_pair()
        self._show_words()

    def _show_pair(self) -> None:
        comparison = self._comparison
        pair = None if comparison is None else self._looking.pair(comparison)
        names = [] if comparison is None else [cell.name for cell in comparison.cells]
        for combo, cell in zip((self.first, self.second), pair or (None, None), strict=True):
            if [combo.itemText(at) for at in range(combo.count())] != names:
                combo.clear()
                combo.addItems(names)
            if cell is not None:
                combo.setCurrentText(cell.name)

    def _show_slider(self) -> None:
        is_tile = self._looking.mode == "checkerboard"
        self.slider.blockSignals(True)
        self.slider.setRange(LEAST_TILE if is_tile else 0, MOST_TILE if is_tile else 100)
        self.slider.setValue(self._looking.tile if is_tile else self._looking.edge)
        self.slider.setToolTip(
            "Side of the squares in voxels"
            if is_tile
            else "Edge between first and second cell; Alt and drag on the picture moves it too"
        )
        self.slider.blockSignals(False)

    def _show_words(self) -> None:
        looking, comparison = self._looking, self._comparison
        differs = looking.masks == "disagreement" or (
            looking.mode == "difference" and looking.masks != "none"
        )
        parts = [
            f'<span style="color:{AGREEMENT_COLOURS[code]};background-color:{SHADE}">{sign}</span> {name}'
            for code, (sign, name, _) in LEGEND.items()
        ]
        self.legend.setText("&nbsp;&nbsp; ".join(parts))
        self.legend.setVisible(differs)
        if (
            comparison is not None
            and looking.content == "frequency"
            and looking.mode != "difference"
        ):
            found = any(lesion_frequency(comparison, cell) is not None for cell in comparison.cells)
            self.scale.setText(FREQUENCY if found else NO_FREQUENCY)
            self.scale.setToolTip("")
            self.scale.show()
            return
        has_scale = comparison is not None and looking.has_scale
        self.scale.setVisible(has_scale)
        if comparison is not None and has_scale:
            top = error_top(looking.onto(comparison))
            what = "Difference" if looking.mode == "difference" else "│image − reference│"
            if looking.mode != "difference" and looking.content == "spread":
                what = "Standard deviation over masks"
                if not any(mask_spread(comparison, cell) for cell in comparison.cells):
                    self.scale.setText(NO_SPREAD)
                    return
            elif comparison.reference is None and looking.mode != "difference":
                what = "Data-consistency residual"
            share = "99.9th percentile" + ("" if looking.gain == 1 else f" ÷ {looking.gain}")
            self.scale.setText(f"{what}: 0 to {top:.4g} ({share})")
            self.scale.setToolTip(
                "From 0, black, to the 99.9th percentile of the reference "
                f"divided by {looking.gain}, yellow; the same for all cells"
            )

    def show_plane(self, order: tuple[int, ...]) -> None:
        """Show which plane is on screen."""
        for name, known in PLANES.items():
            if tuple(order)[-3:][:1] == known[:1]:
                self.planes[name].setChecked(True)

    def exchange(self, *_: object) -> None:
        """Exchange the two cells; in Blink, show the other one."""
        looking = self._looking
        if looking.mode == "blink":
            looking.blinks = False
            looking.shows_second = not looking.shows_second
            return
        pair = None if self._comparison is None else looking.pair(self._comparison)
        if pair is not None:
            looking.first, looking.second = pair[1].name, pair[0].name

    def _mode_clicked(self, button: Any) -> None:
        self._looking.mode = next(name for name, one in self.modes.items() if one is button)

    def _plane_clicked(self, button: Any) -> None:
        name = next(name for name, one in self.planes.items() if one is button)
        self.plane_asked.emit(PLANES[name])

    def _content_chosen(self, *_: object) -> None:
        self._looking.content = self.content.currentData()

    def _masks_chosen(self, *_: object) -> None:
        self._looking.masks = self.masks.currentData()

    def _gain_chosen(self, *_: object) -> None:
        self._looking.gain = self.gain.currentData()

    def _pair_chosen(self, *_: object) -> None:
        first, second = self.first.currentText(), self.second.currentText()
        self._looking.first, self._looking.second = first, second

    def _slid(self, value: int) -> None:
        if self._looking.mode == "checkerboard":
            self._looking.tile = value
        else:
            self._looking.edge = value

    def _blinks_toggled(self, wanted: bool) -> None:
        self._looking.blinks = wanted


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setCheckable(True)
    return button


def _combo(texts: Mapping[str, tuple[str, str]]) -> QComboBox:
    combo = QComboBox()
    for value, (text, tip) in texts.items():
        combo.addItem(text, value)
        combo.setItemData(combo.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    return combo
