# SPDX-License-Identifier: BSD-3-Clause
"""Devices and processes of a training, by Lightning's names; results do not depend on them."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

# Of the C library's mallopt (malloc.h).
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> None:
    """Keep freed memory in this process for the next update; on Linux with glibc only.

    Otherwise large blocks return to the system when they are freed, and every update fills
    them with zeros again: a sixth of its time on a CPU (`benchmarks/page_faults.py`).
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, 2**30)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
        mallopt(TOP_PAD, 2**26)


@dataclass(frozen=True)
class Machine:
    """Devices and processes that a training runs on.

    Parameters
    ----------
    accelerator : str
        Kind of device; "auto": a GPU if there is one.
    devices : str
        Number of devices on each machine, or "auto" for all.
    nodes : int
        Number of machines.
    strategy : str
        Lightning's name of the strategy; "auto": "ddp" for more than one process.
    workers : int or "auto"
        Number of processes that prepare batches; "auto": none on a CPU, where they would
        compete with the training.
    """

    accelerator: str = "auto"
    devices: str = "1"
    nodes: int = 1
    strategy: str = "auto"
    workers: int | Literal["auto"] = "auto"

    def fabric(self, precision: str) -> Any:
        """Return a launched Fabric; under torchrun or SLURM it joins the others."""
        from lightning_fabric import Fabric

        # Our own first event contains precision and processes.
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        fabric = Fabric(
            accelerator=self.accelerator,
            devices=int(self.devices) if self.devices.isdigit() else self.devices,
            num_nodes=self.nodes,
            strategy=self.strategy,
            precision="bf16-mixed" if precision == "bfloat16" else "32-true",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # hints about SLURM for sessions without a job
            fabric.launch()
        return fabric

    def n_workers(self, device: str) -> int:
        """Return the number of processes that prepare batches for a process on ``device``."""
        if self.workers != "auto":
            return self.workers
        return 0 if device == "cpu" else max(min(8, (os.cpu_count() or 1) - 1), 0)


@contextmanager
def ended_together(fabric: Any) -> Iterator[None]:
    """Wait until all processes are done, then close the connections between them.

    A process that exits with open connections may abort ("terminate called without an
    active exception"), and the launcher then ends all processes.
    """
    from torch import distributed

    try:
        yield
        fabric.barrier()
    finally:
        if distributed.is_available() and distributed.is_initialized():
            distributed.destroy_process_group()
