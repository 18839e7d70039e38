# SPDX-License-Identifier: BSD-3-Clause
"""Commands for the palette, the Layers menu and keys; each calls one action of a panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.viewer import Viewer

from napari_mtmri.gui.app.panels import PLUGIN, open_panel, panel_of
from napari_mtmri.gui.viewer.orientation import watch

RECONSTRUCT, TRAIN, COMPARE = "Reconstruct", "Train", "Compare"


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


def open_compare(viewer: Viewer) -> Any:
    """Show the Compare panel and return it."""
    return open_panel(viewer, COMPARE)


def compare_runs(viewer: Viewer) -> None:
    """Compare the runs in the viewer."""
    panel = open_compare(viewer)
    panel.collection.add_runs(list(panel.collection.runs().values()))


def add_to_comparison(viewer: Viewer) -> None:
    """Add the selected layers to the comparison."""
    open_compare(viewer).add_selected()


def next_mode(viewer: Viewer) -> None:
    """Choose the next mode of the comparison: grid, swipe, blink, checkerboard, difference."""
    open_compare(viewer).looking.next("mode")


def next_content(viewer: Viewer) -> None:
    """Show images, errors or k-space in the cells."""
    open_compare(viewer).looking.next("content")


def next_gain(viewer: Viewer) -> None:
    """Choose the next scale of the errors in the cells."""
    open_compare(viewer).looking.next("gain")


def next_masks(viewer: Viewer) -> None:
    """Choose the next way to draw the masks in the cells."""
    open_compare(viewer).looking.next("masks")


def next_plane(viewer: Viewer) -> None:
    """Show the next of axial, coronal and sagittal slices in the cells."""
    open_compare(viewer).places.next_plane()


def exchange_cells(viewer: Viewer) -> None:
    """Exchange the two cells of a picture; in Blink, show the other one."""
    open_compare(viewer).view.exchange()


def worst_slice(viewer: Viewer) -> None:
    """Go to the slice with the worst score."""
    open_compare(viewer).measures.go_to_worst()


def most_disagreement(viewer: Viewer) -> None:
    """Go to the slice in which the masks differ most."""
    open_compare(viewer).measures.go_to_disputed()


def next_lesion(viewer: Viewer) -> None:
    """Go to the next lesion of the comparison."""
    open_compare(viewer).lesions.go(1)


def reset_window(viewer: Viewer) -> None:
    """Give all cells the window found from the reference."""
    open_compare(viewer).reset_window()


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
