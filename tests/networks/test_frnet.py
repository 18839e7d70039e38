# SPDX-License-Identifier: BSD-3-Clause
"""Laws of Joint-FR-Net."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_mtmri.kspace import expand, fft2c, ifft2c
from napari_mtmri.networks.base import build
from napari_mtmri.networks.frnet import FRNet, fista_momenta
from napari_mtmri.networks.measured import Measured
from tests import laws
from tests.networks.scans import measured, parameters, tensors
from tests.networks.small_rivals import small


def test_frnet_has_the_known_number_of_parameters() -> None:
    network = build({
        "kind": "frnet", "reconstruction": {"features": 32}, "segmentation": {"features": 16},
    })  # fmt: skip
    regularizers = network.reconstruction.regularizers
    assert [parameters(one) for one in regularizers] == [19_682] * 5
    # 5 step sizes; d and the momentum from the second step on
    assert parameters(network.reconstruction) == 98_410 + 5 + 4 + 4
    assert parameters(network.segmentation) == 1_942_289


def without_regularizer(steps: int, **changes: float) -> FRNet:
    network = FRNet(steps=steps, features=4)
    for regularizer in network.regularizers:
        nn.init.zeros_(regularizer[-1].weight)
        nn.init.zeros_(regularizer[-1].bias)
    for name, value in changes.items():
        nn.init.constant_(getattr(network, name), value)
    return network


def test_a_step_without_regularizer_is_data_consistency_of_the_extrapolated_image() -> None:
    kspace, mask = tensors(10, 12)
    data = Measured(kspace, mask)
    ahead = torch.randn(2, 10, 12, dtype=torch.complex64)
    torch.testing.assert_close(
        ahead - data.gradient(ahead), data.consistent(ahead), rtol=1e-5, atol=1e-5
    )
    for image in (torch.zeros_like(ahead), ahead + 1):  # any z: its terms cancel
        step = image - ((image - ahead) + data.gradient(ahead))
        torch.testing.assert_close(step, data.consistent(ahead), rtol=1e-5, atol=1e-5)


def test_without_regularizer_the_result_has_the_measured_samples() -> None:
    kspace, mask = tensors(10, 12)
    with torch.inference_mode():
        exact = without_regularizer(5)(kspace, mask)
        # d and the momentum may change the way, not what it leads to
        slow = without_regularizer(60, step_size=0.0, proximity=0.3, momentum=0.2)(kspace, mask)
    for image in (exact, slow):
        laws.keeps_measured(image.numpy(), kspace[:, 0].numpy(), mask.numpy())


def test_without_under_sampling_one_step_gives_the_truth() -> None:
    kspace, mask = tensors(9, 12, share=1.1)
    with torch.inference_mode():
        image = without_regularizer(2)(kspace, mask)
    laws.close(image.numpy(), ifft2c(kspace[:, 0].numpy()), 1e-5)


def test_the_steps_are_positive_and_begin_as_fista() -> None:
    network = FRNet(steps=6, features=4)
    torch.testing.assert_close(nn.functional.softplus(network.step_size), torch.ones(6))
    assert network.momentum.tolist() == pytest.approx([0, 0.2817, 0.4340, 0.5311, 0.5988], abs=1e-4)
    assert fista_momenta(1) == [0.0]
    nn.init.constant_(network.step_size, -30.0)
    kspace, mask = tensors(9, 12)
    with torch.inference_mode():  # steps of nearly 0 leave the zero-filled image
        laws.close(network(kspace, mask).numpy(), ifft2c(kspace[:, 0].numpy()), 1e-4)


def test_the_regularizer_is_subtracted() -> None:
    kspace, mask = tensors(8, 9)
    network = without_regularizer(1)
    nn.init.constant_(network.regularizers[0][-1].bias, 0.5)
    with torch.inference_mode():
        plain, moved = without_regularizer(1)(kspace, mask), network(kspace, mask)
    torch.testing.assert_close(moved, plain - (0.5 + 0.5j), rtol=1e-4, atol=1e-4)


def test_the_mask_alone_trains_the_first_step_of_frnet() -> None:
    network = small("frnet")
    _, logits = network(*tensors(12, 16))
    logits.square().sum().backward()
    assert all(bool(one.grad.abs().max() > 0) for one in network.parameters())


@pytest.mark.parametrize("coils", [1, 3])
def test_the_gradient_of_the_data_is_that_of_the_squared_difference(coils: int) -> None:
    kspace, mask = (torch.from_numpy(part) for part in measured(7, 10, coils=coils))
    maps = None
    if coils > 1:
        maps = torch.randn(kspace.shape, dtype=torch.complex64)
    image = torch.randn(2, 7, 10, dtype=torch.complex64, requires_grad=True)
    error = (fft2c(expand(image, maps)) - kspace) * mask
    error.abs().square().sum().div(2).backward()
    found = Measured(kspace, mask, maps).gradient(image.detach())
    torch.testing.assert_close(found, image.grad, rtol=1e-4, atol=1e-4)
