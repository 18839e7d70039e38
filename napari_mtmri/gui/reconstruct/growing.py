# SPDX-License-Identifier: BSD-3-Clause
"""The layers of a run while it goes on: they grow slice by slice, or are as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels
from napari.viewer import Viewer

from napari_mtmri.geometry import to_stack
from napari_mtmri.gui.reconstruct.slice_job import labels_from
from napari_mtmri.gui.reconstruct.volume_job import VolumeRequest
from napari_mtmri.gui.viewer.layer_list import ResultLayers, insert_quietly, leave_if_edited
from napari_mtmri.gui.viewer.layers import KEY, label_style
from napari_mtmri.gui.viewer.shim import forget_strokes
from napari_mtmri.methods.passes import Progress

IMAGE, LABELS = "reconstruction", "segmentation"


@dataclass
class _Grown:
    """A layer, and what it showed before; nothing if it was not there."""

    layer: Any
    data: Any = None
    metadata: Any = None


class Growing:
    """Puts slices into the layers that the run will leave.

    Where nothing was computed an image is NaN, which napari does not draw: there the
    layers below are seen.
    """

    def __init__(self, viewer: Viewer, layers: ResultLayers) -> None:
        self._viewer, self._layers = viewer, layers
        self._request: VolumeRequest | None = None
        self._grown: dict[str, _Grown] = {}

    def begin(self, request: VolumeRequest) -> None:
        """Belong to a run from now on."""
        self._request, self._grown = request, {}

    def put(self, progress: Progress) -> None:
        """Show slices that have just been done."""
        request = self._request
        if request is None:
            return
        touched = set()
        for at, number in enumerate(progress.slices):
            if progress.image is not None and IMAGE in request.choices.shown:
                self._put(request, IMAGE, number, np.abs(progress.image[at]))
                touched.add(IMAGE)
            if progress.probability is not None and LABELS in request.choices.shown:
                self._put(request, LABELS, number, labels_from(progress.probability[at]))
                touched.add(LABELS)
        for what in touched:
            self._grown[what].layer.refresh(thumbnail=False, extent=False, highlight=False)

    def finish(self) -> None:
        """Keep the layers: the whole result goes into them."""
        self._request, self._grown = None, {}

    def undo(self) -> None:
        """Let the layers be as they were."""
        new = []
        for grown in self._grown.values():
            if grown.data is None:
                new.append(grown.layer)
            elif grown.layer in self._viewer.layers:
                grown.layer.data, grown.layer.metadata = grown.data, grown.metadata
                if isinstance(grown.layer, Labels):
                    forget_strokes(grown.layer)
        self.finish()
        self._layers.remove(new)

    def _put(self, request: VolumeRequest, what: str, number: int, plane: np.ndarray) -> None:
        grown = self._grown.get(what)
        if grown is None or grown.layer not in self._viewer.layers:
            grown = self._grown[what] = self._begin(request, what)
        axes = request.choices.axes(request.volume)
        to_stack(request.placement.back(grown.layer.data), axes)[number] = plane

    def _begin(self, request: VolumeRequest, what: str) -> _Grown:
        """Take the layer of an earlier run of the same request, or add one."""
        empty = request.empty_labels if what == LABELS else request.empty_image
        marks = {"placement": request.placement, "run": request.title, "what": what}
        old = self._layers.find(request.title, what)
        if old is None or leave_if_edited(old) or old.data.shape != empty.shape:
            return _Grown(self._add(request, what, empty, {KEY: marks}))
        grown = _Grown(old, old.data, old.metadata)
        old.data, old.metadata = empty, {**old.metadata, KEY: marks}
        return grown

    def _add(self, request: VolumeRequest, what: str, empty: Any, metadata: Any) -> Any:
        arguments = {
            "name": f"{request.title} · {what}",
            "metadata": metadata,
            **request.placement.arguments(),
        }
        if what == LABELS:
            layer = Labels(empty, **arguments, **label_style())
            layer.contour = 2
        else:
            layer = Image(empty, contrast_limits=request.window, **arguments)
        insert_quietly(self._viewer, layer)
        return layer
