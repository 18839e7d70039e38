# SPDX-License-Identifier: BSD-3-Clause
"""Kill a process before its n-th change to the file system, for each n.

    python -m tests.killing WORK FOLDER STEP

What a kill leaves is what lies on the disk at that moment: the work is done once, and before each
change its folder is copied. Each copy is then checked and the work done again on it. Prints the
number of different copies and what was found wrong, as JSON. Python announces its own calls to
audit hooks; writing by compiled libraries lies between them.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import pickle
import shutil
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import napari_mtmri as mt
from napari_mtmri.compare import is_sweep, read_sweep, run_sweep
from napari_mtmri.result import Result
from napari_mtmri.samples import phantom
from napari_mtmri.train.export.weights import export
from napari_mtmri.train.folder.checkpoint import load_checkpoint
from napari_mtmri.train.folder.layout import CONFIG
from napari_mtmri.train.loop.training import Training, open_run
from napari_mtmri.weights import load_weights
from tests.train.heads import changed, write_cases

AT_HANDLE = {"os.mkdir", "os.remove", "os.rmdir", "os.chmod"}  # may name a file in an open folder
CHANGES = {"os.rename", "os.truncate", *AT_HANDLE}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Work:
    """What is killed.

    Parameters
    ----------
    prepare : callable
        Makes what the work finds in a folder.
    do : callable
        Does the work, or continues it.
    check : callable
        Called after each kill: raises AssertionError if something whole was lost, or something
        half done is taken for whole.
    outcome : callable
        What the finished work left, in values that can be compared.
    """

    prepare: Callable[[Path], object]
    do: Callable[[Path], object]
    check: Callable[[Path], object]
    outcome: Callable[[Path], Any]


def changed_path(event: str, values: tuple[Any, ...]) -> str | None:
    """Return what a call announced to audit hooks changes; None if nothing."""
    if event == "open":
        return str(values[0]) if isinstance(values[2], int) and values[2] & WRITES else None
    if event in CHANGES:
        handle = values[-1] if event in AT_HANDLE else -1  # of the folder that holds it, as rmtree
        return str(values[0]) if handle < 0 else os.readlink(f"/proc/self/fd/{handle}")
    return "" if values[:2] == ("ctypes.dlsym", "renameat2") else None


class Recorder:
    """Copies a folder before each change in it, if anything differs from all copies so far."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self._folder, self._copies, self._seen = folder, copies, set[str]()
        self._lock, self._busy = threading.RLock(), False
        copies.mkdir()
        sys.addaudithook(self.hear)

    def hear(self, event: str, values: tuple[Any, ...]) -> None:
        """Listen to what Python announces; other threads wait until the copy is made."""
        path = changed_path(event, values)
        if path is None or (path and str(self._folder) not in path):
            return
        with self._lock:
            if not self._busy:
                self._busy = True
                self.copy()
                self._busy = False

    def copy(self) -> None:
        place = self._copies / f"{len(self._seen):04}"
        while True:
            try:
                shutil.copytree(self._folder, place)
                break
            except OSError:  # another thread was about to remove a file
                shutil.rmtree(place)
        content = digest(place)
        shutil.rmtree(place) if content in self._seen else self._seen.add(content)


def digest(folder: Path) -> str:
    """Return a hash of the names and bytes of all files."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found.update(f"{path.relative_to(folder)} {len(content)} ".encode() + content)
    return found.hexdigest()


def leftovers(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name.endswith(".next") or path.name.startswith((".mtmri-",)) or (
            path.name[0] == "." and len(path.name) > 10 and path.name[9] == "-"
        )
    )  # fmt: skip


def in_child(work: Callable[[], Any]) -> Any:
    """Return what the work returns in a child: torch has threads that no fork survives."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            answer: tuple[Any, str] = (work(), "")
        except BaseException as why:  # noqa: BLE001 - raised again by the parent
            answer = (None, f"{type(why).__name__}: {why}")
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        value, fault = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    if fault:
        raise AssertionError(fault)
    return value


def kill_everywhere(work: Work, folder: Path, step: int) -> tuple[int, list[str]]:
    """Return the number of kills, and what was wrong after them."""
    place, copies = folder / "work", folder / "copies"

    def first_run() -> tuple[Any, list[str]]:
        recorder = Recorder(place, copies)
        work.do(place)
        recorder.copy()
        return work.outcome(place), list(sys.modules)

    def next_run() -> Any:
        work.check(place)
        work.do(place)
        return work.outcome(place)

    in_child(lambda: work.prepare(place))
    wanted, modules = in_child(first_run)
    for name in modules:  # once, not in each child
        with suppress(ImportError):
            importlib.import_module(name)
    faults, kills = [], sorted(copies.iterdir())[::step]
    for copy in kills:
        shutil.rmtree(place)
        copy.rename(place)
        try:
            assert in_child(next_run) == wanted, "another outcome"
            assert not (left := leftovers(place)), f"left: {left}"
        except AssertionError as why:
            faults.append(f"{copy.name}: {why}")
    return len(kills), faults


