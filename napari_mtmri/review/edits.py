# SPDX-License-Identifier: BSD-3-Clause
"""Edits of a mask as sparse changes, and their history: undo and redo in whole steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mtmri.errors import RequestError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Edit:
    """Voxels that one step of a tool has changed, with their values before and after.

    Parameters
    ----------
    indices : int64 array, (n,)
        Flat C-order indices into the mask (i, j, k), increasing, each once.
    before, after : integer arrays, (n,)
        Labels of these voxels.
    tool : str
        "brush", "fill holes", ...
    label : int
        Label the tool worked with.
    source : {"reader", "model"}
        Who decided the new labels.
    weights : str
        SHA-256 of the model's weights; empty unless the source is a model.

    Raises
    ------
    RequestError
        If the arrays differ in length, or an index is negative or occurs twice.
    """

    indices: NDArray[np.int64]
    before: Array
    after: Array
    tool: str
    label: int = 1
    source: str = "reader"
    weights: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        indices = np.asarray(self.indices, np.int64).ravel()
        before, after = np.asarray(self.before).ravel(), np.asarray(self.after).ravel()
        if not len(indices) == len(before) == len(after):
            raise RequestError(
                f"{self.tool}: {len(indices)} indices, {len(before)} labels before and "
                f"{len(after)} after; give one of each per voxel."
            )
        steps = np.diff(indices)
        if (steps <= 0).any():
            order = np.argsort(indices, kind="stable")
            indices, before, after = indices[order], before[order], after[order]
            steps = np.diff(indices)
        if (steps == 0).any() or (len(indices) and indices[0] < 0):
            raise RequestError(
                f"{self.tool}: an index is negative or occurs twice; give each voxel once."
            )
        for name, array in (("indices", indices), ("before", before), ("after", after)):
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @classmethod
    def between(cls, before: Array, after: Array, tool: str, **facts: Any) -> Edit:
        """Return the edit that turns one mask into another.

        Parameters
        ----------
        before, after : integer arrays, (i, j, k)
        tool : str
        **facts
            label, source, weights.
        """
        if before.shape != after.shape:
            raise RequestError(
                f"{tool}: a mask of shape {after.shape} does not fit the grid {before.shape}; "
                "give one on the same grid."
            )
        indices = np.flatnonzero(before != after)
        return cls(indices, before.reshape(-1)[indices], after.reshape(-1)[indices], tool, **facts)

    @classmethod
    def at(
        cls,
        shape: tuple[int, ...],
        coords: Sequence[ArrayLike],
        before: ArrayLike,
        after: ArrayLike,
        tool: str,
        **facts: Any,
    ) -> Edit:
        """Return the edit of voxels given by their array indices.

        A voxel may occur several times, as in a brush stroke that crosses itself: its first
        label before and its last label after are kept.

        Parameters
        ----------
        shape : tuple of int
            Shape of the mask.
        coords : sequence of int arrays, (n,) each
            Indices along i, j and k.
        before, after : integers or integer arrays, (n,)
        tool : str
        **facts
            label, source, weights.
        """
        flat = np.ravel_multi_index(tuple(np.asarray(c, np.intp) for c in coords), shape).ravel()
        old = np.broadcast_to(np.asarray(before), flat.shape)
        new = np.broadcast_to(np.asarray(after), flat.shape)
        indices, first = np.unique(flat, return_index=True)
        last = len(flat) - 1 - np.unique(flat[::-1], return_index=True)[1]
        return cls(indices, old[first], new[last], tool, **facts)

    @property
    def n_voxels(self) -> int:
        """Number of voxels whose label the edit changes."""
        return int(np.count_nonzero(self.before != self.after))

    def apply(self, mask: Array) -> None:
        """Give the voxels of a mask their labels after the edit, in place."""
        mask.reshape(-1)[self.indices] = self.after

    def revert(self, mask: Array) -> None:
        """Give the voxels of a mask their labels before the edit, in place."""
        mask.reshape(-1)[self.indices] = self.before

    def slices(self, shape: tuple[int, ...], axis: int) -> list[int]:
        """Return the sorted indices along one axis at which voxels are changed."""
        return [int(i) for i in np.unique(np.unravel_index(self.indices, shape)[axis])]


def merge_edits(edits: Sequence[Edit], tool: str = "") -> Edit:
    """Return one step that does what several edits do one after the other.

    Parameters
    ----------
    edits : sequence of Edit
        At least one, in the order in which they were made.
    tool : str
        Default: the tool of the last edit.
    """
    if not edits:
        raise RequestError("There are no edits to merge; give at least one.")
    flat = np.concatenate([edit.indices for edit in edits])
    before = np.concatenate([edit.before for edit in edits])
    after = np.concatenate([edit.after for edit in edits])
    indices, first = np.unique(flat, return_index=True)
    last = len(flat) - 1 - np.unique(flat[::-1], return_index=True)[1]
    final = edits[-1]
    return replace(
        final,
        indices=indices,
        before=before[first],
        after=after[last],
        tool=tool or final.tool,
    )


class History:
    """The edits of one mask; undo and redo work across slices and tools.

    Parameters
    ----------
    mask : integer array, (i, j, k)
        C-contiguous; changed in place.
    """

    def __init__(self, mask: Array) -> None:
        if not mask.flags.c_contiguous or not mask.flags.writeable:
            raise RequestError("The mask is not a writable C-order array; give a copy of it.")
        self.mask = mask
        self._done: list[Edit] = []
        self._undone: list[Edit] = []

    @property
    def done(self) -> tuple[Edit, ...]:
        """Edits in effect, the oldest first."""
        return tuple(self._done)

    @property
    def can_undo(self) -> bool:
        """Whether an edit is in effect."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether an edit was undone and none was made since."""
        return bool(self._undone)

    def apply(self, edit: Edit) -> Edit:
        """Make an edit and return it; edits that were undone can no longer be redone.

        An edit that was made in the mask already, as by the brush of a window, may be given
        too. Where the mask has neither label of the edit, as when a tool worked on an older
        state, the label that is there becomes the one before, so that undo brings it back.

        Raises
        ------
        RequestError
            If it reaches beyond the mask, or a label does not fit the mask's dtype.
        """
        check_edit(edit, self.mask)
        there = self.mask.reshape(-1)[edit.indices]
        other = (there != edit.before) & (there != edit.after)
        if other.any():
            edit = replace(edit, before=np.where(other, there, edit.before))
        edit.apply(self.mask)
        self._done.append(edit)
        self._undone.clear()
        return edit

    def undo(self) -> Edit | None:
        """Revert the last edit and return it; None if there is none."""
        if not self._done:
            return None
        edit = self._done.pop()
        edit.revert(self.mask)
        self._undone.append(edit)
        return edit

    def redo(self) -> Edit | None:
        """Make the edit that was undone last and return it; None if there is none."""
        if not self._undone:
            return None
        edit = self._undone.pop()
        edit.apply(self.mask)
        self._done.append(edit)
        return edit


def check_edit(edit: Edit, mask: Array) -> None:
    """Check that an edit fits a mask.

    Raises
    ------
    RequestError
        If it reaches beyond the mask, or a label does not fit the mask's dtype.
    """
    if len(edit.indices) and edit.indices[-1] >= mask.size:
        raise RequestError(
            f"{edit.tool}: voxel {edit.indices[-1]} is beyond the mask of shape {mask.shape}; "
            "give an edit of this mask."
        )
    limits = np.iinfo(mask.dtype)
    for labels in (edit.before, edit.after):
        if len(labels) and not limits.min <= labels.min() <= labels.max() <= limits.max:
            raise RequestError(
                f"{edit.tool}: labels {labels.min()} to {labels.max()} do not fit {mask.dtype}, "
                f"{limits.min} to {limits.max}; choose another label."
            )
