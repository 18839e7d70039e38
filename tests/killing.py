# SPDX-License-Identifier: BSD-3-Clause
"""Kill a process before its n-th change to the file system, for each n.

    python -m tests.killing WORK FOLDER STEP

Prints the number of changes and what was found wrong, as JSON. Python announces its own calls to
audit hooks; writing by compiled libraries lies between them.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import napari_mtmri as mt
from napari_mtmri.result import Result
from napari_mtmri.samples import phantom
from napari_mtmri.train.export.weights import export
from napari_mtmri.train.folder.checkpoint import load_checkpoint
from napari_mtmri.train.folder.layout import CONFIG
from napari_mtmri.train.loop.training import Training, open_run
from napari_mtmri.weights import load_weights
from tests.train.heads import changed, write_cases

CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate"}
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


def killed_at(number: int, folder: Path, work: Callable[[Path], object]) -> bool:
    """Do the work in a child that is killed at a change; return whether it came that far."""
    child = os.fork()
    if child == 0:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - a child that may be killed
        count = 0

        def watch(event: str, values: tuple[Any, ...]) -> None:
            nonlocal count
            if event == "open":
                if not isinstance(values[2], int) or not values[2] & WRITES:
                    return
            elif event not in CHANGES and values[:2] != ("ctypes.dlsym", "renameat2"):
                return
            if str(folder) in str(values[0]) or event == "ctypes.dlsym":
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        try:
            work(folder)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


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

    def next_run(place: Path) -> Any:
        work.do(place)
        return work.outcome(place)

    in_child(lambda: work.prepare(folder / "before"))
    shutil.copytree(folder / "before", folder / "whole")
    wanted, faults, n_kills = in_child(lambda: next_run(folder / "whole")), [], 0
    number, place = 1, folder / "work"
    while True:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder / "before", place)
        if not killed_at(number, place, work.do):
            return n_kills, faults
        n_kills += 1
        try:
            in_child(lambda: work.check(place) and None)
            assert in_child(lambda: next_run(place)) == wanted, "another outcome"
            assert not (left := leftovers(place)), f"left: {left}"
        except AssertionError as why:
            faults.append(f"{number}: {why}")
        number += step


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
    assert [outcome.state for outcome in outcomes] <= ["done", "skipped"], outcomes


def _opened(folder: Path) -> tuple[float, bytes]:
    found = mt.open(folder / "results" / "head")
    assert isinstance(found, Result)
    assert found.scores
    return found.acceleration, found.zero_filled.data.tobytes()


def _table(folder: Path) -> None:
    _scan(folder)
    (folder / "cases.csv").write_text("case,image,mask\nhead,head.nii.gz,lesion.nii.gz\n")


def _evaluate(folder: Path) -> None:
    mt.evaluate_many(folder / "cases.csv", folder / "scores", methods=["zero-filled"])


def _scores(folder: Path) -> dict[str, bytes]:
    names = ("scores.csv", "summary.csv", "summary.md")
    return {name: (folder / "scores" / name).read_bytes() for name in names}


def _no_half_table(folder: Path) -> None:
    for path in (folder / "scores").glob("[!.]*.csv"):
        assert path.read_text().endswith("\n"), path.name


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
    "train": Work(lambda folder: write_cases(folder, ["train", "val"]), _train, _resumable, _tensors),
    "export": Work(_old_weights, _export, _pair, _pair),
}  # fmt: skip


if __name__ == "__main__":
    kills, wrong = kill_everywhere(WORK[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(json.dumps({"kills": kills, "faults": wrong}) + "\n")
