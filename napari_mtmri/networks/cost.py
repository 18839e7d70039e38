# SPDX-License-Identifier: BSD-3-Clause
"""Size and arithmetic of a network, to show next to its scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from napari_mtmri.networks.base import build

PLANE = (224, 192)  # slice of the paper's first data set


@dataclass(frozen=True)
class Cost:
    """Size and arithmetic of one or several networks.

    Parameters
    ----------
    n_parameters : int
        Of the parts that run; a part that only the training needs is not counted.
    gflop_per_slice : float
        10^9 floating-point operations for one slice of 224 × 192, one coil. A
        multiplication with an addition counts as two. Fourier transforms, normalisation
        and activations are not counted.
    """

    n_parameters: int
    gflop_per_slice: float


def cost_of(architectures: Iterable[Mapping[str, Any]]) -> Cost:
    """Return the cost of running networks one after the other.

    Nothing is computed: the networks are built and run without memory, on torch's device
    "meta".

    Parameters
    ----------
    architectures : iterable of mapping
        As on the cards of their weights (`napari_mtmri.networks.base.build`).

    Raises
    ------
    RequestError
        If a kind of network is not registered.
    """
    n_parameters, flop = 0, 0
    for architecture in architectures:
        with torch.device("meta"):
            network = build(architecture).eval()
            n_parameters += count_parameters(network)
            flop += _flop(network)
    return Cost(n_parameters, flop / 1e9)


def count_parameters(network: nn.Module) -> int:
    """Return the number of parameters of the parts that run.

    A network names the others by the start of their parameters' names in
    ``only_for_training``.
    """
    unused: tuple[str, ...] = getattr(network, "only_for_training", ())
    return sum(
        one.numel() for name, one in network.named_parameters() if not name.startswith(unused)
    )


def _flop(network: nn.Module) -> int:
    kspace = torch.zeros((1, 1, *PLANE), dtype=torch.complex64)
    mask, truth = torch.ones((1, 1, *PLANE), dtype=torch.bool), torch.zeros((1, *PLANE))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(kspace, mask, None, truth, None)
    return int(counter.get_total_flops())
