# SPDX-License-Identifier: BSD-3-Clause
"""Sweep of the open case: methods and patterns over the acceleration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.compare import Sweep, SweepPoint
from napari_mtmri.compare.sweep_rows import Curve
from napari_mtmri.gui.compare.parts.strip import lines_of
from napari_mtmri.gui.compare.sweep_job import SweepProgress
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.plot import Plot
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.methods.base import DEFAULT_METHOD, METHODS
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.result import ZERO_FILLED

NEEDS_REFERENCE = "Needs a fully sampled image: add one as a cell and set 'Cell is' to reference."
R_TIP = "Accelerations R, separated by commas"
ROWS = 5
MOST_MASKS = 20
POINT_LENGTH = 12  # of the list of points, in wide characters
STOPPED = "Stopped; finished points are kept. Start continues."


class _Ticks(QListWidget):
    """Names to tick."""

    def __init__(self, names: Sequence[str], ticked: Sequence[str], about: str) -> None:
        super().__init__()
        self.setToolTip(about)
        self.setAccessibleName(about)
        for name in names:
            item = QListWidgetItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            is_ticked = name in ticked
            item.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
            self.addItem(item)
            if is_ticked:
                self.scrollToItem(item)

    @property
    def ticked(self) -> tuple[str, ...]:
        """The ticked names."""
        items = [self.item(row) for row in range(self.count())]
        return tuple(one.text() for one in items if one.checkState() == Qt.CheckState.Checked)

    def sizeHint(self) -> QSize:
        """Some rows high."""
        return QSize(90, (self.fontMetrics().height() + 4) * ROWS)

    def minimumSizeHint(self) -> QSize:
        """Same as `sizeHint`."""
        return self.sizeHint()


class SweepPart(QWidget):
    """Choices of a sweep, its progress, and the plot of its scores.

    Signals
    -------
    report_asked : folder of the shown sweep
    start_asked, stop_asked, folder_asked
    point_asked : `SweepPoint` that was clicked or chosen
    """

    start_asked = Signal()
    stop_asked = Signal()
    folder_asked = Signal()
    point_asked = Signal(object)
    report_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        methods = [name for name in METHODS.names() if name != ZERO_FILLED]
        self.methods = _Ticks(methods, (DEFAULT_METHOD,), "methods; zero-filled is always measured")
        patterns = [name for name in PATTERNS.names() if name not in ("file", "full")]
        self.patterns = _Ticks(patterns, ("random",), "sampling patterns")
        self.accelerations, self.masks = QLineEdit("2, 3, 4, 6, 8"), QSpinBox()
        self.folder, self.browse = QLineEdit(), QPushButton("…")
        self.start, self.stop = QPushButton("Start"), QPushButton("Stop")
        self.report = QPushButton("Report…")
        self.progress, self.note, self.problem = QProgressBar(), QLabel(), Problem()
        self.score, self.plot = QComboBox(), Plot("score over R", ())
        self.point, self.add = QComboBox(), QPushButton("Add as cell")
        self._sweep: Sweep | None = None
        self._curves: dict[str, Curve] = {}
        self._prepare()
        self._lay_out()
        self.start.clicked.connect(self.start_asked)
        self.stop.clicked.connect(self.stop_asked)
        self.report.clicked.connect(self._ask_report)
        self.browse.clicked.connect(self.folder_asked)
        self.score.activated.connect(self._draw)
        self.add.clicked.connect(self._add_chosen)
        self.show_running(False, can_start=False)

    def _prepare(self) -> None:
        self.accelerations.setToolTip(R_TIP)
        self.masks.setRange(1, MOST_MASKS)
        self.masks.setToolTip("Number of sampling masks for each R; the band is their range")
        self.folder.setToolTip("Folder of the sweep; finished points in it are not computed again")
        self.browse.setToolTip("Choose the folder of the sweep")
        self.start.setToolTip("Compute the scores; a stopped sweep continues")
        self.stop.setToolTip("Stop; finished points are kept")
        self.report.setToolTip("Write one HTML page with plots, tables and limits of this sweep")
        self.score.setToolTip("Score that is plotted over R")
        self.point.setToolTip("Finished points; a click on the plot adds the nearest one")
        self.point.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.point.setMinimumContentsLength(POINT_LENGTH)
        self.add.setToolTip("Add the result of this point as a cell")
        self.note.setWordWrap(True)
        for widget in (self.progress, self.report, self.score, self.plot, self.point, self.add):
            widget.hide()

    def _lay_out(self) -> None:
        lists, folder, form = QHBoxLayout(), QHBoxLayout(), QFormLayout()
        for title, ticks in (("Methods", self.methods), ("Patterns", self.patterns)):
            column = QVBoxLayout()
            column.addWidget(QLabel(title))
            column.addWidget(ticks)
            lists.addLayout(column)
        folder.addWidget(self.folder, stretch=1)
        folder.addWidget(self.browse)
        form.addRow("R", self.accelerations)
        form.addRow("Masks for each R", self.masks)
        form.addRow("Folder", folder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(lists)
        layout.addLayout(form)
        layout.addLayout(Flow(self.start, self.stop, self.score, self.report))
        for widget in (self.progress, self.note, self.problem, self.plot):
            layout.addWidget(widget)
        chosen = QHBoxLayout()
        chosen.addWidget(self.point, stretch=1)
        chosen.addWidget(self.add)
        layout.addLayout(chosen)

    def show_running(self, is_running: bool, *, can_start: bool) -> None:
        """Enable Start or Stop."""
        self.start.setEnabled(can_start and not is_running)
        self.stop.setEnabled(is_running)
        self.progress.setVisible(is_running)
        if not can_start:
            self.note.setText(NEEDS_REFERENCE)
        elif self.note.text() == NEEDS_REFERENCE:
            self.note.clear()

    def show_progress(self, progress: SweepProgress) -> None:
        """Show finished points and the time to go."""
        self.progress.setRange(0, max(progress.total, 1))
        self.progress.setValue(progress.done)
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s to go"
        self.note.setText(f"{progress.done} of {progress.total} points{left}")
        self.note.setToolTip(progress.name)

    def show_sweep(self, sweep: Sweep) -> None:
        """Show the scores over R, and the points that failed."""
        self._sweep = sweep
        before = self.score.currentText()
        self.score.clear()
        self.score.addItems(list(sweep.metrics))
        if before in sweep.metrics:
            self.score.setCurrentText(before)
        self.score.setVisible(bool(sweep.metrics))
        self.report.show()
        failed = [f"{point.name}: {point.reason}" for point in sweep.failed]
        done = [point for point in sweep.points if point.state == "done"]
        self.point.clear()
        for point in done:
            self.point.addItem(point.name.partition(" · ")[2], point)  # all are of one case
        for widget in (self.point, self.add):
            widget.setVisible(bool(done))
        text = f"{len(done)} points done. Click a point of the plot to add its result as a cell."
        self.note.setText("\n".join([text, *failed]))
        self.note.setToolTip(str(sweep.folder))
        self._draw()

    def _draw(self, *_: object) -> None:
        if self._sweep is None or not self.score.currentText():
            self.plot.hide()
            return
        curves = self._sweep.curves(self.score.currentText())
        patterns = {curve.pattern for curve in curves}
        self._curves = {
            f"{one.method} {one.pattern}" if len(patterns) > 1 else one.method: one
            for one in curves
        }
        names = list(self._curves)
        lines = [
            type(line)(line.name, line.color, line.is_dashed, True) for line in lines_of(names)
        ]
        plot = Plot(curves[0].title if curves else "score", lines)
        self.layout().replaceWidget(self.plot, plot)
        self.plot.hide()
        self.plot.deleteLater()
        self.plot = plot
        for name, one in self._curves.items():
            band = (one.low, one.high) if np.isfinite(one.low).any() else None
            plot.show_line(name, one.accelerations, one.mean, band)
        bands = dict.fromkeys(one.band for one in curves if one.band)
        plot.canvas.setToolTip("\n".join(["Score over R; click a point to see it", *bands]))
        plot.canvas.scene().sigMouseClicked.connect(self._clicked)

    def _clicked(self, event: Any) -> None:
        point = self._nearest(event.scenePos())
        if point is not None:
            self.point_asked.emit(point)

    def _nearest(self, place: Any) -> SweepPoint | None:
        """Return the finished point that is nearest to a place of the plot, in pixels."""
        view, best = self.plot.canvas.getViewBox(), None
        for curve in self._curves.values():
            for acceleration, mean in zip(curve.accelerations, curve.mean, strict=True):
                if self._sweep is None or not np.isfinite(mean):
                    continue
                found = self._sweep.at(curve.method, curve.pattern, float(acceleration))
                drawn = view.mapViewToScene(_at(acceleration, mean))
                far = (drawn - place).manhattanLength()
                if found and (best is None or far < best[0]):
                    best = far, found[0]
        return None if best is None else best[1]

    def _add_chosen(self) -> None:
        self.point_asked.emit(self.point.currentData())

    def _ask_report(self) -> None:
        if self._sweep is not None:
            self.report_asked.emit(self._sweep.folder)

    def use_folder(self, folder: str) -> None:
        """Use a folder that was chosen."""
        self.folder.setText(folder)
        self.folder.setModified(True)

    def suggest_folder(self, name: str) -> None:
        """Suggest a folder for a case, unless one was typed."""
        if not self.folder.isModified():
            self.folder.setText(str(Path.home() / "mtmri-sweeps" / name))


def _at(x: float, y: float) -> Any:
    from qtpy.QtCore import QPointF

    return QPointF(float(x), float(y))
