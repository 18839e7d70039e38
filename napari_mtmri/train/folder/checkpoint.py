# SPDX-License-Identifier: BSD-3-Clause
"""Everything a training needs to go on, in one safetensors file; no pickle."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.files import write_whole
from napari_mtmri.train.folder.layout import BEST, LAST, PREVIOUS
from napari_mtmri.train.recipe import Recipe

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Position:
    """Where a training stands, all that is not in its tensors.

    Parameters
    ----------
    recipe : Recipe
    updates : int
    n_validated : int
        Epochs that were validated.
    best : float or None
        Best score of a validation so far.
    history : ((float, float), ...)
        Mean losses of reconstruction and segmentation of each epoch that is over.
    sums : (float, float, int)
        Sums of both losses in this epoch, and their number.
    """

    recipe: Recipe
    updates: int = 0
    n_validated: int = 0
    best: float | None = None
    history: tuple[tuple[float, float], ...] = ()
    sums: tuple[float, float, int] = (0.0, 0.0, 0)

    def text(self) -> str:
        """Return the position as JSON; every float comes back the same."""
        return json.dumps({**asdict(self), "recipe": self.recipe.model_dump(mode="json")})

    @classmethod
    def of(cls, text: str) -> Position:
        """Return the position that `text` wrote."""
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
    """Write module, optimiser and position; the one before is kept beside.

    Raises
    ------
    ResourceError
        If it cannot be written; the last one is still there.
    """
    from safetensors.torch import save_file

    tensors = dict(module.state_dict())
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items()}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    last, previous, beside = run / LAST, run / PREVIOUS, run / f"{LAST}.next"
    try:
        last.parent.mkdir(parents=True, exist_ok=True)
        write_whole(
            beside, lambda file: save_file(whole, file, metadata={"position": position.text()})
        )
        if last.exists():
            os.replace(last, previous)
        os.replace(beside, last)
    except OSError as why:
        raise ResourceError(f"{last}: cannot be written ({why}); make room there.") from why
    if is_best:
        write_whole(run / BEST, lambda file: shutil.copyfile(last, file))


def has_checkpoint(run: Path) -> bool:
    """Return whether a training left a checkpoint, whole or not."""
    return any((run / name).is_file() for name in (LAST, PREVIOUS))


def load_checkpoint(
    run: Path,
    module: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    report: Callable[[str], None],
) -> Position | None:
    """Put the newest checkpoint into module and optimiser; None if there is none.

    Parameters
    ----------
    run : Path
    module, optimizer
    report : callable
        Told if the last one is damaged, so that the one before it is taken.

    Raises
    ------
    InputError
        If the files are no checkpoints, or those of another network.
    """
    found = [run / name for name in (LAST, PREVIOUS) if (run / name).is_file()]
    for turn, path in enumerate(found):
        try:
            tensors, position = read_checkpoint(path)
            _put(tensors, module, optimizer)
            return position
        except InputError as why:
            if turn == len(found) - 1:
                raise
            report(f"the one before is taken: {why}")
        except (KeyError, ValueError, RuntimeError) as why:
            raise InputError(
                f"{path}: not a checkpoint of this training ({why}); resume from another or "
                "start anew."
            ) from why
    return None


def read_checkpoint(path: Path) -> tuple[dict[str, torch.Tensor], Position]:
    """Return the tensors (``network.…`` and others of the module, ``optimizer.…``) and position of a checkpoint.

    Raises
    ------
    InputError
        If the file is none.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            position = Position.of((file.metadata() or {})["position"])
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, position
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as why:
        raise InputError(
            f"{path}: not a checkpoint of a training ({why}); let it run for an update at least, "
            "or name another."
        ) from why


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
