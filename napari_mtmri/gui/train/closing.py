# SPDX-License-Identifier: BSD-3-Clause
"""The question when napari is closed while a training started from it is running."""

from __future__ import annotations

from napari_mtmri.gui.app.closing import Question
from napari_mtmri.train.folder import launch

TEXT = (
    "A training that was started from this window is still running.\n\n"
    "It can continue without napari; 'Open…' in the Train panel shows it again."
)
STOP, KEEP_RUNNING, STAY = "Stop after this batch", "Keep it running", "Keep napari open"


def _stop() -> None:
    for run in launch.running():
        launch.ask_to_stop(run)


def _keep_running() -> None:
    """Let the training run on without napari."""


QUESTION = Question(
    title="Train",
    is_needed=lambda: bool(launch.running()),
    text=lambda: TEXT,
    answers={STOP: _stop, KEEP_RUNNING: _keep_running, STAY: None},
)
