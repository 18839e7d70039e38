# SPDX-License-Identifier: BSD-3-Clause
"""Comparisons on disk: the file ``compare.json``, and cells from files and folders."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_mtmri import __version__
from napari_mtmri.batch.run_case import fingerprint
from napari_mtmri.compare.cells import Cell, Kind, distinct_names, reference_of, result_cell
from napari_mtmri.compare.comparison import Comparison, MaskStyle, Mode, View, Zoom, assemble
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import read_text, write_text
from napari_mtmri.parameters import invalid_reason
from napari_mtmri.readers.base import read, read_volume
from napari_mtmri.result import Result
from napari_mtmri.tables import json_text
from napari_mtmri.volume import Volume

FILE = "compare.json"
FORMAT = 1
MOST_BYTES = 2**20
_MARK = "napari-mtmri comparison"


class _CellRecord(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    kind: Kind
    path: str | None = None  # relative to the file, where that is possible
    sha256: str | None = None
    labels: str | None = None
    labels_sha256: str | None = None
    part: str | None = None  # of a result that gives the image: "reference" or "zero-filled"
    resampled: bool = False
    window: tuple[float, float] | None = None


class _ZoomRecord(BaseModel):
    model_config = ConfigDict(extra="forbid")

    x: float
    y: float
    size: float


class _ViewRecord(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mode: Mode
    axis: int | None
    slice: int | None
    window: tuple[float, float] | None
    zoom: _ZoomRecord | None
    masks: MaskStyle
    errors: bool
    spread: bool = False
    gain: int
    pair: tuple[str, str] | None = None
    edge: float = 0.5
    tile: int = 32
    neurological: bool


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")

    what: str
    format: int
    program: str
    cells: list[_CellRecord]
    view: _ViewRecord


def is_comparison(path: Path) -> bool:
    """Return whether a file is a saved comparison, by its extension and first bytes."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return _MARK.encode() in file.read(200)
    except OSError:
        return False


def save_comparison(comparison: Comparison, path: Path) -> Path:
    """Write a comparison to a ``.json`` file: cells by relative path and SHA-256, and the view.

    Raises
    ------
    RequestError
        If a cell is in memory only, or the extension is not ``.json``.
    InputError
        If a file of a cell cannot be read.
    ResourceError
        If the file cannot be written.
    """
    if path.suffix.lower() != ".json":
        raise RequestError(f"{path}: a comparison is saved as .json; use that extension.")
    folder = path.absolute().parent
    record = {
        "what": _MARK,
        "format": FORMAT,
        "program": f"napari-mtmri {__version__}",
        "cells": [_cell_record(comparison, cell, folder) for cell in comparison.cells],
        "view": {**asdict(comparison.view), "axis": comparison.axis, "slice": comparison.slice},
    }
    write_text(path, json_text(record) + "\n")
    return path


def _cell_record(comparison: Comparison, cell: Cell, folder: Path) -> dict[str, Any]:
    image, labels, part = cell.source, cell.labels_source, None
    if cell.image is not None and image is None:
        image, part = _part_of_result(comparison, cell)
    is_own = cell.result is not None and cell.labels is cell.result.labels
    if cell.labels is not None and labels is None and not is_own:
        raise RequestError(f"{cell.name}: its labels are in memory only; save them first.")
    given = {
        "path": _relative(image, folder),
        "sha256": None if image is None else fingerprint(image),
        "labels": _relative(labels, folder),
        "labels_sha256": None if labels is None else fingerprint(labels),
        "part": part,
        "resampled": cell.is_resampled or None,
        "window": cell.window,
    }
    known = {name: value for name, value in given.items() if value is not None}
    return {"name": cell.name, "kind": cell.kind, **known}


def _part_of_result(comparison: Comparison, cell: Cell) -> tuple[Path, str]:
    """Return the result folder that an image without a file can be read from again."""
    for other in comparison.cells if cell.kind == "reference" else ():
        has_error = other.result is not None and other.result.error is not None
        if has_error and other.image is not None and other.path is not None:
            return other.path, "reference"
    raise RequestError(f"{cell.name}: is in memory only; save it first.")


def _relative(path: Path | None, folder: Path) -> str | None:
    if path is None:
        return None
    try:
        return Path(os.path.relpath(path.absolute(), folder)).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()


