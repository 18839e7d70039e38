# SPDX-License-Identifier: BSD-3-Clause
"""Layers of finished runs: one a turn of the event loop, those of the same request replaced."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.geometry import Axes
from napari_mtmri.gui.layers import KEY, LayerData, placement_of_layer
from napari_mtmri.gui.reconstruct.input_part import is_result
from napari_mtmri.result import Result


def slice_on_screen(viewer: Viewer, layer: Any, axes: Axes) -> int:
    """Return the slice of the volume at the viewer's position; 0 while layers are being removed."""
    if viewer.dims.ndim < 3:
        return 0
    placement = placement_of_layer(layer)
    at = np.linalg.solve(placement.affine, np.r_[viewer.dims.point[-3:], 1.0])[:3]
    along = placement.order.index(axes.slice)
    return int(np.clip(round(at[along]), 0, layer.data.shape[along] - 1))


class ResultLayers(QObject):
    """Adds the layers of results to a viewer.

    Signals
    -------
    placed : the result, once all its layers stand
    """

    placed = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._waiting: list[LayerData] = []
        self._result: Result | None = None

    def place(self, layers: list[LayerData], result: Result) -> None:
        """Add layers, or change those that a run of the same request left."""
        self._waiting = list(layers)
        self._result = result
        QTimer.singleShot(0, self._next)

    def _next(self) -> None:
        if not self._waiting:
            self.placed.emit(self._result)
            return
        data, arguments, kind = self._waiting.pop(0)
        arguments["metadata"][KEY]["result"] = True
        old = self._same(arguments["name"], data.shape)
        if old is not None:
            old.data = data
            old.metadata = arguments["metadata"]
        else:
            add = self._viewer.add_labels if kind == "labels" else self._viewer.add_image
            add(data, **arguments)
        QTimer.singleShot(0, self._next)

    def _same(self, name: str, shape: tuple[int, ...]) -> Any:
        for layer in self._viewer.layers:
            if layer.name == name and is_result(layer) and layer.data.shape == shape:
                return layer
        return None
