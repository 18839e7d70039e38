# SPDX-License-Identifier: BSD-3-Clause
"""Folder of a sweep: record, tables, plots and spreads, written and read."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from napari_mtmri.batch.job import Job
from napari_mtmri.compare.detection_store import read_detection
from napari_mtmri.compare.spread import Spread, spread_csv
from napari_mtmri.compare.spread_figure import draw_spread
from napari_mtmri.compare.sweep import Sweep
from napari_mtmri.compare.sweep_plots import PLOTS, draw_scores, save_plot
from napari_mtmri.compare.sweep_points import SweepPoint
from napari_mtmri.compare.sweep_record import DETECTION, SWEEP, damaged, is_sweep, read_record
from napari_mtmri.compare.sweep_rows import SweepRow, row_of, summary_csv
from napari_mtmri.errors import InputError
from napari_mtmri.files import (
    remove_left_folders,
    remove_leftovers,
    safe_child,
    whole_folder,
    write_text,
)
from napari_mtmri.readers.nifti import read_nifti, write_nifti
from napari_mtmri.tables import json_text

TABLE, SUMMARY = "sweep.csv", "summary.csv"
SPREADS, SPREAD_TABLE, SPREAD_RECORD = "spread", "spread.csv", "spread.json"
FORMAT = 1
VOLUMES = {"mean": "mean.nii.gz", "sd": "sd.nii.gz", "lesion_percent": "lesion-percent.nii.gz"}


def save_sweep(sweep: Sweep) -> None:
    """Write record, tables, plots and spreads of a sweep into its folder.

    Raises
    ------
    ResourceError
        If a file cannot be written.
    """
    folder = sweep.folder
    for written in (folder, folder / PLOTS):
        remove_leftovers(written)
    remove_left_folders(folder / SPREADS)
    spreads = tuple(_save_spread(spread, folder / SPREADS) for spread in sweep.spreads)
    write_text(folder / TABLE, sweep.to_csv())
    write_text(folder / SUMMARY, summary_csv(sweep.rows))
    if spreads:
        write_text(folder / SPREAD_TABLE, spread_csv(spreads))
    for metric in sweep.metrics:
        save_plot(draw_scores(sweep, metric), folder / PLOTS / f"{metric}.png")
    record = {
        "format": FORMAT,
        "request": sweep.request,
        "points": [_point_record(point, folder) for point in sweep.points],
        "places": {key: job.places for key, job in sweep.jobs.items()},
        "requests": {key: job.request for key, job in sweep.jobs.items()},
        "spreads": [_inside(one.folder, folder) for one in spreads],
    }
    write_text(folder / SWEEP, json.dumps(record, default=str, allow_nan=True))


def read_sweep(folder: str | Path) -> Sweep:
    """Return the sweep in a folder.

    Raises
    ------
    InputError
        If it is not a sweep, is damaged, or was written by a newer version.
    """
    folder = Path(folder)
    if not is_sweep(folder):
        raise InputError(f"{folder}: is not the folder of a sweep; choose another.")
    detection = read_detection(folder) if (folder / DETECTION).is_file() else None
    if not (folder / SWEEP).is_file():
        return Sweep(folder, detection=detection)
    record = read_record(folder / SWEEP, FORMAT)
    try:
        points = tuple(_point(one, folder) for one in record["points"])
        jobs = {
            key: Job(next((p.name for p in points if p.key == key), key), request, places)
            for key, request, places in _jobs(record)
        }
        spreads = tuple(_read_spread(safe_child(folder, str(one))) for one in record["spreads"])
        request = dict(record["request"])
    except (KeyError, TypeError, ValueError, AttributeError) as why:
        raise damaged(folder / SWEEP, why) from why
    return Sweep(folder, points, _read_rows(folder / TABLE), spreads, detection, request, jobs)


def _jobs(record: Mapping[str, Any]) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    places = record["places"]
    return [(key, dict(one), dict(places[key])) for key, one in record["requests"].items()]


def _point_record(point: SweepPoint, folder: Path) -> dict[str, Any]:
    return {**asdict(point), "result": _inside(point.result, folder)}


def _inside(place: Path | None, folder: Path) -> str | None:
    """Return a path relative to the folder of the sweep, which may be moved."""
    return None if place is None else str(place.resolve().relative_to(folder.resolve()))


def _point(record: Mapping[str, Any], folder: Path) -> SweepPoint:
    names = {one.name for one in fields(SweepPoint)}
    given = {key: value for key, value in record.items() if key in names}
    kept = given.pop("result")
    point = SweepPoint(**{**given, "warnings": tuple(map(str, given["warnings"]))})
    if point.state not in ("planned", "done", "failed"):
        raise ValueError(f"state {point.state!r}")
    return point if kept is None else replace(point, result=safe_child(folder, str(kept)))


def _read_rows(path: Path) -> tuple[SweepRow, ...]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(row_of(record) for record in csv.DictReader(file))
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as why:
        raise damaged(path, why) from why


def _save_spread(spread: Spread, place: Path) -> Spread:
    """Write the volumes, the record and the figure of a spread; return it with its folder."""
    what = "masks" if spread.varied == "mask" else "noise"
    name = f"{spread.case}-{spread.method}-{spread.pattern}-R{spread.acceleration:g}-{what}"
    folder = safe_child(place, name.replace("/", "-"))
    facts = {
        one.name: getattr(spread, one.name)
        for one in fields(Spread)
        if one.name not in (*VOLUMES, "folder")
    }
    with whole_folder(folder, SPREAD_RECORD, "a folder of a spread") as temporary:
        for part, file in VOLUMES.items():
            volume = getattr(spread, part)
            if volume is not None:
                write_nifti(volume, temporary / file)
        write_text(temporary / SPREAD_RECORD, json_text({"format": FORMAT, "spread": facts}))
        save_plot(draw_spread(spread), temporary / "spread.png")
    return replace(spread, folder=folder)


def _read_spread(folder: Path) -> Spread:
    facts = read_record(folder / SPREAD_RECORD, FORMAT)["spread"]
    given: dict[str, Any] = {
        part: read_nifti(folder / file)
        for part, file in VOLUMES.items()
        if (folder / file).is_file()
    }
    given |= {name: tuple(map(float, facts[name])) for name in ("dice", "volumes")}
    return Spread(**{**facts, **given}, folder=folder)
