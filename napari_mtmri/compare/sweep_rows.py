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
from napari_mtmri.stats.patients import patient_means, patients_note
from napari_mtmri.tables import csv_text, markdown_table

SUMMARY_COLUMNS = (
    "metric", "region", "unit", "method", "pattern", "R", "n_patients", "n_cases", "n_seeds", "n_left_out",
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
    patient : str
        See `SweepPoint`.
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
    patient: str = ""


_NAMES = {"acceleration": "R", "achieved": "R_achieved"}
ROW_COLUMNS = tuple(_NAMES.get(one.name, one.name) for one in fields(SweepRow))


@dataclass(frozen=True)
class Curve:
    """A score of one method and pattern over the acceleration.

    Parameters
    ----------
    method, pattern, metric, region, unit : str
    accelerations, mean, low, high : float64 array, (R,)
        Mean of the finite values over patients, see `patient_means`; limits of the band, NaN
        without one.
    band : str
        Meaning of the band; empty without one.
    n_patients, n_cases, n_seeds, n_left_out : tuple of int
        Number of patients, of cases and of masks or repeats for each R, and of values that are
        not finite.
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
    n_patients: tuple[int, ...]
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
            one.depends, point.patient,
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
        record.get("patient", ""),
    )


def metrics_of(rows: Sequence[SweepRow]) -> tuple[str, ...]:
    """Return the names of the headline scores that were measured, in table order."""
    there = {row.metric for row in rows if not math.isnan(row.value)}
    return tuple(one.name for one in quantities("line") if one.name in there)


def curves_of(rows: Sequence[SweepRow], metric: str) -> tuple[Curve, ...]:
    """Return the curves of a score, one for each method and pattern, zero-filled first.

    The band is the bootstrap 95 % interval of the mean over patients, or, for one patient, the
    range over its masks (or repeated scans) and sessions.

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
    at = [[row for row in rows if row.acceleration == factor] for factor in factors]
    finite = [[row for row in found if math.isfinite(row.value)] for found in at]
    means = [patient_means((row.patient, row.case, row.value) for row in one) for one in finite]
    many = len({row.patient or row.case for row in rows}) > 1
    bands = [
        bootstrap(list(mean.values())) if many else _range([row.value for row in one])
        for mean, one in zip(means, finite, strict=True)
    ]
    n_patients = tuple(map(len, means))
    n_cases = tuple(len({row.case for row in one}) for one in finite)
    n_seeds = tuple(len({(row.seed, row.noise) for row in found}) for found in at)
    left = tuple(len(found) - len(one) for found, one in zip(at, finite, strict=True))
    low, high = np.array(bands, float).T
    return Curve(
        first.method, first.pattern, first.metric, first.region, first.unit,
        np.array(factors, float),
        np.array([np.mean(list(mean.values())) if mean else math.nan for mean in means], float),
        low, high,
        _band_text(rows, n_patients, n_cases, n_seeds) if np.isfinite(low).any() else "",
        n_patients, n_cases, n_seeds, left,
    )  # fmt: skip


def _range(values: Sequence[float]) -> tuple[float, float]:
    return (min(values), max(values)) if len(values) > 1 else (math.nan, math.nan)


def _band_text(
    rows: Sequence[SweepRow],
    n_patients: Sequence[int],
    n_cases: Sequence[int],
    n_seeds: Sequence[int],
) -> str:
    if max(n_patients) > 1:
        who = f"{_span(n_cases)} cases"
        if n_patients != n_cases:
            who = f"{_span(n_patients)} patients with {who}"
        return f"95 % interval of the mean over {who}"
    noises = {row.noise for row in rows}
    what = "mask" if noises == {None} else "scan"
    seeds = f"{_span(n_seeds)} {what}{'s' * (max(n_seeds) > 1)}"
    return f"range over {seeds}" + (f" of {_span(n_cases)} sessions" if max(n_cases) > 1 else "")


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
        note = patients_note((row.patient, row.case) for row in rows)
        how += f" {note}" if note else ""
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
            "R": float(curve.accelerations[at]), "n_patients": curve.n_patients[at],
            "n_cases": curve.n_cases[at], "n_seeds": curve.n_seeds[at], "n_left_out": curve.n_left_out[at],
            "mean": float(curve.mean[at]), "low": float(curve.low[at]),
            "high": float(curve.high[at]), "band": curve.band,
        }
        for curve in curves_of(rows, metric)
        for at in range(len(curve.accelerations))
    ]  # fmt: skip
