# SPDX-License-Identifier: BSD-3-Clause
"""Test requests for every registered pattern, so that new patterns are tested too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from napari_mtmri.patterns.base import PATTERNS, Pattern, PatternKind
from napari_mtmri.patterns.mask_files import save_mask

KINDS = {name: PATTERNS.get(name) for name in PATTERNS.names()}


def using(*what: str) -> list[str]:
    """Names of the patterns that use these parameters."""
    return [name for name, kind in KINDS.items() if kind.uses.issuperset(what)]


def total(kind: PatternKind, shape: tuple[int, int]) -> int:
    """Number of lines or samples of a plane."""
    return shape[1] if kind.dimensions == 1 else shape[0] * shape[1]


def count(kind: PatternKind, mask: np.ndarray) -> int:
    """Number of measured lines or samples."""
    return int(mask[0].sum() if kind.dimensions == 1 else mask.sum())


def fits(kind: PatternKind, shape: tuple[int, int], acceleration: float, fraction: float) -> bool:
    """Whether samples are left, at least as many as the centre has (computed independently)."""
    center = round(fraction * shape[1])
    if kind.dimensions == 2:
        center *= round(fraction * shape[0])
    return round(total(kind, shape) / acceleration) >= max(center, 1)


def center_of(kind: PatternKind, shape: tuple[int, int], fraction: float) -> tuple[slice, slice]:
    """Fully sampled centre, from N//2 - n//2."""
    width = round(fraction * shape[1])
    first = shape[1] // 2 - width // 2
    rows = slice(None)
    if kind.dimensions == 2:
        height = round(fraction * shape[0])
        rows = slice(shape[0] // 2 - height // 2, shape[0] // 2 - height // 2 + height)
    return rows, slice(first, first + width)


def ask(
    name: str,
    acceleration: float = 4.0,
    center_fraction: float | None = None,
    seed: int = 0,
    *,
    folder: Path,
    shape: tuple[int, int] = (24, 32),
) -> Pattern:
    """Pattern of this kind, as close to the request as it allows."""
    kind = KINDS[name]
    options: dict[str, object] = {}
    for option in kind.options:
        if option.kind == "path":
            path = folder / f"{shape[0]}x{shape[1]}-{acceleration!r}-{seed}.npy"
            save_mask(Pattern("random", acceleration, 0.0, seed).mask(shape)[0], path)
            options[option.name] = str(path)
    return Pattern(
        name,
        min(acceleration, kind.max_acceleration),
        center_fraction if "center_fraction" in kind.uses else None,
        seed,
        options,
    )


shapes = st.tuples(st.integers(4, 40), st.integers(4, 40))
accelerations = st.floats(1, 16) | st.sampled_from([1.0, 2.0, 2.5, 4.0, 8.0, 16.0])
fractions = st.none() | st.floats(0, 0.5)
seeds = st.integers(0, 2**32 - 1)
