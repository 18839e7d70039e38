# SPDX-License-Identifier: BSD-3-Clause
"""Kinds of networks, found by entry points, and their construction from an architecture."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from napari_mtmri.registry import Registry

# A member returns a network from its sizes, given by name: usually the class itself. Its
# ``forward(kspace, mask, coil_maps, truth, window)`` returns image and logits, None for an
# output that it lacks; see `napari_mtmri.networks.multitask.MultiTask.forward`.
NETWORKS: Registry[Callable[..., nn.Module]] = Registry("networks")
DEFAULT_KIND = "multitask"  # if a card names no kind
NOT_SIZES = ("kind", "window")
MOST = 4096  # of any size in an architecture


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


def build_like(architecture: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> nn.Module:
    """Return a network with given weights.

    Nothing is allocated before the sizes are known to fit the weights: an architecture read
    from a file may ask for any number of layers.

    Parameters
    ----------
    architecture : mapping
        See `build`.
    tensors : mapping of str to Tensor
        Weights by name.

    Raises
    ------
    TypeError, ValueError, RuntimeError, RequestError
        If the architecture cannot be built, or its weights have other names or shapes.
    """
    largest = max(_numbers(architecture), default=0)
    if largest > MOST:
        raise ValueError(f"a size of {largest:g} is more than {MOST}")
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a width of 0
        plan = build(architecture).state_dict()
    for name, value in tensors.items():
        shape = plan[name].shape if name in plan else None
        if shape != value.shape:
            raise ValueError(f"{name} is {value.shape} instead of {shape}")
    network = build(architecture)
    # Which weights may be absent is for the network to say.
    network.load_state_dict(tensors)
    return network


def _numbers(thing: object) -> Iterator[float]:
    """Yield the numbers in nested data."""
    if isinstance(thing, Mapping):
        thing = list(thing.values())
    if isinstance(thing, (list, tuple)):
        for part in thing:
            yield from _numbers(part)
    elif isinstance(thing, (int, float)):
        yield thing
