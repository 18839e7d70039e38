# SPDX-License-Identifier: BSD-3-Clause
"""Speed of the training loop relative to updates without data loading.

Measured alternately in one process: updates of the real loop (planning, augmentation,
simulation, events, heartbeat) and updates of the same network on one batch in memory, without
compilation, first updates and validation.

    python benchmarks/training.py [FOLDER] [--rounds 5] [--updates 20] [KEY=VALUE ...]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from gaps import update_gaps

from napari_mtmri.methods.base import training_of
from napari_mtmri.methods.training import spans_of
from napari_mtmri.networks.losses import TensorBatch
from napari_mtmri.train.data.batches import Simulator
from napari_mtmri.train.data.training_data import read_training_data
from napari_mtmri.train.loop.hardware import Machine
from napari_mtmri.train.loop.loader import BatchLoader
from napari_mtmri.train.loop.objective import Objective, StepContext, make_network, recon_scale
from napari_mtmri.train.loop.step import Step, make_optimizer
from napari_mtmri.train.loop.training import Training
from napari_mtmri.train.presets import make_recipe
from napari_mtmri.train.recipe import Recipe

SIMULATED = {"n_simulated": (8, 1, 0), "simulated_size": (256, 256)}


class Bare:
    """Updates on one batch in memory."""

    def __init__(self, recipe: Recipe, data: str) -> None:
        fabric = Machine().fabric(recipe.optimizer.precision)
        material = read_training_data(recipe, data)
        simulator = Simulator(material.train, material.recipe)
        recipe = material.recipe
        span = spans_of(training_of(recipe.method), recipe)[0]
        objective = Objective(make_network(recipe), span, recon_scale(recipe, simulator))
        module, optimizer = fabric.setup(objective, make_optimizer(objective))
        self._step = Step(fabric, module, optimizer, recipe)
        batch, self._count = next(iter(BatchLoader(simulator).batches(0, 0)))
        self._batch = TensorBatch.of(batch, fabric.device)
        self.device = str(fabric.device)
        self._done = 0

    def rate(self, n_updates: int) -> float:
        """Return slices per second."""
        began = time.perf_counter()
        for _ in range(n_updates):
            self._step(self._batch, StepContext(self._done, 0, 0.5, 0.5, self._count), 1e-4)
            self._done += 1  # reference and reconstruction alternately, as in the loop
        return n_updates * self._count / (time.perf_counter() - began)


class Loop:
    """Updates of the real training loop, including the preparation of batches.

    The start of the training and validation are not counted.
    """

    def __init__(self, recipe: Recipe, data: str, out: Path, n_workers: int | str) -> None:
        machine = Machine(workers=n_workers)  # type: ignore[arg-type]
        self._training = Training(recipe, data, out, machine=machine, checkpoint_every_s=120)
        self._size = recipe.optimizer.batch_size

    def rate(self, n_updates: int) -> float:
        """Return slices per second."""
        events: list[dict[str, Any]] = []
        self._training.run(events.append, most_updates=n_updates + 1)
        gaps = update_gaps(events)
        return self._size * len(gaps) / sum(gaps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="simulated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--workers", type=int)
    parser.add_argument("keys", nargs="*", metavar="KEY=VALUE")
    given = parser.parse_intermixed_args()
    data, keys = given.data, given.keys
    if "=" in data:
        data, keys = "simulated", [data, *keys]
    changes = {key: json.loads(value) for key, _, value in (k.partition("=") for k in keys)}
    recipe = make_recipe("cpu-size", {**(SIMULATED if data == "simulated" else {}), **changes})
    workers = "auto" if given.workers is None else given.workers
    with tempfile.TemporaryDirectory() as place:
        bare, loop = Bare(recipe, data), Loop(recipe, data, Path(place) / "run", workers)
        bare.rate(2)
        pairs = [(bare.rate(given.updates), loop.rate(given.updates)) for _ in range(given.rounds)]
    ratios = [looped / alone for alone, looped in pairs]
    print(
        f"{bare.device}, {recipe.optimizer.precision}, batch {recipe.optimizer.batch_size}, crop {recipe.data.crop}"
    )
    print(f"bare updates  {statistics.median(alone for alone, _ in pairs):6.2f} slices per second")
    print(
        f"whole loop    {statistics.median(looped for _, looped in pairs):6.2f} slices per second"
    )
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio         {statistics.median(ratios):6.2f} (median of {shown})")


if __name__ == "__main__":
    main()
