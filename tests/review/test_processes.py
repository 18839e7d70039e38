# SPDX-License-Identifier: BSD-3-Clause
"""Processes that are killed while they write, and two readers at once: nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.journal_check import verify
from napari_mtmri.review.project import ReviewProject, open_project
from tests.review.studies import SHAPE, hashes, make_study, session_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("random_reader.py")
VERDICTS = ("approved", "flagged", "rejected")


class Nursery:
    """A process that forks random readers, so that each starts at once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, study: Path, reader: str, seed: int, actions: int, log: Path) -> int:
        assert self._process.stdin is not None
        line = "\t".join(map(str, (study, reader, seed, actions, log)))
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def wait(self) -> None:
        assert self._answer() == "ended"

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield Nursery(process)
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(60)
        process.stdout.close()  # type: ignore[union-attr]


class Log:
    """What a reader says to have done.

    ``states[case, reading]`` are the states that may be found on the disk: the last one before
    everything was flushed, and all after it.
    """

    def __init__(self, path: Path) -> None:
        self.states: dict[tuple[str, int], list[int]] = defaultdict(list)
        self.verdicts, self.flushed_verdicts, self.is_closed = 0, 0, False
        *lines, _ = path.read_text().split("\n")
        for words in map(str.split, lines):
            if words[0] == "state":
                self.states[words[1], int(words[2])].append(int(words[3]))
            elif words[0] == "verdict":
                self.verdicts += 1
            elif words[0] == "flushed":
                self.flushed_verdicts = self.verdicts
                for states in self.states.values():
                    del states[:-1]
            elif words[0] == "closed":
                self.is_closed = True


def found_states(project: ReviewProject, touched: list[tuple[str, int]]) -> dict:
    """Return the state of each reading that is found on the disk, with what can be restored."""
    found = {}
    with session_of(project, prefetch=False) as session:
        assert not session.is_read_only
        for name, reading in touched:
            opened = session.open(name, reading=reading)
            if opened.recovery is not None:
                session.restore("restore")
            found[name, reading] = zlib.crc32(opened.data.tobytes())
    return found


def check_files(project: ReviewProject) -> None:
    """Every mask is readable and whole; a temporary file of a killed process may be left."""
    for path in project.folder.rglob("*.nii.gz"):
        if not path.name.startswith("."):
            data = np.asarray(nib.load(path).dataobj)
            assert data.shape == SHAPE, path


def count_verdicts(project: ReviewProject) -> int:
    events = Counter(event["event"] for event in read_journal(project.journal))
    return sum(events[kind] for kind in VERDICTS)


def kill_again_and_again(folder: Path, times: int, seed: int) -> None:
    study = make_study(folder / "study", 4)
    originals, rng = hashes(study), np.random.default_rng(seed)
    verdicts = 0
    with nursery() as nurse:
        for number in range(times):
            log = folder / f"log-{number}"
            child = nurse.start(study, "Anna", int(rng.integers(2**31)), -1, log)
            while not (log.exists() and log.read_text()):
                time.sleep(0.002)
            time.sleep(float(rng.uniform(0, 0.25)))
            os.kill(child, signal.SIGKILL)
            nurse.wait()
            project = open_project(study, "Anna")
            check = verify(project.journal)
            assert check.ok or check.is_repairable, check.text
            check_files(project)
            said = Log(log)
            for key, state in found_states(project, list(said.states)).items():
                assert state in said.states[key], (number, key)
                assert not list(project.mask_folder(*key).glob(".*")), "a temporary file is left"
            assert verify(project.journal).ok
            now = count_verdicts(project)
            assert verdicts + said.flushed_verdicts <= now <= verdicts + said.verdicts + 1
            verdicts = now
            assert hashes(study) == originals


def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, times=15, seed=1)


@pytest.mark.slow
def test_nothing_is_lost_when_the_process_is_killed_two_hundred_times(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, times=200, seed=2)


def two_readers(folder: Path, actions: int) -> None:
    study = make_study(folder / "study", 5)
    originals = hashes(study)
    readers = ("Anna", "Ben")
    logs = {reader: folder / f"log-{reader}" for reader in readers}
    with nursery() as one, nursery() as other:
        for nurse, reader in zip((one, other), readers, strict=True):
            nurse.start(study, reader, len(reader), actions // 2, logs[reader])
        one.wait()
        other.wait()
    for reader in readers:
        project, said = open_project(study, reader), Log(logs[reader])
        assert said.is_closed
        assert verify(project.journal).ok
        assert count_verdicts(project) == said.verdicts == said.flushed_verdicts
        check_files(project)
        for key, state in found_states(project, list(said.states)).items():
            assert [state] == said.states[key], (reader, key)
    assert open_project(study, "Anna").readers() == readers
    assert hashes(study) == originals


def test_two_readers_at_once_lose_nothing(tmp_path: Path) -> None:
    two_readers(tmp_path, actions=150)


@pytest.mark.slow
def test_two_readers_lose_nothing_in_a_thousand_actions(tmp_path: Path) -> None:
    two_readers(tmp_path, actions=1000)
