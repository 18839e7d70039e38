# SPDX-License-Identifier: BSD-3-Clause
"""Asks for files, and has them read and written in a thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Image, Layer
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_mtmri.gui.jobs import once
from napari_mtmri.gui.reconstruct import saving
from napari_mtmri.gui.reconstruct.slice_job import SliceRequest
from napari_mtmri.gui.reconstruct.volume_job import VolumeDone
from napari_mtmri.gui.viewer.layers import LayerData
from napari_mtmri.gui.viewer.orientation import watch
from napari_mtmri.gui.viewer.result_layers import run_title

VOLUMES = "MR volumes (*.nii *.nii.gz *.mgz *.mgh *.mnc *.hdr *.img);;All files (*)"
MASKS = "Masks (*.png *.npy *.csv)"
PICTURES = "Pictures (*.png *.pdf *.svg)"


class Dialogs(QObject):
    """Every file the panel opens or writes.

    Signals
    -------
    opened : layer of an image that was opened
    mask_chosen : path of a sampling mask
    noted : what was done
    failed : exception
    """

    opened = Signal(object)
    mask_chosen = Signal(str)
    noted = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        viewer: Viewer,
        parent: QWidget,
        request: Callable[[], SliceRequest],
        newest: Callable[[], VolumeDone | None],
    ) -> None:
        super().__init__(parent)
        self._viewer, self._window = viewer, parent
        self._request, self._newest = request, newest
        self._waiting: list[LayerData] = []
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._add_next)

    def open_volumes(self) -> None:
        """Ask for volumes and open them."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open MR volumes", "", VOLUMES)
        if paths:
            once(partial(saving.open_paths, list(paths)), self._add, self.failed)

    def open_labels(self) -> None:
        """Ask for a file of labels and open it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a mask", "", VOLUMES)
        if path:
            once(partial(saving.open_labels, path), self._add, self.failed)

    def open_sample(self) -> None:
        """Open the shipped sample."""
        once(saving.open_sample, self._add, self.failed)

    def load_mask(self) -> None:
        """Ask for a sampling mask."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a sampling mask", "", MASKS)
        if path:
            self.mask_chosen.emit(path)

    def save_mask(self) -> None:
        """Ask where to, and write the sampling mask."""
        work = partial(saving.save_mask, self._request())
        self._save("Save the sampling mask", "mask.png", MASKS, work)

    def save_run(self) -> None:
        """Ask where to, and write the newest run as a folder."""
        done = self._newest()
        if done is not None:
            work = partial(saving.save_run, done.result, done.request.labels)
            self._save("Name of the run folder", _file_name(done), "", work)

    def save_figure(self) -> None:
        """Ask where to, and write the picture of the newest run, as it is seen."""
        done = self._newest()
        if done is not None:
            neurological = watch(self._viewer).view == "neurological"
            work = partial(saving.save_figure, done.result, done.request.labels, neurological)
            self._save("Save the figure", f"{_file_name(done)}.png", PICTURES, work)

    def save_csv(self, text: str) -> None:
        """Ask where to, and write the table."""
        work = partial(saving.save_text, text)
        self._save("Save the scores", "scores.csv", "Tables (*.csv)", work)

    def _save(self, title: str, name: str, kinds: str, work: Any) -> None:
        path, _ = QFileDialog.getSaveFileName(self._window, title, name, kinds)
        if path:
            once(partial(work, Path(path)), self.noted, self.failed)

    def _add(self, layers: list[LayerData]) -> None:
        self._waiting += layers
        self._turn.start(0)

    def _add_next(self) -> None:
        if self._waiting:
            layer = self._viewer.add_layer(Layer.create(*self._waiting.pop(0)))
            if isinstance(layer, Image):
                self.opened.emit(layer)
            self._turn.start(0)


def _file_name(done: VolumeDone) -> str:
    """The run's title as a file may be called."""
    kept = "".join(c if c.isalnum() or c in "._-" else " " for c in run_title(done.result))
    return "-".join(kept.split())
