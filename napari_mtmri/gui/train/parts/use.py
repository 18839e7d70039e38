# SPDX-License-Identifier: BSD-3-Clause
"""From a checkpoint to a method of the Reconstruct panel."""

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

WHAT_FOR = (
    "Weights are made of a checkpoint, with a card beside that says what they were trained on. "
    "They lie in your own folder and replace none: in the Reconstruct panel they can be chosen "
    "beside those that ship."
)


class UsePart(QWidget):
    """Exports a checkpoint in a thread.

    Signals
    -------
    exported : Exported
    reconstruct_asked : Exported, to be chosen in the Reconstruct panel
    """

    exported = Signal(object)
    reconstruct_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Path | None = None
        self._exported: Exported | None = None
        self.best, self.last = QRadioButton("Best"), QRadioButton("Last")
        self.best.setChecked(True)
        self.best_said, self.last_said = QLabel(), QLabel()
        self.use, self.show_it = QPushButton("Use this checkpoint"), QPushButton("Open Reconstruct")
        self.use.setToolTip("Make weights of it; the training goes on meanwhile")
        self.show_it.setToolTip("With these weights chosen; 'shipped' is there to compare with")
        self.note, self.card, self.problem = QLabel(), QPlainTextEdit(), Problem()
        self.card.setReadOnly(True)
        self.card.setProperty(IS_TABLE, True)
        self.card.setMinimumHeight(10 * self.card.fontMetrics().height())
        about = QLabel(WHAT_FOR)
        for label in (about, self.note, self.best_said, self.last_said):
            label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (
            about, self.best, self.best_said, self.last, self.last_said, self.use, self.problem, self.note, self.show_it, self.card
        ):  # fmt: skip
            layout.addWidget(widget)
        self.use.clicked.connect(self._use)
        self.show_it.clicked.connect(self._show_it)
        self.clear()

    def clear(self) -> None:
        """Show that there is nothing to use."""
        self._run, self._exported = None, None
        self.use.setEnabled(False)
        self.show_snapshot(None, Snapshot())
        self.problem.clear()
        self.note.clear()
        for widget in (self.note, self.show_it, self.card):
            widget.hide()

    def show_snapshot(self, run: Path | None, snapshot: Snapshot) -> None:
        """Show which checkpoints there are."""
        self._run = run
        best, last = checkpoint_words(snapshot)
        has_last = snapshot.status.checkpoint_updates is not None
        self.best_said.setText(best)
        self.last_said.setText(last)
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
            f"{exported.path.stem}: in the list of weights of {exported.card.method}."
        )
        self.note.setToolTip(str(exported.path))
        self.card.setPlainText(exported.card.text())
        for widget in (self.show_it, self.card):
            widget.show()
        self.use.setEnabled(True)

    def _failed(self, why: BaseException) -> None:
        self.note.hide()
        self.note.clear()
        self.use.setEnabled(True)
        self.problem.show_error(why)

    def _show_it(self, *_: Any) -> None:
        self.reconstruct_asked.emit(self._exported)


def _export(run: Path, which: Literal["best", "last"]) -> tuple[Path, Exported]:
    return run, export_own(run, checkpoint=which)


WORKING = "Making weights …"
