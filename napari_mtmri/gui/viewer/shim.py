# SPDX-License-Identifier: BSD-3-Clause
"""Calls to napari's private interface, guarded so that the plugin works if they fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

READER = "napari-mtmri.get_reader"


def forget_strokes(labels: Any) -> None:
    """Empty the undo history of a labels layer whose array was replaced.

    Otherwise undo would write old strokes into the new array.
    """
    reset = getattr(labels, "_reset_history", None)
    if reset is not None:
        reset()


def painted_box(changes: Any) -> tuple[slice, ...] | None:
    """Return the box that contains all changes of a stroke, fill or polygon.

    Parameters
    ----------
    changes : value of napari's ``paint`` event

    Returns
    -------
    tuple of slices along the layer's axes, or None if napari reports changes in another form
    """
    try:
        boxes = [_box(change) for change in changes or [None]]
        return tuple(
            slice(min(int(one.start) for one in side), max(int(one.stop) for one in side))
            for side in zip(*boxes, strict=True)
        )
    except (AttributeError, TypeError, ValueError, IndexError):
        return None


def _box(change: Any) -> tuple[slice, ...]:
    """Return the box of one change: a mask in a box, or indices with their labels."""
    box = getattr(change, "slice_key", None)
    if box is None:
        box = tuple(slice(one.min(), one.max() + 1) for one in change[0])
    return tuple(box)


def claim_files(patterns: Sequence[str]) -> None:
    """Register further file patterns for the plugin's reader, for this napari session."""
    from npe2 import PluginManager

    manager = PluginManager.instance()
    if "napari-mtmri" not in manager:
        return
    reindex = getattr(getattr(manager, "_contrib", None), "reindex", None)
    manifest = manager.get_manifest("napari-mtmri")
    for reader in manifest.contributions.readers or ():
        if reader.command != READER:
            continue
        missing = [one for one in patterns if one not in reader.filename_patterns]
        if missing and reindex is not None:
            reader.filename_patterns = [*reader.filename_patterns, *missing]
            reindex(manifest)
