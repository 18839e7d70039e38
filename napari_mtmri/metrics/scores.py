# SPDX-License-Identifier: BSD-3-Clause
"""Scores: measured values with the settings they depend on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Scope = Literal["volume", "slice", "lesion"]
COLUMNS = ("scope", "item", "metric", "region", "value", "unit", "flag", "depends")
FIELD_OF_VIEW = "field of view"
OBJECT = "object"
_SCOPES: dict[str, Scope] = {"volume": "volume", "slice": "slice", "lesion": "lesion"}
COUNTS = ("voxel", "lesions")


@dataclass(frozen=True)
class Score:
    """One measured value.

    Parameters
    ----------
    metric : str
        Name for the user, such as "PSNR" or "Dice".
    value : float
        NaN if not measured or undefined; infinite for a perfect PSNR and for the surface
        distance of a miss.
    unit : str
        "dB", "mm", "ml", "voxel", "lesions" or empty.
    scope : {"volume", "slice", "lesion"}
    item : int or None
        Index of the slice, or number of the lesion from 1.
    region : str
        "field of view", "object" or "class 1".
    depends : str
        Settings in which programs differ, in one line: range, window, connectivity, ...
    flag : str
        Why the value is special: "both empty", "missed", "false alarm", "perfect" ...
    """

    metric: str
    value: float
    unit: str = ""
    scope: Scope = "volume"
    item: int | None = None
    region: str = FIELD_OF_VIEW
    depends: str = ""
    flag: str = ""

    def record(self) -> dict[str, Any]:
        """Return the columns of the table, in order."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True)
class Scores:
    """All scores of one prediction."""

    rows: tuple[Score, ...] = ()

    def find(
        self, metric: str, region: str | None = None, scope: Scope = "volume"
    ) -> tuple[Score, ...]:
        """Return the rows of a metric in one region, by default its first."""
        found = [row for row in self.rows if row.metric == metric and row.scope == scope]
        wanted = region if region is not None or not found else found[0].region
        return tuple(row for row in found if row.region == wanted)

    def get(
        self,
        metric: str,
        region: str | None = None,
        scope: Scope = "volume",
        item: int | None = None,
    ) -> float:
        """Return one value, NaN if it was not measured.

        Parameters
        ----------
        metric : str
        region : str, optional
            By default the first: the field of view, or the lowest class.
        scope : {"volume", "slice", "lesion"}
        item : int, optional
            Slice or lesion; by default the first row.
        """
        for row in self.find(metric, region, scope):
            if item is None or row.item == item:
                return row.value
        return math.nan

    def along(
        self, metric: str, region: str | None = None, scope: Scope = "slice"
    ) -> dict[int, float]:
        """Return the values by slice, or by lesion."""
        found = self.find(metric, region, scope)
        return {row.item: row.value for row in found if row.item is not None}

    def noted(self, note: str) -> Scores:
        """Return the scores with a note in ``depends`` of all scores of classes."""
        if not note:
            return self
        return Scores(
            tuple(
                replace(row, depends=f"{row.depends}; {note}")
                if row.region.startswith("class")
                else row
                for row in self.rows
            )
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as mappings with the columns of the table."""
        return [row.record() for row in self.rows]

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]]) -> Scores:
        """Return the scores from the rows of `records`, with values as numbers or text.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a column is missing or invalid.
        """
        return cls(tuple(_score(record) for record in records))


def format_value(value: float, unit: str = "", decimals: int | None = None) -> str:
    """Return a value formatted for tables: "27.31", "∞", or "—" for NaN.

    Parameters
    ----------
    value : float
    unit : str
        Unit; whole numbers of voxels or lesions have no decimals.
    decimals : int, optional
        By default 2 with a unit, 1 for counts and 4 without a unit, where values below
        0.01 have three significant digits.
    """
    if math.isnan(value):
        return "—"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if not unit and 0 < abs(value) < 0.01:
        return f"{value:.3g}"
    if decimals is None:
        decimals = 2 if unit else 4
    if unit in COUNTS:
        decimals = 0 if float(value).is_integer() else min(decimals, 1)
    return f"{value:.{decimals}f}"


def _score(record: Mapping[str, Any]) -> Score:
    texts = {name: record[name] for name in ("metric", "region", "unit", "flag", "depends")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"a column is missing in {dict(record)!r}")
    item = record["item"]
    return Score(
        value=float(record["value"]),
        scope=_SCOPES[record["scope"]],
        item=None if item in (None, "") else int(item),
        **texts,
    )
