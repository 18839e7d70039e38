# SPDX-License-Identifier: BSD-3-Clause
"""Table of lesions: found by which method, with which volume and Dice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from napari_mtmri.compare.comparison import Comparison
from napari_mtmri.metrics.lesions import ONE_IN, label_components
from napari_mtmri.tables import csv_text

DEPENDS = (
    "26-connected components of all classes together; a lesion is found if at least 1 in "
    f"{ONE_IN} of its voxels are labelled; every labelled component that touches a lesion belongs "
    "to it, shared by distance if it touches several; an extra lesion touches none"
)


@dataclass(frozen=True)
class LesionRow:
    """One lesion, and what each cell made of it.

    Parameters
    ----------
    number : int
        From 1, largest first; lesions of the base and extra lesions are numbered apart.
    kind : {"lesion", "extra"}
        A lesion of the base, or one that only other cells have.
    volume : float
        Of the base; of an extra lesion, the largest of any cell; in the unit of the table.
    voxel : (int, int, int)
        A voxel of the lesion in its largest slice, in the voxel axes of the file, to go to.
    found : mapping of cell name to bool
    volumes : mapping of cell name to float
        Volume that the cell gives this lesion.
    dice : mapping of cell name to float
        Dice of this lesion alone; NaN for an extra lesion, whose true volume is 0.
    """

    number: int
    kind: Literal["lesion", "extra"]
    volume: float
    voxel: tuple[int, int, int]
    found: Mapping[str, bool]
    volumes: Mapping[str, float]
    dice: Mapping[str, float]


@dataclass(frozen=True)
class LesionTable:
    """Lesions of the base, largest first, then the extra lesions.

    Parameters
    ----------
    base : str
        Name of the cell that the lesions are from.
    cells : tuple of str
        Names of the compared cells.
    unit : str
        "ml", or "voxel" if the spacing is unknown.
    rows : tuple of LesionRow
    depends : str
        How lesions are found and matched.
    """

    base: str
    cells: tuple[str, ...]
    unit: str
    rows: tuple[LesionRow, ...]
    depends: str = DEPENDS

    def columns(self) -> tuple[str, ...]:
        """Return the column names of the CSV."""
        own = [
            f"{what} {name}"
            for name in self.cells
            for what in ("found by", f"volume ({self.unit}) by", "Dice by")
        ]
        return ("lesion", "kind", f"volume ({self.unit})", "i", "j", "k", *own)

    def to_csv(self) -> str:
        """Return the table as CSV, one line per lesion."""
        lines: list[list[Any]] = []
        for row in self.rows:
            line: list[Any] = [row.number, row.kind, row.volume, *row.voxel]
            for name in self.cells:
                dice = row.dice[name]
                line += [
                    "yes" if row.found[name] else "no",
                    row.volumes[name],
                    "" if math.isnan(dice) else dice,
                ]
            lines.append(line)
        return csv_text(self.columns(), lines)


def lesion_table(comparison: Comparison) -> LesionTable | None:
    """Return the table of lesions, or None without a base segmentation."""
    return comparison.remember("lesions", lambda: _table(comparison))


def _table(comparison: Comparison) -> LesionTable | None:
    base = comparison.base
    if base is None or base.labels is None:
        return None
    masks = {
        cell.name: cell.labels.data > 0 for cell in comparison.segmented if cell.labels is not None
    }
    grid, axis = comparison.grid, comparison.axes.slice
    voxel = math.prod(grid.spacing) / 1000 if grid.spacing_known else 1.0
    lesions = label_components(base.labels.data > 0)
    shares = {name: _shares(lesions, mask) for name, mask in masks.items()}
    rows = _base_rows(lesions, shares, voxel, axis) + _extra_rows(shares, masks, voxel, axis)
    unit = "ml" if grid.spacing_known else "voxel"
    return LesionTable(base.name, tuple(masks), unit, tuple(rows))


def _shares(lesions: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the number of the lesion that each labelled voxel belongs to, 0 for none."""
    from scipy import ndimage

    parts = label_components(mask)
    numbers = np.zeros(lesions.shape, lesions.dtype)
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        part = parts[box] == number
        touched = np.unique(lesions[box][part])
        touched = touched[touched > 0]
        if len(touched) == 1:
            numbers[box][part] = touched[0]
        elif len(touched) > 1:
            numbers[box][part] = _nearest(lesions[box], touched)[part]
    return numbers


def _nearest(lesions: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the number of the nearest lesion at every voxel; distances in voxels."""
    from scipy import ndimage

    outside = ~np.isin(lesions, among)
    nearest = ndimage.distance_transform_edt(outside, return_distances=False, return_indices=True)
    return np.asarray(lesions[tuple(nearest)])


def _base_rows(
    lesions: np.ndarray, shares: Mapping[str, np.ndarray], voxel: float, axis: int
) -> list[LesionRow]:
    count = int(lesions.max(initial=0))
    sizes = np.bincount(lesions.ravel(), minlength=count + 1)
    given = {name: np.bincount(own.ravel(), minlength=count + 1) for name, own in shares.items()}
    places = _places(lesions, axis)
    # A voxel inside a lesion belongs to that lesion: its component touches it, at distance 0.
    covered = {
        name: np.bincount(lesions[own > 0], minlength=count + 1) for name, own in shares.items()
    }
    return [
        LesionRow(
            number,
            "lesion",
            float(sizes[number] * voxel),
            places[number - 1],
            {name: bool(own[number] * ONE_IN >= sizes[number]) for name, own in covered.items()},
            {name: float(own[number] * voxel) for name, own in given.items()},
            {
                name: float(2 * covered[name][number] / (sizes[number] + own[number]))
                for name, own in given.items()
            },
        )
        for number in range(1, count + 1)
    ]


def _extra_rows(
    shares: Mapping[str, np.ndarray], masks: Mapping[str, np.ndarray], voxel: float, axis: int
) -> list[LesionRow]:
    """Return the labelled components that touch no lesion, joined where those of cells meet."""
    extra = {name: mask & (shares[name] == 0) for name, mask in masks.items()}
    if not extra:
        return []
    parts = label_components(np.logical_or.reduce(list(extra.values())))
    count = int(parts.max(initial=0))
    given = {name: np.bincount(parts[own], minlength=count + 1) for name, own in extra.items()}
    largest = np.max(list(given.values()), axis=0)
    places = _places(parts, axis)
    order = sorted(range(1, count + 1), key=lambda part: -largest[part])
    return [
        LesionRow(
            number,
            "extra",
            float(largest[part] * voxel),
            places[part - 1],
            {name: bool(own[part]) for name, own in given.items()},
            {name: float(own[part] * voxel) for name, own in given.items()},
            dict.fromkeys(given, math.nan),
        )
        for number, part in enumerate(order, start=1)
    ]


def _places(parts: np.ndarray, axis: int) -> list[tuple[int, int, int]]:
    """Return, for each component, its voxel nearest to its centre, in its largest slice."""
    from scipy import ndimage

    others = tuple(other for other in range(3) if other != axis)
    found = []
    for part, box in enumerate(ndimage.find_objects(parts), start=1):
        region = parts[box] == part
        number = int(region.sum(axis=others).argmax())
        places = np.argwhere(np.take(region, number, axis=axis))
        middle = places[np.abs(places - places.mean(axis=0)).sum(axis=1).argmin()]
        corner = [side.start for side in box]
        i, j, k = (np.insert(middle, axis, number) + corner).tolist()
        found.append((i, j, k))
    return found
