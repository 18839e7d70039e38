# SPDX-License-Identifier: BSD-3-Clause
"""The few numbers of a result that a line of text shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_mtmri.metrics.base import Scores

SHOWN = (
    ("PSNR", "field of view", " dB", 2),
    ("SSIM", "field of view", "", 4),
    ("NMSE", "field of view", "", 4),
    ("Dice", "class 1", "", 3),
)


def headline(scores: Scores) -> dict[str, float]:
    """Return the few numbers that a line shows; those measured on the volume."""
    found = {name: scores.get(name, region) for name, region, _, _ in SHOWN}
    return {name: value for name, value in found.items() if value == value}


def headline_rows(scores: Mapping[str, Mapping[str, float]]) -> Sequence[Sequence[str]]:
    """Return headline numbers of several methods as rows of words."""
    rows = []
    for method, found in scores.items():
        cells = [
            f"{name} {found[name]:.{decimals}f}{unit}" if name in found else ""
            for name, _, unit, decimals in SHOWN
        ]
        rows.append([method, *cells])
    return rows
