# SPDX-License-Identifier: BSD-3-Clause
"""A run of the whole volume in the viewer: slices as they come, then the layers, or nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QObject, Signal

from napari_mtmri.gui.jobs import Job, once
from napari_mtmri.gui.reconstruct.growing import Growing
from napari_mtmri.gui.reconstruct.volume_job import (
    VolumeDone,
    VolumeRequest,
    more_layers,
    whole_volume,
)
from napari_mtmri.gui.viewer.layer_list import ResultLayers
from napari_mtmri.methods.passes import Progress


class Running(QObject):
    """Starts and stops the run; its layers replace those of the same request when whole.

    Signals
    -------
    progressed : Progress, or a word for what is being done
    done : VolumeDone, once its layers stand
    stopped
    failed : exception
    ended : after any of the three
    """

    progressed = Signal(object)
    done = Signal(object)
    stopped = Signal()
    failed = Signal(object)
    ended = Signal()

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self.job = Job(self)
        self.layers = ResultLayers(viewer, self)
        self.newest: VolumeDone | None = None
        self._growing = Growing(viewer, self.layers)
        self._is_running = False
        self.job.progressed.connect(self._progressed)
        self.job.done.connect(self._whole)
        self.job.stopped.connect(self._stopped)
        self.job.failed.connect(self._failed)
        self.layers.placed.connect(self._placed)

    @property
    def is_running(self) -> bool:
        """Whether a run is going on or its layers are being added."""
        return self._is_running

    def start(self, request: VolumeRequest) -> None:
        """Start a run, if none is going on."""
        if self.is_running:
            return
        self._is_running = True
        self._growing.begin(request)
        self.job.start(partial(whole_volume, request))

    def stop(self) -> None:
        """Stop it; the layers are as they were."""
        self.job.stop()

    def show_more(self, what: str, wanted: bool) -> None:
        """Show or hide a layer of the newest run; add it if it is not there."""
        if self.newest is None or self.is_running:
            return
        from napari_mtmri.gui.viewer.result_layers import run_title

        layer = self.layers.find(run_title(self.newest.result), what)
        if layer is not None:
            layer.visible = wanted
        elif wanted:
            once(partial(more_layers, self.newest, what), self._add_more, self.failed)

    def _add_more(self, layers: Any) -> None:
        self.layers.place(layers, None)

    def _progressed(self, progress: Progress | str) -> None:
        self.progressed.emit(progress)
        if isinstance(progress, Progress):
            self._growing.put(progress)

    def _whole(self, done: VolumeDone) -> None:
        self.newest = done
        self._growing.finish()
        self.layers.place(done.layers, done)

    def _placed(self, done: VolumeDone) -> None:
        self._is_running = False
        self.done.emit(done)
        self.ended.emit()

    def _stopped(self) -> None:
        self._is_running = False
        self.stopped.emit()
        self._growing.undo()
        self.ended.emit()

    def _failed(self, why: BaseException) -> None:
        self._is_running = False
        self.failed.emit(why)
        self._growing.undo()
        self.ended.emit()
