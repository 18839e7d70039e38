# SPDX-License-Identifier: BSD-3-Clause
"""Records in the folder of a sweep, with their format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError
from napari_mtmri.files import read_text

SWEEP, DETECTION = "sweep.json", "detection.json"


def is_sweep(folder: str | Path) -> bool:
    """Return whether a folder is that of a sweep, of scores or of inserted lesions."""
    return any((Path(folder) / name).is_file() for name in (SWEEP, DETECTION))


def read_record(path: Path, newest: int) -> dict[str, Any]:
    """Return a JSON record whose format this version can read.

    Raises
    ------
    InputError
        If it is damaged or was written by a newer version.
    """
    try:
        record = dict(json.loads(read_text(path)))
        number = int(record["format"])
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise damaged(path, why) from why
    if number > newest:
        raise InputError(
            f"{path}: has the format {number} of a newer version, and this version reads {newest}; "
            "update napari-mtmri."
        )
    return record


def damaged(path: Path, why: Exception) -> InputError:
    """Return the error of a damaged file of a sweep."""
    return InputError(f"{path}: is damaged ({why}); delete it and start the sweep again.")
