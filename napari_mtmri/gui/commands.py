# SPDX-License-Identifier: BSD-3-Clause
"""Commands of the palette and the Layers menus: each finds the panel and does one thing."""

from __future__ import annotations

from typing import Any

from napari.viewer import Viewer

from napari_mtmri.gui import orientation

PLUGIN, PANEL = "napari-mtmri", "Reconstruct"


def open_reconstruct(viewer: Viewer) -> Any:
    """Open the Reconstruct panel and return it."""
    dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN, PANEL, tabify=True)
    dock.show()
    return panel


def run_volume(viewer: Viewer) -> None:
    """Reconstruct the chosen volume."""
    open_reconstruct(viewer).run_volume()


def stop(viewer: Viewer) -> None:
    """Stop the reconstruction."""
    open_reconstruct(viewer).stop()


def toggle_live(viewer: Viewer) -> None:
    """Turn Live on or off."""
    open_reconstruct(viewer).run_part.live.toggle()


def toggle_view(viewer: Viewer) -> None:
    """Change between the radiological and the neurological view."""
    orientation.toggle_view(viewer)


def prefer_nifti() -> None:
    """Let this program open NIfTI files without asking from now on."""
    from napari.settings import get_settings
    from napari.utils.notifications import show_info

    plugins = get_settings().plugins
    ours = {"*.nii": PLUGIN, "*.nii.gz": PLUGIN}
    others = {key: val for key, val in plugins.extension2reader.items() if key not in ours}
    plugins.extension2reader = {**ours, **others}
    show_info("NIfTI files are opened with MTMRI from now on (Preferences ▸ Plugins).")
