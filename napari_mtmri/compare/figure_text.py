# SPDX-License-Identifier: BSD-3-Clause
"""Texts of the figure of a comparison: names, scores, scales and notes."""

from __future__ import annotations

from napari_mtmri.compare.cells import Cell
from napari_mtmri.compare.comparison import NOT_COMPARED, Comparison
from napari_mtmri.compare.errors import RESIDUAL, error_top
from napari_mtmri.compare.mask_spread import SPREAD
from napari_mtmri.compare.score_table import score_table
from napari_mtmri.compare.zoom import slice_view
from napari_mtmri.metrics.base import format_value
from napari_mtmri.plotting import RESEARCH, SIMULATED

_SHORT = {RESIDUAL: "residual", SPREAD: "spread"}


def case_name(comparison: Comparison) -> str:
    """Return the name of the case: that of the first result, else of the first volume."""
    results = (cell.result for cell in comparison.cells)
    return next((one.name for one in results if one is not None), comparison.grid.name)


def kind_text(comparison: Comparison, cell: Cell) -> str:
    """Return what a cell is, where its name does not say it, and its remarks.

    A mask without an image of its own is drawn on that of another cell, which is named: it must
    not be taken for a reconstruction of the method.
    """
    own = {"reference": "fully sampled", "date": "other date"}
    what = [own[cell.kind]] if cell.kind in own else []
    lender = comparison.borrowed_from(cell)
    if lender:
        what = [f"mask on “{lender}”"]
    elif cell.image is None:
        what = ["mask only"]
    return ", ".join((*what, *cell.remarks))


def scores_text(comparison: Comparison, cell: Cell) -> str:
    """Return the headline scores of the volume: one line of images, one of segmentations."""
    table = score_table(comparison)
    lines: tuple[list[str], list[str]] = ([], [])
    for column, score in zip(table.columns, table.rows.get(cell.name, ()), strict=False):
        name = column.quantity.name
        decimals = column.quantity.shown.get("figure")
        if score is not None and (decimals is not None or name in _SHORT):
            value = format_value(score.value, score.unit, decimals)
            text = f"{_SHORT.get(name, name)} {value} {score.unit}"
            lines[column.is_of_labels].append(text.rstrip())
    return "\n".join(" · ".join(line) for line in lines if line)


def scale_text(comparison: Comparison, what: str) -> str:
    """Return the scale of a row of maps, "error" or "spread", or of a "difference"."""
    top, gain = error_top(comparison), comparison.view.gain
    names = {"error": "|image − reference|", "spread": "SD over masks", "difference": "Difference"}
    name = names[what]
    if what == "error" and not comparison.reference:
        name = RESIDUAL.capitalize()
    whose = "the reference" if comparison.reference else "the image"
    bright = f"the 99.9th percentile of {whose}"
    share = bright if gain == 1 else f"1/{gain} of {bright}"
    return f"{name}, ×{gain}: 0 to {top:.3g}, {share}"


def figure_notes(comparison: Comparison) -> list[str]:
    """Return the notes: what scores and display depend on, warnings, and research use."""
    view = slice_view(comparison)
    table = score_table(comparison)
    depends = [
        f"{column.quantity.name}: {table.depends()[column.title]}."
        for column in table.columns
        if "figure" in column.quantity.shown and column.region in ("field of view", "class 1")
    ]
    low, high = comparison.window
    grid = " Oblique: shown on its own grid." if comparison.grid.is_oblique else ""
    results = [cell.result for cell in comparison.cells if cell.result is not None]
    simulated = any(result.request.get("simulation") is not None for result in results)
    flatters = f" {SIMULATED}, which flatters every method." if simulated else ""
    resampled = [cell.name for cell in comparison.cells if cell.is_resampled]
    shown = comparison.view
    scales = (("error", shown.errors), ("spread", shown.spread),
              ("difference", shown.mode == "difference"))  # fmt: skip
    return [
        *depends,
        f"Images: {low:.3g} (black) to {high:.3g} (white); {view.sides}.{grid}",
        *(f"{scale_text(comparison, what)}." for what, is_shown in scales if is_shown),
        *([f"Resampled onto this grid: {', '.join(resampled)}."] if resampled else []),
        *([NOT_COMPARED] if comparison.reference is None else []),
        *comparison.warnings,
        f"{RESEARCH}{flatters}",
    ]
