# SPDX-License-Identifier: BSD-3-Clause
"""One case: figures, scores, lesions, error spectrum."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_mtmri.compare import (
    Comparison,
    LesionTable,
    draw_comparison,
    draw_spectrum,
    error_spectrum,
    lesion_table,
    score_table,
)
from napari_mtmri.compare.figure_text import case_name, figure_notes
from napari_mtmri.metrics.base import format_value
from napari_mtmri.report.page import Part, Picture, Table, picture_of

IN_A_FIGURE = 3  # cells next to the reference, so that text stays legible on A4
COLUMN = 1.75  # inches
MOST_LESIONS = 40


def case_part(comparison: Comparison) -> Part:
    """Return the part of one case."""
    table, lesions = score_table(comparison), lesion_table(comparison)
    scores = Table(
        "Scores of the volume",
        ("", *(column.title for column in table.columns)),
        tuple(
            (name, *(c.text(score) for c, score in zip(table.columns, row, strict=True)))
            for name, row in table.rows.items()
        ),
        tuple(notes_of(comparison)),
    )
    return Part(
        case_name(comparison),
        (
            *table.remark.splitlines(),
            *([scores] if table.rows else []),
            *([] if lesions is None else [_lesions(lesions)]),
            *_pictures(comparison),
            *_spectrum(comparison),
        ),
    )


def notes_of(comparison: Comparison) -> list[str]:
    """Return what the scores depend on, equal texts together."""
    merged: dict[str, list[str]] = {}
    for title, text in score_table(comparison).depends().items():
        if text:
            merged.setdefault(text, []).append(title.partition(" (")[0])
    return [f"{', '.join(dict.fromkeys(names))}: {text}." for text, names in merged.items()]


def _pictures(comparison: Comparison) -> list[Picture]:
    """Return figures of the reference with up to three cells each."""
    first = [cell.name for cell in comparison.cells if cell.kind == "reference"]
    others = [cell.name for cell in comparison.cells if cell.kind != "reference"] or first
    groups = _groups(others, IN_A_FIGURE if first else IN_A_FIGURE + 1)
    notes = figure_notes(comparison)
    caption = " ".join(
        note for note in notes if note.startswith(("Images", "|image", "Data", "Res", "SD", "Diff"))
    )
    found = []
    if comparison.view.mode != "grid" and comparison.pair is not None:
        names = [cell.name for cell in comparison.pair]
        figure = draw_comparison(comparison, column=COLUMN, notes=False)
        alt = f"{comparison.view.mode.capitalize()} of {' and '.join(names)}"
        found.append(picture_of(figure, f"{alt}. {caption}", alt))
    for group in groups:
        names = list(dict.fromkeys([*first, *group]))
        figure = draw_comparison(comparison, names, column=COLUMN, notes=False)
        alt = f"Slice {comparison.slice} of {', '.join(names)}, with segmentations"
        found.append(picture_of(figure, caption, alt))
    return found


def _groups(names: Sequence[str], most: int) -> list[list[str]]:
    count = -(-len(names) // most)
    size = -(-len(names) // count)
    return [list(names[start : start + size]) for start in range(0, len(names), size)]


def _spectrum(comparison: Comparison) -> list[Picture]:
    spectrum = error_spectrum(comparison)
    if spectrum is None or not spectrum.errors:
        return []
    caption = (
        "Error spectrum: energy of the error over spatial frequency, divided by that of the "
        "reference. A curve near 1 means that this detail is lost, above 1 that false detail was "
        "added."
    )
    alt = f"Error spectra of {', '.join(spectrum.errors)}"
    return [picture_of(draw_spectrum(comparison), caption, alt)]


def _lesions(table: LesionTable) -> Table:
    """Return the lesions: volume of each, and volume and Dice by every method."""

    def cell(found: bool, volume: float, dice: float) -> str:
        if not found and not volume:
            return "missed"
        text = format_value(volume, table.unit)
        text += "" if math.isnan(dice) else f" (Dice {format_value(dice, '', 2)})"
        return text if found else f"{text}, missed"

    rows = []
    for row in table.rows[:MOST_LESIONS]:
        name = f"{row.number}" if row.kind == "lesion" else f"extra {row.number}"
        own = format_value(row.volume, table.unit) if row.kind == "lesion" else "none"
        by_cells = (
            ("—" if row.kind == "extra" and not row.found[name_of] else
             cell(row.found[name_of], row.volumes[name_of], row.dice[name_of]))
            for name_of in table.cells
        )  # fmt: skip
        rows.append((name, own, *by_cells))
    more = len(table.rows) - len(rows)
    unit = "ml" if table.unit == "ml" else "voxels"
    notes = [f"Volume in {unit} and Dice of the lesion by each method. Lesions: {table.depends}."]
    if more:
        notes.append(f"{more} smaller lesions are left out of this page.")
    heading = ("Lesion", f"{table.base} ({table.unit})", *table.cells)
    return Table("Lesions", heading, tuple(rows), tuple(notes))
