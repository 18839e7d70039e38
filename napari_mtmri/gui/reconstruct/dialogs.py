# SPDX-License-Identifier: BSD-3-Clause
"""Asking for a file, and opening or writing it off the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from napari.viewer import Viewer
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.reconstruct import requests
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.gui.work import Latest
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

MASKS = "Masks (*.png *.npy *.csv)"


class Dialogs(QObject):
    """What the panel saves and opens.

    Signals
    -------
    said : what was done, in one line
    failed : the exception
    mask_chosen : path of a mask file
    """

    said = Signal(object)
    failed = Signal(object)
    mask_chosen = Signal(str)

    def __init__(self, viewer: Viewer, window: QWidget) -> None:
        super().__init__(window)
        self._viewer, self._window = viewer, window
        self.writer = Latest(self)
        self.writer.done.connect(self.said)
        self.writer.failed.connect(self.failed)

    def open_files(self) -> None:
        """Ask for volumes and open them."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open MR volumes")
        for path in paths:
            try:
                self._viewer.open(path, plugin="napari-mtmri")
            except (MtmriError, ValueError, OSError) as why:  # napari wraps a reader's errors
                self.failed.emit(why)

    def load_mask(self) -> None:
        """Ask for a mask file."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a mask", "", MASKS)
        if path:
            self.mask_chosen.emit(path)

    def save_mask(self, choices: Choices, plane: tuple[int, int]) -> None:
        """Ask where to, and write the mask."""
        path, _ = QFileDialog.getSaveFileName(self._window, "Save the mask", "mask.png", MASKS)
        self._write(path, partial(requests.save_mask, choices, plane))

    def save_run(self, result: Result, labels: Volume | None) -> None:
        """Ask where to, and write the run folder."""
        path, _ = QFileDialog.getSaveFileName(self._window, "Name of the run folder", "run")
        self._write(path, partial(requests.save_run, result, labels))

    def save_figure(self, result: Result, labels: Volume | None) -> None:
        """Ask where to, and write the picture."""
        kinds = "Pictures (*.png *.pdf *.svg)"
        path, _ = QFileDialog.getSaveFileName(self._window, "Save the figure", "figure.png", kinds)
        self._write(path, partial(requests.save_figure, result, labels))

    def _write(self, path: str, work: Callable[[Path], str]) -> None:
        if path:
            self.writer.ask(partial(work, Path(path)))
