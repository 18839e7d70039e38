# SPDX-License-Identifier: BSD-3-Clause
"""Read and write result folders: a Result on disk, complete or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
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


def write_run(result: Result, folder: Path, labels: Volume | None = None) -> Path:
    """Write a Result to a result folder and return its path; no partial folder is left.

    Parameters
    ----------
    labels : Volume, optional
        Reference segmentation, outlined in the figure but not stored.
    """
    with whole_folder(folder) as temporary:
        for name, file in _IMAGES.items():
            volume = getattr(result, name)
            if volume is not None:
                write_nifti(volume, temporary / file)
        np.save(temporary / "mask.npy", result.mask, allow_pickle=False)
        _write_mask_picture(result.mask, temporary / "mask.png")
        _write_scores(result.scores, temporary / "scores.csv")
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
        text = json.dumps(record, indent=1, default=str)
        (temporary / RECORD).write_text(text, encoding="utf-8")
        from napari_mtmri.plotting import save_figure

        save_figure(result, temporary / "figure.png", labels=labels)
    return folder


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
