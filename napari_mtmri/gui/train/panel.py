# SPDX-License-Identifier: BSD-3-Clause
"""The Train panel: connects its parts to the training process and its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_info
from napari.viewer import Viewer
from qtpy.QtWidgets import QFileDialog, QTabWidget, QVBoxLayout

from napari_mtmri.errors import InputError, MtmriError
from napari_mtmri.gui.app import commands
from napari_mtmri.gui.app.closing import ClosingGuard, guard_window_of
from napari_mtmri.gui.app.panels import register_panel, unbind_keys, unwrapped
from napari_mtmri.gui.jobs import Job, once, sentence
from napari_mtmri.gui.train.closing import QUESTION
from napari_mtmri.gui.train.guide import GUIDE
from napari_mtmri.gui.train.parts.data import DataPart
from napari_mtmri.gui.train.parts.recipe import RecipePart
from napari_mtmri.gui.train.parts.run import RunPart
from napari_mtmri.gui.train.parts.use import UsePart
from napari_mtmri.gui.train.parts.watch import WatchPart
from napari_mtmri.gui.train.recipe_keys import label_of
from napari_mtmri.gui.train.state import MEASURED, Plan
from napari_mtmri.gui.train.trainings import Launcher, Sight, Watcher
from napari_mtmri.gui.widgets.header import Header
from napari_mtmri.gui.widgets.layout import Column, Panel
from napari_mtmri.train.export.weights import Exported
from napari_mtmri.train.folder import launch
from napari_mtmri.train.folder.layout import is_run, read_config
from napari_mtmri.train.monitor.status import Status

BEING_STARTED = Status("starting", is_stopping=True)  # and cannot be stopped yet
TABLES = "Tables of cases (*.csv)"
KEYS = {
    "Alt-T": commands.start_training,
    "Alt-E": commands.stop_training,
    "Alt-G": commands.resume_training,
}


class Train(Panel):
    """Train a method, watch the training, and use the trained weights."""

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = unwrapped(napari_viewer)
        self.plan = Plan()
        self.plan.choose_free_run()
        self.status = Status()
        self.header = Header("Train", GUIDE)
        self.data, self.recipe = DataPart(self.plan), RecipePart(self.plan)
        self.watch_part, self.use, self.run_part = WatchPart(), UsePart(), RunPart()
        self.watcher, self.launcher, self.estimating = Watcher(self), Launcher(self), Job(self)
        self.guard: ClosingGuard | None = None
        self._has_let_go = False
        self._is_hidden = False
        self._lay_out()
        self._connect()
        stops = self.estimating.stopper.stop, self.data.looks.stopper.stop
        register_panel(self, partial(_stop_all, stops), KEYS)
        self._plan_changed()
        once(_device, self.header.show_device, self._no_device)
        self.launcher.find()

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.addTab(Column(self.data), "Data")
        self.tabs.addTab(Column(self.recipe), "Recipe")
        self.tabs.addTab(Column(self.watch_part), "Run")
        self.tabs.addTab(Column(self.use), "Use")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 6)
        layout.addWidget(self.header)
        layout.addWidget(self.tabs, stretch=1)
        layout.addWidget(self.run_part)

    def _connect(self) -> None:
        self.plan.events.connect(self._plan_changed)
        self.data.folder_asked.connect(self._ask_for_folder)
        self.data.table_asked.connect(self._ask_for_table)
        self.data.open_asked.connect(self._ask_for_run)
        self.watch_part.open_asked.connect(self._ask_for_run)
        self.watch_part.again_asked.connect(self.train_again)
        self.watch_part.chosen.connect(self.open_run)
        self.watch_part.run_named.connect(self._run_named)
        self.run_part.start_asked.connect(self.start)
        self.run_part.stop_asked.connect(self.stop)
        self.run_part.resume_asked.connect(self.resume)
        self.recipe.estimate_asked.connect(self.estimate)
        self.recipe.estimate_stopped.connect(self.estimating.stop)
        self.estimating.done.connect(self.recipe.show_estimate)
        self.estimating.stopped.connect(self.recipe.show_estimate)
        self.estimating.failed.connect(self.recipe.show_estimate_error)
        self.estimating.ended.connect(self.recipe.show_estimating)
        self.watcher.seen.connect(self._seen)
        self.watcher.failed.connect(self._failed)
        self.launcher.started.connect(self._watch)
        self.launcher.found.connect(self._found)
        self.launcher.listed.connect(self._list)
        self.launcher.failed.connect(self._failed)
        self.use.exported.connect(self._exported)
        self.use.reconstruct_asked.connect(self._reconstruct)

    def _no_device(self, why: BaseException) -> None:
        self.header.show_no_device(why)
        self._failed(why)

    def _plan_changed(self, what: Any = None) -> None:
        if what is not None and what.signal.name in MEASURED:
            self.estimating.stop()
        self.watch_part.show_next(self.plan.run, launch.shown(self.plan.command()))
        self.run_part.show_refused([label_of(key) for key in self.plan.refused])
        if not self._is_hidden:
            self.data.refresh()

    def _run_named(self, run: str) -> None:
        if run:
            self.plan.run = str(Path(run).expanduser())
        self.watch_part.show_next(self.plan.run, launch.shown(self.plan.command()))

    def _ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of cases")
        if path:
            self.data.choose(path)

    def _ask_for_table(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Table of cases", "", TABLES)
        if path:
            self.data.choose(path)

    def _ask_for_run(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Training folder")
        if path:
            self.open_run(Path(path))

    def estimate(self) -> None:
        """Measure a few updates of the chosen training."""
        if not self.estimating.is_running:
            self.recipe.show_estimating(True)
            self.estimating.start(partial(_measure, self.plan.command()))

    def start(self) -> None:
        """Start the chosen training, unless one is running or a value was refused."""
        if not self.status.is_going_on and not self.plan.refused:
            self._start(self.plan.command(), Path(self.plan.run))

    def _start(self, words: list[str], run: Path) -> None:
        self.run_part.problem.clear()
        self._show_status(BEING_STARTED)  # so that a second click does nothing
        self.launcher.start(words, run)

    def _show_status(self, status: Status) -> None:
        self.status = status
        self.run_part.show_status(status)

    def stop(self) -> None:
        """Ask the watched training to stop after the current batch."""
        is_running = self.status.is_going_on and self.status is not BEING_STARTED
        if self.watcher.run is not None and is_running:
            self.run_part.problem.clear()
            self._show_status(replace(self.status, is_stopping=True))  # before it is heard
            self.launcher.stop(self.watcher.run)

    def resume(self) -> None:
        """Resume the watched training."""
        run = self.watcher.run
        if run is not None and self.status.can_go_on:
            self._start(launch.resume_command(run), run)

    def train_again(self) -> None:
        """Choose the data and the recipe of the watched training for the next one."""
        if self.watcher.run is not None:
            self._adopt(self.watcher.run)
            self.tabs.setCurrentWidget(self.tabs.widget(1))

    def _found(self, run: Path) -> None:
        """Show a running training; until something else is chosen, all tabs are about it."""
        self.open_run(run)
        if self.watcher.run == run and not self.plan.is_touched:
            self._adopt(run)

    def _adopt(self, run: Path) -> None:
        try:
            self.plan.adopt(read_config(run))
        except MtmriError as why:
            self._failed(why)

    def open_run(self, run: Path) -> None:
        """Watch the training in a folder, also one started elsewhere."""
        if is_run(run):
            self._watch(run, None)
        else:
            why = f"{run}: not a training folder (no config.yaml); choose another folder."
            self._failed(InputError(why))

    def _watch(self, run: Path, launched: Any) -> None:
        if self.watcher.run != run:
            self.watch_part.clear()
            self.use.clear()
            self._show_status(Status() if launched is None else Status("starting"))
        self.run_part.problem.clear()
        self.watcher.watch(run, launched)
        self.launcher.remember(run)
        self.tabs.setCurrentWidget(self.tabs.widget(2))
        if Path(self.plan.run).resolve() == run.resolve():
            self.plan.choose_free_run()

    def _list(self, runs: list[Path]) -> None:
        self.watch_part.show_known(runs, self.watcher.run)

    def _seen(self, sight: Sight) -> None:
        before = self.status
        self._show_status(sight.snapshot.status)
        if not self._is_hidden and not sight.snapshot.has_more:
            self.watch_part.show_sight(sight)
            self.use.show_snapshot(sight.run, sight.snapshot)
        elif self._is_hidden and before.is_going_on and not self.status.is_going_on:
            show_info(f"{sight.run.name}: {self.run_part.status.text()}")

    def _exported(self, exported: Exported) -> None:
        commands.refresh_methods(self.viewer)

    def _reconstruct(self, exported: Exported) -> None:
        commands.use_weights(self.viewer, exported.card.method, exported.path)

    def _failed(self, why: BaseException) -> None:
        if self.status is BEING_STARTED:
            self._show_status(Status())
        self.run_part.problem.show_error(why)
        if self._is_hidden:
            show_info(sentence(why))

    def close_down(self) -> None:
        """Stop estimate and watching; the training continues."""
        self.estimating.stop()
        self.data.looks.stop()
        self.let_go()

    def let_go(self) -> None:
        """Disconnect from the viewer, also when the widget itself is deleted."""
        if not self._has_let_go:
            self._has_let_go = True
            self.watcher.end()
            unbind_keys(self.viewer, KEYS)

    def hideEvent(self, event: Any) -> None:
        """Read the training folder less often while the panel is hidden."""
        self._is_hidden = True
        self.watcher.set_visible(False)
        super().hideEvent(event)

    def showEvent(self, event: Any) -> None:
        """Read the training folder often, and ask before napari closes while a training runs."""
        super().showEvent(event)
        if self._is_hidden:
            self._is_hidden = False
            self.data.refresh()
            self.watcher.set_visible(True)
        self.guard = guard_window_of(self)
        if self.guard is not None:
            self.guard.add(QUESTION)


def _stop_all(stops: Sequence[Callable[[], None]], *_: object) -> None:
    for stop in stops:
        stop()


def _device() -> str:
    from napari_mtmri.device import choose_device

    return str(choose_device("auto", "auto").why)


def _measure(words: list[str], report: Any, stop: Any) -> dict[str, Any]:
    return launch.measure(words, stop)
