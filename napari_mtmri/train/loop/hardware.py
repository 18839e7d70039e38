# SPDX-License-Identifier: BSD-3-Clause
"""On what a training runs: passed through to Lightning. Results do not depend on it."""

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
    """Where and on how many processes.

    Parameters
    ----------
    accelerator : str
        "auto" takes a GPU where there is one.
    devices : str
        Number of them on each node, or "auto" for all.
    nodes : int
    strategy : str
        Lightning's name; "auto" is "ddp" for more than one process.
    workers : int or "auto"
        Processes that make batches beside the training: "auto" takes none on a CPU,
        which they would share with it.
    """

    accelerator: str = "auto"
    devices: str = "1"
    nodes: int = 1
    strategy: str = "auto"
    workers: int | Literal["auto"] = "auto"

    def fabric(self, precision: str) -> Any:
        """Return a launched Fabric; under torchrun or SLURM it joins the others."""
        from lightning_fabric import Fabric

        # What it would say of precision and processes stands in our own first event.
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        fabric = Fabric(
            accelerator=self.accelerator,
            devices=int(self.devices) if self.devices.isdigit() else self.devices,
            num_nodes=self.nodes,
            strategy=self.strategy,
            precision="bf16-mixed" if precision == "bfloat16" else "32-true",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # hints for SLURM users who start no job
            fabric.launch()
        return fabric

    def n_workers(self, device: str) -> int:
        """Return how many processes make batches for a process on ``device``."""
        if self.workers != "auto":
            return self.workers
        return 0 if device == "cpu" else max(min(8, (os.cpu_count() or 1) - 1), 0)


@contextmanager
def ended_together(fabric: Any) -> Iterator[None]:
    """Let no process leave before the others are done, nor with its links to them alive.

    One that exits with them may abort instead ("terminate called without an active
    exception"), and the launcher then ends all.
    """
    from torch import distributed

    try:
        yield
        fabric.barrier()
    finally:
        if distributed.is_available() and distributed.is_initialized():
            distributed.destroy_process_group()
