# SPDX-License-Identifier: BSD-3-Clause
"""A reader who acts at random, in a process that may be killed; run as a script.

Reads lines "study reader seed actions log" from the standard input. For each it forks, prints
the process id of the child, waits for its end and prints "ended". The child appends to the log
what it has done, so that a test knows what must be found on the disk.
"""

from __future__ import annotations

import os
import sys
import time
import zlib

import filelock  # noqa: F401 - imported before the fork, as all below
import nibabel  # noqa: F401
import numpy as np
import psutil  # noqa: F401

from napari_mtmri.review.edits import Edit
from napari_mtmri.review.project import open_project
from napari_mtmri.review.session import ReviewSession

PACE_S = 0.004


class RandomReader:
    """Does one random action after another, and logs the state it has led to."""

    def __init__(self, session: ReviewSession, seed: int, log: int) -> None:
        self.session, self.log = session, log
        self.rng = np.random.default_rng(seed)
        self.names = list(session.statuses)

    def say(self, *words: object) -> None:
        os.write(self.log, (" ".join(map(str, words)) + "\n").encode())

    def say_state(self) -> None:
        opened = self.session.current
        if opened is not None and opened.recovery is None:
            self.say("state", opened.name, opened.reading, zlib.crc32(opened.data.tobytes()))

    def act(self) -> None:
        action = self.rng.choice(
            ["stroke", "undo", "redo", "save", "verdict", "open", "flush"],
            p=[0.5, 0.08, 0.06, 0.02, 0.03, 0.06, 0.25],
        )
        if self.session.current is None:
            action = "open"
        if action not in ("open", "flush") and self.session.status.is_done:
            self.session.reopen()
        getattr(self, action)()
        self.session.tick()
        self.say_state()

    def stroke(self) -> None:
        opened = self.session.current
        after = opened.data.copy()
        where = self.rng.integers(0, after.size, self.rng.integers(1, 60))
        after.reshape(-1)[where] = self.rng.integers(0, 4)
        self.session.apply(Edit.between(opened.data, after, "brush"))

    def undo(self) -> None:
        self.session.undo()

    def redo(self) -> None:
        self.session.redo()

    def save(self) -> None:
        self.session.save("random")

    def verdict(self) -> None:
        kind = str(self.rng.choice(["approve", "flag", "reject"]))
        self.session.verdict(kind)
        self.say("verdict", self.session.current.name)

    def open(self) -> None:
        name = str(self.rng.choice(self.names))
        opened = self.session.open(name)
        if opened.recovery is not None:
            self.session.restore("restore")

    def flush(self) -> None:
        if self.session.flush():
            self.say("flushed")


def read(study: str, reader: str, seed: int, actions: int, log: str) -> None:
    """Do a number of actions; -1: until killed."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with ReviewSession(open_project(study, reader), autosave_s=0.02) as session:
        one = RandomReader(session, seed, file)
        one.say("ready")
        while actions:
            one.act()
            actions -= 1
            time.sleep(PACE_S)
        session.flush()
        one.say("flushed")
    one.say("closed")


def main() -> None:
    for line in sys.stdin:
        study, reader, seed, actions, log = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            read(study, reader, int(seed), int(actions), log)
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)
        print("ended", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
