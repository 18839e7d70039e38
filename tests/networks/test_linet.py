# SPDX-License-Identifier: BSD-3-Clause
"""Laws of SynNet and LI-Net."""

from __future__ import annotations

import pytest
import torch

from napari_mtmri.networks.cost import count_parameters
from napari_mtmri.networks.encoder_decoder import Decoder
from napari_mtmri.networks.linet import LINet, code_distance
from napari_mtmri.networks.losses import BatchShare
from napari_mtmri.networks.synnet import SynNet
from tests.networks.scans import parameters
from tests.networks.small_rivals import small


@pytest.mark.parametrize(("features", "count"), [(8, 486_481), (16, 1_942_433)])
def test_synnet_has_the_known_number_of_parameters(features: int, count: int) -> None:
    assert parameters(SynNet({"features": features})) == count


@pytest.mark.parametrize(
    ("features", "code", "label", "decoder", "image"),
    [
        (8, 64, 147_688, 125_665, 147_760),
        (16, 64, 404_560, 468_673, 404_704),
        (16, 128, 589_136, 501_441, 589_280),
        (16, 256, 1_179_472, 566_977, 1_179_616),
    ],
)
def test_linet_has_the_known_numbers_of_parameters(
    features: int, code: int, label: int, decoder: int, image: int
) -> None:
    network = LINet(features=features, code_channels=code)
    linear = code**2 + code  # the last layer, in addition to the blocks counted here
    assert parameters(network.label_encoder) == label + linear
    assert parameters(network.label_decoder) == decoder
    assert parameters(network.image_encoder) == image + linear
    assert count_parameters(network) == decoder + image + linear


def test_the_mask_of_linet_depends_on_the_code_alone() -> None:
    assert not any(
        part.has_skips for part in LINet(features=4).modules() if isinstance(part, Decoder)
    )
    network = small("linet")
    labels = torch.zeros(2, 13, 14, dtype=torch.int64)
    labels[1, 4:8, 3:9] = 1
    with torch.inference_mode():
        code = network.encode(labels)
        assert code.shape == (2, 8, 4, 4)
        whole = network.autoencode(labels)
        torch.testing.assert_close(
            network.decode(network.standardized(code), labels.shape), whole, rtol=1e-4, atol=1e-5
        )
        assert float((whole[0] - whole[1]).abs().max()) > 1e-4
        same = network.decode(torch.zeros_like(code), labels.shape)
    assert torch.equal(same[0], same[1])


def test_the_followed_statistics_standardise_the_code() -> None:
    network = small("linet")
    code = 30 + 5 * torch.randn(4, 8, 6, 6, generator=torch.Generator().manual_seed(0))
    for _ in range(300):
        network.follow(code, BatchShare.whole(code))
    standard = network.standardized(code)
    torch.testing.assert_close(standard.mean((0, 2, 3)), torch.zeros(8), atol=1e-3, rtol=0)
    torch.testing.assert_close(
        standard.var((0, 2, 3), correction=0), torch.ones(8), atol=1e-3, rtol=0
    )
    assert {"code_mean", "code_variance"} <= set(network.state_dict())


def test_a_padding_slice_has_no_part_in_the_statistics() -> None:
    code = torch.randn(2, 8, 3, 3)
    one, other = small("linet"), small("linet")
    one.follow(code, BatchShare(torch.tensor([1.0, 0.0]), 1))
    other.follow(code[:1], BatchShare.whole(code[:1]))
    torch.testing.assert_close(one.code_mean, other.code_mean)
    torch.testing.assert_close(one.code_variance, other.code_variance)


def test_the_distance_of_equal_codes_is_0_with_a_finite_gradient() -> None:
    code = torch.zeros(2, 3, 4, 4, requires_grad=True)
    distance = code_distance(code, torch.zeros(2, 3, 4, 4))
    assert float(distance.detach().max()) < 1e-5
    distance.sum().backward()
    assert torch.isfinite(code.grad).all()
    assert code_distance(torch.zeros(1, 2, 2, 2), torch.full((1, 2, 2, 2), 3.0)) == 3
