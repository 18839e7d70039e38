# SPDX-License-Identifier: BSD-3-Clause
"""Pattern, acceleration, centre and seed, with the mask they give; and realism."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible, QLabeledDoubleSlider

from napari_mtmri.gui.form import OptionsForm
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.widgets.mask_preview import MaskPreview
from napari_mtmri.patterns.base import PATTERNS, Sampling

AUTOMATIC = "automatic"
MOST = 16.0


class SamplingPart(QWidget):
    """Writes what is chosen into the `Choices`.

    Signals
    -------
    save_asked : the mask is to be saved
    load_asked : a mask file is to be chosen
    """

    save_asked = Signal()
    load_asked = Signal()

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self.pattern = QComboBox()
        for name in PATTERNS.names():
            if name not in PATTERNS.broken():
                self.pattern.addItem(name)
                summary = PATTERNS.get(name).summary
                self.pattern.setItemData(
                    self.pattern.count() - 1, summary, Qt.ItemDataRole.ToolTipRole
                )
        self.pattern.setCurrentText(choices.pattern)
        self.meaning = QLabel()
        self.meaning.setWordWrap(True)
        self.acceleration = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.acceleration.setRange(1.0, MOST)
        self.acceleration.setSingleStep(0.5)
        self.acceleration.setDecimals(1)
        self.acceleration.setValue(choices.acceleration)
        self.acceleration.setToolTip("R: how many times fewer samples are measured")
        self.center = QDoubleSpinBox()
        self.center.setRange(-0.01, 1.0)
        self.center.setSingleStep(0.01)
        self.center.setValue(-0.01)
        self.center.setSpecialValueText(AUTOMATIC)
        self.center.setToolTip("Share of lines in the fully sampled centre")
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setValue(choices.seed)
        dice = QPushButton("Dice")
        dice.setToolTip("Another seed, so another mask")
        self.options = OptionsForm()
        self.preview, self.counts = MaskPreview(), QLabel()
        self.counts.setWordWrap(True)
        self.spread = QCheckBox("point-spread function")
        self.spread.setToolTip("What a single point becomes: its side lobes are the aliasing")
        load, save = QPushButton("Load mask…"), QPushButton("Save mask…")
        self._lay_out(dice, load, save)
        self._show_kind()
        self.pattern.currentTextChanged.connect(self._pattern_changed)
        self.acceleration.valueChanged.connect(self._acceleration_changed)
        self.center.valueChanged.connect(self._center_changed)
        self.seed.valueChanged.connect(self._seed_changed)
        self.options.changed.connect(self._options_changed)
        dice.clicked.connect(self._roll)
        load.clicked.connect(self.load_asked)
        save.clicked.connect(self.save_asked)

    def _lay_out(self, dice: QPushButton, load: QPushButton, save: QPushButton) -> None:
        seeds, files = QHBoxLayout(), QHBoxLayout()
        seeds.addWidget(self.seed)
        seeds.addWidget(dice)
        files.addWidget(load)
        files.addWidget(save)
        form = QFormLayout()
        form.addRow("Pattern", self.pattern)
        form.addRow("Acceleration", self.acceleration)
        form.addRow("Centre", self.center)
        form.addRow("Seed", seeds)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.meaning)
        layout.addWidget(self.options)
        layout.addWidget(self.preview)
        layout.addWidget(self.counts)
        layout.addWidget(self.spread)
        layout.addLayout(files)

    def show_mask(self, mask: np.ndarray, sampling: Sampling) -> None:
        """Show the mask, or what it makes of a point, with the exact counts."""
        if self.spread.isChecked():
            from napari_mtmri.patterns.point_spread import point_spread

            self.preview.show_spread(point_spread(mask))
        else:
            self.preview.show_mask(mask)
        self.counts.setText("\n".join([sampling.text, *sampling.warnings]))

    def show_problem(self, text: str) -> None:
        """Show why there is no mask."""
        self.preview.clear()
        self.counts.setText(text)

    def use_file(self, path: str) -> None:
        """Take the mask of a file."""
        self._choices.options = {"path": path}
        self.pattern.setCurrentText("file")

    def _show_kind(self) -> None:
        kind = PATTERNS.get(self._choices.pattern)
        self.meaning.setText(kind.summary)
        self.acceleration.setEnabled("acceleration" in kind.uses)
        self.center.setEnabled("center_fraction" in kind.uses)
        self.seed.setEnabled("seed" in kind.uses)
        self.options.show_options([] if kind.name == "file" else kind.options)

    def _pattern_changed(self, name: str) -> None:
        if name != "file":
            self._choices.options = {}
        self._choices.pattern = name
        self._show_kind()
        if name == "file" and not self._choices.options:
            self.load_asked.emit()

    def _acceleration_changed(self, value: float) -> None:
        self._choices.acceleration = round(float(value), 1)

    def _center_changed(self, value: float) -> None:
        self._choices.center_fraction = None if value < 0 else round(float(value), 4)

    def _seed_changed(self, value: int) -> None:
        self._choices.seed = int(value)

    def _options_changed(self, values: dict[str, object]) -> None:
        self._choices.options = values

    def _roll(self) -> None:
        self.seed.setValue((self.seed.value() * 48271 + 11) % (2**31 - 1))


class RealismPart(QCollapsible):
    """Phase, noise and coils; folded at first."""

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__("Realism", parent)
        self._choices = choices
        phase, noise, coils = QCheckBox("smooth random phase"), QDoubleSpinBox(), QSpinBox()
        noise.setRange(0, 1000)
        noise.setSpecialValueText("no noise")
        noise.setToolTip("SNR: mean magnitude over the standard deviation of the noise")
        coils.setRange(1, 32)
        coils.setToolTip("Simulated receive coils with known sensitivity maps")
        body = QWidget()
        form = QFormLayout(body)
        form.addRow(phase)
        form.addRow("Noise (SNR)", noise)
        form.addRow("Coils", coils)
        self.addWidget(body)
        phase.toggled.connect(self._phase_changed)
        noise.valueChanged.connect(self._noise_changed)
        coils.valueChanged.connect(self._coils_changed)

    def _phase_changed(self, on: bool) -> None:
        self._choices.phase = bool(on)

    def _noise_changed(self, snr: float) -> None:
        self._choices.snr = float(snr) or None

    def _coils_changed(self, count: int) -> None:
        self._choices.n_coils = int(count)
