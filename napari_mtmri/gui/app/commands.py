# SPDX-License-Identifier: BSD-3-Clause
"""Commands of the palette, the Layers menus and the keys: each does one thing to the panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.viewer import Viewer

if TYPE_CHECKING:
    from napari_mtmri.gui.reconstruct.panel import Reconstruct
    from napari_mtmri.gui.train.panel import Train

PLUGIN = "napari-mtmri"


def open_reconstruct(viewer: Viewer) -> Reconstruct:
    """Show the Reconstruct panel, opened if it is not, and return it."""
    from napari_mtmri.gui.reconstruct.panel import Reconstruct

    return _open(viewer, Reconstruct)


def open_train(viewer: Viewer) -> Train:
    """Show the Train panel, opened if it is not, and return it."""
    from napari_mtmri.gui.train.panel import Train

    return _open(viewer, Train)


def _open(viewer: Viewer, kind: type) -> Any:
    """Return the panel of a kind; the one there is, whichever menu it was opened from.

    Two would disagree.
    """
    from napari_mtmri.gui.app.panels import panel_of

    panel = panel_of(viewer, kind)
    if panel is None:
        _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, kind.__name__, tabify=True)
    dock = panel.parentWidget()
    while dock is not None and not dock.inherits("QDockWidget"):
        dock = dock.parentWidget()
    if dock is not None:
        dock.show()
        dock.raise_()
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


def swap_phase(viewer: Viewer) -> None:
    """Exchange the phase-encoding and readout directions."""
    open_reconstruct(viewer).swap_axes()


def toggle_view(viewer: Viewer) -> None:
    """Change between the radiological and the neurological view."""
    from napari_mtmri.gui.viewer.orientation import watch

    watch(viewer).toggle()


def start_training(viewer: Viewer) -> None:
    """Start the training that is chosen."""
    open_train(viewer).start()


def stop_training(viewer: Viewer) -> None:
    """Stop the training that is watched, after the batch in hand."""
    open_train(viewer).stop()


def resume_training(viewer: Viewer) -> None:
    """Go on with the training that is watched."""
    open_train(viewer).resume()


def use_weights(viewer: Viewer, method: str, weights: Path) -> None:
    """Show the Reconstruct panel with a method and weights of the user's own chosen."""
    open_reconstruct(viewer).method.choose(method, weights)


def list_methods_anew(viewer: Viewer) -> None:
    """Let an open Reconstruct panel find weights that have come."""
    from napari_mtmri.gui.app.panels import panel_of
    from napari_mtmri.gui.reconstruct.panel import Reconstruct

    panel = panel_of(viewer, Reconstruct)
    if panel is not None:
        panel.method.refresh()


def prefer_nifti(*_: Any) -> None:
    """Let this program open NIfTI files without asking from now on."""
    from napari.settings import get_settings
    from napari.utils.notifications import show_info

    plugins = get_settings().plugins
    known = dict(plugins.extension2reader)
    ours = {"*.nii": PLUGIN, "*.nii.gz": PLUGIN}
    others = {key: name for key, name in known.items() if key not in ours}
    plugins.extension2reader = {**ours, **others}  # the first that fits wins, not the longest
    other = others.get("*.gz")
    note = "" if other in (None, PLUGIN) else f" Other .gz files stay with {other}."
    show_info(f"NIfTI files are opened with MTMRI from now on (Preferences ▸ Plugins).{note}")
