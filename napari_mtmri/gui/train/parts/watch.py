# SPDX-License-Identifier: BSD-3-Clause
"""The training that is watched: folder, curves, pictures and log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle
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
from napari_mtmri.gui.widgets.layout import Flow, Fold
from napari_mtmri.gui.widgets.pictures import Pictures
from napari_mtmri.gui.widgets.plot import Line, Plot
from napari_mtmri.gui.widgets.ticks import LEGEND, TickStrip
from napari_mtmri.train.monitor.aggregate import LOSS, SEG, SEG_OWN, SEG_TRUTH

COLORS = tuple(
    (color, is_dashed) for is_dashed in (False, True) for color in ("image", "own", "truth")
)
PICTURES = ("zero-filled", "now", "reference", "labels")
# Lines of the plots, by the names of the curves of a training.
DRAWN = {
    "losses": {
        "recon_loss": Line("reconstruction", "image"),
        SEG: Line("segmentation", "own"),
        SEG_TRUTH: Line("segmentation, input: reference image", "truth"),
        SEG_OWN: Line("segmentation, input: reconstruction", "own", is_dashed=True),
    },
    "weights": {
        "alpha": Line("α reconstruction", "image"),
        "beta": Line("β segmentation", "own", is_dashed=True),
    },
    "psnr": {"val_psnr": Line("reconstruction", "image", has_marks=True)},
    "dice": {
        "val_dice": Line("input: reconstruction", "own", is_dashed=True, has_marks=True),
        "val_dice_truth": Line("input: reference image", "truth", has_marks=True),
        "val_dice_ceiling": Line("labels after the auto-encoder", "image", has_marks=True),
    },
}

TIPS = {
    "losses": "Means and ranges of the losses over updates, for each input of the U-Net",
    "weights": "Weights of the losses over updates",
    "psnr": "PSNR of the validation cases against the fully sampled image, over updates",
    "dice": "Dice of the validation cases over updates, for each input of the U-Net",
}


def loss_lines(curves: Iterable[str]) -> dict[str, Line]:
    """Return the lines of the losses: those of the joint model, then others of the method.

    If there are none, the total loss is drawn.
    """
    known = DRAWN["losses"]
    others = [name for name in curves if name.endswith(LOSS) and name not in known]
    names = others if others or not known.keys().isdisjoint(curves) else ["loss"]
    colors = zip(names, cycle(COLORS))
    made = {
        name: Line(name.removesuffix(LOSS), color, is_dashed) for name, (color, is_dashed) in colors
    }
    return {**known, **made}


class WatchPart(QWidget):
    """Shows the state of a training.

    Signals
    -------
    open_asked : the user wants to open a training folder
    again_asked : the user wants to train again like the displayed training
    chosen : Path of a known training
    run_named : typed folder of the next training
    """

    open_asked = Signal()
    again_asked = Signal()
    chosen = Signal(object)
    run_named = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = -1
        self.known, self.open = QComboBox(), QPushButton("Open…")
        self.again = QPushButton("Train again like this")
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
        self.strip, self.strip_note = (
            TickStrip(),
            QLabel(f"Input of the U-Net, last updates. {LEGEND}"),
        )
        self.pictures, self.log = Pictures(PICTURES, len(PICTURES)), QPlainTextEdit()
        self.folded = Fold("Log", self.log)
        self._prepare()
        self._lay_out()
        self.clear()
        self.open.clicked.connect(self.open_asked)
        self.again.clicked.connect(self.again_asked)
        self.known.activated.connect(self._activated)
        self.run.editingFinished.connect(self._named)
        self.copy.clicked.connect(self._to_clipboard)

    def _prepare(self) -> None:
        self.known.setAccessibleName("displayed training")
        self.known.setToolTip("Displayed training; choose an earlier one here")
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.known.setSizeAdjustPolicy(policy)
        self.known.setMinimumContentsLength(10)
        self.known.setPlaceholderText("No training")
        self.open.setToolTip(
            "Open any training folder, also one written from a shell or on a cluster"
        )
        self.run.setToolTip("Training folder of the next training")
        self.run.setAccessibleName("folder of the next training")
        self.copy.setToolTip("Copy the shell command that starts the same training")
        self.again.setToolTip("Choose the data and the recipe of this training for the next one")
        self.strip_note.setWordWrap(True)
        for label in (self.facts, self.scores, self.command):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.command.setToolTip("Command started by Start")
        self.pictures.setToolTip("One validation slice; the segmentation is outlined in orange")
        self.log.setReadOnly(True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setMinimumHeight(8 * self.log.fontMetrics().height())

    def _lay_out(self) -> None:
        watched, folder, scores = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        watched.addWidget(self.known, stretch=1)
        watched.addWidget(self.open)
        again = Flow(self.again)
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
        layout.addLayout(again)
        for widget in (
            self.next, self.facts, self.scores, self.pictures, self.plots["losses"],
            self.plots["weights"], self.strip_note, self.strip,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addLayout(scores)
        layout.addWidget(self.folded)

    def show_next(self, run: str, command: str) -> None:
        """Show the folder of the next training, and its command."""
        if self.run.text() != run:
            self.run.setText(run)
        self.command.setText(command)

    def show_known(self, runs: Sequence[Path], watched: Path | None) -> None:
        """List the known trainings."""
        self.known.clear()
        for run in runs:
            self.known.addItem(run.name, str(run))
            self.known.setItemData(self.known.count() - 1, str(run), Qt.ItemDataRole.ToolTipRole)
        self.known.setCurrentIndex(-1 if watched is None else self.known.findData(str(watched)))

    def clear(self) -> None:
        """Show no training."""
        self.again.setEnabled(False)
        self._number = -1
        for plot in self.plots.values():
            plot.clear()
        self.pictures.clear()
        self._show_ticks(())
        self.facts.clear()
        self.scores.clear()
        self.log.clear()

    def show_sight(self, sight: Sight) -> None:
        """Show the state of a training; redraw only changes."""
        snapshot = sight.snapshot
        self.again.setEnabled(True)
        for name, data in sight.pictures.items():
            picture = QPixmap()
            picture.loadFromData(data)
            self.pictures.show_picture(PICTURES.index(name), picture)
        self._show_log(snapshot.lines)
        if snapshot.number == self._number:
            return
        self._number = snapshot.number
        for place, lines in {**DRAWN, "losses": loss_lines(snapshot.curves)}.items():
            for curve, line in lines.items():
                found = snapshot.curves.get(curve)
                if found is not None:
                    band = (found.low, found.high)
                    self.plots[place].add_line(line)
                    self.plots[place].show_line(line.name, found.x, found.mean, band)
        self.plots["weights"].setVisible(not DRAWN["weights"].keys().isdisjoint(snapshot.curves))
        self._show_ticks([is_truth for _, is_truth in snapshot.recent])
        self.facts.setText(facts_line(snapshot.facts))
        self.scores.setText(f"Validation: {scores_line(snapshot.validation)}")

    def _show_ticks(self, ticks: Sequence[bool]) -> None:
        self.strip.show_ticks(ticks)
        for widget in (self.strip, self.strip_note):
            widget.setVisible(bool(ticks))

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
