# SPDX-License-Identifier: BSD-3-Clause
"""Tools for one lesion or one slice: delete, relabel, copy to another slice."""

from __future__ import annotations

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.tools.painting import (
    Labels,
    Region,
    add_label,
    check_axis,
    check_label,
    check_region,
)
from napari_mtmri.review.tools.shape import erase


def copy_to_slice(
    labels: Labels, label: int, axis: int, source: int, target: int, *, protect: bool = True
) -> Edit:
    """Return the edit that adds the label of one slice to another slice.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    label : int
    axis : int
        Array axis across the slices.
    source, target : int
        Slice numbers.
    protect : bool
        Leave voxels of other labels as they are.

    Raises
    ------
    RequestError
        If a slice does not exist.
    """
    check_axis(axis)
    for number in (source, target):
        if not 0 <= number < labels.shape[axis]:
            raise RequestError(
                f"slice {number} does not exist; choose 0 to {labels.shape[axis] - 1}."
            )
    region = np.zeros(labels.shape, bool)
    np.moveaxis(region, axis, 0)[target] = np.moveaxis(labels, axis, 0)[source] == label
    return add_label(labels, region, label, "copy to slice", protect=protect)


def delete_lesion(labels: Labels, region: Region) -> Edit:
    """Return the edit that erases one lesion.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    region : bool array, (i, j, k)
        Voxels of the lesion, see `napari_mtmri.review.lesions.LesionTable.region`.
    """
    check_region(labels, region, "the lesion")
    return erase(labels, region, "delete lesion", label=_label_of(labels, region))


def relabel_lesion(labels: Labels, region: Region, label: int) -> Edit:
    """Return the edit that gives one lesion another label.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    region : bool array, (i, j, k)
        Voxels of the lesion, see `napari_mtmri.review.lesions.LesionTable.region`.
    label : int
        New label.
    """
    check_region(labels, region, "the lesion")
    check_label(labels, label)
    after = labels.copy()
    after[region & (labels != 0)] = label
    return Edit.between(labels, after, "relabel lesion", label=label)


def _label_of(labels: Labels, region: Region) -> int:
    found = labels[region]
    return int(found.max()) if found.size else 1
