# SPDX-License-Identifier: BSD-3-Clause
"""Which trainings were started or watched here, so that one can be attached to again."""

from __future__ import annotations

import json
from pathlib import Path

from napari_mtmri.files import write_whole
from napari_mtmri.train.folder.layout import is_run

MOST = 12


def _file() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("napari-mtmri")) / "trainings.json"


def recent_runs() -> list[Path]:
    """Return the run folders that are still there, the newest first."""
    return [Path(name) for name in _names() if is_run(Path(name))]


def _names() -> list[str]:
    """Return all that is listed, also what lies on a disk that is not there now."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def remember_run(run: Path) -> None:
    """Put a run folder first."""
    run = Path(run).resolve()
    names = [str(run), *(other for other in _names() if other != str(run))][:MOST]
    _file().parent.mkdir(parents=True, exist_ok=True)
    write_whole(_file(), lambda file: file.write_text(json.dumps(names), encoding="utf-8"))
