# SPDX-License-Identifier: BSD-3-Clause
"""One update: forward, backward and step, in as many parts as memory needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from napari_mtmri.errors import ResourceError
from napari_mtmri.networks.losses import BatchSums, TensorBatch
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
        size = -(-len(batch.position) // self.n_parts)
        starts = range(0, len(batch.position), size)
        parts = [batch.part(first, first + size) for first in starts]
        context = context._replace(n_parts=len(parts))
        if len(parts) > 1:
            context = context._replace(sums=self._sums(parts, context))
        means: dict[str, torch.Tensor] = {}
        for number, part in enumerate(parts):
            if context.sums is not None:
                context.sums.begin_part(is_collected=True)
            with self._fabric.no_backward_sync(self._module, enabled=number + 1 < len(parts)):
                losses: dict[str, torch.Tensor] = self._module(
                    part, context._replace(is_first=number == 0)
                )
                self._fabric.backward(losses["total"] / len(parts))
            for name, value in losses.items():
                means[name] = means.get(name, 0) + value.detach().float() / len(parts)
        norm = self._fabric.clip_gradients(
            self._module, self._optimizer,
            max_norm=self._recipe.optimizer.grad_clip or math.inf, error_if_nonfinite=False,
        )  # fmt: skip
        found = self._fabric.all_reduce(torch.stack(list(means.values())), reduce_op="mean")
        cost = dict(zip(means, found.tolist(), strict=True)) | {"grad_norm": float(norm)}
        if math.isfinite(cost["total"]) and math.isfinite(cost["grad_norm"]):
            self._optimizer.step()
        return cost

    def _sums(self, parts: Sequence[TensorBatch], context: StepContext) -> BatchSums | None:
        """Return the sums over the batch that the losses use, such as those of soft Dice."""
        sums = BatchSums()
        with torch.no_grad(), torch.random.fork_rng():
            for part in parts:
                sums.begin_part(is_collected=False)
                self._module(part, context._replace(sums=sums, is_first=False))
                if not sums.any:
                    return None
        return sums


def _is_out_of_memory(why: RuntimeError) -> bool:
    words = str(why)
    return isinstance(why, torch.OutOfMemoryError) or "can't allocate memory" in words