def _scan(folder: Path) -> None:
    folder.mkdir(parents=True)
    image, lesion = phantom((16, 18, 3))
    mt.save(image, folder / "head.nii.gz")
    mt.save(lesion, folder / "lesion.nii.gz")


def _old_run(folder: Path) -> None:
    _scan(folder)
    _run(folder, acceleration=2)


def _run(folder: Path, acceleration: float = 3, again: bool = False) -> None:
    scanned = mt.Acquisition(mt.Pattern("random", acceleration))
    labels = [folder / "lesion.nii.gz"]
    out, methods = folder / "results", ["zero-filled"]
    outcomes = mt.run_many(
        [folder / "head.nii.gz"], out, scanned, methods, labels=labels, again=again
    )
    assert {outcome.state for outcome in outcomes} <= {"done", "kept"}, outcomes


def _opened(folder: Path) -> tuple[float, bytes]:
    found = mt.open(folder / "results" / "head")
    assert isinstance(found, Result)
    assert found.scores
    return found.acceleration, found.zero_filled.data.tobytes()


def _table(folder: Path) -> None:
    _scan(folder)
    (folder / "cases.csv").write_text("case,image,mask\nhead,head.nii.gz,lesion.nii.gz\n")


def _evaluate(folder: Path) -> None:
    out, methods = folder / "scores", ["zero-filled"]
    mt.evaluate_many(folder / "cases.csv", out, methods=methods, keep=True)


def _scores(folder: Path) -> dict[str, bytes]:
    names = ("scores.csv", "summary.csv", "summary.md")
    return {name: (folder / "scores" / name).read_bytes() for name in names}


def _no_half_table(folder: Path) -> None:
    for path in (folder / "scores").glob("[!.]*.csv"):
        assert path.read_text().endswith("\n"), path.name


def _sweep(folder: Path) -> None:
    seeds = {"accelerations": (3,), "seeds": 2, "spread": True}
    run_sweep(folder / "cases.csv", folder / "sweep", ["zero-filled"], **seeds)


def _no_half_sweep(folder: Path) -> None:
    if is_sweep(folder / "sweep"):
        _swept(folder)


def _swept(folder: Path) -> tuple[Any, ...]:
    found = read_sweep(folder / "sweep")
    means = [one.mean.data.tobytes() for one in found.spreads if one.mean is not None]
    return found.to_csv(), means


def _trained(folder: Path) -> None:
    write_cases(folder, ["train", "val"]) if not folder.exists() else None
    Training(changed(epochs=1), folder / "cases.csv", folder / "run").run()


def _train(folder: Path) -> None:
    run = folder / "run"
    training = (
        open_run(run)
        if (run / CONFIG).exists()
        else Training(changed(epochs=2), folder / "cases.csv", run)
    )
    training.checkpoint_every_s = 0.0
    training.run()


def _tensors(folder: Path) -> list[bytes]:
    found = load_checkpoint(folder / "run", lambda remark: None)
    assert found is not None
    return [found.tensors[name].numpy().tobytes() for name in sorted(found.tensors)]


def _resumable(folder: Path) -> None:
    """A checkpoint that was whole is not lost: one of the two files can be read."""
    load_checkpoint(folder / "run", lambda remark: None)


def _old_weights(folder: Path) -> None:
    _trained(folder)
    export(folder / "run", folder / "own" / "mtmri.safetensors", command="old")


def _export(folder: Path) -> None:
    export(folder / "run", folder / "own" / "mtmri.safetensors", checkpoint="last", command="new")


def _pair(folder: Path) -> tuple[str, float]:
    tensors, card = load_weights(folder / "own" / "mtmri.safetensors", "mtmri")
    return card.command, float(np.sum([value.abs().sum() for value in tensors.values()]))


WORK = {
    "run": Work(_scan, _run, lambda folder: None, _opened),
    "run again": Work(_old_run, lambda folder: _run(folder, again=True), _opened, _opened),
    "evaluate": Work(_table, _evaluate, _no_half_table, _scores),
    "sweep": Work(_table, _sweep, _no_half_sweep, _swept),
    "train": Work(lambda folder: write_cases(folder, ["train", "val"]), _train, _resumable, _tensors),
    "export": Work(_old_weights, _export, _pair, _pair),
}  # fmt: skip


if __name__ == "__main__":
    kills, wrong = kill_everywhere(WORK[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(json.dumps({"kills": kills, "faults": wrong}) + "\n")
