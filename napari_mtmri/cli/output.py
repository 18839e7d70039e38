# SPDX-License-Identifier: BSD-3-Clause
"""Results to stdout, everything else to stderr; errors that name options, not parameters."""

from __future__ import annotations

import codecs
import io
import math
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer

from napari_mtmri.errors import MtmriError, RequestError, Stopped
from napari_mtmri.tables import json_text

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130
ERRORS = "napari_mtmri"  # name of the way to write what an encoding lacks
ASCII = {"−": "-", "–": "-", "—": "-", "·": "-", "×": "x", "±": "+-", "∞": "inf", "…": "..."}
SPELLINGS = {
    "n_processes": "jobs",
    "n_coils": "coils",
    "center": "at",
    "diameter": "diameters",
    "contrast": "contrasts",
}  # parameters whose option has another name


def write_result(text: str) -> None:
    """Write a result to stdout."""
    typer.echo(text)


def write_json(thing: Any) -> None:
    """Write a result as JSON to stdout; NaN and infinity become null."""
    text = json_text(thing)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # JSON has its own escapes
        text = json_text(thing, ascii_only=True)
    typer.echo(text)


def write_anything() -> None:
    r"""Let stdout and stderr write what their encoding lacks: "?", and bytes of names as \xe9.

    The encoding is often not UTF-8 on Windows; without this the command would fail after its
    work.
    """
    codecs.register_error(ERRORS, _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    shown = (
        f"\\x{ord(one) - 0xDC00:02x}" if "\udc80" <= one <= "\udcff" else ASCII.get(one, "?")
        for one in missing
    )
    return "".join(shown), error.end


def write_note(text: str) -> None:
    """Write a note, a warning or an error to stderr."""
    typer.echo(text, err=True)


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Return rows of text with aligned columns; the last column is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append((indent + "  ".join([*cells, row[-1]])).rstrip())
    return "\n".join(lines)


def sentence(error: BaseException) -> str:
    """Return an error as one sentence, with parameters (`out`) as options (--out)."""
    if isinstance(error, MtmriError):
        return re.sub(r"`(\w+)`", lambda name: _option(name[1]), str(error))
    if isinstance(error, MemoryError):
        return "Not enough memory; close other programs or choose a smaller volume."
    if isinstance(error, OSError):
        return (
            f"{error.filename or 'a file'}: {error.strerror or error}; check path and permissions."
        )
    text = " ".join(str(error).split())
    return f"Unexpected {type(error).__name__}: {text}; run it again with --debug and report it."


def _option(parameter: str) -> str:
    return "--" + SPELLINGS.get(parameter, parameter).replace("_", "-")


def status_of(error: BaseException) -> int:
    """Return the exit status for an error."""
    if isinstance(error, (Stopped, KeyboardInterrupt)):
        return STOPPED
    return WRONG if isinstance(error, RequestError) else FAILED


def pairs(words: Sequence[str] | None, option: str) -> dict[str, str]:
    """Return ``["a=1", "b=2"]`` as a mapping.

    Raises
    ------
    RequestError
        If a word has no equals sign, or a name is given twice.
    """
    found: dict[str, str] = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise RequestError(f"{option} {word!r} is not of the form name=value.")
        if name in found:
            raise RequestError(f"{option} {name} is given twice: {found[name]} and {value}.")
        found[name] = value
    return found


def numbers(text: str, option: str) -> list[float]:
    """Return ``"2, 3.5"`` as a list of numbers.

    Raises
    ------
    RequestError
        If there is none, or a word is not a finite number.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        found = [float(word) for word in words]
    except ValueError:
        found = []
    if not found or not all(map(math.isfinite, found)):
        raise RequestError(f"{option} {text!r} is not a list of numbers; give them as 2,4,8.")
    return found
