# SPDX-License-Identifier: BSD-3-Clause
"""The panel's own layers that follow the slice on screen while a run or Live goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels
from napari.viewer import Viewer

from napari_mtmri.geometry import to_stack
from napari_mtmri.gui.layers import KEY, Placement, label_style, window_of
from napari_mtmri.gui.reconstruct.results import insert_quietly
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.volume import Volume

SEGMENTATION = "segmentation"


class PreviewLayers:
    """At most three layers, changed in place a slice at a time, removed when done.

    Where nothing was computed an image is NaN, which napari does not draw: there the
    layers below are seen, and never a slice of other choices.
    """

    def __init__(self, viewer: Viewer, word: str) -> None:
        self._viewer = viewer
        self._word = word
        self._layers: dict[str, Any] = {}
        self._filled: dict[str, set[int]] = {}
        self._grid: tuple[Any, ...] = ()
        self._hidden: list[Any] = []

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
                self._hidden.append(layer)

    def reveal(self) -> None:
        """Show again what `hide` hid."""
        hidden, self._hidden = self._hidden, []
        for layer in hidden:
            if layer in self._viewer.layers:
                layer.visible = True

    def keep_only(self, *whats: str) -> None:
        """Remove the layers of other kinds."""
        for what in [name for name in self._layers if name not in whats]:
            self._remove(self._layers.pop(what))
            self._filled.pop(what, None)

    def remove(self) -> None:
        """Remove the layers."""
        self.keep_only()
        self._grid, self._hidden = (), []

    def _remove(self, layer: Any) -> None:
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

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
            "name": f"{self._volume.name} · {self._word} · {what}",
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
