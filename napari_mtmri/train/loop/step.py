# SPDX-License-Identifier: BSD-3-Clause
"""One update: forward, backward and step, in as many parts as memory needs."""

from __future__ import annotations

import math
from typing import Any

import torch

from napari_mtmri.errors import ResourceError
from napari_mtmri.networks.losses import TensorBatch
from napari_mtmri.train.loop.objective import Objective, StepContext
from napari_mtmri.train.recipe import Recipe


def make_optimizer(objective: Objective) -> torch.optim.Optimizer:
    """Return the paper's optimizer, Adam without weight decay, for the stage's parameters."""
    trained = [one for one in objective.parameters() if one.requires_grad]
    return torch.optim.Adam(trained, lr=objective.recipe.optimizer.learning_rate)


class Step:
    """Does one update: forward, backward and step, in as many parts as memory needs.

    Parameters
    ----------
    fabric : Fabric
    module, optimizer
        As Fabric set them up.
    recipe : Recipe
    """

    def __init__(self, fabric: Any, module: Any, optimizer: Any, recipe: Recipe) -> None:
        self._fabric, self._module, self._optimizer = fabric, module, optimizer
        self._recipe = recipe
        self.n_parts = recipe.optimizer.accumulate

    def __call__(self, batch: TensorBatch, context: StepContext, rate: float) -> dict[str, float]:
        """Do one update; return its losses and gradient norm over all processes.

        Raises
        ------
        ResourceError
            If not even one slice fits into memory.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        while True:
            try:
                return self._attempt(batch, context)
            except RuntimeError as why:
                if not _is_out_of_memory(why) or self._fabric.world_size > 1:
                    raise
                if self.n_parts >= len(batch.position):
                    raise ResourceError(
                        f"one slice of {tuple(batch.truth.shape[1:])} does not fit into memory "
                        f"({why}); crop it or use fewer features."
                    ) from why
            self.n_parts = min(2 * self.n_parts, len(batch.position))
            if self._fabric.device.type == "cuda":
                torch.cuda.empty_cache()

    def _attempt(self, batch: TensorBatch, context: StepContext) -> dict[str, float]:
        self._optimizer.zero_grad()
        count, world = len(batch.position), self._fabric.world_size
        size = -(-count // self.n_parts)
        sums: dict[str, torch.Tensor] = {}
        for first in range(0, count, size):
            last = min(first + size, count)
            n_slices = min(last * world, context.n_slices) - first * world
            share = n_slices / context.n_slices
            with self._fabric.no_backward_sync(self._module, enabled=last < count):
                losses: dict[str, torch.Tensor] = self._module(
                    batch.part(first, last), context._replace(n_slices=n_slices)
                )
                self._fabric.backward(losses["total"] * share)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0) + share * value.detach().float()
        norm = self._fabric.clip_gradients(
            self._module, self._optimizer,
            max_norm=self._recipe.optimizer.grad_clip or math.inf, error_if_nonfinite=False,
        )  # fmt: skip
        means = self._fabric.all_reduce(torch.stack(list(sums.values())), reduce_op="mean")
        cost = dict(zip(sums, means.tolist(), strict=True)) | {"grad_norm": float(norm)}
        if math.isfinite(cost["total"]) and math.isfinite(cost["grad_norm"]):
            self._optimizer.step()
        return cost


def _is_out_of_memory(why: RuntimeError) -> bool:
    words = str(why)
    return isinstance(why, torch.OutOfMemoryError) or "can't allocate memory" in words
