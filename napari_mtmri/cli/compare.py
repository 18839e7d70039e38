# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri compare``: methods side by side, as a figure and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.output import columns, write_json, write_note, write_result
from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from napari_mtmri.compare import Comparison, ScoreTable

SLICES = ("worst", "largest-lesion", "disagreement")


@dataclass(frozen=True)
class CompareFiles:
    """What is compared with, and what is written."""

    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Figure to write: .png, .pdf or .svg."),
    ] = None
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Table of scores to write.")
    ] = None
    lesions: Annotated[
        Path | None, typer.Option("--lesions", metavar="FILE", help="Table of lesions to write.")
    ] = None
    spectrum: Annotated[
        Path | None,
        typer.Option("--spectrum", metavar="FILE", help="Plot of the error spectrum to write."),
    ] = None
    save: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="FILE", help="Comparison to save, as compare.json; can be opened."
        ),
    ] = None
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="FILE",
            help="Fully sampled image.",
            show_default="from the results",
        ),
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option("--labels", "-l", metavar="FILE", help="Reference segmentation."),
    ] = None


@dataclass(frozen=True)
class ViewOptions:
    """How the figure shows it."""

    slice: Annotated[
        str | None,
        typer.Option(
            "--slice",
            metavar="WHICH",
            help="Slice: worst, largest-lesion, disagreement, or its number.",
            show_default="largest-lesion",
        ),
    ] = None
    zoom: Annotated[
        str | None,
        typer.Option(
            "--zoom",
            metavar="X,Y,MM",
            help="Part to show larger: centre from the left and top edge, and side, in mm; or "
            "lesion, or lesion,MM.",
        ),
    ] = None
    mode: Annotated[
        Literal["grid", "swipe", "blink", "checkerboard", "difference"],
        typer.Option("--mode", help="All cells, or two with their mixture or difference."),
    ] = "grid"
    pair: Annotated[
        str | None,
        typer.Option(
            "--pair",
            metavar="NAME,NAME",
            help="The two cells of the mode.",
            show_default="first two",
        ),
    ] = None
    errors: Annotated[
        bool,
        typer.Option("--errors", help="Show error maps below; without a reference, residuals."),
    ] = False
    spread: Annotated[
        bool,
        typer.Option("--spread", help="Show the standard deviation over sampling masks below."),
    ] = False
    gain: Annotated[
        int,
        typer.Option(
            "--gain",
            metavar="N",
            help="Error scale ×1, ×5 or ×10: ends at 1/N of the 99.9th percentile.",
        ),
    ] = 5
    masks: Annotated[
        Literal["none", "outline", "fill", "disagreement"],
        typer.Option("--masks", help="How segmentations are drawn."),
    ] = "outline"
    neurological: Annotated[
        bool, typer.Option("--neurological", help="Show the patient's right on the right.")
    ] = False

    def apply(self, comparison: Comparison) -> Comparison:
        """Return the comparison with this view; options that were not given keep the saved one."""
        from napari_mtmri.compare import View

        default, chosen = View(), {}
        for name in ("mode", "errors", "spread", "gain", "masks", "neurological"):
            value = getattr(self, name)
            if value != getattr(default, name):
                chosen[name] = value
        seen = comparison.with_view(**chosen)
        if self.pair is not None:
            seen = seen.with_view(pair=_pair(seen, self.pair))
        if self.slice is not None:
            seen = seen.with_view(slice=_slice(seen, self.slice))
        return seen if self.zoom is None else seen.with_view(zoom=_zoom(seen, self.zoom))


