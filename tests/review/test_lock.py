# SPDX-License-Identifier: BSD-3-Clause
"""Lock: one process writes for a reader; one that is gone holds nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from napari_mtmri.errors import ResourceError
from napari_mtmri.review.lock import OWNER, Locked, acquire_lock, read_owner, write_owner

HOLD = """
import sys, time
from pathlib import Path
from napari_mtmri.review.lock import acquire_lock
lock = acquire_lock(Path(sys.argv[1]), "Anna")
print("held", flush=True)
time.sleep(120)
"""


def test_a_second_holder_is_told_of_the_first(tmp_path: Path) -> None:
    lock = acquire_lock(tmp_path / "Anna", "Anna")
    with pytest.raises(Locked) as refused:
        acquire_lock(tmp_path / "Anna", "Anna")
    owner = refused.value.owner
    assert owner is not None
    assert (owner.pid, owner.host) == (os.getpid(), socket.gethostname())
    assert owner.text in str(refused.value)
    lock.release()
    assert read_owner(tmp_path / "Anna") is None
    acquire_lock(tmp_path / "Anna", "Anna").release()


def test_readers_do_not_lock_each_other(tmp_path: Path) -> None:
    locks = [acquire_lock(tmp_path / name, name) for name in ("Anna", "Ben")]
    for lock in locks:
        lock.require()
        lock.release()


def test_the_lock_of_a_killed_process_is_stale(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(Locked, match=f"process {child.pid}"):
        acquire_lock(tmp_path, "Anna")
    child.kill()
    child.wait()
    child.stdout.close()
    lock = acquire_lock(tmp_path, "Anna")
    assert lock.taken_from is not None
    assert lock.taken_from.pid == child.pid
    lock.release()


def other_machine(folder: Path, age_s: float) -> None:
    """Write the lock of a process on another machine, with its last sign of life."""
    lock = acquire_lock(folder, "Anna")
    owner = replace(lock.owner, host="far-away", token="theirs")
    lock.release()
    write_owner(folder, owner)
    then = time.time() - age_s
    os.utime(folder / OWNER, (then, then))


def test_another_machine_that_lives_is_never_taken_over(tmp_path: Path) -> None:
    other_machine(tmp_path, age_s=5)
    for take_over in (False, True):
        with pytest.raises(Locked, match="far-away") as refused:
            acquire_lock(tmp_path, "Anna", take_over=take_over)
        assert not refused.value.is_silent


def test_another_machine_that_is_silent_is_taken_over_when_asked(tmp_path: Path) -> None:
    other_machine(tmp_path, age_s=1000)
    with pytest.raises(Locked, match="gave no sign") as refused:
        acquire_lock(tmp_path, "Anna")
    assert refused.value.is_silent
    lock = acquire_lock(tmp_path, "Anna", take_over=True)
    assert lock.taken_from is not None
    lock.release()


def test_a_lock_that_was_taken_over_is_noticed(tmp_path: Path) -> None:
    lock = acquire_lock(tmp_path, "Anna")
    write_owner(tmp_path, replace(lock.owner, host="far-away", token="theirs"))
    with pytest.raises(ResourceError, match=r"was taken over by .* far-away"):
        lock.require()
    lock.release()
    assert read_owner(tmp_path) is not None  # theirs is left alone


def test_a_folder_that_vanishes_is_noticed_and_not_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "Anna"
    lock = acquire_lock(folder, "Anna")
    folder.rename(tmp_path / "pulled")
    with pytest.raises(ResourceError, match="vanished"):
        lock.require()
    assert not folder.exists()
    (tmp_path / "pulled").rename(folder)
    lock.require()
    lock.release()


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"pid": "x"})])
def test_a_damaged_lock_file_stops_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / OWNER).write_text(text)
    acquire_lock(tmp_path, "Anna").release()
