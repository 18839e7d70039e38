# SPDX-License-Identifier: BSD-3-Clause
"""Scores of a sweep as a tidy table, and as curves over the acceleration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from napari_mtmri.compare.sweep_points import SweepPoint
from napari_mtmri.metrics.base import MAIN_REGION, Kind, Scores, format_value, quantities
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.stats.intervals import bootstrap
from napari_mtmri.tables import csv_text, markdown_table

SUMMARY_COLUMNS = (
    "metric", "region", "unit", "method", "pattern", "R", "n_cases", "n_seeds", "n_left_out",
    "mean", "low", "high", "band",
)  # fmt: skip


@dataclass(frozen=True)
class SweepRow:
    """One value of the tidy table.

    Parameters
    ----------
    case, method, pattern : str
        The method may be "zero-filled".
    acceleration, achieved : float
        Requested and achieved R.
    seed : int
    noise : int or None
        See `SweepPoint`.
    metric, region : str
    value : float
    unit, flag, depends : str
        See `napari_mtmri.metrics.scores.Score`.
    """

    case: str
    method: str
    pattern: str
    acceleration: float
    achieved: float
    seed: int
    noise: int | None
    metric: str
    region: str
    value: float
    unit: str = ""
    flag: str = ""
    depends: str = ""


_NAMES = {"acceleration": "R", "achieved": "R_achieved"}
ROW_COLUMNS = tuple(_NAMES.get(one.name, one.name) for one in fields(SweepRow))


@dataclass(frozen=True)
class Curve:
    """A score of one method and pattern over the acceleration.

    Parameters
    ----------
    method, pattern, metric, region, unit : str
    accelerations, mean, low, high : float64 array, (R,)
        Mean of the finite values over cases, each a mean over its seeds; limits of the band,
        NaN without one.
    band : str
        Meaning of the band; empty without one.
    n_cases, n_seeds, n_left_out : tuple of int
        Number of cases and of masks or repeats for each R, and of values that are not finite.
    """

    method: str
    pattern: str
    metric: str
    region: str
    unit: str
    accelerations: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    band: str
    n_cases: tuple[int, ...]
    n_seeds: tuple[int, ...]
    n_left_out: tuple[int, ...]

    @property
    def title(self) -> str:
        """Name of the score with its unit."""
        return f"{self.metric} ({self.unit})" if self.unit else self.metric


def rows_of(point: SweepPoint, scores: Mapping[str, Scores]) -> list[SweepRow]:
    """Return the scores of the volume of one point; of its method and of zero-filled."""
    start = (point.pattern, point.acceleration, point.achieved, point.seed, point.noise)
    return [
        SweepRow(
            point.case, method, *start, one.metric, one.region, one.value, one.unit, one.flag,
            one.depends,
        )
        for method, found in scores.items()
        for one in found.rows
        if one.scope == "volume"
    ]  # fmt: skip


def without_twins(rows: Iterable[SweepRow]) -> tuple[SweepRow, ...]:
    """Return the rows, with zero-filled once where several methods have the same scan."""
    seen: dict[tuple[Any, ...], SweepRow] = {}
    for row in rows:
        key = (
            row.case, row.method, row.pattern, row.acceleration, row.seed, row.noise, row.metric,
            row.region,
        )  # fmt: skip
        seen.setdefault(key, row)
    return tuple(seen.values())


def tidy_csv(rows: Sequence[SweepRow]) -> str:
    """Return the rows as CSV with all digits."""
    lines = [list(asdict(row).values()) for row in rows]
    return csv_text(ROW_COLUMNS, [["" if cell is None else cell for cell in one] for one in lines])


def row_of(record: Mapping[str, str]) -> SweepRow:
    """Return a row from the columns of the tidy table.

    Raises
    ------
    KeyError, ValueError
        If a column is missing or is not a number.
    """
    return SweepRow(
        record["case"],
        record["method"],
        record["pattern"],
        float(record["R"]),
        float(record["R_achieved"]),
        int(record["seed"]),
        int(record["noise"]) if record["noise"] else None,
        record["metric"],
        record["region"],
        float(record["value"]),
        record["unit"],
        record["flag"],
        record["depends"],
    )


def metrics_of(rows: Sequence[SweepRow]) -> tuple[str, ...]:
    """Return the names of the headline scores that were measured, in table order."""
    there = {row.metric for row in rows if not math.isnan(row.value)}
    return tuple(one.name for one in quantities("line") if one.name in there)


def curves_of(rows: Sequence[SweepRow], metric: str) -> tuple[Curve, ...]:
    """Return the curves of a score, one for each method and pattern, zero-filled first.

    The band is the bootstrap 95 % interval of the mean over cases, or, for one case, the range
    over its masks (or repeated scans).

    Parameters
    ----------
    rows : sequence of SweepRow
    metric : str
    """
    region = _region(rows, metric)
    found = [row for row in rows if row.metric == metric and row.region == region]
    kinds = dict.fromkeys((row.method, row.pattern) for row in found)
    ordered = sorted(kinds, key=lambda kind: kind[0] != ZERO_FILLED)
    curves = (_curve([row for row in found if (row.method, row.pattern) == k]) for k in ordered)
    return tuple(curve for curve in curves if np.isfinite(curve.mean).any())


def _region(rows: Sequence[SweepRow], metric: str) -> str:
    """Return the main region of a score, or the first in which it was measured."""
    there = [row.region for row in rows if row.metric == metric]
    kinds: tuple[Kind, ...] = ("image", "labels")
    for kind in kinds:
        named = {one.name for one in quantities(None, kind)}
        if metric in named and MAIN_REGION[kind] in there:
            return MAIN_REGION[kind]
    return there[0] if there else ""


def _curve(rows: Sequence[SweepRow]) -> Curve:
    first = rows[0]
    factors = sorted({row.acceleration for row in rows})
    values = [_values([row for row in rows if row.acceleration == factor]) for factor in factors]
    many = len({row.case for row in rows}) > 1
    repeats = [{(row.seed, row.noise) for row in rows if row.acceleration == f} for f in factors]
    bands = [_band(one, many=many) for one in values]
    means = [
        float(np.mean([np.mean(one) for one in case.values()])) if case else math.nan
        for case in values
    ]
    n_cases, n_seeds = tuple(map(len, values)), tuple(map(len, repeats))
    left = [
        sum(row.acceleration == f and not math.isfinite(row.value) for row in rows) for f in factors
    ]
    low, high = np.array(bands, float).T
    return Curve(
        first.method, first.pattern, first.metric, first.region, first.unit,
        np.array(factors, float), np.array(means, float), low, high,
        _band_text(rows, n_cases, n_seeds) if np.isfinite(low).any() else "",
        n_cases, n_seeds, tuple(left),
    )  # fmt: skip


def _values(rows: Sequence[SweepRow]) -> dict[str, list[float]]:
    """Return the finite values of each case."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if math.isfinite(row.value):
            found.setdefault(row.case, []).append(row.value)
    return found


