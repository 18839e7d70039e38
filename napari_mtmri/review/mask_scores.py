# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of two masks of the same case, label by label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_mtmri.metrics import lesions, overlap, surface
from napari_mtmri.metrics.base import LabelPair
from napari_mtmri.volume import Volume

FLAGS = {"missed": "only first", "false alarm": "only second", "both empty": "both empty"}


@dataclass(frozen=True)
class PairScores:
    """Agreement of two masks in one label of a case.

    Parameters
    ----------
    case, first, second : str
    label : int
    dice, hd95 : float
        HD95 in mm, or in voxels if the spacing is unknown; infinite if only one mask has the
        label.
    volume_first, volume_second, difference : float
        In ``volume_unit``; difference is first minus second.
    volume_unit : {"ml", "voxel"}
    lesions_first, found_by_second : int
        Lesions of the first mask, and how many of them the second mask contains.
    lesions_second, found_by_first : int
    flag : str
        "only first", "only second" or "both empty" if a mask lacks the label.
    """

    case: str
    first: str
    second: str
    label: int
    dice: float
    hd95: float
    volume_first: float
    volume_second: float
    difference: float
    volume_unit: str
    lesions_first: int
    found_by_second: int
    lesions_second: int
    found_by_first: int
    flag: str = ""

    @property
    def lesion_f1(self) -> float:
        """Lesions found by both, as a share of all: 1 if none is missed by either."""
        total = self.lesions_first + self.lesions_second
        return (self.found_by_first + self.found_by_second) / total if total else math.nan


def compare_masks(
    first: np.ndarray,
    second: np.ndarray,
    grid: Volume,
    names: tuple[str, str] = ("first", "second"),
    case: str = "",
) -> list[PairScores]:
    """Return the agreement of two masks, for each label that occurs in either.

    Two empty masks agree, in label 1.

    Parameters
    ----------
    first, second : integer array, (i, j, k)
    grid : Volume
        The image.
    names : pair of str
    case : str
    """
    labels = sorted({*np.unique(first).tolist(), *np.unique(second).tolist()} - {0}) or [1]
    spacing = grid.spacing if grid.spacing_known else None
    return [
        _scores(LabelPair(second == label, first == label, f"label {label}", spacing), names, case,
                label, grid)
        for label in labels
    ]  # fmt: skip


def _scores(
    pair: LabelPair, names: tuple[str, str], case: str, label: int, grid: Volume
) -> PairScores:
    box = pair.cropped()
    ours, theirs = box.reference, box.prediction
    counts = [int(np.count_nonzero(mask)) for mask in (ours & theirs, theirs, ours)]
    voxel = abs(float(np.linalg.det(grid.affine[:3, :3]))) / 1000 if grid.spacing_known else 1.0
    of_first, of_second = (
        lesions.find_lesions(*masks) for masks in ((ours, theirs), (theirs, ours))
    )
    return PairScores(
        case=case,
        first=names[0],
        second=names[1],
        label=label,
        dice=overlap.dice(*counts),
        hd95=surface.measure(pair)[0].value,
        volume_first=counts[2] * voxel,
        volume_second=counts[1] * voxel,
        difference=(counts[2] - counts[1]) * voxel,
        volume_unit="ml" if grid.spacing_known else "voxel",
        lesions_first=len(of_first),
        found_by_second=sum(one.is_hit for one in of_first),
        lesions_second=len(of_second),
        found_by_first=sum(one.is_hit for one in of_second),
        flag=FLAGS.get(pair.flag, ""),
    )
