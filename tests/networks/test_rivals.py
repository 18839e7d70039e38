# SPDX-License-Identifier: BSD-3-Clause
"""Laws of all networks that the joint method is compared with."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from napari_mtmri.kspace import ifft2c
from tests import laws
from tests.networks.scans import tensors
from tests.networks.small_rivals import SEG, SMALL, small


@settings(max_examples=5)
@given(st.integers(5, 21), st.integers(5, 21))
@pytest.mark.parametrize("kind", SMALL)
def test_every_size_is_accepted_and_kept(kind: str, rows: int, columns: int) -> None:
    with torch.inference_mode():
        image, logits = small(kind)(*tensors(rows, columns))
    assert logits.shape == (2, 1, rows, columns)
    assert image is None or image.shape == (2, rows, columns)


@pytest.mark.parametrize("kind", SMALL)
def test_several_classes_have_logits_with_the_background(kind: str) -> None:
    sizes: dict[str, Any] = {"segmentation": {**SEG, "classes": 4}}
    if kind in ("segnetmri", "linet"):
        sizes = {"classes": 4}
    window = (slice(2, 10), slice(3, 13))
    with torch.inference_mode():
        _, logits = small(kind, **sizes)(*tensors(12, 16), window=window)
    assert logits.shape == (2, 4, 12, 16)
    outside = torch.ones(12, 16, dtype=torch.bool)
    outside[window] = False
    assert (logits[..., outside].argmax(1) == 0).all()


@pytest.mark.parametrize("kind", SMALL)
def test_the_order_of_the_slices_is_the_order_of_the_results(kind: str) -> None:
    kspace, mask = tensors(12, 16, slices=3)
    network, order = small(kind), [2, 0, 1]
    with torch.inference_mode():
        plain, other = network(kspace, mask), network(kspace[order], mask)
    for one, permuted in zip(plain, other, strict=True):
        if one is not None:
            torch.testing.assert_close(one[order], permuted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", SMALL)
def test_an_empty_slice_gives_finite_results_and_gradients(kind: str) -> None:
    network = small(kind)
    image, logits = network(torch.zeros(1, 1, 12, 16, dtype=torch.complex64), tensors(12, 16)[1])
    loss = logits.square().sum() + (0 if image is None else image.abs().square().sum())
    loss.backward()
    grads = [one.grad for one in network.parameters() if one.grad is not None]
    assert grads
    assert all(torch.isfinite(grad).all() for grad in grads)
    if kind == "segnetmri":
        assert image.abs().max() < 1e-4


@pytest.mark.parametrize("kind", SMALL)
def test_convolutions_in_bfloat16_give_float32(kind: str) -> None:
    with torch.inference_mode():
        image, logits = small(kind).to(torch.bfloat16)(*tensors(12, 16))
    assert logits.dtype == torch.float32
    assert image is None or image.dtype == torch.complex64


def images_of(kind: str, network: nn.Module, kspace: Tensor, mask: Tensor) -> list[Tensor]:
    found = network.outputs(kspace, mask)
    return found.images if kind == "segnetmri" else found[0]


@settings(max_examples=4)
@given(st.integers(5, 16), st.integers(5, 16))
@pytest.mark.parametrize("kind", ["segnetmri", "seranet"])
def test_every_image_has_the_measured_samples(kind: str, rows: int, columns: int) -> None:
    kspace, mask = tensors(rows, columns)
    with torch.inference_mode():
        images = images_of(kind, small(kind), kspace, mask)
    assert len(images) == 3
    for image in images:
        laws.keeps_measured(image, kspace[:, 0].numpy(), mask.numpy())
    assert float((images[0] - images[-1]).abs().max()) > 1e-3


@pytest.mark.parametrize("kind", ["segnetmri", "seranet"])
def test_without_under_sampling_every_image_is_the_truth(kind: str) -> None:
    kspace, mask = tensors(9, 12, share=1.1)
    with torch.inference_mode():
        network = small(kind)
        images = images_of(kind, network, kspace, mask)
        masks = network.outputs(kspace, mask)[1]
        for parameter in network.parameters():
            parameter.mul_(1.1)
        other = network(kspace, mask)[1]
    for image in images:
        laws.close(image.numpy(), ifft2c(kspace[:, 0].numpy()), 1e-5)
    if kind == "seranet":
        for one in masks[1:]:
            torch.testing.assert_close(one, masks[0], rtol=1e-3, atol=1e-4)
    assert float((other - masks[-1]).abs().max()) > 1e-3


def test_a_brighter_scan_has_a_brighter_image_and_the_same_mask() -> None:
    kspace, mask = tensors(12, 16)
    network = small("segnetmri")
    with torch.inference_mode():
        image, logits = network(kspace, mask)
        brighter, same = network(7 * kspace, mask)
    torch.testing.assert_close(brighter, 7 * image, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(same, logits, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("kind", ["segnetmri", "linet"])
def test_masks_begin_at_the_first_logit(kind: str) -> None:
    network = small(kind, first_logit=-4.0)
    decoders = network.segmenters if kind == "segnetmri" else [network.label_decoder]
    assert all((decoder.head.bias == -4).all() for decoder in decoders)
    with torch.inference_mode():
        _, logits = network(*tensors(12, 16))
    assert logits.max() < -1
