# SPDX-License-Identifier: BSD-3-Clause
"""Read and write result folders: a Result on disk, complete or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import whole_folder
from napari_mtmri.geometry import Axes
from napari_mtmri.metrics.scores import COLUMNS, Scores
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
}
_MOST_MASK_BYTES = 2**28


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
        # Compression releases the interpreter's lock: it goes on while this thread draws.
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
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        axes = Axes(**record["axes"])
        method, name = str(record["method"]), str(record["name"])
        parts: dict[str, Any] = {
            key: dict(record[key]) for key in ("request", "provenance", "timings")
        }
        warnings = tuple(str(line) for line in record["warnings"])
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise InputError(
            f"{folder / RECORD}: is not a valid record ({why}); save the result again."
        ) from why
    volumes: dict[str, Any] = {
        key: _read_image(folder / file, key) for key, file in _IMAGES.items()
    }
    zero_filled = volumes.pop("zero_filled")
    if zero_filled is None:
        raise InputError(f"{folder / _IMAGES['zero_filled']}: is missing; save the result again.")
    return Result(
        method=method,
        name=name,
        mask=_read_mask(folder / "mask.npy"),
        axes=axes,
        warnings=warnings,
        scores=_read_scores(folder / "scores.csv"),
        zero_filled=zero_filled,
        **parts,
        **volumes,
    )


def _read_image(path: Path, key: str) -> Volume | None:
    if not path.is_file():
        return None
    return read_nifti(path, kind="labels" if key == "labels" else "image")


def _read_mask(path: Path) -> np.ndarray:
    try:
        if path.stat().st_size > _MOST_MASK_BYTES:
            raise InputError(
                f"{path}: {path.stat().st_size} bytes are too many for a mask; save the result again."
            )
        mask = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as why:
        raise InputError(f"{path}: is not a mask ({why}); save the result again.") from why
    if mask.ndim != 2 or mask.dtype != bool:
        raise InputError(
            f"{path}: {mask.dtype} of shape {mask.shape} is not a 2-D bool mask; save the result "
            "again."
        )
    return np.asarray(mask)


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
    with path.open(newline="", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    try:
        return {
            of: Scores.from_records(
                [{k: v for k, v in row.items() if k != "of"} for row in rows if row["of"] == of]
            )
            for of in dict.fromkeys(row["of"] for row in rows)
        }
    except (KeyError, ValueError, TypeError) as why:
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
