# SPDX-License-Identifier: BSD-3-Clause
"""Form for declared options, with one magicgui field per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from magicgui.widgets import create_widget
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from napari_mtmri.gui.widgets.colors import color_of
from napari_mtmri.parameters import Option

AUTOMATIC = "automatic"
EMPTY = "empty: "  # in the help of a typed option: what an empty field means
N_STEPS = 50  # spin-box steps from minimum to maximum, for a number without a default
DECIMALS = 3


class OptionsForm(QWidget):
    """Form with one row per option: spin box, list, check box, or text field for all others.

    Signals
    -------
    changed : mapping of the set options, as returned by `values`
    edited : name and value of the changed field; None for automatic
    """

    changed = Signal(object)
    edited = Signal(str, object)

    def __init__(self, options: Sequence[Option] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # A Qt form layout, because magicgui's Container does not wrap long rows.
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.fields: dict[str, Any] = {}
        self.problems: dict[str, QLabel] = {}
        self._options: dict[str, Option] = {}
        self._styling = QTimer(self)
        self._styling.setSingleShot(True)
        self._styling.timeout.connect(self._style)
        self.show_options(options)

    def show_options(self, options: Sequence[Option]) -> None:
        """Show these options with their default values."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._options = {option.name: option for option in options}
        self.fields = {option.name: _field(option) for option in options}
        self.problems = {option.name: QLabel() for option in options}
        for name, option in self._options.items():
            label, field = QLabel(option.title), self.fields[name]
            for widget in (label, field.native):
                widget.setToolTip(_tip(option))
            field.native.setAccessibleName(option.title)
            self._layout.addRow(label, field.native)
            self.problems[name].setWordWrap(True)
            self._layout.addRow(self.problems[name])
            self._layout.setRowVisible(self.problems[name], False)
            if self.is_typed(name):  # not on every keystroke
                field.native.editingFinished.connect(partial(self._typed, name))
            else:
                field.changed.connect(partial(self._edited, name))
        self.setVisible(bool(options))
        self._styling.start(0)

    def _style(self) -> None:
        """Apply the labels' font to text fields: napari sets the font size of labels only."""
        label = self.findChild(QLabel)
        if label is not None:
            for line in self.findChildren(QLineEdit):
                line.setFont(label.font())

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show values without emitting signals."""
        for name, value in values.items():
            field, option = self.fields[name], self._options[name]
            with field.changed.blocked():
                if value is None:
                    value = field.min if _is_number(option) else _empty(option)
                field.value = value
            if self.is_typed(name):
                field.native.setCursorPosition(0)  # a long text is shown from its start

    def show_only(self, names: Sequence[str]) -> None:
        """Hide the rows of all other options."""
        for name, field in self.fields.items():
            self._layout.setRowVisible(field.native, name in names)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Mark the fields whose value was refused, each with the reason below it."""
        color = color_of(self, "error").name()
        for name, label in self.problems.items():
            text = problems.get(name, "")
            label.setText(text)
            label.setStyleSheet(f"color: {color}")
            self._layout.setRowVisible(label, bool(text))
            field = self.fields[name].native
            field.setStyleSheet(f"border: 1px solid {color}" if text else "")

    def is_typed(self, name: str) -> bool:
        """Return whether the value of a field is typed text."""
        return isinstance(self.fields[name].native, QLineEdit)

    def value(self, name: str) -> Any:
        """Return the value of a field, as text for a text field; None for automatic."""
        field, option = self.fields[name], self._options[name]
        if _is_number(option):
            return None if field.value < option.minimum else field.value
        return None if field.value == _empty(option) else field.value

    def values(self) -> dict[str, Any]:
        """Return the set options: neither automatic, nor empty, nor at the default."""
        found = {}
        for name, option in self._options.items():
            value = self.value(name)
            if value not in (None, option.default, str(option.default)):
                found[name] = value
        return found

    def _typed(self, name: str) -> None:
        line = self.fields[name].native
        if line.isModified():
            line.setModified(False)
            self._edited(name)

    def _edited(self, name: str, *_: object) -> None:
        self.edited.emit(name, self.value(name))
        self.changed.emit(self.values())


def _is_number(option: Option) -> bool:
    """Return whether an option gets a spin box: a number with a known range."""
    is_bounded = option.minimum is not None and option.maximum is not None
    return option.kind in ("int", "float") and is_bounded


def _empty(option: Option) -> str | None:
    """Return the text that a list or text field shows if no value is set."""
    if option.kind == "bool":
        return None
    return AUTOMATIC if option.kind == "choice" else ""


def _field(option: Option) -> Any:
    if option.kind == "bool":
        return create_widget(option.default, widget_type="CheckBox", options={"text": ""})
    if option.kind == "choice":
        names = (AUTOMATIC, *option.choices) if option.default is None else option.choices
        field = create_widget(
            option.default or AUTOMATIC, widget_type="ComboBox", options={"choices": names}
        )
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        field.native.setSizeAdjustPolicy(policy)
        field.native.setMinimumContentsLength(8)
        return field
    if _is_number(option):
        return _spin_box(option)
    field = create_widget("", widget_type="LineEdit")
    meaning = option.help.partition(EMPTY)[2] or AUTOMATIC
    field.native.setPlaceholderText(meaning if option.default is None else str(option.default))
    return field


def _spin_box(option: Option) -> Any:
    """Return a spin box that shows "automatic" below its minimum."""
    assert option.minimum is not None  # `_is_number`
    assert option.maximum is not None
    whole = option.kind == "int"
    limits: dict[str, Any] = {"min": option.minimum, "max": option.maximum}
    if option.default is None:
        step = 1.0 if whole else float(f"{(option.maximum - option.minimum) / N_STEPS:.1g}")
        limits |= {"min": option.minimum - step, "step": step}
    if whole:
        limits = {name: round(value) for name, value in limits.items()}
    value = limits["min"] if option.default is None else option.default
    field = create_widget(value, widget_type="SpinBox" if whole else "FloatSpinBox", options=limits)
    if not whole:
        field.native.setDecimals(DECIMALS)
        field.value = value
    if option.default is None:
        field.native.setSpecialValueText(AUTOMATIC)
    field.native.setKeyboardTracking(False)
    return field


def _tip(option: Option) -> str:
    """Return the help text of an option, with its range."""
    if option.minimum is None or option.maximum is None:
        return option.help
    return f"{option.help} ({option.minimum:g} to {option.maximum:g})"
