# SPDX-License-Identifier: BSD-3-Clause
"""Start a training as a separate process, stop it, and list recent ones.

Imports neither torch nor Qt.
"""

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
from napari_mtmri.files import write_text
from napari_mtmri.train.folder.layout import CONSOLE, STOP, is_file, is_run
from napari_mtmri.train.folder.process import Process

PROGRAM = "napari-mtmri"
EXIT_S = 10.0  # longest wait for a terminated process to exit
NICENESS = 10  # of a training beside the window: a tenth of the window's share of a core
POLL_S = 0.05  # how often an estimate checks whether to stop
MOST_RECENT = 12
_LOCK = threading.RLock()  # guards _STARTED
_STARTED: dict[Path, subprocess.Popen[bytes]] = {}  # trainings started by this program


def command(
    preset: str | None, data: str, run: str | Path, changes: Mapping[str, Any]
) -> list[str]:
    """Return the arguments of the shell command that starts a training.

    Parameters
    ----------
    preset : str or None
    data : str
        Folder or table of cases, or "simulated".
    run : path
        New training folder.
    changes : mapping
        Recipe keys whose values differ from the preset.

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
    """Return the arguments of the shell command that resumes a training."""
    return [PROGRAM, "train", "--resume", str(run)]


def shown(words: Sequence[str]) -> str:
    """Return a command as text, quoted for the shell of this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def console_of(run: Path) -> Path:
    """Return the file with the console output of a training.

    It lies next to the training folder, which must be empty when the training starts.
    """
    inside = run / CONSOLE
    return inside if is_file(inside) else run.with_name(f"{run.name}.log")


def start(words: Sequence[str], run: Path) -> Process:
    """Start a training as a process that keeps running when the window is closed.

    It leaves the window one core and yields to it on the others.

    Raises
    ------
    RequestError
        If a training started by this program is running in the folder.
    ResourceError
        If the process cannot be started.
    """
    run = Path(run).resolve()
    with _LOCK:
        return _start(words, run)


def _start(words: Sequence[str], run: Path) -> Process:
    if is_running(run):
        raise RequestError(
            f"{run}: a training already runs there; watch it or choose another folder."
        )
    console = console_of(run)
    try:
        console.parent.mkdir(parents=True, exist_ok=True)
        (run / STOP).unlink(missing_ok=True)  # meant for an earlier training
        with console.open("ab") as log:
            process = subprocess.Popen(
                _real(words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_with_a_core_to_spare(),
                **_detached(),
            )
    except OSError as why:
        raise ResourceError(f"{run}: the training cannot be started ({why}).") from why
    _yield_to_others(process.pid)
    _STARTED[run] = process
    return Process(process.pid, socket.gethostname(), time.time())


@atexit.register
def _let_go() -> None:
    """Let running trainings continue, without the warning of `subprocess` about them."""
    for process in _STARTED.values():
        if process.poll() is None:
            process.returncode = 0


def is_running(run: Path) -> bool:
    """Return whether a training started by this program runs in a folder."""
    return Path(run).resolve() in running()


def running() -> list[Path]:
    """Return the folders of the running trainings that this program started."""
    with _LOCK:
        for run in [run for run, process in _STARTED.items() if process.poll() is not None]:
            del _STARTED[run]
        return list(_STARTED)


def ask_to_stop(run: Path) -> None:
    """Ask a training to stop after the current update, with a checkpoint.

    A training that is still reading its cases, and has no folder yet, is terminated.

    Raises
    ------
    ResourceError
        If the stop file cannot be written into its folder.
    """
    process = _STARTED.get(Path(run).resolve())
    try:
        if process is not None and not run.is_dir():
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(EXIT_S)
            with console_of(run).open("a", encoding="utf-8") as log:
                log.write("it was stopped before it began.\n")
            return
        (run / STOP).touch()
    except OSError as why:
        raise ResourceError(f"{run / STOP}: cannot be written ({why}); end its process.") from why


def measure(words: Sequence[str], stop: threading.Event) -> dict[str, Any]:
    """Return the time and memory that a training needs (`loop.estimate.Estimate`).

    Parameters
    ----------
    words : sequence of str
        The command of the training; it is called with ``--estimate --json``.
    stop : threading.Event
        Set it to end the command.

    Raises
    ------
    RequestError
        If the command failed, with its last message.
    Stopped
        If ``stop`` was set.
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
                out, errors = process.communicate(timeout=POLL_S)
                break
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    process.kill()
                    raise Stopped("the estimate was stopped.") from None
    try:
        return dict(json.loads(out))
    except (ValueError, TypeError) as why:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        raise RequestError(lines[-1] if lines else "the estimate printed no message.") from why


def _real(words: Sequence[str]) -> list[str]:
    """Return the command run by this Python interpreter, independent of the PATH."""
    return [sys.executable, "-m", "napari_mtmri", *words[1:]]


def _detached() -> dict[str, Any]:
    """Return the options that let a process outlive the one that starts it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def _with_a_core_to_spare() -> dict[str, str]:
    """Return the environment of a training: one thread fewer than cores, unless the user chose."""
    n_threads = max(1, (os.cpu_count() or 1) - 1)
    return {"OMP_NUM_THREADS": str(n_threads), **os.environ}


def _yield_to_others(pid: int) -> None:
    """Lower the priority of a training: where it shares a core with the window, it waits."""
    import psutil

    lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else NICENESS
    with suppress(psutil.Error, OSError):  # already ended, or not allowed
        psutil.Process(pid).nice(lower)
        # Linux shares the cores between sessions first; niceness counts only within one.
        group = Path(f"/proc/{pid}/autogroup")
        if group.is_file():
            group.write_text(str(NICENESS), encoding="ascii")


def _word(value: Any) -> str:
    """Return a value as the shell command parses it."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return value
    return json.dumps(value)  # a string that looks like a number


def recent_runs() -> list[Path]:
    """Return the training folders started or watched here that exist, the newest first."""
    return [Path(name) for name in _recent_names() if is_run(Path(name))]


def remember_run(run: Path) -> None:
    """Put a training folder first in the list of recent ones."""
    run = Path(run).resolve()
    names = [str(run), *(other for other in _recent_names() if other != str(run))]
    write_text(_recent_file(), json.dumps(names[:MOST_RECENT]))


def _recent_file() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("napari-mtmri")) / "trainings.json"


def _recent_names() -> list[str]:
    """Return all folders in the list, including those on a disk that is not mounted."""
    try:
        found = json.loads(_recent_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
