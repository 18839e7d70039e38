# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri patterns``: what there is, and the mask of one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_mtmri.cli import words
from napari_mtmri.errors import RequestError


def patterns(
    name: Annotated[str | None, typer.Argument(help="Draw this one, or a mask file.")] = None,
    shape: Annotated[str, typer.Option(help="Readout by phase encoding.")] = "224x192",
    acceleration: words.Acceleration = 4.0,
    center_fraction: words.CenterFraction = None,
    seed: words.Seed = 0,
    pattern_option: words.PatternOption = None,
    out: Annotated[Path | None, typer.Option(help="Save the mask: .png, .npy or .csv.")] = None,
    json: words.Json = False,
) -> None:
    """List the sampling patterns, or draw the mask of one.

    Example: napari-mtmri patterns poisson --shape 224x192 --acceleration 6 --out mask.png
    """
    if name is None:
        _list(json)
        return
    plane = _plane(shape)
    pattern = words.make_pattern(name, acceleration, center_fraction, seed, pattern_option)
    sampling = pattern.describe(plane)
    if json:
        words.print_json({**pattern.record(), "shape": plane, "sampling": vars(sampling)})
    else:
        typer.echo(sampling.text)
    for warning in sampling.warnings:
        typer.echo(warning, err=True)
    if out is not None:
        from napari_mtmri.patterns.mask_files import save_mask

        save_mask(pattern.mask(plane), out)
        typer.echo(f"written to {out}", err=True)


def _list(json: bool) -> None:
    from napari_mtmri.patterns.base import PATTERNS

    rows: list[dict[str, Any]] = []
    for name in PATTERNS.names():
        kind = PATTERNS.get(name)
        options = {option.name: option.help for option in kind.options}
        rows.append({"name": name, "summary": kind.summary, "options": options})
    if json:
        words.print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['name']:<17} {row['summary']}")
        for option, text in row["options"].items():
            typer.echo(f"{'':<17}   --pattern-option {option}=…  {text}")


def _plane(shape: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[x×,](\d{1,5})", shape.strip())
    if match is None:
        raise RequestError(f"--shape {shape!r}: write readout by phase encoding, like 224x192.")
    return int(match[1]), int(match[2])
