# SPDX-License-Identifier: BSD-3-Clause
"""File dialogs of the panel; files are read and written in a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_mtmri.compare import Cell, Comparison, save_comparison, save_comparison_figure
from napari_mtmri.compare.saved import FILE
from napari_mtmri.gui.jobs import once
from napari_mtmri.readers.base import endings, write
from napari_mtmri.readers.run_folder import write_run

COMPARISONS = "Comparisons (*.json)"
PICTURES = "Pictures (*.png *.pdf *.svg)"
REPORTS = "Reports (*.html)"


class Files(QObject):
    """Dialogs for the files that the panel opens and writes.

    Signals
    -------
    chosen : paths to open
    sweep_folder : path of a folder
    noted : message about the written file, with its path
    failed : exception
    """

    chosen = Signal(object)
    sweep_folder = Signal(str)
    noted = Signal(str)
    failed = Signal(object)

    def __init__(self, parent: QWidget, shown: Callable[[], Comparison | None]) -> None:
        super().__init__(parent)
        self._window, self._shown = parent, shown

    def open_files(self) -> None:
        """Ask for volumes or a saved comparison."""
        kinds = " ".join(f"*{ending}" for ending in (*endings(), ".json"))
        paths, _ = QFileDialog.getOpenFileNames(
            self._window, "Volumes of this case, or a saved comparison", "",
            f"Volumes and comparisons ({kinds});;All files (*)",
        )  # fmt: skip
        if paths:
            self.chosen.emit(paths)

    def open_folder(self) -> None:
        """Ask for a result folder."""
        path = QFileDialog.getExistingDirectory(self._window, "Result folder")
        if path:
            self.chosen.emit([path])

    def choose_sweep_folder(self) -> None:
        """Ask for the folder of a sweep."""
        path = QFileDialog.getExistingDirectory(self._window, "Folder of the sweep")
        if path:
            self.sweep_folder.emit(path)

    def save(self, *_: object) -> None:
        """Ask for a folder name and write the comparison with all that is in memory only."""
        comparison = self._shown()
        if comparison is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Name of the comparison", FILE, COMPARISONS
        )
        if path:
            self._run(partial(save_with_parts, comparison, Path(path)))

    def figure(self, *_: object) -> None:
        """Ask for a file name and write a figure of the slice on screen."""
        comparison = self._shown()
        if comparison is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Save the figure", "comparison.png", PICTURES
        )
        if path:
            self._run(partial(_figure, comparison, Path(path)))

    def report(self, *_: object) -> None:
        """Ask for a file name and write a report of the comparison."""
        comparison = self._shown()
        if comparison is None:
            return
        path = self._ask_report()
        if path:
            self._run(partial(write_comparison_report, comparison, Path(path)))

    def report_sweep(self, folder: Path) -> None:
        """Ask for a file name and write a report of a sweep."""
        path = self._ask_report()
        if path:
            self._run(partial(_report_folder, folder, Path(path)))

    def _ask_report(self) -> str:
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Save the report", "report.html", REPORTS
        )
        return path

    def _run(self, work: Callable[[], str]) -> None:
        once(work, self._written, self._failed)

    def _written(self, text: str) -> None:
        self.noted.emit(text)

    def _failed(self, why: BaseException) -> None:
        self.failed.emit(why)


def save_with_parts(comparison: Comparison, path: Path) -> str:
    """Write a comparison, after its results and masks that are in memory only.

    They are written next to it, into a folder with its name.
    """
    parts = path.with_name(f"{path.stem} parts")
    cells = tuple(_saved(cell, parts) for cell in comparison.cells)
    saved = Comparison(cells, comparison.view, comparison.warnings)
    return f"Comparison written to {save_comparison(saved, path)}"


def _saved(cell: Cell, folder: Path) -> Cell:
    """Return a cell whose result, image and labels lie in files; written if they did not."""
    name = "-".join("".join(c if c.isalnum() or c in "._" else " " for c in cell.name).split())
    if cell.result is not None and cell.path is None:
        cell = replace(cell, path=write_run(cell.result, folder / name))
    elif cell.image is not None and cell.source is None:
        cell = replace(cell, path=_written(cell, "image", folder / f"{name}.nii.gz"))
    is_own = cell.result is not None and cell.labels is cell.result.labels
    if cell.labels is not None and cell.labels_source is None and not is_own:
        cell = replace(cell, labels_path=_written(cell, "labels", folder / f"{name}-mask.nii.gz"))
    return cell


def _written(cell: Cell, what: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(getattr(cell, what), path)
    return path


def _figure(comparison: Comparison, path: Path) -> str:
    save_comparison_figure(comparison, path)
    return f"Figure written to {path}"


def write_comparison_report(comparison: Comparison, path: Path) -> str:
    """Write the report of a comparison."""
    from napari_mtmri.report import report_comparison

    return f"Report written to {report_comparison(comparison, path)}"


def _report_folder(folder: Path, path: Path) -> str:
    from napari_mtmri.report import write_report

    write_report([folder], path)
    return f"Report written to {path}"
