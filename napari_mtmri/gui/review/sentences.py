# SPDX-License-Identifier: BSD-3-Clause
"""Words and cells of the Review panel; no Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.review.agreement import Agreement
from napari_mtmri.review.case_list import CaseStatus
from napari_mtmri.review.consensus import ConsensusReport
from napari_mtmri.review.lesions import Lesion, LesionTable
from napari_mtmri.review.mask_store import LabelName

MARKS = {"open": "○", "in work": "◐", "approved": "✓", "flagged": "⚑", "rejected": "✗"}
COLUMNS = ("", "Case", "ml", "Difficulty", "Reader")
NOTHING = "—"


@dataclass(frozen=True)
class Cell:
    """Text of a table's cell, and its tooltip."""

    text: str
    tip: str = ""


def cells_of(status: CaseStatus) -> list[Cell]:
    """Return the row of a case."""
    tip = status.state if not status.comment else f"{status.state}: {status.comment}"
    volume = status.facts.get("volume_ml")
    title = status.title if status.reading == 1 else f"{status.title} (reading {status.reading})"
    return [
        Cell(MARKS.get(status.state, ""), tip),
        Cell(title, f"{title}, {tip}"),
        Cell(number_text(volume, 1)),
        Cell(status.difficulty or NOTHING),
        Cell(", ".join(status.readers) or NOTHING),
    ]


def number_text(value: float | None, decimals: int) -> str:
    """Return a number with fixed decimals, or "—" if it was not measured."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:.{decimals}f}"


def time_text(seconds: float) -> str:
    """Return a duration as minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def lesion_headings(table: LesionTable) -> list[tuple[str, str]]:
    """Return heading and tooltip of each column of the lesion table."""
    volume, length = table.volume_unit, table.length_unit
    per_area = f"{length}²" if length == "mm" else length
    many = {"ml": "ml", "voxel": "voxels"}[volume]
    return [
        ("#", "Number of the lesion, the largest first"),
        ("Label", "Label of the lesion"),
        (many, f"Volume in {many}"),
        (f"⌀ {length}", f"Longest diameter in an axial slice, in {length}"),
        (f"⊥ {length}", f"Longest diameter perpendicular to it in the same slice, in {length}"),
        ("⌀ × ⊥", f"Product of both diameters, in {per_area}, as RANO asks"),
        ("Mean", "Mean intensity of the image in the lesion"),
        ("P", "Mean probability of the model in the lesion"),
        ("Conf.", "Confidence of the model in the lesion"),
    ]


def lesion_cells(lesion: Lesion, table: LesionTable, names: Mapping[int, LabelName]) -> list[str]:
    """Return the row of a lesion."""
    decimals = 2 if table.volume_unit == "ml" else 0
    name = names[lesion.label].name if lesion.label in names else ""
    return [
        str(lesion.number),
        f"{lesion.label} {name}".strip(),
        number_text(lesion.volume, decimals),
        number_text(lesion.diameter, 1),
        number_text(lesion.perpendicular, 1),
        number_text(lesion.product, 0),
        number_text(lesion.intensity, 0),
        number_text(lesion.probability, 2),
        number_text(lesion.confidence, 2),
    ]


def suggested_cells(lesion: Lesion, table: LesionTable, is_rejected: bool) -> list[str]:
    """Return the row of a lesion that a model suggests, in the columns of `lesion_cells`."""
    state = "rejected" if is_rejected else "suggested"
    return [f"S{lesion.number}", state, *lesion_cells(lesion, table, {})[2:]]


def lesion_summary(table: LesionTable) -> str:
    """Return number and total volume of the lesions."""
    count = len(table.lesions)
    if not count:
        return "No lesion: the mask is empty"
    total = sum(lesion.volume for lesion in table.lesions)
    unit = table.volume_unit if table.volume_unit == "ml" else "voxels (voxel size unknown)"
    decimals = 2 if table.volume_unit == "ml" else 0
    return f"{count} lesion{'s' if count > 1 else ''}, {total:.{decimals}f} {unit}"


def agreement_text(folder: Path, agreement: Agreement) -> str:
    """Return where the agreement was written, and the cases to look at first."""
    disputed = [f"{one.case} (Dice {number_text(one.dice, 2)})" for one in agreement.cases[:3]]
    most = f"Most disputed: {', '.join(disputed)}." if disputed else "No case has two readers."
    return "\n".join((f"Agreement of the readers written to {folder}. {most}", *agreement.notes))


def consensus_text(report: ConsensusReport) -> str:
    """Return for which cases there is a consensus."""
    made, kept, left_out = len(report.cases), len(report.kept), len(report.left_out)
    parts = [f"{made} cases have a consensus, kept under the reader {report.reader}"]
    if kept:
        parts.append(f"{kept} had it already")
    if left_out:
        parts.append(f"{left_out} have fewer than two masks")
    return "; ".join(parts)
