# SPDX-License-Identifier: BSD-3-Clause
"""Training data: cases, their split, the check for leaks, and slices as the network receives them."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.jobs import Job
from napari_mtmri.gui.train.state import Plan
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.pictures import Pictures
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.train.data.preview import N_SEEN, SEEN_KEYS, Look, look
from napari_mtmri.train.recipe import SIMULATED, Recipe

COLUMNS = 3


class DataPart(QWidget):
    """Chooses the cases and shows some of them, read in a thread.

    Signals
    -------
    folder_asked, table_asked : the user wants to choose a folder or table of cases
    open_asked : the user wants to open a training folder
    """

    folder_asked = Signal()
    table_asked = Signal()
    open_asked = Signal()

    def __init__(self, plan: Plan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan = plan
        self._key: tuple[Any, ...] = ()
        self.looks = Job(self)
        self._found: Look | None = None
        self.place, self.problem = QLineEdit(), Problem()
        self.facts, self.leaks = QLabel(), QLabel()
        self.place.setText(plan.data)
        self.place.setAccessibleName("cases")
        self.place.setToolTip("Folder of cases, table cases.csv, or 'simulated': simulated heads")
        self.simulated, self.folder = QPushButton("Simulated"), QPushButton("Folder…")
        self.table, self.open = QPushButton("Table…"), QPushButton("Open a training…")
        self.simulated.setToolTip("Simulated heads, to check that training works")
        self.folder.setToolTip(
            "Folder of cases: ATLAS, kaggle_3m, BrainWeb, tissue label maps, or file patterns in the recipe"
        )
        self.table.setToolTip(
            "Table cases.csv with the columns case, image, mask and optionally split"
        )
        self.open.setToolTip("Open the training folder of a training that was started elsewhere")
        for label in (self.facts, self.leaks):
            label.setWordWrap(True)
        self.montage = Pictures([""] * N_SEEN, COLUMNS)
        self.truth = QCheckBox("Fully sampled")
        self.truth.setToolTip(
            "Show the reference images of these slices: target of the reconstruction loss, and "
            "input of the U-Net in some updates (ITFS)"
        )
        self._lay_out()
        self.place.editingFinished.connect(self._typed)
        self.simulated.clicked.connect(self._simulate)
        self.folder.clicked.connect(self.folder_asked)
        self.table.clicked.connect(self.table_asked)
        self.open.clicked.connect(self.open_asked)
        self.truth.toggled.connect(self._draw)
        self.looks.progressed.connect(self._show_reading)
        self.looks.done.connect(self._show)
        self.looks.failed.connect(self._failed)

    def _lay_out(self) -> None:
        row = Flow(QLabel("Six slices as the network receives them"), self.truth)
        buttons = Flow(self.simulated, self.folder, self.table, self.open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.place)
        layout.addLayout(buttons)
        for widget in (self.facts, self.leaks, self.problem):
            layout.addWidget(widget)
        layout.addLayout(row)
        layout.addWidget(self.montage)

    def choose(self, data: str) -> None:
        """Choose a folder or table of cases."""
        self._key = ()  # read again even if the name is the same
        self._plan.data = data
        self.place.setText(data)
        self.refresh()

    def refresh(self) -> None:
        """Read the cases again if a choice that affects them has changed."""
        if self.place.text() != self._plan.data and not self.place.hasFocus():
            self.place.setText(self._plan.data)  # chosen elsewhere
        try:
            recipe = self._plan.recipe()
        except MtmriError:
            return  # shown at the recipe
        key = (self._plan.data, *(str(recipe[name]) for name in SEEN_KEYS))
        if key != self._key:
            self._show_nothing()
            self._key = key
            self.facts.setText("Looking for cases …")
            self.looks.stop()  # of the choices before
            self.looks.start(partial(_look, self._plan.data, recipe))

    def _show_reading(self, text: str) -> None:
        self.facts.setText(text)

    def _typed(self) -> None:
        text = self.place.text().strip()
        text = str(Path(text).expanduser()) if text.startswith("~") else text
        if text and (text != self._plan.data or not self._key):
            self.choose(text)

    def _simulate(self) -> None:
        self.choose(SIMULATED)

    def _show(self, found: Look) -> None:
        self._found = found
        self.problem.clear()
        self.facts.setText("\n".join(found.facts))
        self.leaks.setText(found.leaks)
        self._draw()

    def _failed(self, why: BaseException) -> None:
        self._show_nothing()
        self.problem.show_error(why)

    def _show_nothing(self) -> None:
        self._found, self._key = None, ()
        for part in (self.facts, self.leaks, self.montage, self.problem):
            part.clear()

    def _draw(self, *_: object) -> None:
        self.montage.clear()
        if self._found is not None:
            shown = self._found.truth if self.truth.isChecked() else self._found.seen
            for number, picture in enumerate(shown):
                self.montage.show_picture(number, pixmap_of(picture))


def _look(data: str, recipe: Recipe, report: Any, stop: threading.Event) -> Look:
    return look(data, recipe, report, stop)


def pixmap_of(picture: np.ndarray) -> QPixmap:
    """Return a picture for Qt from a uint8 array (rows, columns, 3)."""
    rows, columns, _ = picture.shape
    image = QImage(picture.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy())
