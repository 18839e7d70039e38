# SPDX-License-Identifier: BSD-3-Clause
"""Choose pattern, acceleration, centre and seed, phase, noise and coils; show the mask."""

from __future__ import annotations

import random
from collections.abc import Mapping

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

from napari_mtmri.gui.form import AUTOMATIC, OptionsForm
from napari_mtmri.gui.reconstruct.slice_job import Tick
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.widgets.acceleration import Acceleration
from napari_mtmri.gui.widgets.layout import Flow, Fold
from napari_mtmri.gui.widgets.mask_preview import MaskPreview
from napari_mtmri.gui.widgets.problem import Problem, relabeled
from napari_mtmri.patterns.base import PATTERNS

FILE, CENTER = "file", "Centre"
# Panel labels for the parameter names in the messages of a pattern.
LABELS = {"center_fraction": CENTER, "acceleration": "R", "fftshift": "Zero frequency at index 0"}
MOST_SEED = 2**31 - 1  # maximum of a spin box


class SamplingPart(QWidget):
    """Sets the sampling in the `Choices` and shows the resulting mask.

    Signals
    -------
    save_asked : request to save the mask
    load_asked : request to choose a mask file
    spread_asked : request to show the mask, or its point-spread function
    """

    save_asked = Signal()
    load_asked = Signal()
    spread_asked = Signal()

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self.pattern = _pattern_list(choices.pattern)
        self.acceleration = Acceleration(choices.acceleration)
        self.center, self.seed = _center_box(), QSpinBox()
        self.seed.setRange(0, MOST_SEED)
        self.seed.setValue(choices.seed)
        self.seed.setToolTip("Random seed for mask, phase and noise; reproducible on any machine")
        self.new_seed = QPushButton("New seed")
        self.new_seed.setToolTip("Draw another mask with a random seed")
        self.options = OptionsForm()
        self.meaning, self.counts = QLabel(), QLabel()
        for label in (self.meaning, self.counts):
            label.setWordWrap(True)
        self.preview, self.problem = MaskPreview(), Problem()
        self.spread = QCheckBox("Point-spread function")
        self.spread.setToolTip("The image of a single point; its side lobes are the aliasing")
        self.load, self.save = QPushButton("Load…"), QPushButton("Save…")
        self.load.setToolTip("Use the sampling mask in a .npy, .png or .csv file")
        self.save.setToolTip("Write this sampling mask as a .png, .npy or .csv file")
        self._lay_out()
        self._show_kind()
        self.pattern.currentTextChanged.connect(self._pattern_changed)
        self.acceleration.changed.connect(self._acceleration_changed)
        self.center.valueChanged.connect(self._center_changed)
        self.seed.valueChanged.connect(self._seed_changed)
        self.options.changed.connect(self._options_changed)
        self.new_seed.clicked.connect(self.draw_seed)
        self.spread.toggled.connect(self.spread_asked)
        self.load.clicked.connect(self.load_asked)
        self.save.clicked.connect(self.save_asked)

    def _lay_out(self) -> None:
        row, files = QHBoxLayout(), Flow()
        row.addWidget(self.seed, stretch=1)
        row.addWidget(self.new_seed)
        for widget in (self.spread, self.load, self.save):
            files.addWidget(widget)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)  # narrow with large fonts
        form.addRow("Pattern", self.pattern)
        form.addRow("", self.meaning)
        form.addRow("R", self.acceleration)
        form.addRow(CENTER, self.center)
        form.addRow("Seed", row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        for widget in (self.options, self.preview, self.counts, self.problem):
            layout.addWidget(widget)
        layout.addLayout(files)

    def show_tick(self, tick: Tick) -> None:
        """Show the mask, or its point-spread function, with the exact counts."""
        if tick.problem is not None:
            self.preview.clear()
            self.counts.clear()
            self.problem.show_error(tick.problem, self._labels())
            return
        self.problem.clear()
        if tick.spread is not None:
            self.preview.show_spread(tick.spread)
        elif tick.mask is not None:
            self.preview.show_mask(tick.mask)
        if tick.sampling is not None:
            lines = [tick.sampling.text, *tick.sampling.warnings]
            self.counts.setText(relabeled("\n".join(lines), self._labels()))

    def _labels(self) -> dict[str, str]:
        """Return the labels of all fields, for messages that name parameters."""
        options = PATTERNS.get(self._choices.pattern).options
        return {**{option.name: option.title for option in options}, **LABELS}

    def use_file(self, path: str) -> None:
        """Use the mask in a file."""
        self._choices.options = {**self.options.values(), "path": path}
        if self._choices.pattern != FILE:
            self.pattern.setCurrentText(FILE)

    def draw_seed(self) -> None:
        """Choose a random seed."""
        self.seed.setValue(random.randrange(MOST_SEED))

    def _show_kind(self) -> None:
        kind = PATTERNS.get(self._choices.pattern)
        self.meaning.setText(kind.summary)
        self.acceleration.setEnabled("acceleration" in kind.uses)
        self.acceleration.set_most(kind.max_acceleration)
        self.center.setEnabled("center_fraction" in kind.uses)
        self.seed.setEnabled("seed" in kind.uses)
        self.new_seed.setEnabled("seed" in kind.uses)
        # The path is chosen with Load….
        self.options.show_options([one for one in kind.options if one.kind != "path"])

    def _pattern_changed(self, name: str) -> None:
        path = self._choices.options.get("path")
        if name == FILE and path is None:
            self._back()
            self.load_asked.emit()
            return
        if name != FILE:
            self._choices.options = {}
        self._choices.pattern = name
        self._show_kind()
        self._choices.acceleration = self.acceleration.value

    def _back(self) -> None:
        """Return to the previous pattern, because no file has been chosen yet."""
        self.pattern.blockSignals(True)
        self.pattern.setCurrentText(self._choices.pattern)
        self.pattern.blockSignals(False)

    def _acceleration_changed(self, value: float) -> None:
        self._choices.acceleration = value

    def _center_changed(self, value: float) -> None:
        self._choices.center_fraction = None if value < 0 else round(float(value), 4)

    def _seed_changed(self, value: int) -> None:
        self._choices.seed = int(value)

    def _options_changed(self, values: Mapping[str, object]) -> None:
        path = self._choices.options.get("path")
        self._choices.options = {**values, **({} if path is None else {"path": path})}


def _pattern_list(chosen: str) -> QComboBox:
    box = QComboBox()
    for name in PATTERNS.names():
        if name not in PATTERNS.broken():
            box.addItem(name)
            tip = PATTERNS.get(name).summary
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    box.setCurrentText(chosen)
    return box


def _center_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(-0.01, 1.0)
    box.setSingleStep(0.01)
    box.setDecimals(3)
    box.setValue(-0.01)
    box.setSpecialValueText(AUTOMATIC)
    box.setToolTip(
        "Fraction of the lines that is fully sampled at the centre of k-space; "
        "automatic: 0.08 up to R = 5, else 0.04"
    )
    return box


class RealismPart(Fold):
    """Realism of the simulation: phase, noise and coils; collapsed initially."""

    def __init__(self, choices: Choices) -> None:
        body = QWidget()
        super().__init__("Realism: phase, noise, coils", body)
        self._choices = choices
        self.phase, self.noise, self.coils = (
            QCheckBox("Smooth random phase"),
            QDoubleSpinBox(),
            QSpinBox(),
        )
        self.phase.setToolTip(
            "Without phase, k-space is conjugate symmetric, unlike in a real scan"
        )
        self.noise.setRange(0, 1000)
        self.noise.setSpecialValueText("no noise")
        self.noise.setToolTip(
            "SNR: mean magnitude in the object divided by the standard deviation of the noise"
        )
        self.coils.setRange(1, 32)
        self.coils.setToolTip("Number of simulated receive coils; their sensitivity maps are known")
        form = QFormLayout(body)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(self.phase)
        form.addRow("Noise (SNR)", self.noise)
        form.addRow("Coils", self.coils)
        self.phase.toggled.connect(self._phase_changed)
        self.noise.valueChanged.connect(self._noise_changed)
        self.coils.valueChanged.connect(self._coils_changed)

    def _phase_changed(self, on: bool) -> None:
        self._choices.phase = bool(on)

    def _noise_changed(self, snr: float) -> None:
        self._choices.snr = float(snr) or None

    def _coils_changed(self, count: int) -> None:
        self._choices.n_coils = int(count)
