# SPDX-License-Identifier: BSD-3-Clause
"""Exports a checkpoint as weights for the Reconstruct panel."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Literal

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QRadioButton, QVBoxLayout, QWidget

from napari_mtmri.gui.jobs import once
from napari_mtmri.gui.train.sentences import checkpoint_words
from napari_mtmri.gui.widgets.layout import IS_TABLE
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.train.export.weights import Exported, export_own
from napari_mtmri.train.monitor.reader import Snapshot

WORKING = "Exporting weights …"
WHAT_FOR = (
    "Exports a checkpoint as weights, with a model card that describes the training data. They "
    "are written to your weights folder and replace no others; in the Reconstruct panel, choose "
    "them instead of the shipped weights."
)


class UsePart(QWidget):
    """Exports a checkpoint in a thread.

    Signals
    -------
    exported : Exported
    reconstruct_asked : Exported weights, for the Reconstruct panel
    """

    exported = Signal(object)
    reconstruct_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Path | None = None
        self._exported: Exported | None = None
        self.best, self.last = QRadioButton("Best"), QRadioButton("Last")
        self.best.setChecked(True)
        self.best_note, self.last_note = QLabel(), QLabel()
        self.use = QPushButton("Use this checkpoint")
        self.reconstruct = QPushButton("Open Reconstruct")
        self.use.setToolTip("Export weights from this checkpoint; a running training continues")
        self.reconstruct.setToolTip(
            "Open the Reconstruct panel with these weights; choose 'shipped' to compare"
        )
        self.note, self.card, self.problem = QLabel(), QPlainTextEdit(), Problem()
        self.card.setReadOnly(True)
        self.card.setProperty(IS_TABLE, True)
        self.card.setMinimumHeight(10 * self.card.fontMetrics().height())
        about = QLabel(WHAT_FOR)
        for label in (about, self.note, self.best_note, self.last_note):
            label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (
            about, self.best, self.best_note, self.last, self.last_note, self.use, self.problem,
            self.note, self.reconstruct, self.card,
        ):  # fmt: skip
            layout.addWidget(widget)
        self.use.clicked.connect(self._use)
        self.reconstruct.clicked.connect(self._open_reconstruct)
        self.clear()

    def clear(self) -> None:
        """Show that there is no checkpoint."""
        self._run, self._exported = None, None
        self.use.setEnabled(False)
        self.show_snapshot(None, Snapshot())
        self.problem.clear()
        self.note.clear()
        for widget in (self.note, self.reconstruct, self.card):
            widget.hide()

    def show_snapshot(self, run: Path | None, snapshot: Snapshot) -> None:
        """Show which checkpoints exist."""
        self._run = run
        best, last = checkpoint_words(snapshot)
        has_last = snapshot.status.checkpoint_updates is not None
        self.best_note.setText(best)
        self.last_note.setText(last)
        has_best = bool(snapshot.best)
        if has_best != self.best.isEnabled():
            (self.best if has_best else self.last).setChecked(True)
        self.best.setEnabled(has_best)
        self.last.setEnabled(has_last)
        self.use.setEnabled(has_last and self.note.text() != WORKING)

    def _use(self) -> None:
        if self._run is None:
            return
        which: Literal["best", "last"] = "best" if self.best.isChecked() else "last"
        self.problem.clear()
        self.note.setText(WORKING)
        self.note.show()
        self.use.setEnabled(False)
        once(partial(_export, self._run, which), self._done, self._failed)

    def _done(self, found: tuple[Path, Exported]) -> None:
        run, exported = found
        if run == self._run:
            self._show(exported)
        self.exported.emit(exported)

    def _show(self, exported: Exported) -> None:
        self._exported = exported
        self.note.setText(
            f"{exported.path.stem} was added to the weights of {exported.card.method}."
        )
        self.note.setToolTip(str(exported.path))
        self.card.setPlainText(exported.card.text())
        for widget in (self.reconstruct, self.card):
            widget.show()
        self.use.setEnabled(True)

    def _failed(self, why: BaseException) -> None:
        self.note.hide()
        self.note.clear()
        self.use.setEnabled(True)
        self.problem.show_error(why)

    def _open_reconstruct(self, *_: Any) -> None:
        self.reconstruct_asked.emit(self._exported)


def _export(run: Path, which: Literal["best", "last"]) -> tuple[Path, Exported]:
    return run, export_own(run, checkpoint=which)
