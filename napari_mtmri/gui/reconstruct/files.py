# SPDX-License-Identifier: BSD-3-Clause
"""File dialogs of the panel; files are read and written in a thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from napari.layers import Image, Layer
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_mtmri import verbs
from napari_mtmri.files import write_whole
from napari_mtmri.gui.jobs import once
from napari_mtmri.gui.reconstruct.slice_job import SliceRequest
from napari_mtmri.gui.reconstruct.volume_job import VolumeDone
from napari_mtmri.gui.viewer.contributions import drawn_layer, layers_of_paths, sample_layers
from napari_mtmri.gui.viewer.layers import LayerData
from napari_mtmri.gui.viewer.orientation import watch
from napari_mtmri.gui.viewer.result_layers import run_title
from napari_mtmri.patterns.mask_files import ENDINGS, save_mask
from napari_mtmri.plotting import save_figure
from napari_mtmri.readers.base import endings
from napari_mtmri.readers.run_folder import write_run

MASKS = f"Sampling masks ({' '.join(f'*{ending}' for ending in ENDINGS)})"
PICTURES = "Pictures (*.png *.pdf *.svg)"
REPORTS = "Reports (*.html)"


def volume_filter() -> str:
    """Return the file filter of the dialogs, with the extensions of all registered readers."""
    return f"MR volumes ({' '.join(f'*{ending}' for ending in endings())});;All files (*)"


class Files(QObject):
    """Dialogs for the files that the panel opens and writes.

    Signals
    -------
    opened : layer of an opened image
    mask_chosen : path of a sampling mask
    writing : whether a file is being written
    progressed : number of files of a result folder that are written, number of all
    noted : message about the written file, with its path
    failed : exception
    """

    opened = Signal(object)
    mask_chosen = Signal(str)
    writing = Signal(bool)
    progressed = Signal(int, int)
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
        paths, _ = QFileDialog.getOpenFileNames(
            self._window, "Open MR volumes", "", volume_filter()
        )
        if paths:
            once(partial(layers_of_paths, list(paths)), self._add, self._failed)

    def open_labels(self) -> None:
        """Ask for a reference segmentation and open it."""
        title = "Open a reference segmentation"
        path, _ = QFileDialog.getOpenFileName(self._window, title, "", volume_filter())
        if path:
            once(partial(_labels_of_path, path), self._add, self._failed)

    def open_sample(self) -> None:
        """Open the shipped sample."""
        once(sample_layers, self._add, self._failed)

    def load_mask(self) -> None:
        """Ask for a sampling mask."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a sampling mask", "", MASKS)
        if path:
            self.mask_chosen.emit(path)

    def save_mask(self) -> None:
        """Ask for a file name and write the sampling mask."""
        request = self._request()

        def write(path: Path) -> str:
            save_mask(request.choices.acquisition().pattern.mask(request.plane), path)
            return f"Sampling mask written to {path}"

        self._save("Save the sampling mask", "mask.png", MASKS, write)

    def save_run(self) -> None:
        """Ask for a name and save the newest run of the case as a result folder."""
        done = self._newest()
        if done is None:
            return

        def write(path: Path) -> str:
            folder = write_run(done.result, path, done.request.labels, self._report)
            return f"Result written to {folder}"

        self._save("Name of the result folder", _file_name(done), "", write)

    def save_figure(self) -> None:
        """Ask for a file name and write a figure of the case's newest run, oriented as on screen."""
        done = self._newest()
        if done is None:
            return
        neurological = watch(self._viewer).view == "neurological"

        def write(path: Path) -> str:
            save_figure(done.result, path, labels=done.request.labels, neurological=neurological)
            return f"Figure written to {path}"

        self._save("Save the figure", f"{_file_name(done)}.png", PICTURES, write)

    def save_report(self) -> None:
        """Ask for a file name and write a report of the newest run of the case."""
        done = self._newest()
        if done is None:
            return
        neurological = watch(self._viewer).view == "neurological"

        def write(path: Path) -> str:
            from napari_mtmri.compare import View, compare_results
            from napari_mtmri.report import report_comparison

            shown = compare_results(
                [done.result],
                labels=done.request.labels,
                zero_filled=True,
                view=View(neurological=neurological),
            )
            return f"Report written to {report_comparison(shown, path)}"

        self._save("Save the report", "report.html", REPORTS, write)

    def save_csv(self, text: str) -> None:
        """Ask for a file name and write the table of scores."""

        def write(path: Path) -> str:
            write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))
            return f"Table written to {path}"

        self._save("Save the scores", "scores.csv", "Tables (*.csv)", write)

    def _save(self, title: str, name: str, kinds: str, write: Callable[[Path], str]) -> None:
        path, _ = QFileDialog.getSaveFileName(self._window, title, name, kinds)
        if path:
            self.writing.emit(True)
            once(partial(write, Path(path)), self._written, self._not_written)

    def _report(self, done: int, total: int) -> None:
        """Pass the number of written files from the worker thread to the window's thread."""
        with suppress(RuntimeError):  # Qt has deleted the panel
            self.progressed.emit(done, total)

    def _written(self, text: str) -> None:
        self.writing.emit(False)
        self.noted.emit(text)

    def _not_written(self, why: BaseException) -> None:
        self.writing.emit(False)
        self._failed(why)

    def _failed(self, why: BaseException) -> None:
        self.failed.emit(why)

    def _add(self, layers: list[LayerData]) -> None:
        self._waiting += layers
        self._turn.start(0)

    def _add_next(self) -> None:
        if self._waiting:
            layer = self._viewer.add_layer(Layer.create(*self._waiting.pop(0)))
            if isinstance(layer, Image):
                self.opened.emit(layer)
            self._turn.start(0)


def _labels_of_path(path: str) -> list[LayerData]:
    return [drawn_layer(verbs.open(path, "labels"))]


def _file_name(done: VolumeDone) -> str:
    """Return the run's title without characters that are not allowed in file names."""
    kept = "".join(c if c.isalnum() or c in "._-" else " " for c in run_title(done.result))
    return "-".join(kept.split())