@options.with_groups
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN", help="Result folders or images of one case, or one compare.json."
        ),
    ],
    *,
    files: CompareFiles,
    view: ViewOptions,
    zero_filled: Annotated[
        bool, typer.Option("--zero-filled", help="Add the zero-filled image of the first result.")
    ] = False,
    resample: Annotated[
        bool,
        typer.Option("--resample", help="Interpolate images on other grids onto the first."),
    ] = False,
    json: options.Json = False,
) -> None:
    """Compare results of one case: figure, scores, lesions, error spectrum.

    The figure shows the reference and each result with its segmentation in one window, and
    with --errors the error maps on one scale. Results of other cases, and images on other
    grids, are refused.

    Example: napari-mtmri compare results/patient/d5c5 results/patient/mtmri --out figure.png
             napari-mtmri compare results/patient/* --labels lesion.nii.gz --zoom lesion -o a.png
             napari-mtmri compare results/patient/* --errors --slice worst --save compare.json
    """
    from napari_mtmri.compare import compare_paths, score_table

    found = compare_paths(
        runs,
        reference=files.reference,
        labels=files.labels,
        zero_filled=zero_filled,
        resample=resample,
    )
    found = view.apply(found)
    for warning in found.warnings:
        write_note(f"note: {warning}")
    _write(found, files)
    table = score_table(found)
    if json:
        write_json(_record(found, table))
        return
    write_result(_text(table))
    if table.remark:
        write_note(f"note: {table.remark}")


def _write(found: Comparison, files: CompareFiles) -> None:
    """Write the requested files."""
    from napari_mtmri.compare import (
        lesion_table,
        save_comparison,
        save_comparison_figure,
        save_spectrum_figure,
        score_table,
    )
    from napari_mtmri.files import write_text

    if files.save is not None:
        save_comparison(found, files.save)
    if files.out is not None:
        save_comparison_figure(found, files.out)
    if files.spectrum is not None:
        save_spectrum_figure(found, files.spectrum)
    if files.csv is not None:
        write_text(files.csv, score_table(found).to_csv())
    if files.lesions is not None:
        lesions = lesion_table(found)
        if lesions is None:
            raise RequestError(f"{files.lesions}: there are no lesions; give `labels`.")
        write_text(files.lesions, lesions.to_csv())
    for path in (files.save, files.out, files.spectrum, files.csv, files.lesions):
        if path is not None:
            write_note(f"written to {path}")


def _text(table: ScoreTable) -> str:
    heading = ["", *(column.title for column in table.columns)]
    rows = [
        [name, *(column.text(score) for column, score in zip(table.columns, row, strict=True))]
        for name, row in table.rows.items()
    ]
    return columns([heading, *rows]) if rows else "nothing to score"


def _record(found: Comparison, table: ScoreTable) -> dict[str, Any]:
    return {
        "cells": [cell.name for cell in found.cells],
        "slice": found.slice,
        "scores": {
            name: [score.record() for score in row if score is not None]
            for name, row in table.rows.items()
        },
        "warnings": list(found.warnings),
        "remark": table.remark,
    }


def _slice(found: Comparison, word: str) -> int:
    from napari_mtmri.compare import largest_lesion_slice, most_disputed_slice, worst_slice

    if word.lstrip("-").isdigit():
        return int(word)
    if word not in SLICES:
        raise RequestError(f"--slice {word!r}: give {', '.join(SLICES)} or a number.")
    which = {
        "worst": worst_slice,
        "largest-lesion": largest_lesion_slice,
        "disagreement": most_disputed_slice,
    }[word]
    number = which(found)
    if number is None:
        why = "no segmentation has a lesion" if word == "largest-lesion" else "no masks differ"
        raise RequestError(f"--slice {word}: {why}; give a number.")
    return number


def _pair(found: Comparison, text: str) -> tuple[str, str]:
    names = [word.strip() for word in text.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        raise RequestError(f"--pair {text!r}: give the names of two cells, separated by a comma.")
    first, second = (found.cell(name).name for name in names)  # raises for an unknown one
    return first, second


def _zoom(found: Comparison, word: str) -> Any:
    from napari_mtmri.compare import Zoom, lesion_zoom

    first, *others = word.split(",")
    try:
        numbers = [float(one) for one in others]
        if first == "lesion" and len(numbers) < 2:
            return lesion_zoom(found, *numbers)
        x, y, size = float(first), *numbers
    except ValueError as why:
        raise RequestError(f"--zoom {word!r}: give X,Y,MM, lesion or lesion,MM.") from why
    return Zoom(x, y, size)
