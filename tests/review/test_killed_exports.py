# SPDX-License-Identifier: BSD-3-Clause
"""An export that is killed at any moment: what is there is whole, and a repeated one completes it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.batch.cases_table import CASES
from napari_mtmri.files import sha256
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.journal_check import verify
from napari_mtmri.review.project import open_project
from tests.review.reader_studies import block, read_as, write_study
from tests.review.studies import hashes

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("killed_exporter.py")
NEVER = 10**9
Answer = Callable[[int], list[str]]


@contextmanager
def exporter(what: str, study: Path, out: Path) -> Iterator[Answer]:
    """A function that exports until an event with a number, and tells how that ended."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), what, str(study), str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(last: int) -> list[str]:
        process.stdin.write(f"{last}\n")
        process.stdin.flush()
        return process.stdout.readline().split()

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def contents(out: Path) -> dict[str, str]:
    """Hashes of the files of an export; each mask that its table names is readable and right."""
    table, column = ("verdicts.csv", "mask_sha256")
    if not (out / table).is_file():
        table, column = CASES, ""
    with (out / table).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert read_volume(out / row["mask"], "labels").data.any()
        assert not column or sha256(out / row["mask"]) == row[column]
    return hashes(out)


def kill_exports(what: str, folder: Path, choose: Callable[[int], list[int]]) -> None:
    study = write_study(folder / "study")
    read_as(study, "ann", {"p0": block(7)})
    before, out = hashes(study), folder / "out" / "reviewed"
    with exporter(what, study, out) as export:
        assert export(NEVER)[0] == "done"
        old = contents(out)
        read_as(study, "ann", {"p1": block(8, label=3)})
        word, count = export(NEVER)
        assert word == "done"
        new = contents(out)
        assert old != new
        for number in choose(int(count)):
            for is_first in (True, False):
                if is_first:
                    shutil.rmtree(out)
                if export(number) == ["killed"] and out.exists():
                    assert contents(out) == new, number
                assert export(NEVER)[0] == "done"
                assert contents(out) == new
                assert list(out.parent.iterdir()) == [out], "a repeated export leaves no rest"
    assert hashes(study) == before
    assert verify(open_project(study, "ann").journal).ok


def some(count: int) -> list[int]:
    """A few moments, with the last ones, when folders change places."""
    rng = np.random.default_rng(0)
    return sorted({*rng.integers(1, count, 4).tolist(), *range(count - 3, count + 1)})


@pytest.mark.parametrize("what", ["export", "training"])
def test_a_killed_export_is_not_taken_for_whole(what: str, tmp_path: Path) -> None:
    kill_exports(what, tmp_path, some)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["export", "training"])
def test_an_export_may_be_killed_at_every_event(what: str, tmp_path: Path) -> None:
    kill_exports(what, tmp_path, lambda count: list(range(1, count + 1)))
