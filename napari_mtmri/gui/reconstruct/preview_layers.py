# SPDX-License-Identifier: BSD-3-Clause
"""The panel's own layers that follow the slice on screen while a run or Live goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.viewer import Viewer

from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.gui.layers import KEY, Placement, label_style, window_of
from napari_mtmri.methods.assemble import THRESHOLD
from napari_mtmri.volume import Volume


class PreviewLayers:
    """At most three layers, changed in place a slice at a time, removed when done."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layers: dict[str, Any] = {}
        self._grid: tuple[Any, ...] = ()

    def prepare(self, volume: Volume, axes: Axes, placement: Placement) -> None:
        """Belong to this volume from now on; layers of another are removed."""
        grid = (id(volume.data), axes, placement.order)
        if grid != self._grid:
            self.remove()
            self._grid = grid
        self._volume, self._axes, self._placement = volume, axes, placement

    def show_image(self, what: str, number: int, image: np.ndarray) -> None:
        """Show the magnitude of one slice (readout, phase)."""
        layer = self._layer(what, np.float32)
        self._put(layer, number, np.abs(image))

    def show_segmentation(self, number: int, probability: np.ndarray) -> None:
        """Show the labels of one slice from its probabilities (channel, readout, phase)."""
        one = probability.shape[0] == 1
        labels = probability[0] >= THRESHOLD if one else probability.argmax(0)
        layer = self._layer("segmentation", np.uint8)
        self._put(layer, number, labels.astype(np.uint8))

    def remove(self) -> None:
        """Remove the layers."""
        layers, self._layers, self._grid = self._layers, {}, ()
        for layer in layers.values():
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _layer(self, what: str, dtype: Any) -> Any:
        layer = self._layers.get(what)
        if layer is not None and layer in self._viewer.layers:
            return layer
        data = self._placement.view(np.zeros(self._volume.shape, dtype))
        arguments = {
            "name": f"{self._volume.name} · live {what}",
            "metadata": {KEY: {"result": True}},
            **self._placement.arguments(),
        }
        if dtype is np.uint8:
            style = label_style(
                self._volume.like(np.zeros(self._volume.shape, np.uint8), kind="labels")
            )
            layer = self._viewer.add_labels(data, **arguments, **style)
        else:
            limits = window_of(np.abs(self._volume.data))
            layer = self._viewer.add_image(data, contrast_limits=limits, **arguments)
        self._layers[what] = layer
        return layer

    def _put(self, layer: Any, number: int, plane: np.ndarray) -> None:
        stack = to_stack(self._placement.back(layer.data), self._axes)
        stack[number] = plane
        layer.refresh(thumbnail=False, extent=False, highlight=False)
