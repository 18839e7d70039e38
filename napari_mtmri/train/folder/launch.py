# SPDX-License-Identifier: BSD-3-Clause
"""Start a training as a process of its own, and ask it to stop. Knows no torch and no Qt."""

from __future__ import annotations

import atexit
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_mtmri.errors import RequestError, ResourceError, Stopped
from napari_mtmri.train.folder.layout import CONSOLE, STOP, is_file
from napari_mtmri.train.folder.process import Process

PROGRAM = "napari-mtmri"
LAST_WORDS_S = 10.0  # for a program that was ended to say so itself
LOOK_S = 0.05  # how often an estimate looks whether it is to stop
_REGISTER = threading.RLock()  # of what is started, held while something is
_STARTED: dict[Path, subprocess.Popen[bytes]] = {}  # by this program; reaped when asked for


def command(
    preset: str | None, data: str, run: str | Path, changes: Mapping[str, Any]
) -> list[str]:
    """Return the words of the shell command that starts a training.

    Parameters
    ----------
    preset : str or None
    data : str
        Folder or table of cases, or "simulated".
    run : path
        Folder that is to be made.
    changes : mapping
        Keys of the recipe that differ from the preset's.

    Examples
    --------
    >>> shown(command("quick-check", "simulated", "my run", {"epochs": 3}))
    "napari-mtmri train --preset quick-check --data simulated --out 'my run' epochs=3"
    """
    words = [PROGRAM, "train"]
    if preset is not None:
        words += ["--preset", preset]
    words += ["--data", data, "--out", str(run)]
    return words + [f"{key}={_word(value)}" for key, value in changes.items()]


def resume_command(run: str | Path) -> list[str]:
    """Return the words of the shell command that goes on with a training."""
    return [PROGRAM, "train", "--resume", str(run)]


def shown(words: Sequence[str]) -> str:
    """Return a command as it can be copied into a shell of this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def console_of(run: Path) -> Path:
    """Return where a training writes what a terminal would show.

    Beside its folder, which must be empty when it begins.
    """
    inside = run / CONSOLE
    return inside if is_file(inside) else run.with_name(f"{run.name}.log")


def start(words: Sequence[str], run: Path) -> Process:
    """Start a command of ours as a process that lives on when the window is closed.

    Raises
    ------
    RequestError
        If a training that was started here runs in the folder.
    ResourceError
        If it cannot be started.
    """
    run = Path(run).resolve()
    with _REGISTER:
        return _start(words, run)


def _start(words: Sequence[str], run: Path) -> Process:
    if is_running(run):
        raise RequestError(f"{run}: a training runs there already; watch it or choose another.")
    console = console_of(run)
    try:
        console.parent.mkdir(parents=True, exist_ok=True)
        (run / STOP).unlink(missing_ok=True)  # a wish of before
        with console.open("ab") as log:
            process = subprocess.Popen(
                _real(words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **_of_its_own(),
            )
    except OSError as why:
        raise ResourceError(f"{run}: the training cannot be started ({why}).") from why
    _STARTED[run] = process
    return Process(process.pid, socket.gethostname(), time.time())


@atexit.register
def _let_go() -> None:
    """Leave those that run on to themselves, without a warning that they do."""
    for process in _STARTED.values():
        if process.poll() is None:
            process.returncode = 0


def is_running(run: Path) -> bool:
    """Return whether a training that was started here is still running."""
    return Path(run).resolve() in running()


def running() -> list[Path]:
    """Return the folders in which a training that was started here is running."""
    with _REGISTER:
        for run in [run for run, process in _STARTED.items() if process.poll() is not None]:
            del _STARTED[run]
        return list(_STARTED)


def ask_to_stop(run: Path) -> None:
    """Ask a training to stop after the batch in hand; it leaves a checkpoint.

    One that still reads its cases, and has no folder yet, is ended: nothing is lost.

    Raises
    ------
    ResourceError
        If the wish cannot be written into its folder.
    """
    process = _STARTED.get(Path(run).resolve())
    try:
        if process is not None and not run.is_dir():
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LAST_WORDS_S)
            with console_of(run).open("a", encoding="utf-8") as log:
                log.write("it was stopped before it began.\n")
            return
        (run / STOP).touch()
    except OSError as why:
        raise ResourceError(f"{run / STOP}: cannot be written ({why}); end its process.") from why


def measure(words: Sequence[str], stop: threading.Event) -> dict[str, Any]:
    """Return what a training will take: its command with ``--estimate --json``.

    Raises
    ------
    RequestError
        With what the command said, if it failed.
    Stopped
        If ``stop`` was set; the command is ended.
    """
    process = subprocess.Popen(
        [*_real(words), "--estimate", "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        while True:
            try:
                out, said = process.communicate(timeout=LOOK_S)
                break
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    process.kill()
                    raise Stopped("the estimate was stopped.") from None
    try:
        return dict(json.loads(out))
    except (ValueError, TypeError) as why:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise RequestError(lines[-1] if lines else "the estimate said nothing.") from why


def _real(words: Sequence[str]) -> list[str]:
    """Return the command as this very program runs it, whatever is on the path."""
    return [sys.executable, "-m", "napari_mtmri", *words[1:]]


def _of_its_own() -> dict[str, Any]:
    """Return what makes a process outlive the one that starts it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def _word(value: Any) -> str:
    """Return a value as the shell command reads it again."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)  # a text that looks like a number
