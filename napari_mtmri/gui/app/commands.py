# SPDX-License-Identifier: BSD-3-Clause
"""Commands for the palette, the Layers menu and keys; each calls one action of a panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.viewer import Viewer

from napari_mtmri.gui.app.panels import PLUGIN, open_panel, panel_of
from napari_mtmri.gui.viewer.orientation import watch

RECONSTRUCT, TRAIN = "Reconstruct", "Train"


def open_reconstruct(viewer: Viewer) -> Any:
    """Show the Reconstruct panel and return it."""
    return open_panel(viewer, RECONSTRUCT)


def open_train(viewer: Viewer) -> Any:
    """Show the Train panel and return it."""
    return open_panel(viewer, TRAIN)


def run_volume(viewer: Viewer) -> None:
    """Reconstruct the chosen volume."""
    open_reconstruct(viewer).run_volume()


def stop(viewer: Viewer) -> None:
    """Stop the reconstruction."""
    open_reconstruct(viewer).stop()


def toggle_live(viewer: Viewer) -> None:
    """Switch Live on or off."""
    open_reconstruct(viewer).run_part.live.toggle()


def swap_phase(viewer: Viewer) -> None:
    """Exchange the phase-encoding and readout directions."""
    open_reconstruct(viewer).swap_axes()


def toggle_view(viewer: Viewer) -> None:
    """Switch between radiological and neurological view."""
    watch(viewer).toggle()


def start_training(viewer: Viewer) -> None:
    """Start the training with the chosen recipe."""
    open_train(viewer).start()


def stop_training(viewer: Viewer) -> None:
    """Stop the training that is shown, after the current batch."""
    open_train(viewer).stop()


def resume_training(viewer: Viewer) -> None:
    """Resume the training that is shown."""
    open_train(viewer).resume()


def use_weights(viewer: Viewer, method: str, weights: Path) -> None:
    """Show the Reconstruct panel with this method and the user's own weights chosen."""
    open_reconstruct(viewer).method.choose(method, weights)


def refresh_methods(viewer: Viewer) -> None:
    """Refresh the methods in an open Reconstruct panel, after weights were added."""
    panel = panel_of(viewer, RECONSTRUCT)
    if panel is not None:
        panel.method.refresh()


def prefer_nifti(*_: Any) -> None:
    """Make this plugin the default for NIfTI files, so that napari does not ask."""
    from napari.settings import get_settings
    from napari.utils.notifications import show_info

    plugins = get_settings().plugins
    known = dict(plugins.extension2reader)
    ours = {"*.nii": PLUGIN, "*.nii.gz": PLUGIN}
    others = {key: name for key, name in known.items() if key not in ours}
    plugins.extension2reader = {
        **ours,
        **others,
    }  # napari uses the first matching pattern, not the longest
    other = others.get("*.gz")
    note = "" if other in (None, PLUGIN) else f" {other} still opens other .gz files."
    show_info(f"MTMRI now opens NIfTI files by default (Preferences ▸ Plugins).{note}")
