# SPDX-License-Identifier: BSD-3-Clause
"""Laws of SegNetMRI."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from napari_mtmri.networks.cost import count_parameters
from napari_mtmri.networks.segnetmri import SegNetMRI
from tests.networks.scans import parameters, tensors
from tests.networks.small_rivals import small


@pytest.mark.parametrize(
    ("features", "count"), [(8, 204_461), (16, 811_461), (24, 1_821_021), (32, 3_233_141)]
)
def test_segnetmri_has_the_known_number_of_parameters(features: int, count: int) -> None:
    network = SegNetMRI(features=features)
    assert count_parameters(network) == count
    network.attach()
    assert parameters(network) == count
    if features == 16:
        parts = (network.encoders[0], network.decoders[0], network.segmenters[0], network.merge)
        assert [parameters(part) for part in parts] == [72_160, 45_074, 45_057, 6]


def test_both_decoders_of_a_block_read_the_same_tensors() -> None:
    network, read = small("segnetmri"), []

    def note(module: nn.Module, given: tuple[list[Tensor]]) -> None:
        read.append(list(given[0]))

    for part in (*network.decoders, *network.segmenters):
        part.register_forward_pre_hook(note)
    with torch.inference_mode():
        network(*tensors(12, 16))
    assert len(read) == 6
    for segmenting, reconstructing in zip(read[::2], read[1::2], strict=True):
        assert len(segmenting) == 3  # no decoder has consumed a level
        assert all(a is b for a, b in zip(segmenting, reconstructing, strict=True))


def test_attaching_copies_the_decoder_and_leaves_no_second_encoder() -> None:
    network = small("segnetmri")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.attach()
    after = network.state_dict()
    assert not [name for name in after if name.startswith("pretraining")]
    for name, value in after.items():
        start, number, *rest = name.split(".", 2)
        source = f"segmenters.0.{rest[0]}" if start == "segmenters" else name
        assert torch.equal(value, before[source]), number
    assert len({id(one) for one in network.segmenters}) == 3
    first, second = (next(network.segmenters[i].parameters()) for i in range(2))
    assert first.data_ptr() != second.data_ptr()  # copies, not one module


def test_weights_without_the_second_encoder_are_loaded_without_it() -> None:
    network, other = small("segnetmri"), small("segnetmri")
    network.attach()
    whole = nn.ModuleDict({"network": other})
    whole.load_state_dict({f"network.{k}": v for k, v in network.state_dict().items()})
    assert other.pretraining is None
    other.begin_pretraining()
    assert other.segment is not None
    assert other.segment(torch.rand(1, 1, 9, 10)).shape == (1, 1, 9, 10)


def test_the_merged_mask_begins_as_the_mean() -> None:
    for classes in (1, 3):
        with torch.inference_mode():
            found = small("segnetmri", classes=classes).outputs(*tensors(12, 16))
        torch.testing.assert_close(found.merged, torch.stack(found.masks).mean(0))


def test_which_loss_of_segnetmri_reaches_which_part() -> None:
    network = small("segnetmri")
    network.attach()

    def reached(loss: Tensor) -> set[str]:
        network.zero_grad(set_to_none=True)
        loss.backward()
        return {
            ".".join(name.split(".")[:2])
            for name, one in network.named_parameters()
            if one.grad is not None and bool(one.grad.abs().max() > 0)
        }

    encoders = {f"encoders.{i}" for i in range(3)}
    found = network.outputs(*tensors(12, 16))
    seg = reached(torch.stack(found.masks).square().sum() + found.merged.square().sum())
    assert encoders <= seg
    assert {f"decoders.{i}" for i in range(2)} <= seg
    assert "decoders.2" not in seg  # nothing segments its image
    found = network.outputs(*tensors(12, 16))
    recon = reached(found.images[-1].abs().square().sum())
    assert recon == encoders | {f"decoders.{i}" for i in range(3)}
