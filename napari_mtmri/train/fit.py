# SPDX-License-Identifier: BSD-3-Clause
"""The training loop: Lightning's Fabric and an explicit loop."""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from napari_mtmri.errors import InputError, Stopped
from napari_mtmri.files import write_whole
from napari_mtmri.train.batches import Simulator, plan_epoch
from napari_mtmri.train.cases import load_cases
from napari_mtmri.train.checkpoint import load_checkpoint, save_checkpoint
from napari_mtmri.train.module import TensorBatch, build_network, training_loss
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.validate import Validator

CHECKPOINT = "last.safetensors"
REQUEST = "request.json"
STOP_FILE = "stop"
SECONDS_BETWEEN_CHECKPOINTS = 120.0


def learning_rate(recipe: Recipe, update: int, per_epoch: int) -> float:
    """Return the learning rate of an update."""
    rate = recipe.learning_rate * min((update + 1) / max(recipe.warmup_updates, 1), 1.0)
    if recipe.schedule == "cosine":
        return rate * 0.5 * (1 + math.cos(math.pi * update / (recipe.epochs * per_epoch)))
    return rate * float(recipe.lr_decay ** (update // per_epoch // recipe.lr_decay_every))


def open_run(out: Path) -> Training:
    """Return the training of a run folder, to go on with it.

    Raises
    ------
    InputError
        If the folder is none of a training.
    """
    try:
        request = json.loads((out / REQUEST).read_text(encoding="utf-8"))
        return Training(Recipe(**request["recipe"]), Path(request["data"]), out)
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise InputError(f"{out}: not the folder of a training ({why}); name another.") from why


class Training:
    """One training in its run folder; `run` starts it or goes on with it.

    Parameters
    ----------
    recipe : Recipe
    data : Path
        Folder of cases with ``cases.csv``.
    out : Path
        Run folder: ``request.json``, ``events.jsonl`` and checkpoints.
    """

    def __init__(self, recipe: Recipe, data: Path, out: Path) -> None:
        self.recipe, self.data, self.out = recipe, data, out
        self.stop_asked = False

    def run(self, report: Callable[[dict[str, Any]], None] = lambda event: None) -> None:
        """Train to the end.

        Raises
        ------
        Stopped
            After a stop file or SIGTERM; the checkpoint is written.
        """
        recipe = self.recipe
        self.out.mkdir(parents=True, exist_ok=True)
        request = {"recipe": recipe.model_dump(mode="json"), "data": str(self.data.resolve())}
        text = json.dumps(request, indent=1)
        write_whole(self.out / REQUEST, lambda file: file.write_text(text, encoding="utf-8"))
        fabric = Fabric(precision="bf16-mixed" if recipe.precision == "bfloat16" else "32-true")
        cases = load_cases(self.data, "train")
        validator = Validator(load_cases(self.data, "val"), recipe)
        network = build_network(recipe)
        optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
        model, optimizer = fabric.setup(network, optimizer)
        simulator = Simulator(cases, recipe)
        updates = 0
        if (self.out / CHECKPOINT).is_file():
            updates = load_checkpoint(self.out / CHECKPOINT, network, optimizer)["updates"]
        scale = self._recon_scale(simulator)
        per_epoch = -(-len(plan_epoch(cases, recipe, 0)) // recipe.batch_size)
        self._stop_on_signals()

        def emit(**event: Any) -> None:
            event = {"time": time.time(), "updates": updates, **event}
            with (self.out / "events.jsonl").open("a") as file:
                file.write(json.dumps(event) + "\n")
            report(event)

        def checkpoint() -> None:
            position = {"recipe": recipe.model_dump(mode="json"), "updates": updates}
            save_checkpoint(self.out / CHECKPOINT, network.state_dict(), optimizer, position)

        emit(kind="start", per_epoch=per_epoch, total=per_epoch * recipe.epochs, scale=scale)
        saved = time.monotonic()
        for epoch in range(updates // per_epoch, recipe.epochs):
            plan = plan_epoch(cases, recipe, epoch)
            for number in range(updates - epoch * per_epoch, per_epoch):
                items = plan[number * recipe.batch_size : (number + 1) * recipe.batch_size]
                batch = TensorBatch.of(simulator.batch(items, epoch), fabric.device)
                clock = updates / per_epoch if recipe.t_unit == "iteration" else float(epoch)
                rate = learning_rate(recipe, updates, per_epoch)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                loss, parts = training_loss(model, batch, recipe, updates, clock, scale)
                optimizer.zero_grad()
                fabric.backward(loss)
                if recipe.grad_clip:
                    fabric.clip_gradients(model, optimizer, max_norm=recipe.grad_clip)
                optimizer.step()
                updates += 1
                emit(kind="update", epoch=epoch, lr=rate, **parts)
                if self.stop_asked or (self.out / STOP_FILE).exists():
                    checkpoint()
                    emit(kind="stopped", epoch=epoch)
                    raise Stopped(f"{self.out}: stopped after update {updates}; it can be resumed.")
                if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                    checkpoint()
                    saved = time.monotonic()
            checkpoint()
            model.eval()
            emit(kind="validation", epoch=epoch, **validator.scores(model, fabric.device))
            model.train()
        emit(kind="end")

    def _stop_on_signals(self) -> None:
        def ask(number: int, frame: Any) -> None:
            self.stop_asked = True

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, ask)
            signal.signal(signal.SIGINT, ask)

    def _recon_scale(self, simulator: Simulator) -> float:
        """Return the factor of the reconstruction loss: given, or 1 / mean zero-filled MSE."""
        if self.recipe.recon_scale != "zero_filled":
            return float(self.recipe.recon_scale)
        from napari_mtmri.kspace import ifft2c

        items = plan_epoch(simulator.cases, self.recipe, 0)[:64]
        errors = []
        for item in items:
            batch = simulator.batch([item], 0)
            error = ifft2c(batch.kspace[:, 0]) - batch.truth
            errors.append(np.mean(np.abs(error) ** 2))
        return 1.0 / max(float(np.mean(errors)), 1e-12)
