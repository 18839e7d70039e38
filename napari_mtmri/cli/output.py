# SPDX-License-Identifier: BSD-3-Clause
"""Words out: results to stdout, everything else to stderr."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from napari_mtmri.errors import MtmriError, RequestError, Stopped
from napari_mtmri.tables import json_text

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130


def say(text: str) -> None:
    """Write a result."""
    typer.echo(text)


def say_json(thing: Any) -> None:
    """Write a result for a program; numbers that JSON does not have become null."""
    typer.echo(json_text(thing))


def tell(text: str) -> None:
    """Write what is no result: a note, a warning, an error."""
    typer.echo(text, err=True)


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Return rows of words, aligned; the last column is left as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append((indent + "  ".join([*cells, row[-1]])).rstrip())
    return "\n".join(lines)


def sentence(error: BaseException) -> str:
    """Return what went wrong in one sentence."""
    if isinstance(error, MtmriError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The memory is full; close other programs or choose something smaller."
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or error}; check place and rights."
    text = " ".join(str(error).split())
    return f"Unexpected {type(error).__name__}: {text}; run it again with --debug and report it."


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
        If a word has no equals sign, or a name comes twice.
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
