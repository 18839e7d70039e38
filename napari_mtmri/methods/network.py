# SPDX-License-Identifier: BSD-3-Clause
"""Methods that run a network: loading of weights, and one runner for all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_mtmri.device import Device
from napari_mtmri.errors import RequestError, WeightsError
from napari_mtmri.files import sha256
from napari_mtmri.methods.base import (
    Loaded,
    Method,
    Runner,
    Setting,
    SliceBatch,
    card_of_masks,
)
from napari_mtmri.methods.training import Training
from napari_mtmri.scan import Scan
from napari_mtmri.weights import Card, find_weights, load_weights, read_card

if TYPE_CHECKING:
    from torch import nn

MOST_LOADED = 12
_LOADED: dict[tuple[str, ...], tuple[nn.Module, Card]] = {}


def network_method(
    name: str,
    title: str,
    summary: str,
    gives: frozenset[str],
    training: Training,
    *,
    needs: frozenset[str] = frozenset({"weights"}),
    parts: tuple[str, ...] = (),
    keeps_measured: bool = True,
    citations: tuple[str, ...] = (),
) -> Method:
    """Return a method that runs the network it is trained with.

    Parameters
    ----------
    name, title, summary, gives, training, needs, keeps_measured, citations
        As in `napari_mtmri.methods.base.Method`.
    parts : tuple of str
        Names of weights whose `MultiTask` networks are joined if the method has no weights
        of its own name.
    """

    def load(setting: Setting) -> Loaded:
        return load_network(setting, *method.weights_at(setting.weights))

    method = Method(
        name, title, summary, gives, needs, load, weights=parts or (name,), training=training,
        keeps_measured=keeps_measured, citations=citations,
    )  # fmt: skip
    return method


def load_network(setting: Setting, *names: str) -> Loaded:
    """Return a method ready to run, with the networks of one or several weights files.

    Parameters
    ----------
    setting : Setting
    *names : str
        Names of the weights. Several `MultiTask` networks are joined: the reconstruction
        and the segmentation network are taken from the last file that contains them.
    """
    found = [_network(setting, name) for name in names]
    cards = tuple(card for _, card in found)
    windows = [card.architecture["window"] for card in cards if card.architecture.get("window")]
    network = found[0][0]
    if len(found) > 1:
        from napari_mtmri.networks.multitask import join

        network = join([one for one, _ in found])  # type: ignore[misc]
    least = windows[-1] if windows else None
    card = card_of_masks(cards)
    temperature = 1.0 if card is None else card.temperature
    return Loaded(_runner(network, setting.device, least, temperature), cards)


def _network(setting: Setting, name: str) -> tuple[nn.Module, Card]:
    """Return the network and card of some weights; loaded once per process."""
    import torch

    from napari_mtmri.networks.base import build_like

    path = find_weights(name, setting.weights)
    device = setting.device
    # By content: file or card may be replaced while the process runs.
    content = (sha256(path), read_card(path).model_dump_json())
    key = (name, *content, device.name, device.precision)
    if key not in _LOADED:
        while len(_LOADED) >= MOST_LOADED:
            _LOADED.pop(next(iter(_LOADED)))
        tensors, card = load_weights(path, name)
        try:
            network = build_like(card.architecture, tensors)
        except (TypeError, ValueError, RuntimeError, RequestError) as why:
            raise WeightsError(
                f"{path}: its card describes another network than its weights "
                f"({str(why).splitlines()[0]}); copy both again."
            ) from why
        dtype = torch.bfloat16 if device.precision == "bfloat16" else torch.float32
        _LOADED[key] = (network.to(device.torch_device, dtype).eval(), card)
    return _LOADED[key]


def _runner(
    network: nn.Module, device: Device, least: tuple[int, int] | None, temperature: float
) -> Runner:
    import torch

    from napari_mtmri.networks.multitask import probabilities

    where = device.torch_device

    def run(scan: Scan) -> SliceBatch:
        scale = np.float32(scan.normalization.scale)
        kspace = torch.from_numpy(scan.kspace / scale).to(where)
        mask = torch.from_numpy(scan.mask).to(where)
        maps = None if scan.coil_maps is None else torch.from_numpy(scan.coil_maps).to(where)
        reference = scan.reference_stack()  # None unless the method needs the reference
        truth = None if reference is None else torch.from_numpy(reference / scale).to(where)
        plane = (scan.mask.shape[0], scan.mask.shape[1])
        window = None if least is None else scan.normalization.window((least[0], least[1]), plane)
        with torch.inference_mode():
            image, logits = network(kspace, mask, maps, truth, window)
        return SliceBatch(
            None if image is None else (image * scale).cpu().numpy(),
            None if logits is None else probabilities(logits / temperature).float().cpu().numpy(),
        )

    return run
