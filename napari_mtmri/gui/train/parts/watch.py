# SPDX-License-Identifier: BSD-3-Clause
"""The training that is watched: its folder, curves, pictures and log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.gui.train.sentences import facts_line, scores_line
from napari_mtmri.gui.train.trainings import Sight
from napari_mtmri.gui.widgets.layout import Fold
from napari_mtmri.gui.widgets.pictures import Pictures
from napari_mtmri.gui.widgets.plot import Line, Plot
from napari_mtmri.gui.widgets.ticks import TickStrip
from napari_mtmri.train.monitor.aggregate import SEG, SEG_OWN, SEG_TRUTH

PICTURES = ("zero-filled", "now", "truth", "mask")
# Which curve of a training is drawn where, and as what.
DRAWN = {
    "losses": {
        "recon_loss": Line("reconstruction", "image"),
        SEG: Line("segmentation", "own"),
        SEG_TRUTH: Line("segmentation, truth steps", "truth"),
        SEG_OWN: Line("own steps", "own", is_dashed=True),
    },
    "weights": {
        "alpha": Line("α reconstruction", "image"),
        "beta": Line("β segmentation", "own", is_dashed=True),
    },
    "psnr": {"val_psnr": Line("now", "image", has_marks=True)},
    "dice": {
        "val_dice": Line("own", "own", is_dashed=True, has_marks=True),
        "val_dice_truth": Line("truth", "truth", has_marks=True),
    },
}

TIPS = {
    "losses": "Means and ranges; on truth steps the U-Net is shown the true image, on own steps "
    "what was reconstructed",
    "weights": "DRLC: how much each loss counts, over updates",
    "psnr": "Of the validation cases, against the fully sampled image; over updates",
    "dice": "Of the validation cases: own on what was reconstructed, truth on the true image; over updates",
}


class WatchPart(QWidget):
    """Shows a training; knows none.

    Signals
    -------
    open_asked : the folder of a training is to be chosen
    chosen : Path of one that was watched before
    run_named : folder for the next training, as it was typed
    """

    open_asked = Signal()
    chosen = Signal(object)
    run_named = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = -1
        self.known, self.open = QComboBox(), QPushButton("Open…")
        self.run, self.command, self.copy = QLineEdit(), QLabel(), QPushButton("Copy")
        self.facts, self.scores = QLabel(), QLabel()
        self.plots = {
            "losses": Plot("Losses over updates", tuple(DRAWN["losses"].values()), is_log=True),
            "weights": Plot("Loss weights", tuple(DRAWN["weights"].values())),
            "psnr": Plot("PSNR (dB)", tuple(DRAWN["psnr"].values())),
            "dice": Plot("Dice", tuple(DRAWN["dice"].values())),
        }
        for name, tip in TIPS.items():
            self.plots[name].setToolTip(tip)
        self.strip, self.strip_said = TickStrip(), QLabel("What the U-Net was shown last")
        self.pictures, self.log = Pictures(PICTURES, len(PICTURES)), QPlainTextEdit()
        self.folded = Fold("Log", self.log)
        self._prepare()
        self._lay_out()
        self.open.clicked.connect(self.open_asked)
        self.known.activated.connect(self._activated)
        self.run.editingFinished.connect(self._named)
        self.copy.clicked.connect(self._to_clipboard)

    def _prepare(self) -> None:
        self.known.setAccessibleName("training that is watched")
        self.known.setToolTip("The training that is watched; those of before can be chosen again")
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.known.setSizeAdjustPolicy(policy)
        self.known.setMinimumContentsLength(10)
        self.open.setToolTip("Any run folder, also one that a shell or a cluster writes")
        self.run.setToolTip("Folder that the next training makes")
        self.run.setAccessibleName("folder of the next training")
        self.copy.setToolTip("Copy the command: a shell does the same with it")
        for label in (self.facts, self.scores, self.command):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.command.setToolTip("Exactly what Start starts")
        self.pictures.setToolTip("One validation slice: what was found is outlined in orange")
        self.log.setReadOnly(True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setMinimumHeight(8 * self.log.fontMetrics().height())

    def _lay_out(self) -> None:
        watched, folder, scores = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        watched.addWidget(self.known, stretch=1)
        watched.addWidget(self.open)
        folder.addWidget(QLabel("Folder"))
        folder.addWidget(self.run, stretch=1)
        folder.addWidget(self.copy)
        scores.addWidget(self.plots["psnr"])
        scores.addWidget(self.plots["dice"])
        next_one = QWidget()
        within = QVBoxLayout(next_one)
        within.setContentsMargins(0, 0, 0, 0)
        within.addLayout(folder)
        within.addWidget(self.command)
        self.next = Fold("The next training", next_one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(watched)
        for widget in (
            self.next, self.facts, self.scores, self.pictures, self.plots["losses"],
            self.plots["weights"], self.strip_said, self.strip,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addLayout(scores)
        layout.addWidget(self.folded)

    def show_next(self, run: str, command: str) -> None:
        """Show where the next training goes, and its command."""
        if self.run.text() != run:
            self.run.setText(run)
        self.command.setText(command)

    def show_known(self, runs: Sequence[Path], watched: Path | None) -> None:
        """List the trainings that can be watched again."""
        self.known.clear()
        for run in runs:
            self.known.addItem(run.name, str(run))
            self.known.setItemData(self.known.count() - 1, str(run), Qt.ItemDataRole.ToolTipRole)
        self.known.setCurrentIndex(-1 if watched is None else self.known.findData(str(watched)))

    def clear(self) -> None:
        """Show no training."""
        self._number = -1
        for plot in self.plots.values():
            plot.clear()
        self.pictures.clear()
        self.strip.show_ticks(())
        self.facts.clear()
        self.scores.clear()
        self.log.clear()

    def show_sight(self, sight: Sight) -> None:
        """Show what was seen; nothing is drawn anew that has not changed."""
        snapshot = sight.snapshot
        for name, data in sight.pictures.items():
            picture = QPixmap()
            picture.loadFromData(data)
            self.pictures.show_picture(PICTURES.index(name), picture)
        self._show_log(snapshot.lines)
        if snapshot.number == self._number:
            return
        self._number = snapshot.number
        for place, lines in DRAWN.items():
            for curve, line in lines.items():
                found = snapshot.curves.get(curve)
                if found is not None:
                    band = (found.low, found.high)
                    self.plots[place].show_line(line.name, found.x, found.mean, band)
        self.strip.show_ticks([is_truth for _, is_truth in snapshot.recent])
        self.facts.setText(facts_line(snapshot.facts))
        self.scores.setText(f"Validation: {scores_line(snapshot.validation)}")

    def _show_log(self, lines: Sequence[str]) -> None:
        text = "\n".join(lines)
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            bar = self.log.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _activated(self, index: int) -> None:
        self.chosen.emit(Path(self.known.itemData(index)))

    def _named(self) -> None:
        self.run_named.emit(self.run.text().strip())

    def _to_clipboard(self) -> None:
        QApplication.clipboard().setText(self.command.text())
