# SPDX-License-Identifier: BSD-3-Clause
"""Loader of the batches of one process, simulated ahead by worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from napari_mtmri.train.data.batches import Batch, Item, Simulator, plan_epoch


@dataclass(frozen=True)
class BatchLoader:
    """Loads the batches of one process.

    Parameters
    ----------
    simulator : Simulator
    rank, world : int
        Index of this process, and number of processes.
    n_workers : int
        Number of worker processes that simulate ahead; 0: none.
    """

    simulator: Simulator
    rank: int = 0
    world: int = 1
    n_workers: int = 0

    def plan(self, epoch: int) -> list[Sequence[Item]]:
        """Return the slices of each update of an epoch."""
        recipe = self.simulator.recipe
        items = plan_epoch(self.simulator.cases, recipe, epoch)
        size = recipe.optimizer.batch_size
        return [items[first : first + size] for first in range(0, len(items), size)]

    def batches(self, epoch: int, first: int) -> Iterator[tuple[Batch, int]]:
        """Yield the batches of an epoch from update ``first`` on.

        Yields
        ------
        batch : Batch
            The part of this process.
        n_slices : int
            Number of slices of the update, over all processes.
        """
        parts = self.plan(epoch)[first:]
        make = partial(self.simulator.batch, epoch=epoch, rank=self.rank, world=self.world)
        loader = DataLoader(
            _Batches(parts, make),
            batch_size=None,
            num_workers=self.n_workers,
            collate_fn=_unchanged,
        )
        # A loader draws a number from torch's global generator, whose state must not change.
        with torch.random.fork_rng(devices=[]):
            made = iter(loader)
        return zip(made, map(len, parts), strict=True)


class _Batches(Dataset[Batch]):
    """The batches of an epoch, each simulated when it is read."""

    def __init__(self, parts: Sequence[Sequence[Item]], make: Callable[..., Batch]) -> None:
        self._parts, self._make = parts, make

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Batch:
        return self._make(self._parts[index])


def _unchanged(batch: Any) -> Any:
    return batch
