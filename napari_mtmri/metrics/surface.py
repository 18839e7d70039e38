# SPDX-License-Identifier: BSD-3-Clause
"""Distance between the surfaces of two masks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from napari_mtmri.metrics.base import LabelPair, Metric, Quantity, Score

PERCENTILE = 95
DEPENDS = (
    "boundary = mask minus its 6-connected erosion, beyond the array is outside; distances "
    f"between voxel centres; {PERCENTILE}th percentile (linear) of each direction, the larger "
    "of the two; infinite where one mask is empty"
)


def measure(pair: LabelPair) -> list[Score]:
    """Return the 95 % Hausdorff distance of the volume.

    It is infinite, not left out, if a lesion was missed or is a false alarm: without misses,
    a method that finds less would look better.

    References
    ----------
    Huttenlocher et al., IEEE TPAMI 15(9), 1993. MONAI computes the same percentiles;
    medpy pools both directions first, and surface-distance weights by area.
    """
    flag = pair.flag
    value = math.nan if flag == "both empty" else math.inf
    if not flag:
        box = pair.cropped()
        value = hd95(box.prediction, box.reference, pair.spacing or (1.0, 1.0, 1.0))
    unit = "voxel" if pair.spacing is None else "mm"
    return [Score("HD95", value, unit, region=pair.region, depends=DEPENDS, flag=flag)]


def hd95(prediction: np.ndarray, reference: np.ndarray, spacing: Sequence[float]) -> float:
    """Return the 95 % Hausdorff distance of two non-empty masks.

    Parameters
    ----------
    prediction, reference : bool array, (slice, row, column)
    spacing : sequence of three floats
        Voxel spacing along the same axes, in mm.

    Returns
    -------
    float
        In the units of ``spacing``.
    """
    from scipy.spatial import cKDTree

    # A tree instead of a distance transform: its time depends on the number of surface
    # voxels, not on the bounding box, which a single stray voxel extends to the whole volume.
    ours, theirs = (boundary(mask) * spacing for mask in (prediction, reference))
    there, _ = cKDTree(theirs).query(ours)
    back, _ = cKDTree(ours).query(theirs)
    return max(float(np.percentile(distances, PERCENTILE)) for distances in (there, back))


def boundary(mask: np.ndarray) -> np.ndarray:
    """Return the indices of the boundary voxels of a mask.

    Parameters
    ----------
    mask : bool array, (slice, row, column)

    Returns
    -------
    int array, (voxel, 3)
        Indices in voxels, in the axis order of ``mask``.
    """
    from scipy import ndimage

    return np.argwhere(mask & ~ndimage.binary_erosion(mask))


SURFACE = Metric(
    name="surface",
    title="95 % Hausdorff distance",
    kind="labels",
    summary="95th percentile of the distances between the outlines of the two masks.",
    depends=DEPENDS,
    gives=(
        Quantity(
            "HD95",
            "95th percentile of the distances between the outlines",
            "lower",
            "mm",
            shown={"summary": 2, "panel": 2, "study": 1},
        ),
    ),
    measure=measure,
    place=50,
)
