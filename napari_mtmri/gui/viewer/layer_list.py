# SPDX-License-Identifier: BSD-3-Clause
"""Insert, find, replace and remove results in the layer list of a viewer."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.errors import MtmriError
from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.gui.viewer.elsewhere import shape_of
from napari_mtmri.gui.viewer.layers import (
    GREY,
    KEY,
    LayerData,
    Placement,
    label_style,
    labels_view,
    placement_of_layer,
)
from napari_mtmri.gui.viewer.shim import forget_strokes, keep_beginnings
from napari_mtmri.result import Result


def is_result(layer: Any) -> bool:
    """Return whether a layer was made by a run or by Live."""
    known = layer.metadata.get(KEY, {})
    return bool(known.get("run") or known.get("preview"))


def is_preview(layer: Any) -> bool:
    """Return whether a layer was made by Live."""
    return bool(layer.metadata.get(KEY, {}).get("preview"))


def known_what(layer: Any) -> str:
    """Return the kind of content of a layer made by a run, such as "error", else ""."""
    return str(layer.metadata.get(KEY, {}).get("what", ""))


def known_result(layer: Any) -> Result | None:
    """Return the result that a layer was made from, or None."""
    result = layer.metadata.get(KEY, {}).get("result")
    return result if isinstance(result, Result) else None


def results_in(viewer: Viewer) -> dict[str, Result]:
    """Return the results whose layers are in a viewer, by their titles."""
    found: dict[str, Result] = {}
    for layer in viewer.layers:
        result = known_result(layer)
        if result is not None:
            title = str(layer.metadata[KEY].get("run"))
            while found.get(title, result) is not result:  # another case with the same name
                title += "'"
            found[title] = result
    return found


def slice_on_screen(viewer: Viewer, layer: Any, axes: Axes) -> int:
    """Return the index of the slice on screen; 0 while layers are being removed."""
    if viewer.dims.ndim < 3:
        return 0
    placement = placement_of_layer(layer)
    at = np.linalg.solve(placement.affine, np.r_[viewer.dims.point[-3:], 1.0])[:3]
    along = placement.order.index(axes.slice)
    return int(np.clip(np.round(at[along]), 0, shape_of(layer)[along] - 1))  # as napari rounds


def source_of(viewer: Viewer, layer: Layer) -> Layer | None:
    """Return the image layer that a result is of, if it is still in the viewer."""
    of = layer.metadata.get(KEY, {}).get("of")
    return next((one for one in viewer.layers if of is not None and one.unique_id == of), None)


def is_of(layer: Layer, image: Layer) -> bool:
    """Return whether a layer is a result, or Live, of an image."""
    return bool(layer.metadata.get(KEY, {}).get("of") == image.unique_id)


def insert_quietly(viewer: Viewer, layer: Layer) -> None:
    """Add a layer without changing the selection.

    A result is inserted right above its own image and the earlier results of it, so that it is
    never under another image; labels above images, and Live above results. Other images are
    inserted below existing labels, other labels on top.
    """
    selected = set(viewer.layers.selection)
    viewer.layers.insert(_place(viewer, layer), layer)
    if selected:
        viewer.layers.selection = selected


def raise_results(viewer: Viewer, layers: Sequence[Layer]) -> None:
    """Move results of one run, which were there already, above those of other runs."""
    for layer in layers:
        image = source_of(viewer, layer)
        at = viewer.layers.index(layer)
        above = viewer.layers[at + 1 :]
        if image is None or not any(
            is_of(one, image) and one not in layers and not _goes_above(one, layer) for one in above
        ):
            continue
        selected = set(viewer.layers.selection)
        viewer.layers.move(at, _place(viewer, layer))
        viewer.layers.selection = selected


def _place(viewer: Viewer, layer: Layer) -> int:
    layers, image = list(viewer.layers), source_of(viewer, layer)
    if image is not None:
        at = layers.index(image) + 1
        while at < len(layers) and _is_with(layers[at], image):
            if _goes_above(layers[at], layer):
                break
            at += 1
        return at
    if isinstance(layer, Labels):
        return len(layers)
    images = [at for at, one in enumerate(layers) if isinstance(one, Image)]
    first = images[0] if images else 0
    above = [at for at, one in enumerate(layers) if at > first and isinstance(one, Labels)]
    return min(above, default=len(layers))


def _is_with(layer: Layer, image: Layer) -> bool:
    """Return whether a layer belongs to an image: a result of it, or labels on its grid."""
    return is_of(layer, image) or (
        isinstance(layer, Labels) and not is_result(layer) and fits(layer, image)
    )


def _goes_above(there: Layer, new: Layer) -> bool:
    """Return whether a layer of the list stays above a new one of the same image."""
    over_image = isinstance(there, Labels) and not isinstance(new, Labels)
    return over_image or (is_preview(there) and not is_preview(new))


def fits(labels: Any, image: Any) -> bool:
    """Return whether labels are on the grid of an image."""
    if labels is None or image is None:
        return False
    try:
        labels_view(labels, image)
    except MtmriError:
        return False
    return True


def insert_unfilled(
    viewer: Viewer,
    data: np.ndarray,
    name: str,
    placement: Placement,
    marks: dict[str, Any],
    window: tuple[float, float],
) -> Any:
    """Add a layer to be filled slice by slice, and return it: an image, or labels as outlines.

    Image voxels that are not computed yet are NaN, which napari does not draw: the layers
    below stay visible.
    """
    metadata = {KEY: {"placement": placement, **marks}}
    if data.dtype == np.uint8:
        layer = Labels(data, name=name, metadata=metadata, **placement.arguments(), **label_style())
        layer.contour = 2
    else:
        layer = Image(
            data, name=name, metadata=metadata, contrast_limits=window, **GREY,
            **placement.arguments(),
        )  # fmt: skip
    insert_quietly(viewer, layer)
    return layer


def stack_of(layer: Any, placement: Placement, axes: Axes) -> np.ndarray:
    """Return a writable view (slice, readout, phase) of a layer's array."""
    return to_stack(placement.back(layer.data), axes)