def _band(cases: Mapping[str, Sequence[float]], *, many: bool) -> tuple[float, float]:
    if many:
        return bootstrap([float(np.mean(one)) for one in cases.values()])
    values = [value for one in cases.values() for value in one]
    return (min(values), max(values)) if len(values) > 1 else (math.nan, math.nan)


def _band_text(rows: Sequence[SweepRow], n_cases: Sequence[int], n_seeds: Sequence[int]) -> str:
    if max(n_cases) > 1:
        return f"95 % interval of the mean over {_span(n_cases)} cases"
    noises = {row.noise for row in rows}
    what = "masks" if noises == {None} else "scans"
    return f"range over {_span(n_seeds)} {what}"


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return str(high) if low == high else f"{low} to {high}"


def summary_records(rows: Sequence[SweepRow]) -> list[dict[str, Any]]:
    """Return mean and band of each headline score, method, pattern and R."""
    return [record for metric in metrics_of(rows) for record in _records(rows, metric)]


def summary_csv(rows: Sequence[SweepRow]) -> str:
    """Return the records of the summary as CSV with all digits."""
    return csv_text(SUMMARY_COLUMNS, summary_records(rows))


def summary_markdown(rows: Sequence[SweepRow]) -> str:
    """Return the headline scores as a Markdown table, a column for each R."""
    parts = []
    for metric in metrics_of(rows):
        curves = curves_of(rows, metric)
        factors = sorted({factor for curve in curves for factor in curve.accelerations.tolist()})
        lines = [
            [curve.method, curve.pattern, *(value_text(curve, factor) for factor in factors)]
            for curve in curves
        ]
        heading = ["Method", "Pattern", *(f"R = {factor:g}" for factor in factors)]
        bands = dict.fromkeys(curve.band for curve in curves if curve.band)
        how = f" In brackets: {'; '.join(bands)}." if bands else ""
        parts.append(
            f"{curves[0].title}, {curves[0].region}.{how}\n\n{markdown_table(heading, lines)}"
        )
    return "\n\n".join(parts) + "\n" if parts else ""


def value_text(curve: Curve, factor: float) -> str:
    """Return mean and band of a curve at one R as text: "36.1 [35.2 to 37.0]"."""
    place = np.flatnonzero(curve.accelerations == factor)
    if not place.size:
        return "—"
    mean, low, high = (
        format_value(float(values[place[0]]), curve.unit)
        for values in (curve.mean, curve.low, curve.high)
    )
    return mean if low == "—" else f"{mean} [{low} to {high}]"


def _records(rows: Sequence[SweepRow], metric: str) -> list[dict[str, Any]]:
    return [
        {
            "metric": curve.metric, "region": curve.region, "unit": curve.unit,
            "method": curve.method, "pattern": curve.pattern,
            "R": float(curve.accelerations[at]), "n_cases": curve.n_cases[at],
            "n_seeds": curve.n_seeds[at], "n_left_out": curve.n_left_out[at],
            "mean": float(curve.mean[at]), "low": float(curve.low[at]),
            "high": float(curve.high[at]), "band": curve.band,
        }
        for curve in curves_of(rows, metric)
        for at in range(len(curve.accelerations))
    ]  # fmt: skip
