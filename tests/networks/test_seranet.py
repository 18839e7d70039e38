# SPDX-License-Identifier: BSD-3-Clause
"""Laws of SERANet."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from napari_mtmri.networks.seranet import SERANet
from tests.networks.scans import parameters, tensors
from tests.networks.small_rivals import small


@pytest.mark.parametrize(
    ("features", "seg", "count"),
    [(8, 8, 604_735), (8, 16, 2_060_687), (16, 16, 2_411_375), (32, 32, 9_630_415)],
)
def test_seranet_has_the_known_number_of_parameters(features: int, seg: int, count: int) -> None:
    for recurrences in (1, 3):
        network = SERANet({"features": seg}, features=features, recurrences=recurrences)
        assert parameters(network) == count
    assert parameters(network.blocks[0]) == {8: 29_562, 16: 117_234}.get(
        features, parameters(network.attended)
    )


def test_the_blocks_of_seranet_are_different_and_all_are_used() -> None:
    network, called = small("seranet"), []
    assert len({id(block) for block in network.blocks}) == 3
    for number, block in enumerate(network.blocks):
        block.register_forward_hook(lambda *given, number=number: called.append((number, given)))
    with torch.inference_mode():
        network(*tensors(12, 16))
    assert [number for number, _ in called] == [0, 1, 2]
    starts = [given[1][0] for _, given in called]
    assert float((starts[0] - starts[1]).abs().max()) > 1e-3  # chained, not from the same image


def test_recurrences_add_masks_and_none_is_the_first_mask() -> None:
    kspace, mask = tensors(12, 16)
    with torch.inference_mode():
        images, masks = small("seranet", recurrences=3).outputs(kspace, mask)
        _, alone = small("seranet", recurrences=0)(kspace, mask)
    assert len(images) == len(masks) == 4
    assert torch.equal(alone, masks[0])


def test_without_attention_the_recurrence_starts_from_the_image() -> None:
    network = small("seranet")
    nn.init.zeros_(network.attention.weight)
    nn.init.constant_(network.attention.bias, -1e4)
    given: list[Tensor] = []
    network.attended.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    with torch.inference_mode():
        images, _ = network.outputs(*tensors(12, 16))
    assert torch.equal(given[0], images[0])


def test_the_mask_alone_trains_the_first_block_of_seranet() -> None:
    network = small("seranet")
    _, logits = network(*tensors(12, 16))
    logits.square().sum().backward()
    assert all(bool(one.grad.abs().max() > 0) for one in network.parameters())
