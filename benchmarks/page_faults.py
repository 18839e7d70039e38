# SPDX-License-Identifier: BSD-3-Clause
"""Time of an update while freed memory is kept, relative to the default of the C library.

Measured in turn in one process, on one thread: the setting cannot be taken back.

    OMP_NUM_THREADS=1 python benchmarks/page_faults.py [--updates 10]
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import torch

from napari_mtmri.networks.multitask import build_multitask
from napari_mtmri.train.loop.hardware import keep_freed_memory


def main() -> None:
    """Print milliseconds and page faults per slice, before and after, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=10)
    n_updates = parser.parse_args().updates
    network = build_multitask({"features": 16}, {"features": 8})
    kspace = torch.randn(4, 1, 224, 192, dtype=torch.complex64)
    mask = torch.rand(4, 1, 1, 192) > 0.7

    def update() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            image, logits = network(kspace * mask, mask)
        (image.abs().square().mean() + logits.square().mean()).backward()

    before = _measured(update, n_updates)
    keep_freed_memory()
    after = _measured(update, n_updates)
    print(f"{before / after:.2f} times the time of an update with memory kept")


def _measured(update: Callable[[], None], n_updates: int) -> float:
    for _ in range(3):
        update()
    began, faults = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n_updates):
        update()
    seconds = time.process_time() - began
    found = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    print(f"{seconds * 250 / n_updates:.0f} ms and {found / 4 / n_updates:.0f} page faults a slice")
    return seconds


if __name__ == "__main__":
    main()
