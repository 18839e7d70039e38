# SPDX-License-Identifier: BSD-3-Clause
"""The slice on screen, recomputed as soon as anything changes; newest wins, nothing queues."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QObject, Signal

from napari_mtmri.gui.jobs import Latest
from napari_mtmri.gui.reconstruct.preview_layers import SEGMENTATION, PreviewLayers
from napari_mtmri.gui.reconstruct.slice_job import (
    SliceDone,
    SliceRequest,
    Tick,
    labels_from,
    method_slice,
    slice_line,
    tick,
)
from napari_mtmri.gui.viewer.layer_list import ResultLayers
from napari_mtmri.gui.viewer.layers import Placement

ZERO_FILLED = "zero-filled"


class Live(QObject):
    """Two lanes: mask and zero-filled image follow at once, the method as fast as it can.

    While the method's result is not yet of what is chosen now, it is hidden, and the
    zero-filled image is seen.

    Signals
    -------
    ticked : Tick, the mask of what is chosen now
    shown : SliceDone, once the method's slice is in its layer
    noted : str, the scores of the slice on screen
    failed : exception of a lane
    """

    ticked = Signal(object)
    shown = Signal(object)
    noted = Signal(str)
    failed = Signal(object)

    def __init__(self, viewer: Viewer, results: ResultLayers, parent: QObject) -> None:
        super().__init__(parent)
        self.fast, self.slow, self.scoring = Latest(self), Latest(self), Latest(self)
        self._results, self._layers = results, PreviewLayers(viewer, results)
        self._newest: SliceRequest | None = None
        self._done: SliceDone | None = None
        self._tick: Tick | None = None
        self.fast.done.connect(self._ticked)
        self.slow.done.connect(self._method_done)
        self.scoring.done.connect(self._scored)
        for lane in (self.fast, self.slow, self.scoring):
            lane.failed.connect(self.failed)

    @property
    def is_busy(self) -> bool:
        """Whether a picture is still to come."""
        return self.fast.is_busy or self.slow.is_busy

    def ask(self, request: SliceRequest, placement: Placement | None, can_run: bool) -> None:
        """Show what belongs to this request, instead of any that is not shown yet.

        Parameters
        ----------
        placement : Placement or None
            Of the volume's layer.
        can_run : bool
            Whether the chosen method can run here.
        """
        self._newest = request
        self.fast.ask(partial(tick, request))
        if not request.is_live or request.volume is None or placement is None:
            return
        self._layers.prepare(request.volume, request.choices, placement)
        method = request.choices.method
        if can_run and method != ZERO_FILLED:
            self._layers.keep_only(ZERO_FILLED, method, SEGMENTATION)
            self.slow.ask(partial(method_slice, request))
        else:
            self._layers.keep_only(ZERO_FILLED)
            self.slow.drop()

    def end(self) -> None:
        """Remove the layers and forget what is under way."""
        self.pause()
        self._layers.remove()
        self._results.put_labels_back()

    def step_back(self) -> None:
        """Hide the layers while something else is shown; the next `ask` shows them again."""
        self.pause()
        self._layers.hide()
        self._results.put_labels_back()

    def pause(self) -> None:
        """Forget what is under way."""
        self._newest = None
        for lane in (self.fast, self.slow, self.scoring):
            lane.drop()

    def _ticked(self, done: Tick) -> None:
        self.ticked.emit(done)
        newest = self._newest
        if done.image is None or newest is None or not newest.is_live:
            return
        self._tick = done
        self._layers.show_image(ZERO_FILLED, done.request.number, done.image, alone=True)
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
            self._layers.show_image(request.choices.method, request.number, done.image, alone=True)
        if done.probability is not None:
            self._results.set_labels_aside()
            self._layers.show_labels(request.number, labels_from(done.probability), alone=True)
        self._layers.reveal()
        self._layers.redraw(request.choices.method, SEGMENTATION)
        self.shown.emit(done)
        self._score()

    def _score(self) -> None:
        """Score what is seen, once both pictures are of the same request."""
        zero, done = self._tick, self._done
        if zero is None or zero.request is not self._newest:
            return
        same = done is not None and done.request is zero.request
        self.scoring.ask(partial(slice_line, zero, done if same else None))

    def _scored(self, line: Any) -> None:
        self.noted.emit(str(line))
