# SPDX-License-Identifier: BSD-3-Clause
"""Keys of the viewer while the panel is open; none of them is napari's own."""

from __future__ import annotations

from napari.viewer import Viewer

from napari_mtmri.gui import commands

# Alt and a letter that opens no menu of napari's bar (F, V, L, P, W, H).
KEYS = {
    "Alt-R": commands.run_volume,
    "Alt-S": commands.stop,
    "Alt-I": commands.toggle_live,
    "Alt-X": commands.swap_phase,
    "Alt-N": commands.toggle_view,
}


def bind_keys(viewer: Viewer) -> None:
    """Bind the keys to the commands of the same names."""
    for key, command in KEYS.items():
        viewer.bind_key(key, command, overwrite=True)


def unbind_keys(viewer: Viewer) -> None:
    """Let go of the keys."""
    for key in KEYS:
        viewer.bind_key(key, None)
