# SPDX-License-Identifier: BSD-3-Clause
"""Declared options as a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QWidget

from napari_mtmri.parameters import Option

AUTOMATIC = "automatic"


class OptionsForm(QWidget):
    """One row an option; what is left empty or at its default is left out.

    Signals
    -------
    changed : mapping of the options that were set
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.fields: dict[str, QWidget] = {}
        self._options: tuple[Option, ...] = ()

    def show_options(self, options: Sequence[Option]) -> None:
        """Show these options, all at their defaults; paths are chosen elsewhere."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._options = tuple(option for option in options if option.kind != "path")
        self.fields = {}
        for option in self._options:
            field = self.fields[option.name] = self._make(option)
            field.setToolTip(_tip(option))
            self._layout.addRow(option.name.replace("_", " ").capitalize(), field)
        self.setVisible(bool(self._options))

    def values(self) -> dict[str, Any]:
        """Return the options that were set, as text where they were typed."""
        found: dict[str, Any] = {}
        for option in self._options:
            field = self.fields[option.name]
            value: Any
            if isinstance(field, QCheckBox):
                value = field.isChecked()
            elif isinstance(field, QComboBox):
                value = field.currentText()
            else:
                value = field.text().strip()
            if value not in ("", AUTOMATIC, option.default):
                found[option.name] = value
        return found

    def _make(self, option: Option) -> QWidget:
        if option.kind == "bool":
            box = QCheckBox()
            box.setChecked(bool(option.default))
            box.toggled.connect(self._tell)
            return box
        if option.kind == "choice":
            combo = QComboBox()
            automatic = [AUTOMATIC] if option.default is None else []
            combo.addItems([*automatic, *option.choices])
            if option.default is not None:
                combo.setCurrentText(str(option.default))
            combo.currentTextChanged.connect(self._tell)
            return combo
        line = QLineEdit()
        line.setPlaceholderText(AUTOMATIC if option.default is None else f"{option.default:g}")
        line.editingFinished.connect(self._tell)
        return line

    def _tell(self, *_: object) -> None:
        self.changed.emit(self.values())


def _tip(option: Option) -> str:
    """What an option is for, with its range."""
    if option.minimum is None or option.maximum is None:
        return option.help
    return f"{option.help} ({option.minimum:g} to {option.maximum:g})"
