# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri patterns``: list the sampling patterns, or draw the mask of one."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.output import columns, pairs, write_json, write_note, write_result
from napari_mtmri.errors import RequestError


def patterns(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Pattern or mask file to draw.")
    ] = None,
    shape: Annotated[
        str,
        typer.Option(metavar="READOUTxPHASE", help="Matrix size: readout x phase encoding."),
    ] = "224x192",
    acceleration: options.Acceleration = 4.0,
    center_fraction: options.CenterFraction = None,
    seed: options.Seed = 0,
    pattern_option: options.PatternOptions = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Save the mask: .png, .npy or .csv.")
    ] = None,
    json: options.Json = False,
) -> None:
    """List the sampling patterns, or draw the mask of one.

    Example: napari-mtmri patterns
             napari-mtmri patterns poisson --shape 256x200 --acceleration 6 --out mask.png
    """
    if name is None:
        _list(json)
        return
    from napari_mtmri.acquisition import make_pattern

    plane = _plane(shape)
    given = pairs(pattern_option, "--pattern-option")
    pattern = make_pattern(name, acceleration, center_fraction, seed, given)
    mask = pattern.mask(plane)
    sampling = pattern.describe(plane, mask)
    if out is not None:
        from napari_mtmri.patterns.mask_files import save_mask

        save_mask(mask, out)
    if json:
        write_json({**pattern.record(), "shape": plane, "sampling": asdict(sampling), "mask": out})
        return
    write_result(sampling.text)
    for warning in sampling.warnings:
        write_note(f"note: {warning}")
    if out is not None:
        write_result(str(out))


def _list(as_json: bool) -> None:
    from napari_mtmri.patterns.base import PATTERNS

    broken = PATTERNS.broken()
    kinds = [PATTERNS.get(name) for name in PATTERNS.names() if name not in broken]
    if as_json:
        write_json([_facts(kind) for kind in kinds])
        return
    rows = [["NAME", "SAMPLES"]]
    for kind in kinds:
        rows.append([kind.name, f"{kind.summary} ({kind.dimensions}-D)"])
        rows += [
            ["", f"--pattern-option {option.name}=…  {option.help}"] for option in kind.options
        ]
    write_result(columns(rows))
    for name, why in broken.items():
        write_note(f"{name} cannot be used: {why}")


def _facts(kind: Any) -> dict[str, Any]:
    options_of = [asdict(option) for option in kind.options]
    return {
        "name": kind.name,
        "title": kind.title,
        "summary": kind.summary,
        "dimensions": kind.dimensions,
        "uses": sorted(kind.uses),
        "options": options_of,
    }


def _plane(shape: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[x×,](\d{1,5})", shape.strip())
    if match is None:
        raise RequestError(
            f"--shape {shape!r} is not a matrix size; write readout x phase: 224x192."
        )
    return int(match[1]), int(match[2])
