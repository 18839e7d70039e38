# SPDX-License-Identifier: BSD-3-Clause
"""The training loop: Lightning's Fabric and an explicit loop."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from napari_mtmri.errors import InputError, ResourceError, Stopped
from napari_mtmri.train.data.batches import Simulator
from napari_mtmri.train.data.split import write_split
from napari_mtmri.train.data.training_data import (
    Feed,
    Material,
    make_objective,
    n_slices_of,
    read_material,
)
from napari_mtmri.train.export.curves import finish
from napari_mtmri.train.export.slice_pictures import SlicePictures
from napari_mtmri.train.folder.checkpoint import (
    Position,
    has_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from napari_mtmri.train.folder.event_log import Journal, Silence
from napari_mtmri.train.folder.layout import (
    CONFIG,
    SLICES,
    SPLIT,
    STOP,
    Config,
    read_config,
    versions,
    write_config,
)
from napari_mtmri.train.folder.lock import only_one
from napari_mtmri.train.loop.hardware import Machine, ended_together
from napari_mtmri.train.loop.objective import Moment, TensorBatch
from napari_mtmri.train.loop.step import Step, make_optimizer
from napari_mtmri.train.loop.validation import Validator
from napari_mtmri.train.recipe import SIMULATED, Recipe
from napari_mtmri.train.schedules import learning_rate, shows_truth, weights_now

SECONDS_BETWEEN_CHECKPOINTS = 120.0
Report = Callable[[dict[str, Any]], None]


class Training:
    """One training in its run folder; `run` starts it or goes on with it.

    Parameters
    ----------
    recipe : Recipe
    data : Path or str
        Folder or table of cases, or "simulated".
    out : Path
        Run folder.
    preset : str, optional
        Where the recipe came from.
    machine : Machine
    checkpoint_every_s : float
        Seconds between checkpoints within an epoch.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Path | str,
        out: Path,
        *,
        preset: str | None = None,
        machine: Machine | None = None,
        checkpoint_every_s: float = SECONDS_BETWEEN_CHECKPOINTS,
    ) -> None:
        self.recipe, self.data, self.out, self.preset = recipe, data, Path(out), preset
        self.machine = machine or Machine()
        self.checkpoint_every_s = checkpoint_every_s
        self.stop_asked = False

    def run(self, report: Report = lambda event: None, most_updates: int | None = None) -> None:
        """Train to the end, or for ``most_updates`` further updates.

        Raises
        ------
        Stopped
            After a stop file, SIGTERM or Ctrl-C; the checkpoint is written.
        InputError
            If the data cannot be used, or the folder is that of another training.
        ResourceError
            If memory or disk are full, or the loss is no number any more; the last
            checkpoint is kept.
        """
        fabric = self.machine.fabric(self.recipe.optimizer.precision)
        with ended_together(fabric):
            material = read_material(self.recipe, self.data, is_begun=self._is_begun())
            if fabric.is_global_zero:
                self._make_folder()
            with (
                only_one(self.out) if fabric.is_global_zero else nullcontext(),
                _hearing_signals(self._ask),
            ):
                if fabric.is_global_zero:
                    self._begin(material)
                _Session(self, fabric, material, report).run(most_updates)

    def _ask(self) -> None:
        self.stop_asked = True

    def wants_stop(self) -> bool:
        """Return whether the user has asked to stop."""
        return self.stop_asked or (self.out / STOP).exists()

    def _is_begun(self) -> bool:
        """Return whether a checkpoint has all that the weights to start from gave."""
        return has_checkpoint(self.out) and read_config(self.out).recipe == self.recipe

    def _make_folder(self) -> None:
        try:
            (self.out / SLICES).mkdir(parents=True, exist_ok=True)
        except OSError as why:
            raise ResourceError(f"{self.out}: cannot be made ({why}); choose another.") from why

    def _begin(self, material: Material) -> None:
        recipe = material.recipe
        if (self.out / CONFIG).exists() and read_config(self.out).recipe != recipe:
            raise InputError(
                f"{self.out}: holds a training with another recipe; choose another folder."
            )
        if not (self.out / CONFIG).exists():
            # A folder is found again from anywhere; "simulated" and "brainweb" are names.
            is_name = self.data == SIMULATED or not Path(self.data).exists()
            data = str(self.data) if is_name else str(Path(self.data).resolve())
            write_config(self.out, Config(recipe, data, self.preset, versions()))
        write_split(self.out / SPLIT, material.files, material.hashes)


