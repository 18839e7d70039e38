# SPDX-License-Identifier: BSD-3-Clause
"""Mutated files give an error of ours or a right answer, in limited time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.mutants import mutant
from tests.fuzz.seeds import SEEDS

ROOT = Path(__file__).parents[2]
FEW, MANY, LONGEST_S = 200, 2000, 1200
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux counts it")


def faults(reader: str, folder: Path, first: int, count: int) -> list[dict[str, object]]:
    """Read mutants in other processes, going on after one that ended its process."""
    found: list[dict[str, object]] = []
    end = first + count
    while first < end:
        place = folder / str(first)
        place.mkdir()
        words = [sys.executable, "-m", "tests.fuzz.reading", reader, place, first, end - first]
        done = subprocess.run(
            [str(word) for word in words], cwd=ROOT, capture_output=True, text=True,
            timeout=LONGEST_S, env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        found += [line for line in lines if "fault" in line]
        read = [line["reading"] for line in lines if "reading" in line]
        if done.returncode == 0:
            assert read[-1] == end - 1
            break
        assert read, done.stderr[-2000:]  # the whole input could not be read
        found.append({"number": read[-1], "fault": f"ended its process: {done.returncode}"})
        first = read[-1] + 1
    return found


@pytest.mark.parametrize("reader", SEEDS)
def test_mutants_are_read_or_refused(reader: str, tmp_path: Path) -> None:
    assert faults(reader, tmp_path, 0, FEW) == []


@pytest.mark.slow
@pytest.mark.parametrize("reader", SEEDS)
def test_many_mutants_are_read_or_refused(reader: str, tmp_path: Path) -> None:
    assert faults(reader, tmp_path, FEW, MANY) == []


def test_a_mutant_is_a_function_of_its_number() -> None:
    whole = bytes(range(256)) * 4
    first = [mutant(whole, number, of_header=100) for number in range(100)]
    assert first == [mutant(whole, number, of_header=100) for number in range(100)]
    assert len(set(first)) > 95
    assert whole not in first
