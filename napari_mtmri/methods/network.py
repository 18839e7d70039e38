# SPDX-License-Identifier: BSD-3-Clause
"""Loading and running of `MultiTask` networks, shared by several methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_mtmri.device import Device
from napari_mtmri.methods.base import Loaded, Runner, Setting, SliceBatch
from napari_mtmri.scan import Scan
from napari_mtmri.weights import Card, find_weights, load_weights

if TYPE_CHECKING:
    from napari_mtmri.networks.multitask import MultiTask

_LOADED: dict[tuple[str, ...], tuple[MultiTask, Card]] = {}


def load_network(setting: Setting, *names: str) -> Loaded:
    """Return a method ready to run, with the networks of one or several weights files.

    Parameters
    ----------
    setting : Setting
    *names : str
        Names of the weights. If several contain a reconstruction (or segmentation) network,
        the last one is used.
    """
    parts = [_network(setting, name) for name in names]
    cards = tuple(card for _, card in parts)
    windows = [card.architecture["window"] for card in cards if card.architecture.get("window")]
    network = _join([net for net, _ in parts])
    return Loaded(_runner(network, setting.device, windows[-1] if windows else None), cards)


def _network(setting: Setting, name: str) -> tuple[MultiTask, Card]:
    """Return the network and card of some weights; loaded once per process and kept."""
    import torch

    from napari_mtmri.networks.build import build

    path = find_weights(name, setting.weights)
    device = setting.device
    key = (name, str(path.resolve()), device.name, device.precision)
    if key not in _LOADED:
        tensors, card = load_weights(path, name)
        network = build(card.architecture)
        network.load_state_dict(tensors)
        dtype = torch.bfloat16 if device.precision == "bfloat16" else torch.float32
        _LOADED[key] = (network.to(device.torch_device, dtype).eval(), card)
    return _LOADED[key]


def _join(networks: list[MultiTask]) -> MultiTask:
    from napari_mtmri.networks.multitask import MultiTask

    if len(networks) == 1:
        return networks[0]
    recon = [net.reconstruction for net in networks if net.reconstruction is not None]
    seg = [net.segmentation for net in networks if net.segmentation is not None]
    return MultiTask(recon[-1], seg[-1])


def _runner(network: MultiTask, device: Device, least: tuple[int, int] | None) -> Runner:
    import torch

    from napari_mtmri.networks.multitask import probabilities

    where = device.torch_device

    def run(scan: Scan) -> SliceBatch:
        scale = np.float32(scan.normalization.scale)
        kspace = torch.from_numpy(scan.kspace / scale).to(where)
        mask = torch.from_numpy(scan.mask).to(where)
        maps = None if scan.coil_maps is None else torch.from_numpy(scan.coil_maps).to(where)
        reference = scan.reference_stack() if network.reconstruction is None else None
        truth = None if reference is None else torch.from_numpy(reference / scale).to(where)
        plane = (scan.mask.shape[0], scan.mask.shape[1])
        window = None if least is None else scan.normalization.window((least[0], least[1]), plane)
        with torch.inference_mode():
            image, logits = network(kspace, mask, maps, truth, window)
        return SliceBatch(
            None if image is None else (image * scale).cpu().numpy(),
            None if logits is None else probabilities(logits).float().cpu().numpy(),
        )

    return run
