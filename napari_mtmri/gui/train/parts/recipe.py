# SPDX-License-Identifier: BSD-3-Clause
"""How to train: preset, keys of the recipe by section, and plots of the paper's two ideas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.gui.form import OptionsForm
from napari_mtmri.gui.train.recipe_keys import options_of, reason_of, text_of, value_of
from napari_mtmri.gui.train.sentences import estimate_line
from napari_mtmri.gui.train.state import MEASURED, Plan
from napari_mtmri.gui.widgets.layout import Fold, Section
from napari_mtmri.gui.widgets.plot import Line, Plot
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.gui.widgets.ticks import LEGEND, TickStrip
from napari_mtmri.train.presets import PRESETS, notes
from napari_mtmri.train.recipe import KEYS, SECTION_OF, SECTIONS, Recipe, option_keys
from napari_mtmri.train.schedules import (
    TEACHER_KEYS,
    WEIGHT_KEYS,
    ticks,
    weights_over_epochs,
    weights_sentence,
)

GENERAL, OWN = "general", "options"  # keys outside all sections; options of the method
TITLES = {
    GENERAL: "Method", OWN: "Options of the method", "drlc": "Loss weights (DRLC)", "itfs": "Teacher forcing (ITFS)",
    "loss": "Losses",
}  # fmt: skip
ALWAYS_SHOWN = (GENERAL, OWN, "drlc", "itfs", "optimizer")


def keys_of(section: str) -> Mapping[str, FieldInfo]:
    """Return the keys of a section of the recipe, with their declarations."""
    return {key: one for key, one in KEYS.items() if SECTION_OF.get(key, GENERAL) == section}


class RecipePart(QWidget):
    """Writes the choices into the `Plan` and draws their effect.

    Signals
    -------
    estimate_asked, estimate_stopped
    """

    estimate_asked = Signal()
    estimate_stopped = Signal()

    def __init__(self, plan: Plan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan = plan
        self._is_estimating, self._method = False, ""
        self.preset, self.note, self.all_notes = QComboBox(), QLabel(), QLabel()
        self.preset.addItems(list(PRESETS))
        self.preset.setCurrentText(plan.preset)
        self.preset.setAccessibleName("preset")
        self.preset.setToolTip("Recipe to start from; paper-…: settings of the paper")
        self.notes = Fold("All notes on this preset", self.all_notes)
        self.forms = {
            name: OptionsForm(options_of(keys_of(name))) for name in (GENERAL, OWN, *SECTIONS)
        }
        lines = Line("α reconstruction", "image"), Line("β segmentation", "own", is_dashed=True)
        self.plot = Plot("Over epochs", lines)
        self.weights_note, self.ticks_note, self.strip = QLabel(), QLabel(), TickStrip()
        self.estimate, self.estimated, self.problem = QPushButton(), QLabel(), Problem()
        self.estimate.setToolTip("Run a few real updates to measure time and memory")
        for label in (
            self.note, self.all_notes, self.weights_note, self.ticks_note, self.estimated
        ):  # fmt: skip
            label.setWordWrap(True)
        self._lay_out()
        self.show_plan()
        self.show_estimating()
        self.show_estimate()
        plan.events.connect(self._plan_changed)
        self.preset.currentTextChanged.connect(plan.choose_preset)
        for form in self.forms.values():
            form.edited.connect(self._key_chosen)
        self.estimate.clicked.connect(self._estimate_clicked)

    def _lay_out(self) -> None:
        row, foot = QHBoxLayout(), QHBoxLayout()
        row.addWidget(QLabel("Preset"))
        row.addWidget(self.preset, stretch=1)
        foot.addWidget(self.estimated, stretch=1)
        foot.addWidget(self.estimate)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.note)
        layout.addWidget(self.notes)
        drawn = {"drlc": (self.plot, self.weights_note), "itfs": (self.strip, self.ticks_note)}
        self.groups: dict[str, QWidget] = {}
        for section in (*ALWAYS_SHOWN, *(one for one in SECTIONS if one not in ALWAYS_SHOWN)):
            make = Section if section in ALWAYS_SHOWN else Fold
            title = TITLES.get(section, section.capitalize())
            group = make(title, self.forms[section], *drawn.get(section, ()))
            self.groups[section] = group
            layout.addWidget(group)
        layout.addLayout(foot)
        layout.addWidget(self.problem)

    def show_plan(self) -> None:
        """Show the chosen recipe and its effect."""
        recipe = self._plan.recipe()
        self.preset.blockSignals(True)
        self.preset.setCurrentText(self._plan.preset)
        self.preset.blockSignals(False)
        found = notes(self._plan.preset)
        self.note.setText(found[-1] if found else "")
        self.all_notes.setText("\n".join(f"• {note}" for note in found))
        self.notes.setVisible(len(found) > 1)
        problems = {key: reason_of(key, one.why) for key, one in self._plan.refused.items()}
        self._show_options(recipe)
        for form in self.forms.values():
            form.show_values(self._shown(recipe, form))
            form.show_problems(problems)
        self.estimate.setEnabled(not problems)
        self._show_keys(recipe)
        epochs, alpha, beta = weights_over_epochs(recipe)
        self.plot.show_line("α reconstruction", epochs, alpha)
        self.plot.show_line("β segmentation", epochs, beta)
        self.weights_note.setText(weights_sentence(recipe))
        shown, what = ticks(recipe)
        self.strip.show_ticks(shown)
        self.ticks_note.setText(f"{what}. {LEGEND}" if shown else what)

    def _shown(self, recipe: Recipe, form: OptionsForm) -> dict[str, Any]:
        """Return the values of a form's fields; those that were refused stay as they are."""
        names = [name for name in form.fields if name not in self._plan.refused]
        return {
            name: text_of(recipe[name]) if form.is_typed(name) else recipe[name] for name in names
        }

    def _show_options(self, recipe: Recipe) -> None:
        """Show the fields of the method's own options, if the method has changed."""
        if recipe.method != self._method:
            self._method, own = recipe.method, option_keys(recipe.method)
            self.forms[OWN].show_options(options_of(own))
            self.groups[OWN].setVisible(bool(own))

    def _show_keys(self, recipe: Recipe) -> None:
        """Show the keys that have an effect, and those with refused values."""
        weights = ("weighting", *WEIGHT_KEYS[recipe.drlc.weighting])
        teacher = ("teacher_forcing", *TEACHER_KEYS.get(recipe.itfs.teacher_forcing, ()))
        for section, keys in (("drlc", weights), ("itfs", teacher)):
            followed = keys if section in recipe.schedules else ()
            self.forms[section].show_only((*followed, *self._plan.refused))
            self._show_group(section, section in recipe.schedules)
        self._show_group("network", recipe.start_from is None)  # else sizes of the weights

    def _show_group(self, section: str, has_effect: bool) -> None:
        is_refused = not self._plan.refused.keys().isdisjoint(self.forms[section].fields)
        self.groups[section].setVisible(has_effect or is_refused)

    def show_estimate(self, found: Any = None) -> None:
        """Show the measured time and memory, or "—"."""
        self.estimated.setText(estimate_line(found))

    def show_estimate_error(self, why: BaseException) -> None:
        """Show why the estimate failed."""
        self.show_estimate()
        self.problem.show_error(why)

    def show_estimating(self, is_estimating: bool = False) -> None:
        """Show whether an estimate is being measured."""
        self._is_estimating = is_estimating
        self.estimate.setText("Stop" if is_estimating else "Estimate")
        if is_estimating:
            self.problem.clear()
            self.estimated.setText("Measuring a few updates …")

    def _key_chosen(self, key: str, value: object) -> None:
        if value is None or isinstance(value, str):
            value = value_of(value, self._plan.keys()[key])
        self._plan.choose_key(key, value)

    def _plan_changed(self, what: Any) -> None:
        if what.signal.name in MEASURED:
            self.show_estimate()
        if what.signal.name in (*MEASURED, "refused"):
            self.show_plan()

    def _estimate_clicked(self) -> None:
        (self.estimate_stopped if self._is_estimating else self.estimate_asked).emit()
