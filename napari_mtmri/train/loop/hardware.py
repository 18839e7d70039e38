# SPDX-License-Identifier: BSD-3-Clause
"""Devices and processes of a training, by Lightning's names; results do not depend on them."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal


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
