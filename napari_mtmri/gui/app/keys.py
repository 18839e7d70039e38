# SPDX-License-Identifier: BSD-3-Clause
"""Keys of the viewer while a panel is open; none of them is napari's own."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from napari.viewer import Viewer

from napari_mtmri.gui.app import commands

# Alt and a letter that opens no menu of napari's bar (F, V, L, P, W, H).
KEYS = {
    "Alt-R": commands.run_volume,
    "Alt-S": commands.stop,
    "Alt-I": commands.toggle_live,
    "Alt-X": commands.swap_phase,
    "Alt-N": commands.toggle_view,
}
TRAIN_KEYS = {
    "Alt-T": commands.start_training,
    "Alt-E": commands.stop_training,
    "Alt-G": commands.resume_training,
}
Keys = Mapping[str, Callable[[Viewer], Any]]


def bind_keys(viewer: Viewer, keys: Keys = KEYS) -> None:
    """Bind the keys of a panel to its commands."""
    for key, command in keys.items():
        viewer.bind_key(key, command, overwrite=True)


def unbinder(viewer: Viewer, keys: Keys = KEYS) -> Callable[[], None]:
    """Return what lets go of the keys; it keeps no viewer alive."""
    known = weakref.ref(viewer)

    def unbind() -> None:
        found = known()
        if found is not None:
            unbind_keys(found, keys)

    return unbind


def unbind_keys(viewer: Viewer, keys: Keys = KEYS) -> None:
    """Let go of the keys."""
    for key in keys:
        viewer.bind_key(key, None)
