# SPDX-License-Identifier: BSD-3-Clause
"""Run a method on the whole volume; show each slice once it is computed, then the layers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtCore import QObject, Signal

from napari_mtmri.gui.jobs import Job, once
from napari_mtmri.gui.reconstruct.slice_job import labels_from
from napari_mtmri.gui.reconstruct.volume_job import (
    VolumeDone,
    VolumeRequest,
    more_layers,
    volume_job,
)
from napari_mtmri.gui.viewer.layer_list import (
    ResultLayers,
    insert_unfilled,
    leave_if_edited,
    redraw,
    stack_of,
)
from napari_mtmri.gui.viewer.layers import KEY
from napari_mtmri.gui.viewer.result_layers import layer_name, run_title
from napari_mtmri.gui.viewer.run_in_view import RunInView
from napari_mtmri.gui.viewer.shim import forget_strokes
from napari_mtmri.methods.passes import Progress

IMAGE, LABELS = "reconstruction", "segmentation"


class RunController(QObject):
    """Starts and stops a run; its layers replace those of an earlier run of the same request.

    Signals
    -------
    progressed : Progress
    done : VolumeDone, once its layers are added
    stopped
    failed : exception
    ended : emitted after done, stopped or failed
    """

    progressed = Signal(object)
    done = Signal(object)
    stopped = Signal()
    failed = Signal(object)
    ended = Signal()

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.job = Job(self)
        self.layers = ResultLayers(viewer, self)
        self._newest: dict[Hashable, VolumeDone] = {}  # by case
        self.is_running = False
        self._progressive = ProgressiveLayers(viewer, self.layers)
        self.job.progressed.connect(self._progressed)
        self.job.done.connect(self._complete)
        self.job.stopped.connect(self._stopped)
        self.job.failed.connect(self._failed)
        self.layers.placed.connect(self._placed)
        viewer.layers.events.removed.connect(self._removed)

    def newest(self, case: Hashable) -> VolumeDone | None:
        """Return the newest run of a case, while its image is open."""
        return self._newest.get(case)

    def start(self, request: VolumeRequest) -> None:
        """Start a run, unless one is in progress."""
        if not self.is_running:
            self.is_running = True
            self._progressive.begin(request)
            self.job.start(partial(volume_job, request))

    def stop(self) -> None:
        """Stop the run and restore the layers from before it."""
        self.job.stop()

    def show_more(self, case: Hashable, what: str, wanted: bool) -> None:
        """Show or hide a layer of the newest run of a case; add it if it is missing."""
        newest = self.newest(case)
        if newest is None or self.is_running:
            return
        layer = self.layers.find(run_title(newest.result), what, newest.request.of)
        if layer is not None:
            layer.visible = wanted
        elif wanted:
            once(partial(more_layers, newest, what), self._add_more, self._layer_failed)

    def let_go(self) -> None:
        """Disconnect from the viewer."""
        self._progressive.let_go()
        self._viewer.layers.events.removed.disconnect(self._removed)

    def _removed(self, event: Any) -> None:
        """Forget the runs of an image that was closed, because they are large."""
        of = event.value.unique_id
        kept = {case: done for case, done in self._newest.items() if done.request.of != of}
        self._newest = kept

    def _add_more(self, layers: Any) -> None:
        self.layers.place(layers, None)

    def _layer_failed(self, why: BaseException) -> None:
        self.failed.emit(why)

    def _progressed(self, progress: Progress) -> None:
        self.progressed.emit(progress)
        self._progressive.put(progress)

    def _complete(self, done: VolumeDone) -> None:
        self._newest[done.request.case] = done
        self._progressive.finish()
        self.layers.place(done.layers, done)

    def _placed(self, done: VolumeDone) -> None:
        self.is_running = False
        self.done.emit(done)
        self.ended.emit()

    def _stopped(self) -> None:
        self._end_without_result(self.stopped)

    def _failed(self, why: BaseException) -> None:
        self._end_without_result(self.failed, why)

    def _end_without_result(self, signal: Any, *values: Any) -> None:
        self.is_running = False
        signal.emit(*values)
        self._progressive.undo()
        self.ended.emit()


@dataclass
class _Filling:
    """A layer that is being filled, with its earlier content, or None for a new layer."""

    layer: Any
    data: Any = None
    metadata: Any = None


class ProgressiveLayers:
    """Brings the layers of a run into view, and fills them slice by slice."""

    def __init__(self, viewer: Viewer, layers: ResultLayers) -> None:
        self._viewer, self._layers = viewer, layers
        self._request: VolumeRequest | None = None
        self._filling: dict[str, _Filling] = {}
        self._in_view, self._is_shown = RunInView(viewer), False

    def begin(self, request: VolumeRequest) -> None:
        """Prepare for a run."""
        self._request, self._filling, self._is_shown = request, {}, False

    def put(self, progress: Progress) -> None:
        """Show the newly computed slices."""
        request = self._request
        if request is None:
            return
        if not self._is_shown:
            self._in_view.show(request.title, request.of)
            self._is_shown = True
        planes: dict[str, list[np.ndarray]] = {}
        if progress.image is not None:
            planes[IMAGE] = [np.abs(one) for one in progress.image]
        if progress.probability is not None:
            planes[LABELS] = [labels_from(one) for one in progress.probability]
        axes = request.choices.axes(request.volume)
        for what in planes.keys() & set(request.choices.shown):
            layer = self._layer(request, what)
            stack_of(layer, request.placement, axes)[list(progress.slices)] = planes[what]
            redraw(layer)

    def finish(self) -> None:
        """Keep the layers; the result will replace their data."""
        self._request, self._filling, self._is_shown = None, {}, False

    def undo(self) -> None:
        """Remove the new layers and restore the others."""
        new = []
        for filling in self._filling.values():
            if filling.data is None:
                new.append(filling.layer)
            elif filling.layer in self._viewer.layers:
                filling.layer.data, filling.layer.metadata = filling.data, filling.metadata
                if isinstance(filling.layer, Labels):
                    forget_strokes(filling.layer)
        if self._is_shown:
            self._in_view.undo()
        self.finish()
        self._layers.remove(new)

    def let_go(self) -> None:
        """Disconnect from the viewer."""
        self._in_view.let_go()

    def _layer(self, request: VolumeRequest, what: str) -> Any:
        filling = self._filling.get(what)
        if filling is None or filling.layer not in self._viewer.layers:
            filling = self._filling[what] = self._begin_layer(request, what)
        return filling.layer

    def _begin_layer(self, request: VolumeRequest, what: str) -> _Filling:
        """Empty the layer of an earlier run of the same request, or add a new one."""
        empty = request.empty_labels if what == LABELS else request.empty_image
        marks = {"run": request.title, "what": what, "of": request.of}
        old = self._layers.find(request.title, what, request.of)
        if old is None or leave_if_edited(old) or old.data.shape != empty.shape:
            name = layer_name(what, request.title, request.volume.name)
            return _Filling(
                insert_unfilled(self._viewer, empty, name, request.placement, marks, request.window)
            )
        filling = _Filling(old, old.data, old.metadata)
        old.data = empty
        old.metadata = {**old.metadata, KEY: {"placement": request.placement, **marks}}
        return filling
