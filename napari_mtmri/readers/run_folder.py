# SPDX-License-Identifier: BSD-3-Clause
"""Read and write result folders: a Result on disk, complete or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import read_text, whole_folder
from napari_mtmri.geometry import Axes
from napari_mtmri.metrics.scores import COLUMNS, Scores
from napari_mtmri.patterns.mask_files import read_mask
from napari_mtmri.readers.base import Reader
from napari_mtmri.readers.nifti import read_nifti, write_nifti
from napari_mtmri.result import Result
from napari_mtmri.tables import csv_text
from napari_mtmri.volume import Volume

RECORD = "run.json"
_IMAGES = {
    "zero_filled": "zero_filled.nii.gz",
    "reconstruction": "reconstruction.nii.gz",
    "error": "error.nii.gz",
    "residual": "residual.nii.gz",
    "probability": "probability.nii.gz",
    "labels": "segmentation.nii.gz",
    "complex_reconstruction": "reconstruction_complex.nii.gz",
    "complex_zero_filled": "zero_filled_complex.nii.gz",
}


def write_run(
    result: Result,
    folder: Path,
    labels: Volume | None = None,
    on_progress: Callable[[int, int], object] = lambda done, total: None,
) -> Path:
    """Write a Result to a result folder and return its path; no partial folder is left.

    Parameters
    ----------
    labels : Volume, optional
        Reference segmentation, outlined in the figure but not stored.
    on_progress : callable, optional
        Called from this thread with the number of files written so far, and of all files; at
        first with 0, at last when the folder is in its place.
    """
    volumes = {
        file: getattr(result, name)
        for name, file in _IMAGES.items()
        if getattr(result, name) is not None
    }
    total = len(volumes) + 5  # mask (two files), scores, figure, record
    with whole_folder(folder) as temporary:
        on_progress(0, total)
        # Compression releases the interpreter's lock and runs while this thread draws the figure.
        with ThreadPoolExecutor(min(len(volumes), os.cpu_count() or 1)) as threads:
            waiting = [
                threads.submit(write_nifti, volume, temporary / file)
                for file, volume in volumes.items()
            ]
            _write_rest(result, temporary, labels)
            on_progress(total - len(volumes) - 1, total)
            for done, written in enumerate(as_completed(waiting), total - len(volumes)):
                written.result()
                on_progress(done, total)
        _write_record(result, temporary / RECORD)
    on_progress(total, total)
    return folder


def _write_rest(result: Result, folder: Path, labels: Volume | None) -> None:
    from napari_mtmri.plotting import save_figure

    np.save(folder / "mask.npy", result.mask, allow_pickle=False)
    _write_mask_picture(result.mask, folder / "mask.png")
    _write_scores(result.scores, folder / "scores.csv")
    save_figure(result, folder / "figure.png", labels=labels)


def _write_record(result: Result, path: Path) -> None:
    record = {
        "format": 1,
        "method": result.method,
        "name": result.name,
        "axes": asdict(result.axes),
        "request": dict(result.request),
        "provenance": dict(result.provenance),
        "timings": dict(result.timings),
        "warnings": list(result.warnings),
    }
    path.write_text(json.dumps(record, indent=1, default=str), encoding="utf-8")


def read_run(folder: Path) -> Result:
    """Return the Result in a result folder.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    try:
        record = json.loads(read_text(folder / RECORD))
        axes = Axes(**record["axes"])
        method, name = str(record["method"]), str(record["name"])
        parts: dict[str, Any] = {
            key: dict(record[key]) for key in ("request", "provenance", "timings")
        }
        parts["timings"] = {key: float(value) for key, value in parts["timings"].items()}
        warnings = tuple(str(line) for line in record["warnings"])
        _check_request(parts["request"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, RequestError) as why:
        raise InputError(
            f"{folder / RECORD}: is not a valid record ({why}); save the result again."
        ) from why
    volumes: dict[str, Any] = {
        key: _read_image(folder / file, key) for key, file in _IMAGES.items()
    }
    zero_filled = volumes.pop("zero_filled")
    if zero_filled is None:
        raise InputError(f"{folder / _IMAGES['zero_filled']}: is missing; save the result again.")
    for key, volume in volumes.items():
        if volume is not None:
            _check_volume(key, volume, zero_filled, folder / _IMAGES[key])
    mask = _read_sampling(folder / "mask.npy")
    plane = (zero_filled.shape[axes.readout], zero_filled.shape[axes.phase])
    if mask.shape != plane:
        raise InputError(
            f"{folder / 'mask.npy'}: shape {mask.shape} is not that of the slices, {plane}; save "
            "the result again."
        )
    return Result(
        method=method,
        name=name,
        mask=mask,
        axes=axes,
        warnings=warnings,
        scores=_read_scores(folder / "scores.csv"),
        zero_filled=zero_filled,
        **parts,
        **volumes,
    )


def _check_request(request: Mapping[str, Any]) -> None:
    """Raise if the fields of a request that a Result reads have other types."""
    for name in ("pattern", "simulation", "parameters"):
        dict(request.get(name) or {})
    pattern = request.get("pattern") or {}
    str(pattern.get("name"))
    if not 0 < float(pattern.get("acceleration", 1.0)) < math.inf:
        raise ValueError(f"acceleration {pattern['acceleration']!r}")
    tuple(request.get("classes") or ())


def _check_volume(key: str, volume: Volume, like: Volume, path: Path) -> None:
    wanted = "complex" if key.startswith("complex") else "labels" if key == "labels" else "image"
    if volume.kind != wanted:
        raise InputError(f"{path}: is of kind {volume.kind}, not {wanted}; save the result again.")
    try:
        volume.require_same_grid(like, "the zero-filled image")
    except InputError as why:
        raise InputError(f"{path}: is not of this result ({why}).") from why


def _read_image(path: Path, key: str) -> Volume | None:
    if not path.is_file():
        return None
    return read_nifti(path, kind="labels" if key == "labels" else "image")


def _read_sampling(path: Path) -> np.ndarray:
    try:
        mask = read_mask(path)
    except InputError as why:
        raise InputError(f"{path}: is not the mask of a result ({why})") from why
    if mask.ndim != 2:
        raise InputError(
            f"{path}: shape {mask.shape} is not that of a mask (readout, phase); save the result "
            "again."
        )
    return mask


def _write_mask_picture(mask: np.ndarray, path: Path) -> None:
    from skimage.io import imsave

    imsave(path, mask.astype(np.uint8) * 255, check_contrast=False)


def _write_scores(scores: Mapping[str, Scores], path: Path) -> None:
    rows = [{"of": of, **row} for of, one in scores.items() for row in one.records()]
    text = csv_text(("of", *COLUMNS) if rows else ("of",), rows)
    path.write_text(text, encoding="utf-8", newline="")


def _read_scores(path: Path) -> dict[str, Scores]:
    if not path.is_file():
        return {}
    try:
        rows: list[dict[Any, Any]] = list(csv.DictReader(io.StringIO(read_text(path))))
        return {
            of: Scores.from_records(
                [{k: v for k, v in row.items() if k != "of"} for row in rows if row["of"] == of]
            )
            for of in dict.fromkeys(row["of"] for row in rows)
        }
    except (OSError, ValueError, KeyError, TypeError, OverflowError, csv.Error) as why:
        raise InputError(f"{path}: is not a table of scores ({why}); evaluate again.") from why


RUN_FOLDER = Reader(
    name="run-folder",
    title="Result folder",
    patterns=(),
    folders=True,
    can_read=lambda path: (path / RECORD).is_file(),
    read=lambda path, kind: read_run(path),
    write=None,
)
