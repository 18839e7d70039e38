# SPDX-License-Identifier: BSD-3-Clause
"""Parameters of patterns and methods: declared once, with range and help.

Shell options, panel forms and error messages are made from these declarations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from napari_mtmri.errors import RequestError

Value = float | int | str | bool
# Pydantic's kinds of errors in the words of this package; {} stands for its limit.
_REASONS = {
    "greater_than": "it must be above {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be below {lt}",
    "less_than_equal": "it must be at most {le}",
    "literal_error": "choose {expected}",
    "finite_number": "it must be a finite number",
    "missing": "it is missing",
    "extra_forbidden": "there is no such entry",
    "too_long": "it has too many values",
    "too_short": "it has too few values",
}
_KINDS = (
    ("int", "it must be a whole number"),
    ("float", "it must be a number"),
    ("bool", "it must be true or false"),
    ("string", "it must be text"),
    ("tuple", "it must be a list of values"),
    ("list", "it must be a list of values"),
    ("dict", "it must be pairs of names and values"),
    ("model", "it must be pairs of names and values"),
)


@dataclass(frozen=True)
class Option:
    """Declaration of one parameter: name, kind, default, range and help.

    Parameters
    ----------
    name : str
        The same in Python, shell and JSON.
    kind : {"float", "int", "choice", "path", "bool", "text"}
    default : float, int, str, bool or None
        None: derived from other parameters, as ``help`` explains.
    help : str
        One line, with the unit.
    minimum, maximum : float, optional
        Range of a number, limits included.
    choices : tuple of str
        Values of a "choice".
    label : str
        Label of its field in a form; by default the name with spaces.
    """

    name: str
    kind: Literal["float", "int", "choice", "path", "bool", "text"]
    default: Value | None
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    label: str = ""

    @property
    def title(self) -> str:
        """Label of its field in a form."""
        return self.label or self.name.replace("_", " ").capitalize()

    def check(self, value: object, owner: str) -> Value:
        """Return ``value`` converted to the type of the option.

        Parameters
        ----------
        value : object
            A value of that type, or its text.
        owner : str
            Name of the pattern or method, for messages.

        Raises
        ------
        RequestError
            If the value is of the wrong kind or out of range.
        """
        checked = self._convert(value)
        if checked is None:
            raise RequestError(
                f"{owner}: {self.name} = {value!r} is not {self._wanted()}; {self.help}"
            )
        return checked

    def _convert(self, value: object) -> Value | None:
        if self.kind == "bool":
            words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            return value if isinstance(value, bool) else words.get(str(value).lower())
        if self.kind in ("choice", "path", "text"):
            text = str(value)
            return text if self.kind != "choice" or text in self.choices else None
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        whole = self.kind == "int"
        if isinstance(value, bool) or not math.isfinite(number):
            return None
        if whole and number != int(number):
            return None
        if self.minimum is not None and number < self.minimum:
            return None
        if self.maximum is not None and number > self.maximum:
            return None
        return int(number) if whole else number

    def _wanted(self) -> str:
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "bool":
            return "yes or no"
        span = "" if self.minimum is None else f" from {self.minimum:g}"
        span += "" if self.maximum is None else f" to {self.maximum:g}"
        return ("a whole number" if self.kind == "int" else "a number") + span


def plain_reason(error: Mapping[str, Any]) -> str:
    """Return the reason of one of pydantic's errors, in the words of this package.

    Parameters
    ----------
    error : mapping
        An entry of ``ValidationError.errors()``.
    """
    kind, limits = str(error["type"]), error.get("ctx", {})
    if kind in _REASONS:
        return _REASONS[kind].format(**limits)
    for start, reason in _KINDS:
        if kind.startswith(f"{start}_"):
            return reason
    return str(error["msg"]).removeprefix("Value error, ")


def invalid_reason(why: Exception) -> str:
    """Return in one line why a record is not valid: pydantic's first error, or any other."""
    errors = getattr(why, "errors", None)
    if errors is None:
        return str(why).partition("\n")[0]
    first = errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {plain_reason(first)}"


def check_options(
    given: Mapping[str, object], declared: Sequence[Option], owner: str
) -> dict[str, Value]:
    """Return the given options with checked values; no defaults are added.

    Parameters
    ----------
    given : mapping of str to object
        Values by name.
    declared : sequence of Option
    owner : str
        Name of the pattern or method, for messages.

    Raises
    ------
    RequestError
        If an option is not declared or its value is invalid.
    """
    known = {option.name: option for option in declared}
    for name in given:
        if name not in known:
            raise RequestError(
                f"{owner} has no option {name!r}; it has: {', '.join(known) or 'none'}."
            )
    return {name: known[name].check(value, owner) for name, value in given.items()}