def redraw(layer: Any) -> None:
    """Redraw a layer whose array was changed in place."""
    layer.refresh(thumbnail=False, extent=False, highlight=False)


class ResultLayers(QObject):
    """Adds the layers of results to a viewer, one per pass of the event loop.

    Signals
    -------
    placed : argument ``done`` of `place`, once all its layers are added
    """

    placed = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._waiting: list[LayerData] = []
        self._unwanted: list[Any] = []
        self._aside: list[Any] = []
        self._placed: list[Any] = []
        self._done: Any = None
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._next)
        keep_beginnings(viewer, is_result)

    def place(self, layers: list[LayerData], done: Any) -> None:
        """Add layers, or replace the data of layers from an earlier run of the same request."""
        self._waiting += layers
        self._done = done or self._done
        self._turn.start(0)

    def remove(self, layers: list[Any]) -> None:
        """Remove layers, one per pass of the event loop, because each takes some time."""
        self._unwanted += layers
        self._turn.start(0)

    def set_labels_aside(self) -> None:
        """Hide the outlines of runs, which would cover the outlines of Live."""
        for layer in self._viewer.layers:
            if known_what(layer) in ("segmentation", "disagreement") and layer.visible:
                layer.visible = False
                self._aside.append(layer)

    def put_labels_back(self) -> None:
        """Show the layers hidden by `set_labels_aside`."""
        aside, self._aside = self._aside, []
        for layer in aside:
            if layer in self._viewer.layers:
                layer.visible = True

    def find(self, run: str, what: str, of: Hashable) -> Any:
        """Return the layer of a run of an image layer with this kind of content, or None."""
        for layer in self._viewer.layers:
            known = layer.metadata.get(KEY, {})
            if (known.get("run"), known.get("what"), known.get("of")) == (run, what, of):
                return layer
        return None

    def scale_errors(self, top: float) -> None:
        """Set the maximum of the error scale of all runs."""
        for layer in self._viewer.layers:
            if known_what(layer) == "error":
                layer.contrast_limits = (0.0, top)

    def _next(self) -> None:
        if self._unwanted:
            layer = self._unwanted.pop(0)
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
            self._turn.start(0)
            return
        if not self._waiting:
            done, self._done = self._done, None
            raise_results(self._viewer, [one for one in self._placed if one in self._viewer.layers])
            self._placed = []
            if done is not None:
                self.placed.emit(done)
            return
        data, arguments, kind = self._waiting.pop(0)
        known = arguments["metadata"][KEY]
        old = self.find(known["run"], known["what"], known["of"])
        if old is not None and leave_if_edited(old):
            old = None
        if old is None or old.data.shape != data.shape:
            old = self._add(data, arguments, kind)
        else:
            _replace(old, data, arguments)
        self._placed.append(old)
        self._turn.start(0)

    def _add(self, data: Any, arguments: dict[str, Any], kind: str) -> Any:
        layer = Labels(data, **arguments) if kind == "labels" else Image(data, **arguments)
        what = arguments["metadata"][KEY]["what"]
        if what == "segmentation":
            layer.contour = 2
        if what in ("error", "probability", "k-space"):
            layer.colorbar.visible = True
            layer.colorbar.position = "bottom_right"
        insert_quietly(self._viewer, layer)
        return layer


def _replace(layer: Any, data: Any, arguments: dict[str, Any]) -> None:
    """Replace the array of a layer; display window and visibility do not change."""
    layer.data = data
    layer.metadata = arguments["metadata"]
    if isinstance(layer, Labels):
        forget_strokes(layer)
    elif known_what(layer) == "error":
        layer.contrast_limits = arguments["contrast_limits"]


def leave_if_edited(layer: Any) -> bool:
    """Keep a result layer that the user has painted on; return whether it was painted on."""
    known = layer.metadata[KEY]
    if not isinstance(layer, Labels) or "volume" not in known:
        return False
    if np.array_equal(layer.data, known["placement"].view(known["volume"].data)):
        return False
    kept = {key: value for key, value in known.items() if key not in ("run", "what")}
    layer.metadata = {**layer.metadata, KEY: kept}
    layer.name = f"edited {layer.name}"
    return True
