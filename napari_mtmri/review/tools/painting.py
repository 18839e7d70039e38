# SPDX-License-Identifier: BSD-3-Clause
"""Which voxels a tool may change: the chosen label and background, other labels if allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import RequestError
from napari_mtmri.review.edits import Edit

Labels = NDArray[Any]
Region = NDArray[np.bool_]
Box = tuple[slice, slice, slice]


def replace_label(
    labels: Labels, region: Region, label: int, tool: str, *, protect: bool = True, **facts: Any
) -> Edit:
    """Return the edit after which a label fills a region and nothing else.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    region : bool array, (i, j, k)
    label : int
    tool : str
        Name of the tool, for undo and the journal.
    protect : bool
        Leave voxels of other labels as they are.
    **facts
        Further facts of the edit: source, weights.

    Raises
    ------
    RequestError
        If the label is background or does not fit the dtype of the mask.
    """
    check_label(labels, label)
    own = labels == label
    painted = region & ~own
    if protect:
        painted &= labels == 0
    after = labels.copy()
    after[own & ~region] = 0
    after[painted] = label
    return Edit.between(labels, after, tool, label=label, **facts)


def add_label(
    labels: Labels, region: Region, label: int, tool: str, *, protect: bool = True, **facts: Any
) -> Edit:
    """Return the edit that gives a region a label; parameters as in `replace_label`."""
    return replace_label(labels, region | (labels == label), label, tool, protect=protect, **facts)


def check_label(labels: Labels, label: int) -> None:
    """Check that a mask can contain a label.

    Raises
    ------
    RequestError
        If it is background or does not fit the dtype.
    """
    highest = 1 if labels.dtype == bool else int(np.iinfo(labels.dtype).max)
    if not 1 <= label <= highest:
        raise RequestError(
            f"`label` {label} does not fit this mask ({labels.dtype}); choose 1 to {highest}."
        )


def check_region(labels: Labels, region: NDArray[Any], what: str) -> None:
    """Check that an array has the shape of the mask.

    Raises
    ------
    RequestError
        If it has another shape.
    """
    if region.shape != labels.shape:
        raise RequestError(
            f"{what} has shape {region.shape}, the mask {labels.shape}; use the same grid."
        )


def check_axis(axis: int) -> None:
    """Check that an array axis exists.

    Raises
    ------
    RequestError
        If it is not 0, 1 or 2.
    """
    if axis not in (0, 1, 2):
        raise RequestError(f"`axis` {axis} does not exist; choose 0, 1 or 2.")


def padded_box(box: Box, margin: tuple[int, ...], shape: tuple[int, ...]) -> Box:
    """Return a box enlarged by a margin of voxels on each side, inside the array."""
    a, b, c = (
        slice(max(side.start - extra, 0), min(side.stop + extra, size))
        for side, extra, size in zip(box, margin, shape, strict=True)
    )
    return a, b, c


def in_box(labels: Labels, box: Box, region: Region) -> Region:
    """Return a region inside a box as a region of the whole array."""
    whole = np.zeros(labels.shape, bool)
    whole[box] = region
    return whole
