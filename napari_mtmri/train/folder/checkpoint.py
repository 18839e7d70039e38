# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoint: everything a training needs to continue, in one safetensors file; no pickle."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.files import remove_leftovers, write_whole
from napari_mtmri.train.folder.layout import BEST, FOLDERS, LAST, PREVIOUS, is_file
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.weights import save_tensors

if TYPE_CHECKING:
    import torch

METADATA = "__metadata__"
MOST_HEADER_BYTES = 2**24


@dataclass(frozen=True)
class Position:
    """State of a training, except its tensors.

    Parameters
    ----------
    recipe : Recipe
    updates : int
    n_validated : int
        Number of epochs that were validated.
    best : float or None
        Best validation score of the stage so far.
    history : ((float, float), ...)
        Mean losses of reconstruction and segmentation of each finished epoch of the stage.
    sums : (float, float, int)
        Sums of both losses in this epoch, and their number.
    stage : int
        Number of the stage that the optimizer state belongs to.
    """

    recipe: Recipe
    updates: int = 0
    n_validated: int = 0
    best: float | None = None
    history: tuple[tuple[float, float], ...] = ()
    sums: tuple[float, float, int] = (0.0, 0.0, 0)
    stage: int = 0

    def text(self) -> str:
        """Return the position as JSON; all floats are read back exactly."""
        return json.dumps({**asdict(self), "recipe": self.recipe.model_dump(mode="json")})

    @classmethod
    def of(cls, text: str) -> Position:
        """Return the position from the JSON of `text`."""
        found = json.loads(text)
        history = tuple((recon, seg) for recon, seg in found.pop("history"))
        recon, seg, count = found.pop("sums")
        recipe = Recipe(**found.pop("recipe"))
        return cls(recipe, history=history, sums=(recon, seg, count), **found)


def save_checkpoint(
    run: Path,
    module: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    position: Position,
    *,
    is_best: bool = False,
) -> None:
    """Write objective, optimizer and position; the previous checkpoint is kept.

    Raises
    ------
    ResourceError
        If it cannot be written; the last checkpoint is kept.
    """
    tensors = dict(module.state_dict())
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items()}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    last, new = run / LAST, run / f"{LAST}.next"
    try:
        last.parent.mkdir(parents=True, exist_ok=True)
        write_whole(new, lambda file: save_tensors(file, whole, {"position": position.text()}))
    except OSError as why:
        raise ResourceError(f"{last}: cannot be written ({why}); free some space there.") from why
    _take_place(run)
    if is_best:
        write_whole(run / BEST, lambda file: shutil.copyfile(last, file))


def tidy(run: Path) -> None:
    """Finish what a killed training left undone: rename its newest checkpoint, remove parts.

    Raises
    ------
    ResourceError
        If the folder is not writable.
    """
    for folder in (run, *(run / name for name in FOLDERS)):
        remove_leftovers(folder)
    if (run / f"{LAST}.next").is_file():  # whole: it was renamed from a temporary name
        _take_place(run)


def _take_place(run: Path) -> None:
    last = run / LAST
    try:
        if last.exists():
            os.replace(last, run / PREVIOUS)
        os.replace(run / f"{LAST}.next", last)
    except OSError as why:
        raise ResourceError(f"{last}: cannot be written ({why}); free some space there.") from why


def has_checkpoint(run: Path) -> bool:
    """Return whether a training left a checkpoint, whole or not."""
    return any(is_file(run / name) for name in (LAST, PREVIOUS))


def read_position(run: Path) -> Position | None:
    """Return the position of the newest whole checkpoint; None if there is none.

    Reads neither tensors nor torch. A file is whole if it has the length that its header
    states.
    """
    for name in (f"{LAST}.next", LAST, PREVIOUS):
        try:
            with (run / name).open("rb") as file:
                size = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(size)) if size <= MOST_HEADER_BYTES else {}
                ends = [one["data_offsets"][1] for key, one in header.items() if key != METADATA]
                if file.seek(0, os.SEEK_END) == 8 + size + max(ends):
                    return Position.of(header[METADATA]["position"])
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError,
                RecursionError):  # fmt: skip
            continue
    return None


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in memory.

    Parameters
    ----------
    path : Path
    tensors : mapping of str to Tensor
        ``network.…`` and others of the objective, ``optimizer.…``.
    position : Position
    """

    path: Path
    tensors: Mapping[str, torch.Tensor]
    position: Position

    def restore_network(self, network: torch.nn.Module) -> None:
        """Load the weights into a network.

        Raises
        ------
        InputError
            If they belong to another network.
        """
        with self._fits():
            network.load_state_dict(network_of(self.tensors))

    def restore(self, module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Load weights and optimizer state into objective and optimizer of the same stage.

        Raises
        ------
        InputError
            If they belong to another network.
        """
        with self._fits():
            _put(self.tensors, module, optimizer)

    @contextmanager
    def _fits(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, ValueError, RuntimeError) as why:
            raise InputError(
                f"{self.path}: not a checkpoint of this training ({why}); resume from another "
                "or start again in another folder."
            ) from why


def load_checkpoint(run: Path, report: Callable[[str], None]) -> Checkpoint | None:
    """Return the newest checkpoint of a training; None if there is none.

    Parameters
    ----------
    run : Path
        Training folder.
    report : callable
        Called with a message if the last one is damaged and the one before it is used.

    Raises
    ------
    InputError
        If the files are not checkpoints.
    """
    found = [run / name for name in (LAST, PREVIOUS) if (run / name).is_file()]
    for turn, path in enumerate(found):
        try:
            return Checkpoint(path, *read_checkpoint(path))
        except InputError as why:
            if turn == len(found) - 1:
                raise
            report(f"the previous checkpoint is used: {why}")
    return None


def read_checkpoint(path: Path) -> tuple[dict[str, torch.Tensor], Position]:
    """Return the tensors (``network.…`` and others of the module, ``optimizer.…``) and position of a checkpoint.

    Raises
    ------
    InputError
        If the file is not a checkpoint.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            position = Position.of((file.metadata() or {})["position"])
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, position
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as why:
        raise InputError(
            f"{path}: not a checkpoint of a training ({why}); let it run for at least one update, "
            "or choose another."
        ) from why


def network_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the weights of the network in a checkpoint: averaged if the training averages."""
    starts = ("averaged.module.", "network.")
    start = next(one for one in starts if any(name.startswith(one) for name in tensors))
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def _put(
    tensors: Mapping[str, torch.Tensor], module: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    weights: dict[str, torch.Tensor] = {}
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        part, _, rest = key.partition(".")
        if part == "optimizer":
            index, _, name = rest.partition(".")
            state.setdefault(int(index), {})[name] = value
        else:
            weights[key] = value
    module.load_state_dict(weights)
    if state:
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
