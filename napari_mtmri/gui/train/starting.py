# SPDX-License-Identifier: BSD-3-Clause
"""Starts and stops trainings in a thread, and keeps the list of those that are known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_mtmri.gui.jobs import once
from napari_mtmri.train.folder import launch
from napari_mtmri.train.folder.launch import recent_runs, remember_run
from napari_mtmri.train.folder.process import Process
from napari_mtmri.train.monitor.reader import Follower


class Starting(QObject):
    """What is done to trainings; disks may be slow, so none of it in the window's thread.

    Signals
    -------
    started : Path, Process
    found : Path of a training that was started before and still runs
    listed : list of Path, the newest first
    failed : exception
    """

    started = Signal(object, object)
    found = Signal(object)
    listed = Signal(object)
    failed = Signal(object)

    def start(self, words: Sequence[str], run: Path) -> None:
        """Start a command that trains in a folder."""
        once(partial(_start, words, run), self._started, self.failed)

    def stop(self, runs: Sequence[Path]) -> None:
        """Ask trainings to stop."""
        once(partial(_stop, runs), _nothing, self.failed)

    def remember(self, run: Path) -> None:
        """Put a training first in the list."""
        once(partial(_remember, run), self.listed, self.failed)

    def attach(self) -> None:
        """List the trainings that are known, and find the newest one that still runs."""
        once(_find, self._found, self.failed)

    def _started(self, found: tuple[Path, Process]) -> None:
        self.started.emit(*found)

    def _found(self, found: tuple[list[Path], Path | None]) -> None:
        runs, running = found
        self.listed.emit(runs)
        if running is not None:
            self.found.emit(running)


def _start(words: Sequence[str], run: Path) -> tuple[Path, Process]:
    return run.resolve(), launch.start(words, run)


def _stop(runs: Sequence[Path]) -> None:
    for run in runs:
        launch.ask_to_stop(run)


def _remember(run: Path) -> list[Path]:
    remember_run(run)
    return [run, *(other for other in recent_runs() if other != run)]


def _find() -> tuple[list[Path], Path | None]:
    runs = recent_runs()
    running = (run for run in runs if Follower(run).poll().status.state == "running")
    return runs, next(running, None)


def _nothing(value: object) -> None:
    """What there is to do when a wish was written."""
