# SPDX-License-Identifier: BSD-3-Clause
"""What a report is made of: result folders, comparisons, and folders of scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.compare import (
    Comparison,
    compare_paths,
    is_comparison,
    is_sweep,
    load_comparison,
)
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import RUN_RECORD
from napari_mtmri.report.cases_part import is_scores
from napari_mtmri.report.review_part import is_review
from napari_mtmri.result import ZERO_FILLED

DEEPEST = 3  # results of many methods lie in DIR/CASE/METHOD


@dataclass(frozen=True)
class Sources:
    """What was found.

    Parameters
    ----------
    comparisons : tuple of Comparison
        One for each case, in the order in which they were found.
    scores : tuple of Path
        Folders that `evaluate` wrote.
    sweeps : tuple of Path
        Folders that `run_sweep` or `run_detection` wrote.
    reviews : tuple of Path
        Exports and folders of reviews.
    """

    comparisons: tuple[Comparison, ...]
    scores: tuple[Path, ...] = ()
    sweeps: tuple[Path, ...] = ()
    reviews: tuple[Path, ...] = ()


def find_sources(
    paths: Sequence[Path], *, reference: Path | None = None, labels: Path | None = None
) -> Sources:
    """Return what is to be reported of files and folders.

    Parameters
    ----------
    paths : sequence of Path
        Result folders, ``compare.json`` files, folders that `evaluate` or `sweep` wrote,
        exports or folders of a review, or folders of these. Result folders of one case are compared with each other.
    reference, labels : Path, optional
        Fully sampled image and reference segmentation, for a single case.

    Raises
    ------
    InputError
        If a path does not exist, or contains nothing to report, or cannot be read.
    RequestError
        If `reference` or `labels` are given for several cases.
    """
    found: dict[str, dict[Path, None]] = {kind: {} for kind in _KINDS}
    for path in paths:
        places = [(_kind(place), place) for place in _walk(path)]
        for kind, place in places:
            if kind:
                found[kind][place] = None
        if not any(kind for kind, _ in places):
            raise InputError(
                f"{path}: contains no result, comparison, scores, sweep or review; choose a folder "
                "that `napari-mtmri run`, `compare`, `evaluate` or `sweep` wrote."
            )
    cases = _by_case(list(found["run"]))
    if (reference or labels) and len(cases) != 1:
        raise RequestError(
            f"`labels` and `reference` are of one case, and there are results of {len(cases)}; give "
            "the result folders of that case."
        )
    compared = [
        compare_paths(case, reference=reference, labels=labels, zero_filled=True) for case in cases
    ]
    saved = (load_comparison(path) for path in found["comparison"])
    folders = (tuple(found[kind]) for kind in ("scores", "sweep", "review"))
    return Sources((*saved, *compared), *folders)


# In this order: a sweep holds result folders, and a folder of scores may be one of a sweep.
_KINDS: dict[str, Callable[[Path], bool]] = {
    "comparison": is_comparison,
    "run": lambda path: (path / RUN_RECORD).is_file(),
    "sweep": is_sweep,
    "scores": is_scores,
    "review": is_review,
}


def _kind(path: Path) -> str:
    """Return what a file or folder is, or "" if it is nothing to report."""
    return next((kind for kind, is_one in _KINDS.items() if is_one(path)), "")


def _walk(path: Path, depth: int = 0) -> Iterator[Path]:
    """Yield a path, and what lies in a folder that is nothing to report itself."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the name.")
    yield path
    is_last = not path.is_dir() or bool(_kind(path)) or depth == DEEPEST
    for inner in [] if is_last else sorted(path.iterdir()):
        is_hidden = inner.name.startswith(".")
        if not is_hidden and (inner.is_dir() or inner.suffix == ".json"):
            yield from _walk(inner, depth + 1)


def _by_case(runs: Sequence[Path]) -> list[list[Path]]:
    """Return the result folders of each case together, known by name and hash of the input."""
    found: dict[tuple[str, str], list[Path]] = {}
    methods: dict[Path, str] = {}
    for run in runs:
        try:
            record = json.loads((run / RUN_RECORD).read_text(encoding="utf-8"))
            case = str(record["name"]), str(record["provenance"]["input"]["sha256"])
            methods[run] = str(record["method"])
        except (OSError, ValueError, KeyError, TypeError) as why:
            raise InputError(
                f"{run / RUN_RECORD}: is not a valid record ({why}); save the result again."
            ) from why
        found.setdefault(case, []).append(run)
    # The baseline comes first.
    return [sorted(case, key=lambda run: methods[run] != ZERO_FILLED) for case in found.values()]
