# SPDX-License-Identifier: BSD-3-Clause
"""Memory that an update frees is there for the next one, without new page faults."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, torch
from napari_mtmri.train.loop.hardware import keep_freed_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.ones(2**24)  # 64 MB, freed at once
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
by_default = faults()
keep_freed_memory()
print(by_default, *(faults() for _ in range(6)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_freed_memory_stays_in_the_process() -> None:
    """In a process of its own, as the setting stays."""
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    by_default, *kept = map(int, done.stdout.split())
    assert by_default > 1000
    assert kept[-1] < 100, kept  # the first ones fill the memory that is kept
