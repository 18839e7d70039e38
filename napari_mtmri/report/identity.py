# SPDX-License-Identifier: BSD-3-Clause
"""Removal of what identifies a patient or this machine: case names, file names and paths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from napari_mtmri.compare import Cell, Comparison
from napari_mtmri.methods.base import METHODS

HIDDEN = "…"
SHORTEST = 3  # letters of a name that says something


def anonymous(comparison: Comparison, case: str) -> Comparison:
    """Return the comparison without names from files: its case is called ``case``.

    Images and masks that were opened by hand are numbered.
    """
    secrets = secrets_of(comparison)
    counts: dict[str, int] = {}
    names = {}
    for cell in comparison.cells:
        if cell.kind in ("image", "mask", "date") and not _is_zero_filled(cell, comparison):
            counts[cell.kind] = counts.get(cell.kind, 0) + 1
            names[cell.name] = f"{cell.kind} {counts[cell.kind]}"
        else:
            names[cell.name] = hide(cell.name, secrets, case)
    cells = tuple(_anonymous(cell, names[cell.name], secrets, case) for cell in comparison.cells)
    warnings = tuple(hide(line, secrets, case) for line in comparison.warnings)
    pair = comparison.view.pair
    view = comparison.view
    if pair is not None:
        view = replace(view, pair=(names.get(pair[0], ""), names.get(pair[1], "")))
    return replace(comparison, cells=cells, view=view, warnings=warnings, _memory={})


def _is_zero_filled(cell: Cell, comparison: Comparison) -> bool:
    """Return whether the image of a cell is the zero-filled image of a result of the comparison."""
    results = (one.result for one in comparison.cells)
    return any(result is not None and cell.image is result.zero_filled for result in results)


def _anonymous(cell: Cell, name: str, secrets: set[str], case: str) -> Cell:
    image, labels = (
        None if volume is None else replace(volume, name=case, path=None)
        for volume in (cell.image, cell.labels)
    )
    result = cell.result
    if result is not None:
        request = {key: value for key, value in result.request.items() if key != "image"}
        pattern = request.get("pattern")
        if isinstance(pattern, dict):
            options = {k: v for k, v in (pattern.get("options") or {}).items() if k != "path"}
            request["pattern"] = {**pattern, "options": options}
        made_from = {**(result.provenance.get("input") or {}), "file": None}
        result = replace(
            result,
            name=case,
            labels=labels if cell.labels is result.labels else result.labels,
            request=request,
            provenance={**result.provenance, "input": made_from},
            warnings=tuple(hide(line, secrets, case) for line in result.warnings),
        )
    return replace(
        cell, name=name, image=image, labels=labels, result=result, path=None, labels_path=None
    )


def secrets_of(comparison: Comparison) -> set[str]:
    """Return the names of the cases, files and folders behind a comparison."""
    found: set[str] = set()
    for cell in comparison.cells:
        found |= _path_words(cell)
        if cell.result is not None:
            found |= {cell.result.name, cell.result.zero_filled.name}
            made_from = cell.result.provenance.get("input") or {}
            found |= {str(made_from["file"])} if made_from.get("file") else set()
        if cell.kind in ("image", "mask", "date"):
            found.add(cell.name)
    return {word for word in found if len(word) >= SHORTEST and word not in METHODS.names()}


def _path_words(cell: Cell) -> set[str]:
    words = set()
    for path in (cell.source, cell.labels_source):
        if path is not None:
            words |= {str(path), str(path.absolute()), path.name, path.name.split(".")[0]}
    return words


def hide(text: str, secrets: Sequence[str] | set[str], case: str) -> str:
    """Return the text with every secret replaced by the case, and every path by "…"."""
    text = re.sub(r"(?<![\w.])(?:[A-Za-z]:\\|/)(?=\S)(?:[^:;,\n]+[/\\])*[^\s:;,]*", HIDDEN, text)
    for secret in sorted(secrets, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", case, text)
    return text
