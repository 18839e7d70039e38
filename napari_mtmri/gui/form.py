# SPDX-License-Identifier: BSD-3-Clause
"""Declared options as a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QWidget

from napari_mtmri.parameters import Option


class OptionsForm(QWidget):
    """One row an option; empty means the default.

    Signals
    -------
    changed : mapping of the options that were set
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._fields: dict[str, QWidget] = {}

    def show_options(self, options: Sequence[Option]) -> None:
        """Show these options, all at their defaults."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._fields = {}
        for option in options:
            field = self._make(option)
            field.setToolTip(option.help)
            self._fields[option.name] = field
            self._layout.addRow(option.name.replace("_", " "), field)
        self.setVisible(bool(options))

    def values(self) -> dict[str, Any]:
        """Return the options that were set."""
        found: dict[str, Any] = {}
        for name, field in self._fields.items():
            if isinstance(field, QCheckBox):
                if field.isChecked():
                    found[name] = True
            else:
                text = field.currentText() if isinstance(field, QComboBox) else field.text()
                if text.strip() and text != "automatic":
                    found[name] = text.strip()
        return found

    def _make(self, option: Option) -> QWidget:
        if option.kind == "bool":
            box = QCheckBox()
            box.setChecked(bool(option.default))
            box.toggled.connect(self._tell)
            return box
        if option.kind == "choice":
            combo = QComboBox()
            combo.addItems(
                ["automatic", *option.choices] if option.default is None else option.choices
            )
            if option.default is not None:
                combo.setCurrentText(str(option.default))
            combo.currentTextChanged.connect(self._tell)
            return combo
        line = QLineEdit()
        line.setPlaceholderText("automatic" if option.default is None else str(option.default))
        line.editingFinished.connect(self._tell)
        return line

    def _tell(self, *_: object) -> None:
        self.changed.emit(self.values())
