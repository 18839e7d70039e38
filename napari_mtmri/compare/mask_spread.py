# SPDX-License-Identifier: BSD-3-Clause
"""Spread over sampling masks, of results that are compared and differ in the mask alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_mtmri.compare.cells import Cell, facts_of
from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.compare.spread import Spread, spread_of
from napari_mtmri.metrics.scores import Score
from napari_mtmri.result import Result

SPREAD = "spread over masks"


def mask_spread(comparison: Comparison, cell: Cell) -> Spread | None:
    """Return the spread of a cell over all results that differ from it in the mask alone.

    It needs no reference: it is what the choice of the mask decides.

    Returns
    -------
    Spread or None
        None unless the comparison has at least one more result of the same method, acceleration
        and pattern with another mask.
    """
    group = _group(comparison, cell)
    if len(group) < 2:
        return None
    key = ("spread", *(one.name for one in group))
    return comparison.remember(key, lambda: spread_of(_results(group)))


def _group(comparison: Comparison, cell: Cell) -> list[Cell]:
    """Return the cells of results with other masks, each mask once."""
    if cell.result is None or cell.is_resampled:
        return []
    found: list[Cell] = []
    for one in comparison.cells:
        if one.result is None or one.is_resampled or not _is_alike(cell.result, one.result):
            continue
        if not any(np.array_equal(one.result.mask, known.mask) for known in _results(found)):
            found.append(one)
    return found


def _results(cells: list[Cell]) -> list[Result]:
    """Return the results under the name of the first: files of one case may have other names."""
    results = [cell.result for cell in cells if cell.result is not None]
    return [replace(one, name=results[0].name) for one in results]


def _is_alike(first: Result, second: Result) -> bool:
    apart = ("name", "seed")
    known, other = facts_of(first), facts_of(second)
    same = all(known[key] == other[key] for key in known if key not in apart)
    return same and (first.method, first.acceleration) == (second.method, second.acceleration)


def spread_map(comparison: Comparison, cell: Cell) -> np.ndarray | None:
    """Return the standard deviation of a cell's reconstruction over the masks.

    Returns
    -------
    float32 array, (i, j, k), or None
        In the unit of the image; None without other masks, see `mask_spread`.
    """
    found = mask_spread(comparison, cell)
    return None if found is None or found.sd is None else found.sd.data


def lesion_frequency(comparison: Comparison, cell: Cell) -> np.ndarray | None:
    """Return in how many of the masks each voxel of a cell is called lesion.

    Returns
    -------
    float32 array, (i, j, k), or None
        In percent; None without other masks, see `mask_spread`, or without segmentations.
    """
    found = mask_spread(comparison, cell)
    return None if found is None or found.lesion_percent is None else found.lesion_percent.data


def spread_score(comparison: Comparison, cell: Cell) -> Score | None:
    """Return the norm of the standard deviation as a share of that of the mean, or None."""
    found = mask_spread(comparison, cell)
    if found is None or found.sd is None or found.mean is None:
        return None
    norm = float(np.linalg.norm(found.mean.data.astype(np.float64)))
    own = float(np.linalg.norm(found.sd.data.astype(np.float64)))
    depends = (
        f"norm of the standard deviation over {found.n} sampling masks, divided by the norm of the "
        "mean image; a small one does not mean that the image is right"
    )
    return Score(SPREAD, own / norm if norm else float("nan"), depends=depends)
