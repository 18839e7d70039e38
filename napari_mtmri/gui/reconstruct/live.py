# SPDX-License-Identifier: BSD-3-Clause
"""Live: recompute the slice on screen after every change; only the newest request is kept."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from napari.viewer import Viewer
from qtpy.QtCore import QObject, Signal

from napari_mtmri.gui.jobs import Latest, Stopper
from napari_mtmri.gui.reconstruct.slice_job import (
    SliceDone,
    SliceRequest,
    Tick,
    labels_from,
    method_slice,
    slice_line,
    tick,
)
from napari_mtmri.gui.viewer.layer_list import ResultLayers, insert_unfilled, redraw, stack_of
from napari_mtmri.gui.viewer.layers import Placement, window_of
from napari_mtmri.gui.viewer.result_layers import layer_name
from napari_mtmri.result import ZERO_FILLED

SEGMENTATION = "segmentation"


class Live(QObject):
    """Computes the slice on screen: a fast job for the zero-filled image, a slow one for the method.

    Until the method has finished for the current choices, its old result is hidden and the
    zero-filled image is visible.

    Signals
    -------
    ticked : Tick with the mask of the current choices
    shown : SliceDone, once the method's slice is in its layer
    noted : str, scores of the slice on screen
    failed : exception of either job
    """

    ticked = Signal(object)
    shown = Signal(object)
    noted = Signal(object)
    failed = Signal(object)

    def __init__(self, viewer: Viewer, results: ResultLayers, parent: QObject) -> None:
        super().__init__(parent)
        self.fast, self.slow, self.scoring = Latest(self), Latest(self), Latest(self)
        self._results, self._layers = results, PreviewLayers(viewer, results)
        self._newest: SliceRequest | None = None
        self._done: SliceDone | None = None
        self._tick: Tick | None = None
        self._stopper = Stopper()  # for methods that work on a slice for seconds
        self.fast.done.connect(self._ticked)
        self.slow.done.connect(self._method_done)
        self.scoring.done.connect(self.noted)
        for queue in (self.fast, self.slow, self.scoring):
            queue.failed.connect(self.failed)

    @property
    def is_busy(self) -> bool:
        """Whether an image is still being computed."""
        return self.fast.is_busy or self.slow.is_busy

    def ask(self, request: SliceRequest, placement: Placement | None, can_run: bool) -> None:
        """Compute and show a request; drops all earlier ones.

        Parameters
        ----------
        request : SliceRequest
        placement : Placement or None
            Placement of the volume's layer.
        can_run : bool
            Whether the chosen method can run here.
        """
        self._newest = request
        self._stopper.event.set()
        self.fast.ask(partial(tick, request))
        if not request.is_live:
            return
        if request.volume is None or placement is None:
            self.slow.drop()
            self.scoring.drop()
            self._layers.keep_only()
            return
        self._layers.prepare(request, placement)
        method = request.choices.method
        if can_run and method != ZERO_FILLED:
            self._layers.keep_only(ZERO_FILLED, method, SEGMENTATION)
            self.slow.ask(partial(method_slice, request, self._stopper.renew()))
        else:
            self._layers.keep_only(ZERO_FILLED)
            self.slow.drop()

    def end(self) -> None:
        """Remove the layers and drop requests in progress."""
        self.pause()
        self._layers.keep_only()
        self._results.put_labels_back()

    def step_back(self) -> None:
        """Hide the layers, for instance during a run; the next `ask` shows them again."""
        self.pause()
        self._layers.hide()
        self._results.put_labels_back()

    def pause(self) -> None:
        """Drop requests in progress."""
        self._newest = None
        self._stopper.event.set()
        for queue in (self.fast, self.slow, self.scoring):
            queue.drop()

    def _ticked(self, done: Tick) -> None:
        self.ticked.emit(done)
        newest = self._newest
        if newest is None or not newest.is_live or done.request.volume is not newest.volume:
            return  # of an image that is no longer chosen
        if done.problem is not None:  # nothing can be computed, so no image is valid
            self.slow.drop()
            self.scoring.drop()
            self._layers.hide()
            return
        if done.image is None:
            return
        self._tick = done
        self._layers.put(ZERO_FILLED, done.request.number, done.image)
        self._layers.reveal(ZERO_FILLED)
        if self.slow.is_busy:
            self._layers.hide(ZERO_FILLED)
        self._layers.redraw(ZERO_FILLED)
        if not self.slow.is_busy:
            self._score()

    def _method_done(self, done: SliceDone) -> None:
        request = done.request
        if request is not self._newest:
            return
        self._done = done
        if done.image is not None:
            self._layers.put(request.choices.method, request.number, done.image)
        if done.probability is not None:
            self._results.set_labels_aside()
            self._layers.put(SEGMENTATION, request.number, labels_from(done.probability))
        self._layers.reveal()
        self._layers.redraw(request.choices.method, SEGMENTATION)
        self.shown.emit(done)
        self._score()

    def _score(self) -> None:
        """Score the slice once both images belong to the same request."""
        zero, done = self._tick, self._done
        if zero is None or zero.request is not self._newest:
            return
        same = done is not None and done.request is zero.request
        self.scoring.ask(partial(slice_line, zero, done if same else None))


class PreviewLayers:
    """Layers of Live, each with one computed slice, always for the current choices."""

    def __init__(self, viewer: Viewer, results: ResultLayers) -> None:
        self._viewer, self._results = viewer, results
        self._layers: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}  # the slice that each layer shows
        self._grid: tuple[Any, ...] = ()
        self._hidden: set[str] = set()

    def prepare(self, request: SliceRequest, placement: Placement) -> None:
        """Remove the layers if they belong to another volume or other axes."""
        assert request.volume is not None  # `Live.ask` checks it
        grid = (request.volume, request.choices.axes(request.volume), request.of)
        if grid != self._grid:
            self.keep_only()
            self._grid = grid
        self._placement = placement

    def put(self, what: str, number: int, plane: np.ndarray) -> None:
        """Replace the slice that a layer shows; call `redraw` afterwards.

        Parameters
        ----------
        what : str
            Content of the layer, such as "reconstruction".
        number : int
            Index of the slice in the volume.
        plane : float32 or uint8 array, (readout, phase)
            Image in the units of the volume, or labels.
        """
        layer = self._layers.get(what)
        if layer is None or layer not in self._viewer.layers:
            layer = self._layers[what] = self._add(what)
        stack = stack_of(layer, self._placement, self._grid[1])
        stack[self._numbers.get(what, number)] = 0 if what == SEGMENTATION else np.nan
        stack[number] = plane
        self._numbers[what] = number

    def redraw(self, *whats: str) -> None:
        """Redraw these layers."""
        for what in whats:
            if what in self._layers and self._layers[what].visible:
                redraw(self._layers[what])

    def hide(self, *kept: str) -> None:
        """Hide all layers except ``kept``, until `reveal`."""
        for what, layer in self._layers.items():
            if what not in kept and layer.visible:
                layer.visible = False
                self._hidden.add(what)

    def reveal(self, *whats: str) -> None:
        """Show these layers, or all, if `hide` has hidden them."""
        for what in self._hidden & set(whats or self._hidden):
            self._hidden.discard(what)
            if what in self._layers and self._layers[what] in self._viewer.layers:
                self._layers[what].visible = True

    def keep_only(self, *whats: str) -> None:
        """Remove all layers except these."""
        unwanted = [what for what in self._layers if what not in whats]
        self._results.remove([self._layers.pop(what) for what in unwanted])
        for what in unwanted:
            self._numbers.pop(what, None)
            self._hidden.discard(what)

    def _add(self, what: str) -> Any:
        volume = self._grid[0]
        self._numbers.pop(what, None)
        shape = self._placement.view(volume.data).shape
        labels, unknown = np.zeros(shape, np.uint8), np.full(shape, np.nan, np.float32)
        return insert_unfilled(
            self._viewer,
            labels if what == SEGMENTATION else unknown,
            layer_name(f"live {what}", volume.name, volume.name),
            self._placement,
            {"preview": True, "of": self._grid[2]},
            window_of(volume.data),
        )
