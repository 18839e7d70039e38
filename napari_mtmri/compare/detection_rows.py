# SPDX-License-Identifier: BSD-3-Clause
"""Inserted lesions as a table, and their summary by size, contrast and acceleration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.stats.intervals import binomial_interval, bootstrap
from napari_mtmri.stats.patients import patient_means
from napari_mtmri.tables import csv_text, markdown_table
from napari_mtmri.volume import Volume

HEADINGS = (
    "Method", "Pattern", "R", "Diameter (mm)", "Contrast", "Found", "95 % interval",
    "Without lesion", "Contrast left",
)  # fmt: skip
NOTE = (
    "Found: at least one tenth of the lesion's voxels are in the mask. Without lesion: the same "
    "in the scan without it, a false alarm at this place. Contrast left: signal that the lesion "
    "adds to the reconstruction, divided by the signal it adds to the fully sampled image; mean "
    "over patients, with its bootstrap 95 % interval for several. Interval of found: Wilson, "
    "which takes the insertions as independent; those into the same patient are not quite."
)


@dataclass(frozen=True)
class DetectionRow:
    """One inserted lesion, and what one method made of it.

    Parameters
    ----------
    case, method, pattern : str
    acceleration : float
        Requested R.
    seed : int
    center : (float, float, float)
        Voxel coordinates.
    diameter : float
        In mm.
    contrast : float
        Relative to the signal at this place.
    n_voxels, found, found_without, covered, contrast_left
        See `napari_mtmri.compare.detection_jobs.Found`.
    patient : str
        Patient of whom the case is a session; empty: the case is one.
    """

    case: str
    method: str
    pattern: str
    acceleration: float
    seed: int
    center: tuple[float, float, float]
    diameter: float
    contrast: float
    n_voxels: int
    found: bool | None
    found_without: bool | None
    covered: float
    contrast_left: float
    patient: str = ""


ROW_COLUMNS = (
    "case", "method", "pattern", "R", "seed", "i", "j", "k", "diameter_mm", "contrast",
    "n_voxels", "found", "found_without", "covered", "contrast_left", "patient",
)  # fmt: skip


@dataclass(frozen=True)
class DetectionLine:
    """Summary over the lesions of one size and contrast.

    Parameters
    ----------
    method, pattern : str
    acceleration, diameter, contrast : float
    n, n_cases, n_patients : int
        Number of insertions, of cases and of patients.
    n_found, n_without : int or None
        Number of lesions found, and of false alarms at the same places; None for methods
        without a segmentation.
    rate, low, high : float
        Share found, and its Wilson 95 % interval.
    contrast_left, contrast_low, contrast_high : float
        Mean over patients, see `patient_means`, and its bootstrap 95 % interval; NaN for one.
    """

    method: str
    pattern: str
    acceleration: float
    diameter: float
    contrast: float
    n: int
    n_cases: int
    n_patients: int
    n_found: int | None
    n_without: int | None
    rate: float
    low: float
    high: float
    contrast_left: float
    contrast_low: float
    contrast_high: float

    def cells(self) -> list[str]:
        """Return the row as formatted text."""
        found, interval, without = "—", "—", "—"
        if self.n_found is not None:
            found = f"{self.n_found} of {self.n} ({100 * self.rate:.0f} %)"
            interval = f"{100 * self.low:.0f} to {100 * self.high:.0f} %"
            without = f"{self.n_without} of {self.n}"
        left = "—"
        if not math.isnan(self.contrast_left):
            left = f"{100 * self.contrast_left:.0f} %"
        if not math.isnan(self.contrast_low):
            left += f" [{100 * self.contrast_low:.0f} to {100 * self.contrast_high:.0f}]"
        return [
            self.method, self.pattern, f"{self.acceleration:g}", f"{self.diameter:g}",
            f"{100 * self.contrast:+.0f} %", found, interval, without, left,
        ]  # fmt: skip


_NAMES = {"acceleration": "R", "diameter": "diameter_mm"}
LINE_COLUMNS = tuple(_NAMES.get(one.name, one.name) for one in fields(DetectionLine))


@dataclass(frozen=True)
class Detection:
    """Detection of inserted lesions.

    Parameters
    ----------
    folder : Path
    rows : tuple of DetectionRow
    failed : mapping
        Reason by the name of each lesion or point that failed.
    request : mapping
        What was asked, as plain data without paths.
    example : tuple of Volume or None
        One image before and after an insertion, and the fraction of each voxel that is lesion.
    """

    folder: Path
    rows: tuple[DetectionRow, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    example: tuple[Volume, Volume, Volume] | None = None

    def summary(self) -> tuple[DetectionLine, ...]:
        """Return a line for each method, pattern, R, diameter and contrast."""
        groups: dict[tuple[Any, ...], list[DetectionRow]] = {}
        for row in self.rows:
            key = (row.method, row.pattern, row.acceleration, row.diameter, row.contrast)
            groups.setdefault(key, []).append(row)
        return tuple(_line(rows) for rows in groups.values())

    def to_csv(self) -> str:
        """Return a row for each inserted lesion as CSV with all digits."""
        return csv_text(ROW_COLUMNS, map(_cells, self.rows))

    def summary_csv(self) -> str:
        """Return the summary as CSV with all digits."""
        records = self.summary_records()
        lines = [["" if cell is None else cell for cell in one.values()] for one in records]
        return csv_text(LINE_COLUMNS, lines)

    def summary_records(self) -> list[dict[str, Any]]:
        """Return the summary as plain data."""
        return [
            dict(zip(LINE_COLUMNS, asdict(line).values(), strict=True)) for line in self.summary()
        ]

    def to_markdown(self) -> str:
        """Return the summary as a Markdown table with its notes."""
        table = markdown_table(HEADINGS, [line.cells() for line in self.summary()])
        return f"{table}\n\n{NOTE}\n"


def _line(rows: Sequence[DetectionRow]) -> DetectionLine:
    n, first = len(rows), rows[0]
    n_found = _count(row.found for row in rows)
    n_without = _count(row.found_without for row in rows)
    low, high = (math.nan, math.nan) if n_found is None else binomial_interval(n_found, n)
    left = patient_means((row.patient, row.case, row.contrast_left) for row in rows)
    means = list(left.values())
    left_low, left_high = (math.nan, math.nan) if math.isnan(sum(means)) else bootstrap(means)
    return DetectionLine(
        first.method,
        first.pattern,
        first.acceleration,
        first.diameter,
        first.contrast,
        n=n,
        n_cases=len({row.case for row in rows}),
        n_patients=len(left),
        n_found=n_found,
        n_without=n_without,
        rate=math.nan if n_found is None else n_found / n,
        low=low,
        high=high,
        contrast_left=float(np.mean(means)),
        contrast_low=left_low,
        contrast_high=left_high,
    )


def _count(flags: Iterable[bool | None]) -> int | None:
    found = [flag for flag in flags if flag is not None]
    return sum(found) if found else None


def _cells(row: DetectionRow) -> list[Any]:
    flags = ("" if flag is None else int(flag) for flag in (row.found, row.found_without))
    return [
        row.case, row.method, row.pattern, row.acceleration, row.seed, *row.center, row.diameter,
        row.contrast, row.n_voxels, *flags, row.covered, row.contrast_left, row.patient,
    ]  # fmt: skip


def row_of(record: Mapping[str, str]) -> DetectionRow:
    """Return a row from the columns of its table.

    Raises
    ------
    KeyError, ValueError
        If a column is missing or is not a number.
    """
    found, without = (
        bool(int(record[name])) if record[name] else None for name in ("found", "found_without")
    )
    i, j, k = (float(record[name]) for name in "ijk")
    return DetectionRow(
        record["case"],
        record["method"],
        record["pattern"],
        float(record["R"]),
        int(record["seed"]),
        (i, j, k),
        float(record["diameter_mm"]),
        float(record["contrast"]),
        int(record["n_voxels"]),
        found,
        without,
        float(record["covered"]),
        float(record["contrast_left"]),
        record.get("patient", ""),
    )
