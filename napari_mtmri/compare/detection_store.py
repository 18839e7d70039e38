# SPDX-License-Identifier: BSD-3-Clause
"""Folder of a detection study: record, tables, plots and one example, written and read."""

from __future__ import annotations

import csv
from pathlib import Path

from napari_mtmri.compare.detection_figures import draw_detection, draw_insertion
from napari_mtmri.compare.detection_rows import Detection, DetectionRow, row_of
from napari_mtmri.compare.sweep_plots import PLOTS, save_plot
from napari_mtmri.compare.sweep_record import DETECTION, damaged, read_record
from napari_mtmri.errors import InputError
from napari_mtmri.files import remove_leftovers, write_text
from napari_mtmri.readers.nifti import read_nifti, write_nifti
from napari_mtmri.tables import json_text
from napari_mtmri.volume import Volume

TABLE, SUMMARY, EXAMPLE = "detection.csv", "detection-summary.csv", "insertion"
FORMAT = 1
VOLUMES = ("before", "after", "share")


def save_detection(detection: Detection) -> None:
    """Write record, tables, plots and the example of a detection study into its folder.

    Raises
    ------
    ResourceError
        If a file cannot be written.
    """
    folder = detection.folder
    for written in (folder, folder / PLOTS, folder / EXAMPLE):
        remove_leftovers(written)
    write_text(folder / TABLE, detection.to_csv())
    write_text(folder / SUMMARY, detection.summary_csv())
    for pattern in dict.fromkeys(row.pattern for row in detection.rows):
        figure = draw_detection(detection, pattern)
        save_plot(figure, folder / PLOTS / f"detection-{pattern}.png")
    if detection.example is not None:
        (folder / EXAMPLE).mkdir(parents=True, exist_ok=True)
        for name, volume in zip(VOLUMES, detection.example, strict=True):
            write_nifti(volume, folder / EXAMPLE / f"{name}.nii.gz")
        save_plot(draw_insertion(*detection.example), folder / PLOTS / "insertion.png")
    record = {"format": FORMAT, "request": detection.request, "failed": detection.failed}
    write_text(folder / DETECTION, json_text(record))


def read_detection(folder: Path) -> Detection:
    """Return the detection study in a folder.

    Raises
    ------
    InputError
        If it is damaged or was written by a newer version.
    """
    record = read_record(folder / DETECTION, FORMAT)
    try:
        request = dict(record["request"])
        failed = {str(name): str(why) for name, why in record["failed"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as why:
        raise damaged(folder / DETECTION, why) from why
    return Detection(folder, _read_rows(folder / TABLE), failed, request, _read_example(folder))


def _read_rows(path: Path) -> tuple[DetectionRow, ...]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(row_of(record) for record in csv.DictReader(file))
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as why:
        raise damaged(path, why) from why


def _read_example(folder: Path) -> tuple[Volume, Volume, Volume] | None:
    files = [folder / EXAMPLE / f"{name}.nii.gz" for name in VOLUMES]
    if not all(file.is_file() for file in files):
        return None
    try:
        before, after, share = map(read_nifti, files)
    except InputError:
        return None  # only a picture; the numbers are elsewhere
    return before, after, share
