# SPDX-License-Identifier: BSD-3-Clause
"""Whether results are of the same case, and may be members of a paired test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_mtmri.compare.cells import Cell, reference_of
from napari_mtmri.errors import InputError
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

SAME_SHARE = 1e-3  # of the largest value: images are stored as float32, some headers scale them


def check_cases(cells: Sequence[Cell]) -> list[str]:
    """Refuse results of another case than the reference, or than the first result.

    The input is known by its SHA-256. If that is not known or differs, as for the same image in
    another file format, the fully sampled images are compared voxel by voxel.

    Returns
    -------
    list of str
        A sentence for each result whose case could not be checked.

    Raises
    ------
    InputError
        If a result is of another case.
    """
    members = [cell for cell in cells if cell.kind == "result" or _is_reference(cell)]
    known: list[Cell] = []
    unknown: list[Cell] = []
    for cell in members:
        answers = [_same_case(cell, other) for other in known]
        if False in answers and True not in answers:
            other = known[answers.index(False)]
            raise InputError(
                f"{cell.name}: its input ({_short(cell.case_sha256)}) is another case than that of "
                f"{other.name} ({_short(other.case_sha256)}); compare results of one case."
            )
        (known if not known or True in answers else unknown).append(cell)
    unknown = [cell for cell in unknown if not any(_same_case(cell, other) for other in known)]
    return [
        f"{cell.name}: could not be checked to be of the case of {known[0].name}."
        for cell in unknown
    ]


def check_pair(first: Result, second: Result) -> None:
    """Refuse two results that cannot be a pair of a paired test.

    Raises
    ------
    InputError
        If they are of different cases or grids, or were sampled differently.
    """
    names = f"{first.name} · {first.method} and {second.name} · {second.method}"
    first.zero_filled.require_same_grid(second.zero_filled, f"{second.name} · {second.method}")
    one, other = (Cell("result", "result", r.zero_filled, result=r) for r in (first, second))
    if _same_case(one, other) is False:
        raise InputError(
            f"{names}: their inputs ({_short(one.case_sha256)}, {_short(other.case_sha256)}) are "
            "different cases; pair results of one case."
        )
    for what, a, b in (
        ("acceleration", first.acceleration, second.acceleration),
        ("pattern", _pattern(first), _pattern(second)),
    ):
        if a != b:
            raise InputError(f"{names}: their {what} is {a} and {b}; pair results of equal {what}.")


def _pattern(result: Result) -> str:
    return str((result.request.get("pattern") or {}).get("name", "unknown"))


def _is_reference(cell: Cell) -> bool:
    return cell.kind == "reference" and cell.image is not None


def _same_case(cell: Cell, other: Cell) -> bool | None:
    """Return whether two cells are of the same case, or None if it cannot be found out."""
    if cell.case_sha256 is not None and cell.case_sha256 == other.case_sha256:
        return True
    images = _reference_below(cell), _reference_below(other)
    if images[0] is not None and images[1] is not None and images[0].same_grid(images[1]):
        return _same_voxels(images[0], images[1])
    if cell.case_sha256 is not None and other.case_sha256 is not None:
        return False
    return None


def _reference_below(cell: Cell) -> Volume | None:
    return reference_of(cell.result) if cell.result is not None else cell.image


def _same_voxels(one: Volume, other: Volume) -> bool:
    if one.data is other.data:
        return True
    a, b = one.magnitude(), other.magnitude()
    return bool(np.abs(a - b).max() <= SAME_SHARE * max(float(a.max()), float(b.max())))


def _short(sha256: str | None) -> str:
    return "SHA-256 unknown" if sha256 is None else f"SHA-256 {sha256[:8]}…"
