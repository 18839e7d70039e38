# SPDX-License-Identifier: BSD-3-Clause
"""Layers of finished runs: one a turn of the event loop, those of the same request replaced."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.geometry import Axes
from napari_mtmri.gui.viewer.layers import KEY, LayerData, placement_of_layer
from napari_mtmri.gui.viewer.shim import forget_strokes


def is_result(layer: Any) -> bool:
    """Whether a layer was made by a run or a preview."""
    known = layer.metadata.get(KEY, {})
    return bool(known.get("run") or known.get("preview"))


def slice_on_screen(viewer: Viewer, layer: Any, axes: Axes) -> int:
    """Return the slice of the volume at the viewer's position; 0 while layers are removed."""
    if viewer.dims.ndim < 3:
        return 0
    placement = placement_of_layer(layer)
    at = np.linalg.solve(placement.affine, np.r_[viewer.dims.point[-3:], 1.0])[:3]
    along = placement.order.index(axes.slice)
    return int(np.clip(np.floor(at[along] + 0.5), 0, layer.data.shape[along] - 1))


def insert_quietly(viewer: Viewer, layer: Layer) -> None:
    """Add a layer and leave the selection as it was.

    Images go below the labels that lie on the images there are, so that a mask that
    somebody drew stays in sight; labels go on top.
    """
    selected = set(viewer.layers.selection)
    viewer.layers.insert(_place(viewer, layer), layer)
    if selected:
        viewer.layers.selection = selected


def _place(viewer: Viewer, layer: Layer) -> int:
    if isinstance(layer, Labels):
        return len(viewer.layers)
    images = [at for at, one in enumerate(viewer.layers) if isinstance(one, Image)]
    first = images[0] if images else 0
    above = [at for at, one in enumerate(viewer.layers) if at > first and isinstance(one, Labels)]
    return min(above, default=len(viewer.layers))


def drop(viewer: Viewer, layer: Any) -> None:
    """Remove a layer, if it is still there."""
    if layer in viewer.layers:
        viewer.layers.remove(layer)


class ResultLayers(QObject):
    """Adds the layers of results to a viewer.

    Signals
    -------
    placed : what was handed to `place`, once all its layers stand
    """

    placed = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._waiting: list[LayerData] = []
        self._unwanted: list[Any] = []
        self._aside: list[Any] = []
        self._done: Any = None
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._next)

    def place(self, layers: list[LayerData], done: Any) -> None:
        """Add layers, or change those that a run of the same request left."""
        self._waiting += layers
        self._done = done or self._done
        self._turn.start(0)

    def remove(self, layers: list[Any]) -> None:
        """Remove layers, one a turn: napari takes its time over each."""
        self._unwanted += layers
        self._turn.start(0)

    def set_labels_aside(self) -> None:
        """Hide the outlines of runs, which would lie on those of Live."""
        for layer in self._viewer.layers:
            if known_what(layer) in ("segmentation", "disagreement") and layer.visible:
                layer.visible = False
                self._aside.append(layer)

    def put_labels_back(self) -> None:
        """Show what `set_labels_aside` hid."""
        aside, self._aside = self._aside, []
        for layer in aside:
            if layer in self._viewer.layers:
                layer.visible = True

    def find(self, run: str, what: str) -> Any:
        """Return the layer of a run that shows this, or None."""
        for layer in self._viewer.layers:
            known = layer.metadata.get(KEY, {})
            if known.get("run") == run and known.get("what") == what:
                return layer
        return None

    def scale_errors(self, top: float) -> None:
        """Let the error scales of all runs end at the same value."""
        for layer in self._viewer.layers:
            if known_what(layer) == "error":
                layer.contrast_limits = (0.0, top)

    def _next(self) -> None:
        if self._unwanted:
            drop(self._viewer, self._unwanted.pop(0))
            self._turn.start(0)
            return
        if not self._waiting:
            done, self._done = self._done, None
            if done is not None:
                self.placed.emit(done)
            return
        data, arguments, kind = self._waiting.pop(0)
        known = arguments["metadata"][KEY]
        old = self.find(known["run"], known["what"])
        if old is not None and leave_if_edited(old):
            old = None
        if old is None or old.data.shape != data.shape:
            self._add(data, arguments, kind)
        else:
            _renew(old, data, arguments)
        self._turn.start(0)

    def _add(self, data: Any, arguments: dict[str, Any], kind: str) -> None:
        layer = Labels(data, **arguments) if kind == "labels" else Image(data, **arguments)
        what = arguments["metadata"][KEY]["what"]
        if what == "segmentation":
            layer.contour = 2
        if what in ("error", "probability", "k-space"):
            layer.colorbar.visible = True
            layer.colorbar.position = "bottom_right"
        insert_quietly(self._viewer, layer)


def _renew(layer: Any, data: Any, arguments: dict[str, Any]) -> None:
    """Give a layer the array of a newer run; window and visibility stay as the user has them."""
    layer.data = data
    layer.metadata = arguments["metadata"]
    if isinstance(layer, Labels):
        forget_strokes(layer)
    elif known_what(layer) == "error":
        layer.contrast_limits = arguments["contrast_limits"]


def known_what(layer: Any) -> str:
    """Return what a layer of a run shows, or nothing."""
    return str(layer.metadata.get(KEY, {}).get("what", ""))


def leave_if_edited(layer: Any) -> bool:
    """Leave a layer of ours to the user if somebody painted on it; whether that is so."""
    known = layer.metadata[KEY]
    if not isinstance(layer, Labels) or "volume" not in known:
        return False
    if np.array_equal(layer.data, known["placement"].view(known["volume"].data)):
        return False
    kept = {key: value for key, value in known.items() if key not in ("run", "what")}
    layer.metadata = {**layer.metadata, KEY: kept}
    layer.name = f"{layer.name} · edited"
    return True
