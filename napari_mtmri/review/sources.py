# SPDX-License-Identifier: BSD-3-Clause
"""Who decided the label of each voxel: nobody, a model, a reader, or a reader after another."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.review.edits import Array, Edit

NONE, MODEL, READER, EDITED = range(4)
SOURCE_TITLES = {NONE: "none", MODEL: "model", READER: "reader", EDITED: "edited"}


def first_sources(mask: Array, *, by_model: bool) -> NDArray[np.uint8]:
    """Return the sources of a mask that nobody has edited yet.

    Parameters
    ----------
    mask : integer array, (i, j, k)
    by_model : bool
        Whether a model made it; else a reader.
    """
    return np.where(mask != 0, MODEL if by_model else READER, NONE).astype(np.uint8)


def source_map(start: NDArray[np.uint8], edits: Iterable[Edit]) -> NDArray[np.uint8]:
    """Return who decided the label of each voxel after some edits.

    A voxel that a model or another reader had labelled, and that was changed since, is
    `EDITED`, also where the label was erased. A label drawn on background is `READER`, or
    `MODEL` where it was accepted from a model.

    Parameters
    ----------
    start : uint8 array, (i, j, k)
        Sources before the edits.
    edits : iterable of Edit
        In the order in which they were made.
    """
    sources = start.copy()
    flat, from_start = sources.reshape(-1), start.reshape(-1) != NONE
    for edit in edits:
        changed = edit.before != edit.after
        where, labels = edit.indices[changed], edit.after[changed]
        decided = from_start[where] | np.isin(flat[where], (MODEL, EDITED))
        if edit.source == "model":
            flat[where] = np.where(decided | (labels != 0), MODEL, NONE)
        else:
            flat[where] = np.where(decided, EDITED, np.where(labels != 0, READER, NONE))
    return sources
