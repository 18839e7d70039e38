# SPDX-License-Identifier: BSD-3-Clause
"""The state of a viewer before the cells were added, and the way back."""

from __future__ import annotations

import weakref
from typing import Any

from napari.viewer import Viewer


class Before:
    """The state of a viewer before the cells were added."""

    def __init__(self, viewer: Viewer) -> None:
        grid, camera = viewer.canvas.grid, viewer.scene.camera
        self._layers = [(weakref.ref(layer), layer.visible) for layer in viewer.layers]
        self._selected = [weakref.ref(layer) for layer in viewer.layers.selection]
        self._grid = (grid.stride, grid.shape, grid.spacing, grid.enabled)
        self._camera = (camera.center, camera.zoom, camera.angles)
        self._order = tuple(viewer.dims.order)

    def hide(self, viewer: Viewer) -> None:
        """Hide the user's layers, which would take a place in the grid."""
        for layer in viewer.layers:
            layer.visible = False

    def cover(self, layer: Any) -> None:
        """Hide one more layer of the user, unless it was there before."""
        if all(known() is not layer for known, _ in self._layers):
            self._layers.append((weakref.ref(layer), layer.visible))
            layer.visible = False

    def restore(self, viewer: Viewer) -> None:
        """Put the viewer back; layers that the user added meanwhile stay, above the others."""
        old = []
        for known, seen in self._layers:
            layer = known()
            if layer is not None and layer in viewer.layers:
                layer.visible = seen
                old.append(layer)
        added = [layer for layer in viewer.layers if layer not in old]
        for place, layer in enumerate([*old, *added]):
            if viewer.layers.index(layer) != place:
                viewer.layers.move(viewer.layers.index(layer), place)
        selected = {layer() for layer in self._selected}
        viewer.layers.selection = {layer for layer in selected if layer in viewer.layers}
        grid, camera = viewer.canvas.grid, viewer.scene.camera
        grid.stride, grid.shape, grid.spacing, grid.enabled = self._grid
        if len(self._order) == viewer.dims.ndim:
            viewer.dims.order = self._order
        camera.center, camera.zoom, camera.angles = self._camera
