# SPDX-License-Identifier: BSD-3-Clause
"""Keys of a recipe as a form, made from the recipe's own declaration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.train.recipe import KEYS, Recipe

NOTHING = {"center_fraction": "automatic"}  # "none" for all others
# What a key is called where its own name says too little.
TITLES = {
    "learning_rate": "Learning rate", "recon_features": "Width of D5C5",
    "seg_features": "Width of U-Net", "accelerations": "R and shares",
    "center_fraction": "Centre", "teacher_forcing": "U-Net is shown", "weighting": "Weights",
    "tf_period": "Truth, own", "tf_start": "Truth at first", "tf_end": "Truth at last",
    "fixed_alpha": "α", "fixed_beta": "β", "time_constant": "Time constant", "t_unit": "Moves per",
    "alpha_offset": "Offset", "alpha_floor": "Floor of α", "dwa_temperature": "Temperature",
}  # fmt: skip


def text_of(value: Any) -> str:
    """Return a value as it is typed: ``4``, ``224, 192``, ``2: 0.1, 4: 0.6``."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{_plain(key)}: {_plain(share)}" for key, share in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(_plain, value))
    return _plain(value)


def value_of(text: str, key: str) -> Any:
    """Return what was typed as the recipe takes it; the recipe says what is wrong with it."""
    text, shape = text.strip(), str(KEYS[key].annotation)
    if not text:
        return None
    if shape.startswith("dict") and ":" in text:
        pairs = (part.partition(":") for part in text.split(",") if part.strip())
        return {left.strip(): right.strip() for left, _, right in pairs}
    if "tuple[" in shape:
        return [part.strip() for part in text.split(",")]
    if shape.startswith("str"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def choices_of(key: str) -> list[str]:
    """Return the values that a key can have, none where it is typed."""
    if key == "pattern":
        return [name for name in PATTERNS.names() if name not in PATTERNS.broken()]
    kind = KEYS[key].annotation
    return [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []


def title_of(key: str) -> str:
    """Return what a key is called in the panel."""
    return TITLES.get(key, key.replace("_", " ").capitalize())


class KeysForm(QWidget):
    """One row a key; choices as lists, everything else typed.

    Signals
    -------
    changed : key and value, as they were chosen
    """

    changed = Signal(str, object)

    def __init__(self, keys: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.fields: dict[str, QWidget] = {}
        for key in keys:
            field = self.fields[key] = self._make(key)
            label = QLabel(title_of(key))
            for widget in (label, field):
                widget.setToolTip(tip_of(key))
            self._form.addRow(label, field)

    def show_recipe(self, recipe: Recipe) -> None:
        """Show the values of a recipe."""
        for key, field in self.fields.items():
            value = recipe[key]
            field.blockSignals(True)
            if isinstance(field, QComboBox):
                field.setCurrentText(str(value))
            elif isinstance(field, QCheckBox):
                field.setChecked(bool(value))
            elif isinstance(field, QLineEdit):
                field.setText(text_of(value))
                field.setModified(False)
            field.blockSignals(False)

    def show_only(self, keys: Sequence[str]) -> None:
        """Hide the rows of all other keys."""
        for key, field in self.fields.items():
            self._form.setRowVisible(field, key in keys)

    def _make(self, key: str) -> QWidget:
        kind, choices = KEYS[key].annotation, choices_of(key)
        if choices:
            box = QComboBox()
            box.addItems(choices)
            policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            box.setSizeAdjustPolicy(policy)
            box.setMinimumContentsLength(8)
            box.currentTextChanged.connect(self._chosen)
            made: QWidget = box
        elif kind is bool:
            made = QCheckBox()
            made.toggled.connect(self._chosen)
        else:
            made = QLineEdit()
            made.setPlaceholderText(NOTHING.get(key, "none"))
            made.setMinimumWidth(made.fontMetrics().averageCharWidth() * 8)
            made.editingFinished.connect(self._chosen)
        made.setObjectName(key)
        made.setAccessibleName(title_of(key))
        return made

    def _chosen(self, *_: object) -> None:
        field: Any = self.sender()
        key = field.objectName()
        if isinstance(field, QComboBox):
            self.changed.emit(key, field.currentText())
        elif isinstance(field, QCheckBox):
            self.changed.emit(key, field.isChecked())
        elif field.isModified():
            field.setModified(False)
            self.changed.emit(key, value_of(field.text(), key))


def tip_of(key: str) -> str:
    """Return what a key means, and its name in the command."""
    about = KEYS[key].description
    return f"{about[:1].upper()}{about[1:]} ({key})" if about else key


def _plain(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
