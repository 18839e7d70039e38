# SPDX-License-Identifier: BSD-3-Clause
"""Kinds of networks, found by entry points, and their construction from an architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from napari_mtmri.registry import Registry

# A member returns a network from its sizes, given by name: usually the class itself. Its
# ``forward(kspace, mask, coil_maps, truth, window)`` returns image and logits, None for an
# output that it lacks; see `napari_mtmri.networks.multitask.MultiTask.forward`.
NETWORKS: Registry[Callable[..., nn.Module]] = Registry("networks")
DEFAULT_KIND = "multitask"  # if a card names no kind
NOT_SIZES = ("kind", "window")


def build(architecture: Mapping[str, Any], seed: int = 0) -> nn.Module:
    """Return an untrained network.

    Parameters
    ----------
    architecture : mapping
        ``kind``: registered name of the network, "multitask" by default; ``window``: smallest
        box of the object that the network processes, used by the caller; all others are
        sizes for the constructor.
    seed : int
        Random seed of the initial weights.

    Raises
    ------
    RequestError
        If the kind is not registered.
    """
    make = NETWORKS.get(architecture.get("kind", DEFAULT_KIND))
    sizes = {key: value for key, value in architecture.items() if key not in NOT_SIZES}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(**sizes)
