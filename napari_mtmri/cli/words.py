# SPDX-License-Identifier: BSD-3-Clause
"""Options that several commands share, and their reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_mtmri.errors import RequestError
from napari_mtmri.patterns.base import Pattern

Method = Annotated[str, typer.Option("--method", "-m", help="See: napari-mtmri methods.")]
PatternName = Annotated[
    str, typer.Option("--pattern", "-p", help="A name of `patterns`, or a .npy, .png or .csv file.")
]
Acceleration = Annotated[float, typer.Option("--acceleration", "-r", help="R, from 1 to 16.")]
CenterFraction = Annotated[
    float | None, typer.Option(help="Fully sampled centre; automatic: 0.08 up to R 5, else 0.04.")
]
Seed = Annotated[int, typer.Option(help="Of the mask, the noise and the phase.")]
PatternOption = Annotated[
    list[str] | None, typer.Option("--pattern-option", help="name=value, as `patterns` lists them.")
]
Parameter = Annotated[
    list[str] | None, typer.Option("--param", help="name=value of the method's own parameters.")
]
Device = Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")]
Precision = Annotated[str, typer.Option(help="auto, float32 or bfloat16.")]
Weights = Annotated[Path | None, typer.Option(help="A weights file, or a folder of them.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

MASK_ENDINGS = (".npy", ".png", ".csv")


def pairs(words: Sequence[str] | None) -> dict[str, str]:
    """Return name=value words as a mapping.

    Raises
    ------
    RequestError
        If a word has no "=".
    """
    found: dict[str, str] = {}
    for word in words or ():
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise RequestError(f"{word!r} is not name=value; write it like angle=golden.")
        found[name.strip()] = value.strip()
    return found


def make_pattern(
    name: str,
    acceleration: float,
    center_fraction: float | None,
    seed: int,
    options: Sequence[str] | None,
) -> Pattern:
    """Return the pattern the words ask for; a file name means the pattern "file".

    Raises
    ------
    RequestError
        If the pattern, or an option of it, does not exist or does not fit.
    """
    given: dict[str, Any] = pairs(options)
    if name.lower().endswith(MASK_ENDINGS):
        return Pattern("file", options={**given, "path": name})
    if name == "full":
        acceleration = 1.0
    return Pattern(name, acceleration, center_fraction, seed, given)


def print_json(value: object) -> None:
    """Print a value as JSON on stdout; NaN and infinity as null."""
    typer.echo(json.dumps(_plain(value), indent=1, default=str))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value
