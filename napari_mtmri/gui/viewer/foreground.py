# SPDX-License-Identifier: BSD-3-Clause
"""Hide what covers an image and its results, and give it back; no Qt."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from napari.layers import Image, Labels, Layer
from napari.viewer import Viewer

from napari_mtmri.gui.viewer.layer_list import fits, is_of, is_result, source_of


class Foreground:
    """Keeps one image and its results in view while results of it are shown.

    A layer that the user shows again is left alone.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._image: weakref.ref[Layer] | None = None
        self._hidden: list[weakref.ref[Layer]] = []
        viewer.layers.events.removed.connect(self._removed)

    def bring(self, image: Layer, mask: Layer | None = None) -> list[Layer]:
        """Hide the layers that cover an image and its results, and return them.

        Parameters
        ----------
        image : napari layer
        mask : napari layer, optional
            Reference mask of the image, which stays.
        """
        if self._image is None or self._image() is not image:
            self.give_back()
        self._image = weakref.ref(image)
        found = covering(self._viewer, image, mask)
        for layer in found:
            layer.visible = False
        self._hidden += [weakref.ref(layer) for layer in found]
        return found

    def give_back(self, layers: Iterable[Layer] | None = None) -> None:
        """Show these layers, or all, that are still hidden."""
        hidden = [layer for layer in (known() for known in self._hidden) if layer is not None]
        wanted = hidden if layers is None else [one for one in layers if one in hidden]
        self._hidden = [weakref.ref(layer) for layer in hidden if layer not in wanted]
        if not self._hidden:
            self._image = None
        for layer in wanted:
            if layer in self._viewer.layers:
                layer.visible = True

    def let_go(self) -> None:
        """Give everything back and disconnect from the viewer."""
        self.give_back()
        self._viewer.layers.events.removed.disconnect(self._removed)

    def _removed(self, event: Any) -> None:
        image = None if self._image is None else self._image()
        if image is None:
            return
        was_last = is_of(event.value, image) and not any(
            is_of(one, image) for one in self._viewer.layers
        )
        if was_last or image not in self._viewer.layers:
            self.give_back()


def covering(viewer: Viewer, image: Layer, mask: Layer | None = None) -> list[Layer]:
    """Return the visible layers above an image that cover it and its results.

    These are other images, except translucent and additive ones, and the labels of these images.
    In a grid, each layer has its own cell.
    """
    layers = list(viewer.layers)
    if viewer.canvas.grid.enabled or image not in layers:
        return []
    found: list[Layer] = []
    for layer in layers[layers.index(image) + 1 :]:
        if is_of(layer, image) or layer is mask:
            continue
        if isinstance(layer, Image):
            if layer.opacity == 1 and layer.blending != "additive":
                found.append(layer)
        elif isinstance(layer, Labels) and _image_of(viewer, layers, layer) in found:
            found.append(layer)
    return [layer for layer in found if layer.visible]


def _image_of(viewer: Viewer, layers: list[Layer], labels: Layer) -> Layer | None:
    """Return the image that labels belong to: the nearest one below on whose grid they are."""
    if is_result(labels):
        return source_of(viewer, labels)
    below = layers[: layers.index(labels)]
    images = [one for one in reversed(below) if isinstance(one, Image) and not is_result(one)]
    return next((one for one in images if fits(labels, one)), None)
