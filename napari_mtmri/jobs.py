# SPDX-License-Identifier: BSD-3-Clause
"""Many independent requests, each named by the hash of what was asked, done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError
from napari_mtmri.files import RUN_RECORD
from napari_mtmri.result import Result


def job_key(request: Mapping[str, Any]) -> str:
    """Return the name of a request: the same for the same content in any order.

    Examples
    --------
    >>> job_key({"a": 1, "b": 2}) == job_key({"b": 2, "a": 1})
    True
    """
    text = json.dumps(request, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def case_seed(seed: int, case: str) -> int:
    """Return the seed of a case's mask: one mask per volume, whatever the order of cases."""
    digest = hashlib.sha256(f"{seed}:{case}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1


def named(result: Result, key: str) -> Result:
    """Return the result with the name of its job, by which `is_done` knows it."""
    return replace(result, request={**result.request, "job": key})


def is_done(folder: Path, key: str) -> bool:
    """Whether a run folder holds the result of just this job."""
    try:
        record = json.loads((folder / RUN_RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(record.get("request", {}).get("job") == key)


def distinct_names(paths: list[Path], names: list[str]) -> list[str]:
    """Return the case names, those that occur twice told apart by their folder.

    Raises
    ------
    InputError
        If the same file is given twice.
    """
    resolved = [path.resolve() for path in paths]
    for path in resolved:
        if resolved.count(path) > 1:
            raise InputError(f"{path}: given twice; name it once.")
    if len(set(names)) == len(names):
        return names
    longer = [
        f"{path.resolve().parent.name}-{name}" for path, name in zip(paths, names, strict=True)
    ]
    if len(set(longer)) == len(longer):
        return longer
    return [f"{number + 1:03d}-{name}" for number, name in enumerate(names)]
