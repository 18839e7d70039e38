# SPDX-License-Identifier: BSD-3-Clause
"""A training in its folder: start, resume, stop by signals."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from torch import nn

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.methods.base import training_of
from napari_mtmri.methods.training import spans_of
from napari_mtmri.train.data.batches import Simulator
from napari_mtmri.train.data.split import check_unchanged, write_split
from napari_mtmri.train.data.training_data import TrainingData, n_slices_of
from napari_mtmri.train.export.curves import finish
from napari_mtmri.train.folder.checkpoint import has_checkpoint, load_checkpoint, tidy
from napari_mtmri.train.folder.layout import (
    CONFIG,
    SLICES,
    SPLIT,
    STOP,
    Config,
    forget_start,
    is_run,
    read_config,
    versions,
    write_config,
)
from napari_mtmri.train.folder.process import only_one
from napari_mtmri.train.loop.hardware import Machine, ended_together, keep_freed_memory
from napari_mtmri.train.loop.hooks import Hooks, Report
from napari_mtmri.train.loop.loader import BatchLoader
from napari_mtmri.train.loop.loop import Loop
from napari_mtmri.train.loop.objective import make_network, recon_scale
from napari_mtmri.train.loop.readiness import ready_data
from napari_mtmri.train.recipe import SIMULATED, Recipe

SECONDS_BETWEEN_CHECKPOINTS = 120.0


class Training:
    """One training in its training folder; `run` starts or continues it.

    Parameters
    ----------
    recipe : Recipe
    data : Path or str
        Folder or table of cases, or "simulated".
    out : Path
        Training folder.
    preset : str, optional
        Name of the preset of the recipe.
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
        RequestError
            If there are fewer epochs than stages.
        InputError
            If the data cannot be used, or the folder is that of another training.
        ResourceError
            If memory or disk is full, or the loss is not finite; the last checkpoint is
            kept.
        """
        spans_of(training_of(self.recipe.method), self.recipe)
        keep_freed_memory()
        fabric = self.machine.fabric(self.recipe.optimizer.precision)
        with ended_together(fabric):
            # Everything that can be refused is refused before a file is written.
            material = ready_data(self.recipe, self.data, is_begun=self._is_begun())
            network = make_network(material.recipe, is_begun=has_checkpoint(self.out))
            # Only what a training has written may be removed.
            has_failed = is_run(self.out) and not has_checkpoint(self.out)
            if fabric.is_global_zero:
                self._make_folder()
            with (
                only_one(self.out) if fabric.is_global_zero else nullcontext(),
                _stopped_by_signals(self._ask),
            ):
                if fabric.is_global_zero:
                    self._begin(material, has_failed)
                fabric.barrier()
                self._train(fabric, material, network, report, most_updates)

    def _train(
        self,
        fabric: Any,
        material: TrainingData,
        network: nn.Module,
        report: Report,
        most_updates: int | None,
    ) -> None:
        recipe, simulator = material.recipe, Simulator(material.train, material.recipe)
        remarks = list(material.remarks)
        found = load_checkpoint(self.out, remarks.append)
        if found is not None and found.position.recipe != recipe:
            was, now = found.position.recipe.flat(), recipe.flat()
            changed = ", ".join(key for key in now if was.get(key) != now[key])
            raise InputError(
                f"{self.out / CONFIG}: was changed since this training began ({changed}); restore "
                "it, or start another training in another folder."
            )
        n_workers = self.machine.n_workers(fabric.device.type)
        loader = BatchLoader(simulator, fabric.global_rank, fabric.world_size, n_workers)
        loop = Loop(fabric, recipe, network, recon_scale(recipe, simulator), loader, found)
        hooks = Hooks(
            fabric,
            self.out,
            material,
            loop.position,
            wants_stop=self.wants_stop,
            checkpoint_every_s=self.checkpoint_every_s,
            report=report,
        )
        with hooks:
            facts = {**loop.facts(), **_facts_of(fabric, material)}
            kind = "start" if found is None else "resume"
            hooks.emit(kind, loop.position, epoch=loop.position.n_validated, **facts)
            for remark in remarks:
                hooks.emit("warning", loop.position, text=remark)
            if loop.run(hooks, most_updates) and fabric.is_global_zero:
                hooks.emit("end", loop.position, **finish(self.out, recipe))

    def _ask(self) -> None:
        self.stop_asked = True

    def wants_stop(self) -> bool:
        """Return whether the user has asked to stop."""
        return self.stop_asked or (self.out / STOP).exists()

    def _is_begun(self) -> bool:
        """Return whether a checkpoint replaces the initial weights."""
        return has_checkpoint(self.out) and read_config(self.out).recipe == self.recipe

    def _make_folder(self) -> None:
        try:
            (self.out / SLICES).mkdir(parents=True, exist_ok=True)
        except OSError as why:
            raise ResourceError(
                f"{self.out}: cannot be made ({why}); choose another folder."
            ) from why

    def _begin(self, material: TrainingData, has_failed: bool) -> None:
        recipe = material.recipe
        tidy(self.out)
        if has_failed and not has_checkpoint(self.out):
            forget_start(self.out)
        if (self.out / CONFIG).exists() and read_config(self.out).recipe != recipe:
            raise InputError(
                f"{self.out}: contains a training with another recipe; choose another folder."
            )
        if not (self.out / CONFIG).exists():
            # A folder is found again from anywhere; "simulated" and "brainweb" are names.
            is_name = self.data == SIMULATED or not Path(self.data).exists()
            data = str(self.data) if is_name else str(Path(self.data).resolve())
            write_config(self.out, Config(recipe, data, self.preset, versions()))
        known = (material.files, material.hashes, material.labels_hashes)
        if has_checkpoint(self.out) and (self.out / SPLIT).exists():
            check_unchanged(self.out / SPLIT, *known)
        else:
            write_split(self.out / SPLIT, *known)


def open_run(out: Path) -> Training:
    """Return the training of a training folder, to continue it.

    Raises
    ------
    InputError
        If the folder is not a training folder.
    """
    config = read_config(out)
    return Training(config.recipe, config.data, out, preset=config.preset)


def _facts_of(fabric: Any, material: TrainingData) -> dict[str, Any]:
    """Return device and data for the first event."""
    return {
        "device": str(fabric.device),
        "n_processes": fabric.world_size,
        "precision": material.recipe.optimizer.precision,
        "batch_size": material.recipe.optimizer.batch_size,
        "n_train": len(material.train),
        "n_val": len(material.val),
        "n_slices": n_slices_of(material),
    }


@contextmanager
def _stopped_by_signals(ask: Callable[[], None]) -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C into requests to stop until the block ends."""
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
