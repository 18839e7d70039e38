# SPDX-License-Identifier: BSD-3-Clause
"""Table of lesions: found by which method, with which volume and Dice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from napari_mtmri.compare.comparison import Comparison


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
        Of the base, or the largest of any cell if extra, in the unit of the table.
    voxel : (int, int, int)
        A voxel in it, in the voxel axes of the file, for a click to go to.
    found : mapping of cell name to bool
        At least one tenth of its voxels are labelled.
    volumes, dice : mapping of cell name to float
        Volume that the cell gives this lesion, and Dice of this lesion alone.
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
    depends: str

    def columns(self) -> tuple[str, ...]:
        """Return the column names of the CSV."""
        raise NotImplementedError

    def to_csv(self) -> str:
        """Return the table as CSV."""
        raise NotImplementedError


def lesion_table(comparison: Comparison) -> LesionTable | None:
    """Return the table of lesions, or None without a base segmentation."""
    raise NotImplementedError
