# SPDX-License-Identifier: BSD-3-Clause
"""The layers of Live, which follow the slice on screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels
from napari.viewer import Viewer

from napari_mtmri.geometry import to_stack
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.viewer.layer_list import ResultLayers, insert_quietly
from napari_mtmri.gui.viewer.layers import KEY, Placement, label_style, window_of
from napari_mtmri.volume import Volume

SEGMENTATION = "segmentation"


class PreviewLayers:
    """Layers of Live, changed in place a slice at a time, removed when done.

    Where nothing was computed an image is NaN, which napari does not draw: there the
    layers below are seen, and never a slice of other choices.
    """

    def __init__(self, viewer: Viewer, results: ResultLayers) -> None:
        self._viewer, self._results = viewer, results
        self._layers: dict[str, Any] = {}
        self._filled: dict[str, set[int]] = {}
        self._grid: tuple[Any, ...] = ()
        self._hidden: set[str] = set()

    def prepare(self, volume: Volume, choices: Choices, placement: Placement) -> None:
        """Belong to this volume from now on; layers of another are removed."""
        axes = choices.axes(volume)
        grid = (volume, axes)
        if grid != self._grid:
            self.remove()
            self._grid = grid
        self._volume, self._axes, self._placement = volume, axes, placement

    def show_image(self, what: str, number: int, image: np.ndarray, *, alone: bool = False) -> None:
        """Show one slice (readout, phase); ``alone``: the others are of other choices."""
        self._put(what, number, image, alone)

    def show_labels(self, number: int, labels: np.ndarray, *, alone: bool = False) -> None:
        """Show the labels of one slice (readout, phase)."""
        self._put(SEGMENTATION, number, labels, alone)

    def redraw(self, *whats: str) -> None:
        """Draw what was put since, in these layers or in all."""
        for what, layer in self._layers.items():
            if layer.visible and (not whats or what in whats):
                layer.refresh(thumbnail=False, extent=False, highlight=False)

    def hide(self, *kept: str) -> None:
        """Hide what no longer belongs to what is chosen, until `reveal`."""
        for what, layer in self._layers.items():
            if what not in kept and layer.visible:
                layer.visible = False
                self._hidden.add(what)

    def reveal(self, *whats: str) -> None:
        """Show again what `hide` hid: these layers, or all."""
        for what in self._hidden & set(whats or self._hidden):
            self._hidden.discard(what)
            if what in self._layers and self._layers[what] in self._viewer.layers:
                self._layers[what].visible = True

    def keep_only(self, *whats: str) -> None:
        """Remove the layers of other kinds."""
        unwanted = [name for name in self._layers if name not in whats]
        self._results.remove([self._layers.pop(name) for name in unwanted])
        for name in unwanted:
            self._filled.pop(name, None)

    def remove(self) -> None:
        """Remove the layers."""
        self.keep_only()
        self._grid, self._hidden = (), set()

    def _put(self, what: str, number: int, plane: np.ndarray, alone: bool) -> None:
        layer = self._layers.get(what)
        if layer is None or layer not in self._viewer.layers:
            layer = self._layers[what] = self._make(what)
            self._filled[what] = set()
        stack = to_stack(self._placement.back(layer.data), self._axes)
        filled = self._filled[what]
        if alone:
            for other in filled - {number}:
                stack[other] = 0 if what == SEGMENTATION else np.nan
            filled.clear()
        filled.add(number)
        stack[number] = plane

    def _make(self, what: str) -> Any:
        arguments: dict[str, Any] = {
            "name": f"{self._volume.name} · live · {what}",
            "metadata": {KEY: {"placement": self._placement, "preview": True}},
            **self._placement.arguments(),
        }
        shape = self._placement.view(self._volume.data).shape
        if what == SEGMENTATION:
            layer = Labels(np.zeros(shape, np.uint8), **arguments, **label_style())
            layer.contour = 2
        else:
            window = window_of(self._volume.data)
            empty = np.full(shape, np.nan, np.float32)
            layer = Image(empty, contrast_limits=window, **arguments)
        insert_quietly(self._viewer, layer)
        return layer
