# SPDX-License-Identifier: BSD-3-Clause
"""Calls to napari's private interface, guarded so that the plugin works if they fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def forget_strokes(labels: Any) -> None:
    """Empty the undo history of a labels layer whose array was replaced.

    Otherwise undo would write old strokes into the new array.
    """
    reset = getattr(labels, "_reset_history", None)
    if reset is not None:
        reset()


def claim_files(patterns: Sequence[str]) -> None:
    """Register further file patterns for the plugin's reader, for this napari session."""
    from npe2 import PluginManager

    manager = PluginManager.instance()
    if "napari-mtmri" not in manager:
        return
    reindex = getattr(getattr(manager, "_contrib", None), "reindex", None)
    manifest = manager.get_manifest("napari-mtmri")
    for reader in manifest.contributions.readers or ():
        missing = [one for one in patterns if one not in reader.filename_patterns]
        if missing and reindex is not None:
            reader.filename_patterns = [*reader.filename_patterns, *missing]
            reindex(manifest)
