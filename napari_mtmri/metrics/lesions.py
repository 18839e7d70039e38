# SPDX-License-Identifier: BSD-3-Clause
"""Counts of found, missed and falsely predicted lesions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_mtmri.metrics.base import LabelPair, Metric, Quantity, Score

MIN_LESION_VOXELS = 1
# Compared as integers, so that exactly one tenth counts.
ONE_IN = 10
DEPENDS = (
    "26-connected components of at least {} voxel; a drawn one is found, and a predicted one "
    "right, if at least 1 in " + str(ONE_IN) + " of its voxels lie in the other mask"
)


@dataclass(frozen=True)
class Lesion:
    """A connected component, and its overlap with the other mask.

    Parameters
    ----------
    number : int
        Number from 1, largest first.
    n_voxels, n_covered : int
    """

    number: int
    n_voxels: int
    n_covered: int

    @property
    def is_hit(self) -> bool:
        """Whether at least one tenth of its voxels lie in the other mask."""
        return self.n_covered * ONE_IN >= self.n_voxels


def find_lesions(
    mask: np.ndarray, other: np.ndarray, min_voxels: int = MIN_LESION_VOXELS
) -> list[Lesion]:
    """Return the connected components of a mask with their overlap with the other mask.

    Parameters
    ----------
    mask, other : bool array, (slice, row, column)
    min_voxels : int
        Ignore smaller components.

    Returns
    -------
    list of Lesion
        Largest first.
    """
    numbers = label_components(mask, min_voxels)
    count = int(numbers.max(initial=0))
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    covered = np.bincount(numbers[other], minlength=count + 1)
    return [
        Lesion(number, int(sizes[number]), int(covered[number])) for number in range(1, count + 1)
    ]


def label_components(mask: np.ndarray, min_voxels: int = MIN_LESION_VOXELS) -> np.ndarray:
    """Return the 26-connected components of a mask.

    Parameters
    ----------
    mask : bool array, (slice, row, column)
    min_voxels : int
        Ignore smaller components.

    Returns
    -------
    int array, same shape
        0 outside; components are numbered from 1, largest first.
    """
    from scipy import ndimage

    components, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(components.ravel(), minlength=count + 1)
    sizes[0] = 0
    order = np.argsort(-sizes[1:], kind="stable") + 1
    numbers = np.zeros(count + 1, components.dtype)
    numbers[order] = np.arange(1, count + 1)
    numbers[sizes < min_voxels] = 0
    return np.asarray(numbers[components])


def measure(pair: LabelPair, min_voxels: int = MIN_LESION_VOXELS) -> list[Score]:
    """Return lesion-wise recall, precision, F1 and counts, and one row per lesion.

    Splits and mergers are not errors: a lesion predicted in two pieces is found once, and
    both pieces are correct; a piece that covers two lesions finds both.
    """
    box = pair.cropped()
    drawn = find_lesions(box.reference, box.prediction, min_voxels)
    found = find_lesions(box.prediction, box.reference, min_voxels)
    n_hit, n_right = (sum(lesion.is_hit for lesion in part) for part in (drawn, found))
    recall = n_hit / len(drawn) if drawn else math.nan
    precision = n_right / len(found) if found else math.nan
    values: dict[str, tuple[float, str]] = {
        "lesion recall": (recall, ""),
        "lesion precision": (precision, ""),
        "lesion F1": (_f1(recall, precision), ""),
        "lesions": (len(drawn), "lesions"),
        "lesions found": (n_hit, "lesions"),
        "predicted lesions": (len(found), "lesions"),
        "false lesions": (len(found) - n_right, "lesions"),
    }
    depends = DEPENDS.format(min_voxels)
    flag = pair.flag
    rows = [
        Score(name, float(value), unit, region=pair.region, depends=depends, flag=flag)
        for name, (value, unit) in values.items()
    ]
    for lesion in drawn:
        rows += _rows(lesion, pair, depends)
    return rows


def _f1(recall: float, precision: float) -> float:
    """Return the harmonic mean; 0 if only one mask has lesions, NaN if neither has."""
    if math.isnan(recall) and math.isnan(precision):
        return math.nan
    if math.isnan(recall) or math.isnan(precision) or recall + precision == 0:
        return 0.0
    return 2 * recall * precision / (recall + precision)


def _rows(lesion: Lesion, pair: LabelPair, depends: str) -> list[Score]:
    voxel, unit = pair.voxel
    flag = "" if lesion.is_hit else "missed"
    values = {
        "lesion volume": (lesion.n_voxels * voxel, unit),
        "lesion covered": (lesion.n_covered / lesion.n_voxels, ""),
    }
    return [
        Score(name, value, of, "lesion", lesion.number, pair.region, depends, flag)
        for name, (value, of) in values.items()
    ]


LESIONS = Metric(
    name="lesions",
    title="Lesion-wise detection",
    kind="labels",
    summary="How many lesions were found, and how many predicted lesions are correct.",
    depends=DEPENDS.format(MIN_LESION_VOXELS),
    gives=(
        Quantity("lesion recall", "Share of the reference lesions that were found", shown={}),
        Quantity("lesion precision", "Share of the predicted lesions that are correct", shown={}),
        Quantity(
            "lesion F1",
            "Harmonic mean of lesion recall and lesion precision",
            shown={"summary": 4},
        ),
        Quantity("lesions", "Number of reference lesions", None, "lesions", shown={}),
        Quantity("lesions found", "Reference lesions that were found", None, "lesions", shown={}),
        Quantity("predicted lesions", "Number of predicted lesions", None, "lesions", shown={}),
        Quantity(
            "false lesions",
            "Predicted lesions that are wrong",
            "lower",
            "lesions",
            shown={"summary": 1},
        ),
        Quantity("lesion volume", "Volume of one reference lesion", None, "ml", shown={}),
        Quantity("lesion covered", "Share of one reference lesion found", None, shown={}),
    ),
    measure=measure,
    scopes=frozenset({"volume", "lesion"}),
    place=70,
)