def open_run(out: Path) -> Training:
    """Return the training of a run folder, to go on with it.

    Raises
    ------
    InputError
        If the folder is none of a training.
    """
    config = read_config(out)
    return Training(config.recipe, config.data, out, preset=config.preset)


class _Session:
    """One process's part in a training, from a checkpoint on."""

    def __init__(self, training: Training, fabric: Any, material: Material, report: Report) -> None:
        self.training, self.fabric, self.material = training, fabric, material
        self.recipe, self.out = material.recipe, training.out
        simulator = Simulator(material.train, self.recipe)
        self.objective = make_objective(material, simulator, is_begun=has_checkpoint(self.out))
        module, optimizer = fabric.setup(self.objective, make_optimizer(self.objective))
        self.optimizer = optimizer
        self.step = Step(fabric, module, optimizer, self.recipe)
        n_workers = training.machine.n_workers(fabric.device.type)
        self.feed = Feed(simulator, fabric.global_rank, fabric.world_size, n_workers)
        self.per_epoch = len(self.feed.plan(0))
        self.remarks = list(material.remarks)
        found = load_checkpoint(self.out, self.objective, optimizer, self.remarks.append)
        self.was_begun, self.position = found is not None, found or Position(self.recipe)
        self.saved = time.monotonic()
        epoch = self.position.n_validated
        self.journal: Journal | Silence = Silence()
        if fabric.is_global_zero:
            self.journal = Journal(self.out, self.position.updates, epoch, report)
        self.validator = Validator(material.val, self.recipe, self._beat)
        validated = {case.name for case in material.val}
        files = [file for file in material.files if file.name in validated]
        self.pictures = SlicePictures(self.out, files)

    def emit(self, kind: str, **facts: Any) -> None:
        self.journal.emit(kind, self.position.updates, **facts)

    def run(self, most_updates: int | None) -> None:
        goal = math.inf if most_updates is None else self.position.updates + most_updates
        with self.journal:
            self._announce()
            for epoch in range(self.position.n_validated, self.recipe.optimizer.epochs):
                for batch, n_slices in self._batches(epoch):
                    if self.position.updates >= goal:
                        self.checkpoint()
                        return
                    self._update(epoch, batch, n_slices)
                self._validate(epoch)
            if self.fabric.is_global_zero:
                self.emit("end", **finish(self.out, self.recipe))

    def _announce(self) -> None:
        kind = "resume" if self.was_begun else "start"
        self.emit(kind, epoch=self.position.n_validated, **self._facts())
        for remark in self.remarks:
            self.emit("warning", text=remark)

    def _batches(self, epoch: int) -> Iterator[tuple[Any, int]]:
        first = self.position.updates - epoch * self.per_epoch
        return self.feed.batches(epoch, first) if first < self.per_epoch else iter(())

    def _update(self, epoch: int, batch: Any, n_slices: int) -> None:
        recipe, position, began = self.recipe, self.position, time.perf_counter()
        clock = (
            position.updates / self.per_epoch if recipe.drlc.t_unit == "iteration" else float(epoch)
        )
        alpha, beta = weights_now(recipe, clock, position.history)
        moment = Moment(position.updates, epoch, alpha, beta, n_slices, self.fabric.world_size)
        rate = learning_rate(recipe, position.updates, self.per_epoch)
        n_parts = self.step.n_parts
        cost = self.step(TensorBatch.of(batch, self.fabric.device), moment, rate)
        if not math.isfinite(cost["total"]) or not math.isfinite(cost["grad_norm"]):
            raise ResourceError(
                f"update {position.updates + 1}: the loss is {cost['total']}, its gradient "
                f"{cost['grad_norm']}; start anew with a smaller learning_rate or a grad_clip "
                "(the last checkpoint is kept)."
            )
        recon, seg, count = position.sums
        sums = (recon + cost["recon"], seg + cost["seg"], count + 1)
        self.position = replace(position, updates=position.updates + 1, sums=sums)
        if self.step.n_parts != n_parts:
            size = -(-n_slices // self.step.n_parts)
            self.emit("warning", text=f"memory ran out: {size} slices at once from here on.")
        self.emit("update", epoch=epoch, lr=rate, **self._shown(cost, moment),
                  seconds=time.perf_counter() - began)  # fmt: skip
        self._keep()

    def _shown(self, cost: dict[str, float], moment: Moment) -> dict[str, Any]:
        """Return what an event says of an update; nothing of a task that is not there."""
        network = self.objective.network
        facts: dict[str, Any] = {"loss": cost["total"], "grad_norm": cost["grad_norm"]}
        if network.reconstruction is not None:
            facts["recon_loss"] = cost["recon"]
        if network.segmentation is not None:
            facts["seg_loss"] = cost["seg"]
        if self.recipe.is_joint:
            facts |= {"alpha": cost["alpha"], "beta": cost["beta"]}
            if self.recipe.itfs.teacher_forcing != "per_sample":  # there each step is both
                facts["teacher"] = shows_truth(self.recipe, moment.update, moment.epoch)
        return facts

    def _keep(self) -> None:
        """Write a checkpoint if one is due, and stop if the user wants it."""
        stop = self.fabric.all_reduce(
            torch.tensor(float(self.training.wants_stop()), device=self.fabric.device),
            reduce_op="sum",
        )
        if stop > 0:
            self._stop()
        if time.monotonic() - self.saved > self.training.checkpoint_every_s:
            self.checkpoint()

    def _stop(self) -> None:
        self.checkpoint()
        if self.fabric.is_global_zero:
            (self.out / STOP).unlink(missing_ok=True)
        self.emit("stopped", epoch=self.position.n_validated)
        raise Stopped(
            f"{self.out}: stopped after update {self.position.updates}; it can be resumed."
        )

    def checkpoint(self, is_best: bool = False) -> None:
        if self.fabric.is_global_zero:
            save_checkpoint(
                self.out, self.objective, self.optimizer, self.position, is_best=is_best
            )
            self.emit("checkpoint", best=is_best)
        self.saved = time.monotonic()

    def _beat(self) -> None:
        self.journal.beat()
        if self.fabric.world_size == 1 and self.training.wants_stop():
            self._stop()

    def _validate(self, epoch: int) -> None:
        self.checkpoint()
        recon, seg, count = self.position.sums
        history = (*self.position.history, (recon / max(count, 1), seg / max(count, 1)))
        after = replace(self.position, n_validated=epoch + 1, history=history, sums=(0.0, 0.0, 0))
        if not self.fabric.is_global_zero:
            self.position = after
            self.fabric.barrier()
            return
        network = self.objective.network.eval()
        with self.fabric.autocast():
            scores = self.validator.scores(network, self.fabric.device)
            slices = self.validator.pictures(network, self.fabric.device)
        self.objective.train()
        score = scores.get(self.recipe.best_by, float(epoch))
        best = self.position.best
        is_best = best is None or score > best
        self.position = replace(after, best=score if is_best else best)
        picture = self.pictures.save(epoch, slices)
        self.emit("validation", epoch=epoch, **scores, score=score, best=is_best, picture=picture)
        self.checkpoint(is_best)
        self.fabric.barrier()

    def _facts(self) -> dict[str, Any]:
        recipe, material = self.recipe, self.material
        return {
            "epochs": recipe.optimizer.epochs,
            "per_epoch": self.per_epoch,
            "total": self.per_epoch * recipe.optimizer.epochs,
            "scale": self.objective.scale,
            "n_parameters": sum(p.numel() for p in self.objective.parameters()),
            "device": str(self.fabric.device),
            "n_processes": self.fabric.world_size,
            "precision": recipe.optimizer.precision,
            "batch_size": recipe.optimizer.batch_size,
            "n_train": len(material.train),
            "n_val": len(material.val),
            "n_slices": n_slices_of(material),
        }


@contextmanager
def _hearing_signals(ask: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C ask for a stop while the block lasts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: ask()) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
