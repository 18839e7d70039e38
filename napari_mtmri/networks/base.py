# SPDX-License-Identifier: BSD-3-Clause
"""Build a network from the architecture on a card or in a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from napari_mtmri.networks.d5c5 import D5C5
from napari_mtmri.networks.multitask import MultiTask
from napari_mtmri.networks.unet import UNet


def build(architecture: Mapping[str, Any], seed: int = 0) -> MultiTask:
    """Return an untrained network.

    Parameters
    ----------
    architecture : mapping
        ``reconstruction`` and ``segmentation``: arguments of `D5C5` and of `UNet`, or None
        for a network without that part.
    seed : int
        Random seed of the initial weights.
    """
    recon, seg = architecture.get("reconstruction"), architecture.get("segmentation")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MultiTask(D5C5(**recon) if recon else None, UNet(**seg) if seg else None)
    if network.reconstruction is not None:
        # 1.5 times faster convolutions; not for the U-Net, since the backward pass of
        # GroupNorm is three times slower in this layout on a CPU.
        network.reconstruction.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
