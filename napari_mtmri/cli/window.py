# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri open``: check that a window can be opened, and open it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.registry import Registry

BINDINGS = ("PySide6", "PyQt6", "PyQt5")
PROBE_S = 30.0


@dataclass(frozen=True)
class Window:
    """Whether a window can be opened on this machine.

    Parameters
    ----------
    works : bool
    text : str
        Versions of Qt and OpenGL, or why no window can be opened.
    """

    works: bool
    text: str


def window_here(timeout_s: float = PROBE_S) -> Window:
    """Return whether Qt and OpenGL work, tried in a separate process: a broken driver may crash."""
    if find_spec("napari") is None or not any(find_spec(name) for name in BINDINGS):
        return Window(False, "Qt is not installed (pip install 'napari-mtmri[gui]')")
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return Window(False, "there is no screen (DISPLAY is not set)")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "napari_mtmri.cli.qt_probe"],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Window(False, f"Qt did not answer within {timeout_s:g} s")
    try:
        facts = json.loads(done.stdout)
    except ValueError:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = lines[0] if lines else f"exit status {done.returncode}"
        return Window(False, f"Qt cannot start ({why})")
    return Window(bool(facts["works"]), facts["text"])


def show_window(
    paths: Sequence[Path] = (), *, sample: str | None = None, run: bool = False, **more: object
) -> None:
    """Open the window and return when it is closed; Ctrl-C closes it at once.

    ``more`` are further parameters of `napari_mtmri.gui.app.window.open_window`.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's handler never runs in Qt's event loop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # The import contract keeps `cli` and `gui` apart: the window is found by its entry point.
    open_window = Registry[Callable[..., None]]("windows").get("napari")
    open_window(paths, sample=sample, run=run, **more)


def open_(
    volumes: Annotated[
        list[Path] | None, typer.Argument(metavar="VOLUME", help="Volumes or result folders.")
    ] = None,
) -> None:
    """Open the window with the Reconstruct panel.

    Example: napari-mtmri open patient.nii.gz lesion.nii.gz
             napari-mtmri open results/patient
    """
    for path in volumes or ():
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; check the name.")
    require_window("use `napari-mtmri run`")
    show_window(tuple(volumes or ()))


def require_window(instead: str) -> None:
    """Check that a window can be opened.

    Parameters
    ----------
    instead : str
        What works without one, for the message.

    Raises
    ------
    ResourceError
        If none can be opened.
    """
    window = window_here()
    if not window.works:
        raise ResourceError(
            f"no window can be opened: {window.text}; {instead}, or see `napari-mtmri doctor`."
        )
