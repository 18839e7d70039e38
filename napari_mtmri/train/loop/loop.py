# SPDX-License-Identifier: BSD-3-Clause
"""The explicit training loop of one process: stages, epochs, updates."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from napari_mtmri.errors import ResourceError
from napari_mtmri.methods.base import training_of
from napari_mtmri.methods.training import StageSpan, spans_of
from napari_mtmri.networks.losses import TensorBatch
from napari_mtmri.rng import keyed_generator
from napari_mtmri.train.folder.checkpoint import Checkpoint, Position
from napari_mtmri.train.loop.hooks import Hooks
from napari_mtmri.train.loop.loader import BatchLoader
from napari_mtmri.train.loop.objective import WEIGHTED, Objective, StepContext
from napari_mtmri.train.loop.step import Step, make_optimizer
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.schedules import learning_rate, shows_truth, weights_now


class Loop:
    """Trains a network through its stages, starting from a checkpoint if there is one.

    Parameters
    ----------
    fabric : Fabric
    recipe : Recipe
    network : Module
        With its initial weights; those of the checkpoint are loaded into it.
    scale : float
        Factor of the reconstruction loss.
    loader : BatchLoader
    found : Checkpoint or None
    """

    def __init__(
        self,
        fabric: Any,
        recipe: Recipe,
        network: nn.Module,
        scale: float,
        loader: BatchLoader,
        found: Checkpoint | None,
    ) -> None:
        self._fabric, self._recipe, self._network, self._scale = fabric, recipe, network, scale
        self._loader = loader
        self.per_epoch = len(loader.plan(0))
        self._spans = spans_of(training_of(recipe.method), recipe)
        self.position = Position(recipe) if found is None else found.position
        done = self.position.n_validated
        span = next((one for one in self._spans if done < one.last), self._spans[-1])
        if found is not None and self.position.stage == span.number:
            self._prepare(span)
            found.restore(self.objective, self._optimizer)
            return
        if found is not None:  # stopped between two stages
            found.restore_network(network)
        self._begin(span)

    def _prepare(self, span: StageSpan) -> None:
        """Make loss and optimizer of a stage."""
        self._span = span
        self.objective = Objective(self._network, span, self._scale)
        module, self._optimizer = self._fabric.setup(self.objective, make_optimizer(self.objective))
        self._step = Step(self._fabric, module, self._optimizer, span.recipe)

    def _begin(self, span: StageSpan) -> None:
        """Begin a stage that has no updates yet."""
        if hasattr(self, "objective"):
            self._network.load_state_dict(self.objective.result.state_dict())
        if span.stage.begin is not None:
            with torch.no_grad():
                span.stage.begin(self._network)
        self._prepare(span)
        self.position = replace(self.position, stage=span.number, best=None, history=())

    def run(self, hooks: Hooks, most_updates: int | None) -> bool:
        """Train to the end, or for some further updates; return whether the end is reached."""
        self._hooks = hooks
        goal = math.inf if most_updates is None else self.position.updates + most_updates
        for span in self._spans[self._span.number :]:
            if span is not self._span:
                self._begin(span)
            for epoch in range(max(span.first, self.position.n_validated), span.last):
                for batch, n_slices in self._batches(epoch):
                    if self.position.updates >= goal:
                        self._save()
                        return False
                    self._update(epoch, batch, n_slices)
                self._validate(epoch)
        return True

    def facts(self) -> dict[str, Any]:
        """Return network, loss and length for the first event."""
        return {
            "epochs": self._recipe.optimizer.epochs,
            "per_epoch": self.per_epoch,
            "total": self.per_epoch * self._recipe.optimizer.epochs,
            "scale": self._scale,
            "n_parameters": sum(one.numel() for one in self._network.parameters()),
            **self._stage_name(),
        }

    def _stage_name(self) -> dict[str, str]:
        return {"stage": self._span.stage.name} if len(self._spans) > 1 else {}

    def _batches(self, epoch: int) -> Iterator[tuple[Any, int]]:
        first = self.position.updates - epoch * self.per_epoch
        return self._loader.batches(epoch, first) if first < self.per_epoch else iter(())

    def _context(self, epoch: int, n_slices: int) -> StepContext:
        recipe, first = self._span.recipe, self._span.first
        update = self.position.updates - first * self.per_epoch
        per_update = recipe.drlc.t_unit == "iteration"
        clock = update / self.per_epoch if per_update else float(epoch - first)
        alpha, beta = weights_now(recipe, clock, self.position.history)
        return StepContext(update, epoch - first, alpha, beta, n_slices, self._fabric.world_size)

    def _update(self, epoch: int, batch: Any, n_slices: int) -> None:
        position, began = self.position, time.perf_counter()
        context = self._context(epoch, n_slices)
        rate = learning_rate(self._span.recipe, context.update, self.per_epoch)
        n_parts = self._step.n_parts
        with torch.random.fork_rng(
            devices=[]
        ):  # random numbers of the network are the same as without a resume
            key = (self._recipe.seed, position.updates, self._fabric.global_rank, "network")
            torch.manual_seed(int(keyed_generator(*key).integers(2**62)))
            cost = self._step(TensorBatch.of(batch, self._fabric.device), context, rate)
        self.objective.average()
        if not math.isfinite(cost["total"]) or not math.isfinite(cost["grad_norm"]):
            raise ResourceError(
                f"update {position.updates + 1}: the loss is {cost['total']}, its gradient "
                f"{cost['grad_norm']}; start again with a smaller `learning_rate` or a "
                "`grad_clip` (the last checkpoint is kept)."
            )
        recon, seg, count = position.sums
        own = [cost.get(name, 0.0) for name in WEIGHTED]
        sums = (recon + own[0], seg + own[1], count + 1)
        self.position = replace(position, updates=position.updates + 1, sums=sums)
        if self._step.n_parts != n_parts:
            size = -(-n_slices // self._step.n_parts)
            self._emit("warning", text=f"out of memory: at most {size} slices at once from now on.")
        seconds = time.perf_counter() - began
        self._emit("update", epoch=epoch, lr=rate, **self._shown(cost, context), seconds=seconds)
        if self._hooks.is_to_stop():
            self._stop()
        if self._hooks.is_checkpoint_due():
            self._save()

    def _shown(self, cost: dict[str, float], context: StepContext) -> dict[str, Any]:
        """Return the facts of an update: its losses by name, their weights, its stage."""
        plain = ("alpha", "beta", "grad_norm")
        facts: dict[str, Any] = {"loss": cost["total"]}
        for name, value in cost.items():
            if name != "total":
                facts[name if name in plain else f"{name}_loss"] = value
        recipe = self._span.recipe
        # With "per_sample", an update has both kinds of input.
        if self.objective.has_teacher and recipe.itfs.teacher_forcing != "per_sample":
            facts["teacher"] = shows_truth(recipe, context.update, context.epoch)
        return facts | self._stage_name()

    def _validate(self, epoch: int) -> None:
        self._save()
        recon, seg, count = self.position.sums
        history = (*self.position.history, (recon / max(count, 1), seg / max(count, 1)))
        after = replace(self.position, n_validated=epoch + 1, history=history, sums=(0.0, 0.0, 0))
        if not self._fabric.is_global_zero:
            self.position = after
            self._fabric.barrier()
            return
        scores, picture = self._hooks.validate(self.objective.result.eval(), epoch, self._beat)
        self.objective.train()
        best_by = self._span.stage.best_by(self._recipe.validation.select_by)
        score = scores.get(best_by, float(epoch))
        best = self.position.best
        is_best = best is None or score > best
        self.position = replace(after, best=score if is_best else best)
        self._emit("validation", epoch=epoch, **scores, score=score, best=is_best, picture=picture,
                   **self._stage_name())  # fmt: skip
        self._save(is_best=is_best)
        self._fabric.barrier()

    def _beat(self) -> None:
        if self._hooks.beat():
            self._stop()

    def _stop(self) -> None:
        self._save()
        raise self._hooks.stopped(self.position)

    def _save(self, *, is_best: bool = False) -> None:
        self._hooks.save(self.objective, self._optimizer, self.position, is_best=is_best)

    def _emit(self, kind: str, **facts: Any) -> None:
        self._hooks.emit(kind, self.position, **facts)