def load_comparison(path: Path) -> Comparison:
    """Return a saved comparison; files that changed since are named in its warnings.

    Raises
    ------
    InputError
        If the file is damaged or of a newer version, or a file in it is missing.
    """
    record = _read_record(path)
    folder = path.absolute().parent
    cells: list[Cell] = []
    warnings: list[str] = []
    grid: Volume | None = None
    try:
        zoom = None if record.view.zoom is None else Zoom(**record.view.zoom.model_dump())
        view = View(**{**record.view.model_dump(), "zoom": zoom})
        for one in record.cells:
            cell, changed = _load_cell(one, folder, path)
            grid = grid or cell.grid
            cells.append(cell.resampled_to(grid) if one.resampled else cell)
            warnings += changed
        return Comparison(tuple(cells), view, tuple(warnings))
    except RequestError as why:
        text = str(why).rstrip(".")
        raise InputError(f"{path}: cannot be shown ({text}); save the comparison again.") from why


def _read_record(path: Path) -> _Record:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{path}: {path.stat().st_size} bytes are too many for a comparison; save it again."
            )
        data = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as why:
        raise InputError(f"{path}: is not a comparison ({why}); save it again.") from why
    if not isinstance(data, dict) or data.get("what") != _MARK:
        raise InputError(f"{path}: is not a comparison of napari-mtmri; choose another file.")
    if isinstance(data.get("format"), int) and data["format"] > FORMAT:
        raise InputError(
            f"{path}: has format {data['format']}, and this version reads up to {FORMAT}; update "
            "napari-mtmri."
        )
    try:
        return _Record(**data)
    except ValidationError as why:
        raise InputError(
            f"{path}: is damaged ({invalid_reason(why)}); save the comparison again."
        ) from why


def _load_cell(one: _CellRecord, folder: Path, file: Path) -> tuple[Cell, list[str]]:
    changed = []
    for written, sha256 in ((one.path, one.sha256), (one.labels, one.labels_sha256)):
        if written is None:
            continue
        place = folder / written
        if not place.exists():
            raise InputError(
                f"{file}: {one.name} needs {place}, which does not exist; put it back, or save the "
                "comparison again."
            )
        if sha256 != fingerprint(place):
            changed.append(f"{one.name}: {place.name} was changed after the comparison was saved.")
    labels = None if one.labels is None else folder / one.labels
    if one.path is None:
        if labels is None:
            raise InputError(f"{file}: {one.name} names no file; save the comparison again.")
        cell = Cell(one.name, one.kind, labels=read_volume(labels, "labels"))
    elif one.part == "reference":
        image = reference_of(_read_result(folder / one.path))
        drawn = None if labels is None else read_volume(labels, "labels")
        cell = Cell(one.name, one.kind, image, drawn)
    else:
        cell = open_cell(folder / one.path, one.kind, labels)
    return replace(cell, name=one.name, window=one.window), changed


def _read_result(folder: Path) -> Result:
    found = read(folder)
    if not isinstance(found, Result):
        raise InputError(f"{folder}: is not a result folder; choose one.")
    return found


def open_cell(path: Path, kind: Kind | None = None, labels: Path | None = None) -> Cell:
    """Return the cell of a result folder or of a file.

    Parameters
    ----------
    path : Path
    kind : str, optional
        By default "result" for a result folder and "image" for a file.
    labels : Path, optional
        File with the segmentation of the image.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    drawn = None if labels is None else read_volume(labels, "labels")
    if kind == "mask":
        return Cell(path.name, "mask", labels=read_volume(path, "labels"))
    found = read(path)
    if isinstance(found, Result):
        cell = result_cell(found, path=path)
        return replace(cell, kind=kind or "result", labels=drawn or cell.labels)
    return Cell(found.name, kind or "image", found, drawn)


def compare_paths(
    paths: Sequence[Path],
    *,
    reference: Path | None = None,
    labels: Path | None = None,
    zero_filled: bool = False,
    resample: bool = False,
) -> Comparison:
    """Return the comparison of result folders and image files, or a saved one.

    Parameters
    ----------
    paths : sequence of Path
        Result folders and image files, in the order of the cells; or one ``compare.json``.
    reference, labels : Path, optional
        Fully sampled image and reference segmentation.
    zero_filled : bool
        Whether to add the zero-filled image of the first result as a cell.
    resample : bool
        Whether to interpolate volumes on other grids onto that of the first result; by default
        they are refused.

    Raises
    ------
    InputError, RequestError
        If a file cannot be read, or they cannot be compared, see `Comparison`.
    """
    if len(paths) == 1 and is_comparison(paths[0]):
        return load_comparison(paths[0])
    cells = [open_cell(path) for path in paths]
    results = [cell.result for cell in cells if cell.result is not None]
    names = iter(distinct_names(results))
    cells = [cell if cell.result is None else replace(cell, name=next(names)) for cell in cells]
    image = None if reference is None else read_volume(reference)
    drawn = None if labels is None else read_volume(labels, "labels")
    if resample:
        grid = results[0].zero_filled if results else (image or cells[0].grid)
        cells = [cell.resampled_to(grid) for cell in cells]
    return assemble(cells, reference=image, labels=drawn, zero_filled=zero_filled)
