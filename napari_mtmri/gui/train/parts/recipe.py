# SPDX-License-Identifier: BSD-3-Clause
"""How it is trained: preset, the paper's two ideas drawn, and all other keys folded."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.train.recipe_keys import KeysForm
from napari_mtmri.gui.train.schedules import (
    TEACHER_KEYS,
    WEIGHT_KEYS,
    ticks,
    weights_over_epochs,
    weights_sentence,
)
from napari_mtmri.gui.train.sentences import estimate_line
from napari_mtmri.gui.train.state import Plan
from napari_mtmri.gui.widgets.layout import Fold, Section
from napari_mtmri.gui.widgets.plot import Line, Plot
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.gui.widgets.ticks import TickStrip
from napari_mtmri.train.presets import PRESETS, notes
from napari_mtmri.train.recipe import KEYS

SIZES = ("recon_features", "seg_features")  # those of the weights it starts from, if any
MAIN = (
    "method", "start_from", *SIZES, "epochs", "batch_size", "learning_rate",
    "pattern", "accelerations", "center_fraction",
)  # fmt: skip
WEIGHTS = ("weighting", *dict.fromkeys(key for keys in WEIGHT_KEYS.values() for key in keys))
TEACHER = ("teacher_forcing", *dict.fromkeys(key for keys in TEACHER_KEYS.values() for key in keys))
OTHERS = tuple(key for key in KEYS if key not in {*MAIN, *WEIGHTS, *TEACHER})


class RecipePart(QWidget):
    """Writes what is chosen into the `Plan` and draws what it will do.

    Signals
    -------
    estimate_asked, estimate_stopped
    """

    estimate_asked = Signal()
    estimate_stopped = Signal()

    def __init__(self, plan: Plan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan = plan
        self._is_estimating = False
        self.preset, self.note, self.problem = QComboBox(), QLabel(), Problem()
        self.preset.addItems(list(PRESETS))
        self.preset.setCurrentText(plan.preset)
        self.preset.setAccessibleName("preset")
        self.preset.setToolTip("A recipe to begin with; paper-…: with the numbers of the paper")
        self.note.setWordWrap(True)
        self.forms = {
            name: KeysForm(keys)
            for name, keys in (
                ("main", MAIN), ("weights", WEIGHTS), ("teacher", TEACHER), ("others", OTHERS),
            )
        }  # fmt: skip
        alpha, beta = Line("α reconstruction", "image"), Line("β segmentation", "own", True)
        self.plot = Plot("Over epochs", [alpha, beta])
        self.weights_said, self.ticks_said, self.strip = QLabel(), QLabel(), TickStrip()
        for label in (self.weights_said, self.ticks_said):
            label.setWordWrap(True)
        self.all_notes = QLabel()
        self.all_notes.setWordWrap(True)
        self.notes = Fold("All about this preset", self.all_notes)
        self.folded = Fold("All other keys", self.forms["others"])
        self.estimate, self.estimated = QPushButton("Estimate"), QLabel(estimate_line(None))
        self.estimate.setToolTip("Measure some real updates: the time and memory it will take")
        self.estimated.setWordWrap(True)
        self._lay_out()
        self.show_plan()
        plan.events.connect(self._plan_changed)
        self.preset.currentTextChanged.connect(self._preset_chosen)
        for form in self.forms.values():
            form.changed.connect(self._key_chosen)
        self.estimate.clicked.connect(self._estimate_clicked)

    def _lay_out(self) -> None:
        row, foot = QHBoxLayout(), QHBoxLayout()
        row.addWidget(QLabel("Preset"))
        row.addWidget(self.preset, stretch=1)
        foot.addWidget(self.estimated, stretch=1)
        foot.addWidget(self.estimate, alignment=Qt.AlignmentFlag.AlignTop)
        drlc = Section(
            "DRLC: which loss leads", self.forms["weights"], self.plot, self.weights_said
        )
        itfs = Section(
            "ITFS: what the U-Net is shown", self.forms["teacher"], self.strip, self.ticks_said
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        for widget in (
            self.note,
            self.notes,
            self.problem,
            drlc,
            itfs,
            Section("Training", self.forms["main"]),
        ):
            layout.addWidget(widget)
        layout.addLayout(foot)
        layout.addWidget(self.folded)

    def show_plan(self) -> None:
        """Show the recipe as it is chosen now, and what it will do."""
        recipe = self._plan.recipe()
        said = notes(self._plan.preset)
        self.note.setText(said[-1] if said else "")
        self.all_notes.setText("\n".join(f"• {note}" for note in said))
        self.notes.setVisible(len(said) > 1)
        for form in self.forms.values():
            form.show_recipe(recipe)
        weights = ("weighting", *WEIGHT_KEYS[recipe.drlc.weighting]) if recipe.is_joint else ()
        teacher = ("teacher_forcing", *TEACHER_KEYS.get(recipe.itfs.teacher_forcing, ()))
        self.forms["weights"].show_only(weights)
        self.forms["teacher"].show_only(teacher if recipe.is_joint else ())
        hidden = SIZES if recipe.start_from else ()
        self.forms["main"].show_only([key for key in MAIN if key not in hidden])
        self.plot.setVisible(recipe.is_joint)
        epochs, alpha, beta = weights_over_epochs(recipe)
        self.plot.show_line("α reconstruction", epochs, alpha)
        self.plot.show_line("β segmentation", epochs, beta)
        self.weights_said.setText(weights_sentence(recipe))
        shown, what = ticks(recipe)
        self.strip.setVisible(bool(shown))
        self.strip.show_ticks(shown)
        self.ticks_said.setText(what)

    def show_estimate(self, found: Any) -> None:
        """Show what was measured; None: nothing yet."""
        self.estimated.setText(estimate_line(found))

    def show_estimating(self, is_estimating: bool) -> None:
        """Show whether some updates are being measured."""
        self._is_estimating = is_estimating
        self.estimate.setText("Stop" if is_estimating else "Estimate")
        if is_estimating:
            self.problem.clear()
            self.estimated.setText("Measuring some updates …")

    def _preset_chosen(self, preset: str) -> None:
        self.problem.clear()
        self._plan.choose_preset(preset)

    def _key_chosen(self, key: str, value: object) -> None:
        self.problem.clear()
        try:
            self._plan.set_key(key, value)
        except MtmriError as why:
            self.problem.show_error(why)  # the field keeps what was typed, the plan does not
        else:
            self.show_plan()  # a field that was refused before shows what holds

    def _plan_changed(self, what: Any) -> None:
        if what.signal.name in ("data", "preset", "changes"):
            self.show_estimate(None)
            self.show_plan()

    def _estimate_clicked(self) -> None:
        (self.estimate_stopped if self._is_estimating else self.estimate_asked).emit()
