# SPDX-License-Identifier: BSD-3-Clause
"""The whole window, as the shell opens it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.errors import ResourceError

if TYPE_CHECKING:
    from napari.viewer import Viewer

PLUGIN, PANEL = "napari-mtmri", "Reconstruct"


def build_window(
    paths: Sequence[Path] = (), sample: str | None = None, run: bool = False
) -> tuple[Viewer, Any]:
    """Return a viewer with the Reconstruct panel and what was asked for opened in it."""
    import napari

    viewer = napari.Viewer(title="napari-mtmri")
    if sample is not None:
        viewer.open_sample(PLUGIN, sample)
    for path in paths:
        viewer.open(str(path), plugin=PLUGIN)
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, PANEL)
    _to_lesion(viewer)
    if run:
        panel.run_volume()
    return viewer, panel


def open_window(paths: Sequence[Path] = (), sample: str | None = None, run: bool = False) -> None:
    """Open the window and stay until it is closed.

    Raises
    ------
    ResourceError
        If there is no screen, no Qt or no OpenGL.
    """
    try:
        import napari

        build_window(paths, sample, run)
    except (ImportError, RuntimeError, OSError) as why:
        raise ResourceError(
            f"the window cannot be opened ({why}); run 'napari-mtmri doctor' and see its lines."
        ) from why
    napari.run()


def _to_lesion(viewer: Viewer) -> None:
    """Go to the slice with most of what is drawn, else to the middle."""
    import numpy as np
    from napari.layers import Labels

    for layer in viewer.layers:
        if isinstance(layer, Labels) and np.asarray(layer.data).any():
            counts = (np.asarray(layer.data) > 0).sum(axis=(1, 2))
            at = layer.data_to_world((int(counts.argmax()), 0, 0))
            viewer.dims.set_point(0, at[0])
            return
