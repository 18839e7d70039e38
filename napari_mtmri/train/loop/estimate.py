# SPDX-License-Identifier: BSD-3-Clause
"""Time and memory that a training needs, measured by a few real updates."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from napari_mtmri.methods.base import training_of
from napari_mtmri.methods.training import spans_of
from napari_mtmri.train.data.batches import Simulator
from napari_mtmri.train.loop.hardware import Machine
from napari_mtmri.train.recipe import Recipe

N_WARM, N_MEASURED = 1, 3


@dataclass(frozen=True)
class Estimate:
    """Time and memory that a training needs.

    Parameters
    ----------
    seconds_per_update, seconds : float
        Time of one update, and of all updates without validation.
    updates : int
    peak_bytes : int
        Largest memory of these updates: of the GPU, else of the process.
    n_parameters, n_train, n_val, n_slices : int
    device : str
    warnings : (str, ...)
    """

    seconds_per_update: float
    seconds: float
    updates: int
    peak_bytes: int
    n_parameters: int
    n_train: int
    n_val: int
    n_slices: int
    device: str
    warnings: tuple[str, ...]


def estimate(recipe: Recipe, data: Path | str, machine: Machine | None = None) -> Estimate:
    """Return time and memory that a training needs, measured by a few updates of each stage.

    Raises
    ------
    InputError
        If the data cannot be used.
    ResourceError
        If one slice does not fit into memory.
    """
    import psutil
    import torch

    from napari_mtmri.networks.losses import TensorBatch
    from napari_mtmri.train.data.training_data import n_slices_of
    from napari_mtmri.train.loop.loader import BatchLoader
    from napari_mtmri.train.loop.objective import (
        Objective,
        StepContext,
        make_network,
        recon_scale,
    )
    from napari_mtmri.train.loop.readiness import ready_data
    from napari_mtmri.train.loop.step import Step, make_optimizer

    fabric = (machine or Machine()).fabric(recipe.optimizer.precision)
    material = ready_data(recipe, data)
    recipe, simulator = material.recipe, Simulator(material.train, material.recipe)
    network, loader = make_network(recipe), BatchLoader(simulator)
    per_epoch = len(loader.plan(0))
    scale, resident, warnings = recon_scale(recipe, simulator), [0], list(material.remarks)
    seconds = 0.0
    for span in spans_of(training_of(recipe.method), recipe):
        objective = Objective(network, span, scale)
        module, optimizer = fabric.setup(objective, make_optimizer(objective))
        step = Step(fabric, module, optimizer, span.recipe)
        took = []
        began = time.perf_counter()
        for update, (batch, count) in enumerate(loader.batches(0, 0)):
            step(TensorBatch.of(batch, fabric.device), StepContext(update, 0, 0.5, 0.5, count), 0.0)
            took.append(time.perf_counter() - began)
            resident.append(psutil.Process().memory_info().rss)
            began = time.perf_counter()
            if len(took) == N_WARM + N_MEASURED:
                break
        measured = took[N_WARM:] or took
        seconds += sum(measured) / len(measured) * per_epoch * (span.last - span.first)
        if step.n_parts > recipe.optimizer.accumulate:
            warnings.append(f"out of memory: each batch is processed in {step.n_parts} parts.")
    updates = per_epoch * recipe.optimizer.epochs
    is_cuda = fabric.device.type == "cuda"
    return Estimate(
        seconds_per_update=seconds / updates,
        seconds=seconds,
        updates=updates,
        peak_bytes=torch.cuda.max_memory_allocated() if is_cuda else max(resident),
        n_parameters=sum(one.numel() for one in network.parameters()),
        n_train=len(material.train),
        n_val=len(material.val),
        n_slices=n_slices_of(material),
        device=str(fabric.device),
        warnings=tuple(warnings),
    )
