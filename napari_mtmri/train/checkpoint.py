# SPDX-License-Identifier: BSD-3-Clause
"""Everything a training needs to go on, in one safetensors file; no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.errors import InputError
from napari_mtmri.files import write_whole

if TYPE_CHECKING:
    import torch


def save_checkpoint(
    path: Path,
    network: Mapping[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    position: Mapping[str, Any],
) -> None:
    """Write network, optimiser and position beside ``path``, then rename.

    Parameters
    ----------
    position : mapping
        JSON-able: recipe, epoch, updates done.
    """
    from safetensors.torch import save_file

    tensors = {f"network.{name}": value.contiguous() for name, value in network.items()}
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            tensors[f"optimizer.{index}.{key}"] = value.contiguous()
    write_whole(
        path, lambda file: save_file(tensors, file, metadata={"position": json.dumps(position)})
    )


def load_checkpoint(
    path: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer | None
) -> dict[str, Any]:
    """Put a checkpoint's state into network and optimiser; return its position.

    Raises
    ------
    InputError
        If the file is no checkpoint, or one of another network.
    """
    from safetensors import SafetensorError, safe_open

    state: dict[int, dict[str, Any]] = {}
    weights: dict[str, Any] = {}
    try:
        with safe_open(path, framework="pt") as file:
            position = json.loads((file.metadata() or {})["position"])
            for key in file.keys():  # noqa: SIM118 - not a mapping
                part, _, rest = key.partition(".")
                if part == "network":
                    weights[rest] = file.get_tensor(key)
                else:
                    index, _, name = rest.partition(".")
                    state.setdefault(int(index), {})[name] = file.get_tensor(key)
        network.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as why:
        raise InputError(
            f"{path}: not a checkpoint of this training ({why}); resume from another or start anew."
        ) from why
    if optimizer is not None and state:
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    return dict(position)
