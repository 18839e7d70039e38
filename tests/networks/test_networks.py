# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mtmri.errors import RequestError
from napari_mtmri.kspace import ifft2c
from napari_mtmri.networks.base import build
from napari_mtmri.networks.d5c5 import D5C5, to_channels, to_complex
from napari_mtmri.networks.multitask import MultiTask, magnitude, probabilities
from napari_mtmri.networks.unet import UNet
from tests import laws
from tests.networks.scans import measured, parameters


@pytest.mark.parametrize(("features", "count"), [(16, 37_770), (32, 144_650), (64, 565_770)])
def test_d5c5_has_the_number_of_parameters_of_the_article(features: int, count: int) -> None:
    assert parameters(D5C5(features=features)) == count


@pytest.mark.parametrize(
    ("features", "classes", "count"),
    [(16, 1, 1_942_289), (16, 4, 1_942_340), (32, 1, 7_762_465), (64, 1, 31_036_481)],
)
def test_unet_has_the_known_number_of_parameters(features: int, classes: int, count: int) -> None:
    assert parameters(UNet(features=features, classes=classes)) == count


@settings(max_examples=12)
@given(st.integers(3, 20), st.integers(3, 20))
def test_measured_samples_are_kept_at_any_size(rows: int, columns: int) -> None:
    kspace, mask = measured(rows, columns)
    network = D5C5(cascades=2, convolutions=3, features=4, last_scale=1.0).eval()
    with torch.inference_mode():
        image = network(torch.from_numpy(kspace), torch.from_numpy(mask)).numpy()
    laws.keeps_measured(image, kspace[:, 0], mask)


def test_measured_samples_are_kept_with_convolutions_in_bfloat16() -> None:
    kspace, mask = measured(17, 14)
    network = D5C5(cascades=2, convolutions=3, features=4, last_scale=1.0).to(torch.bfloat16)
    with torch.inference_mode():
        image = network(torch.from_numpy(kspace), torch.from_numpy(mask)).numpy()
    laws.keeps_measured(image, kspace[:, 0], mask)


def test_every_cascade_is_consistent_and_the_first_stage_is_zero_filled() -> None:
    kspace, mask = measured(9, 12)
    network = D5C5(cascades=3, convolutions=2, features=4, last_scale=1.0)
    with torch.inference_mode():
        stages = list(network.stages(torch.from_numpy(kspace), torch.from_numpy(mask)))
    assert len(stages) == 4
    laws.close(stages[0].numpy(), ifft2c(kspace[:, 0]))
    for stage in stages:
        laws.keeps_measured(stage.numpy(), kspace[:, 0], mask)


def test_without_coil_sensitivity_the_network_output_is_kept() -> None:
    kspace, mask = measured(12, 10, coils=3)
    rng = np.random.default_rng(1)
    maps = rng.normal(size=(2, *kspace.shape))
    maps = (maps[0] + 1j * maps[1]).astype(np.complex64)
    maps /= np.sqrt((np.abs(maps) ** 2).sum(1, keepdims=True))
    maps[..., :4] = 0  # outside the object
    torch.manual_seed(0)
    network = D5C5(cascades=1, convolutions=2, features=4, last_scale=1.0).eval()
    given = [torch.from_numpy(one) for one in (kspace, mask, maps)]
    with torch.inference_mode():
        start, end = (stage.numpy() for stage in network.stages(*given))
        added = to_complex(network.cascades[0](to_channels(torch.from_numpy(start)))).numpy()
    assert np.abs(added[..., :4]).max() > 0.1
    laws.close(end[..., :4], (start + added)[..., :4])
    assert np.abs(end - start - added)[..., 4:].max() > 1e-3  # elsewhere the data contribute


def test_a_full_mask_gives_the_measured_image() -> None:
    kspace, _ = measured(8, 9, share=1.1)
    network = D5C5(cascades=2, convolutions=2, features=4, last_scale=1.0)
    with torch.inference_mode():
        image = network(torch.from_numpy(kspace), torch.ones(8, 9, dtype=torch.bool))
    laws.close(image.numpy(), ifft2c(kspace[:, 0]))


def test_cascades_do_not_share_weights() -> None:
    network = D5C5(features=4)
    first = {id(p) for p in network.cascades[0].parameters()}
    assert not first & {id(p) for p in network.cascades[1].parameters()}


def test_real_and_imaginary_parts_are_separate_channels() -> None:
    image = torch.randn(2, 3, 5, dtype=torch.complex64)
    channels = to_channels(image)
    assert channels.is_contiguous()  # else GroupNorm is slow
    assert torch.equal(channels[:, 0], image.real)
    assert torch.equal(channels[:, 1], image.imag)
    assert torch.equal(to_complex(channels), image)


def test_zero_coil_maps_give_a_finite_image() -> None:
    kspace, mask = measured(8, 10, coils=3)
    maps = np.zeros((2, 3, 8, 10), np.complex64)
    maps[..., 2:6, :] = np.sqrt(1 / 3)
    network = D5C5(cascades=1, convolutions=2, features=4)
    with torch.inference_mode():
        image = network(*(torch.from_numpy(a) for a in (kspace, mask, maps)))
    assert torch.isfinite(image.abs()).all()


@settings(max_examples=10)
@given(st.integers(1, 37), st.integers(1, 37))
def test_unet_accepts_any_size_and_keeps_it(rows: int, columns: int) -> None:
    with torch.inference_mode():
        logits = UNet(features=2, depth=3)(torch.randn(1, 1, rows, columns))
    assert logits.shape == (1, 1, rows, columns)


def test_padding_is_cropped_back_to_the_same_pixel() -> None:
    # One pooling: a shift of the input by 2 pixels inside must shift the output by 2.
    network = UNet(features=4, depth=1).eval()
    image = torch.zeros(1, 1, 33, 35)
    image[..., 14:18, 15:19] = 1
    with torch.inference_mode():
        here = network(image)[0, 0]
        there = network(image.roll((2, 2), (2, 3)))[0, 0]
    np.testing.assert_allclose(here[8:22, 8:22], there[10:24, 10:24], atol=1e-3)


@settings(max_examples=10)
@given(st.integers(1, 37), st.integers(1, 37), st.integers(2, 4))
def test_a_binned_unet_keeps_the_size_of_any_image(rows: int, columns: int, binning: int) -> None:
    with torch.inference_mode():
        logits = UNet(features=2, depth=3, binning=binning)(torch.randn(1, 1, rows, columns))
    assert logits.shape == (1, 1, rows, columns)


def test_a_binned_unet_is_the_unet_of_the_mean_of_pixels() -> None:
    torch.manual_seed(0)
    binned = UNet(features=2, depth=1, binning=2)
    plain = UNet(features=2, depth=1)
    plain.load_state_dict(binned.state_dict())  # old and new weights have the same names
    image = torch.rand(1, 1, 8, 12)
    means = image.reshape(1, 1, 4, 2, 6, 2).mean((3, 5))
    with torch.inference_mode():
        fine, coarse = binned(image), plain(means)
    # Bilinear interpolation: the mean of 2 x 2 logits inside is a mean of 3 x 3 coarse ones.
    inside = fine.reshape(1, 1, 4, 2, 6, 2).mean((3, 5))[..., 1:-1, 1:-1]
    weights = torch.tensor([[1, 6, 1], [6, 36, 6], [1, 6, 1]]) / 64.0
    wanted = torch.nn.functional.conv2d(coarse, weights[None, None])
    torch.testing.assert_close(inside, wanted)


def test_the_first_masks_have_the_requested_logit() -> None:
    assert UNet(features=2, first_logit=-4.0).head.bias.tolist() == [-4.0]


def test_a_slice_does_not_depend_on_its_batch() -> None:
    kspace, mask = measured(16, 16, slices=3)
    network = build(
        {"reconstruction": {"features": 4, "cascades": 2}, "segmentation": {"features": 4}}
    ).eval()
    with torch.inference_mode():
        image, logits = network(torch.from_numpy(kspace), torch.from_numpy(mask))
        alone, alone_logits = network(torch.from_numpy(kspace[1:2]), torch.from_numpy(mask))
    laws.close(alone[0].numpy(), image[1].numpy(), 1e-4)
    laws.close(alone_logits[0].numpy(), logits[1].numpy(), 1e-4)


def test_the_magnitude_has_a_finite_gradient_at_zero() -> None:
    image = torch.zeros(1, 2, 2, dtype=torch.complex64, requires_grad=True)
    magnitude(image).sum().backward()
    assert torch.isfinite(torch.view_as_real(image.grad)).all()


def test_probabilities_of_one_class_are_not_all_one() -> None:
    logits = torch.tensor([-2.0, 0.0, 2.0]).view(3, 1, 1, 1)
    assert probabilities(logits).flatten().tolist() == pytest.approx(
        [0.1192, 0.5, 0.8808], abs=1e-4
    )
    many = probabilities(torch.randn(2, 4, 3, 3))
    np.testing.assert_allclose(many.sum(1), 1, rtol=1e-5)


def test_the_same_seed_builds_the_same_network_without_changing_torch_s_state() -> None:
    architecture = {"reconstruction": {"features": 4}, "segmentation": None}
    before = torch.random.get_rng_state()
    first, second, other = build(architecture, 1), build(architecture, 1), build(architecture, 2)
    assert torch.equal(before, torch.random.get_rng_state())
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


def test_a_given_reference_is_the_input_of_the_segmentation() -> None:
    network = MultiTask(D5C5(2, 2, 4), UNet(features=2, depth=1)).eval()
    kspace, mask = measured(8, 8)
    truth = torch.rand(2, 8, 8)
    with torch.inference_mode():
        _, logits = network(torch.from_numpy(kspace), torch.from_numpy(mask), truth=truth)
        assert torch.equal(logits, network.segmentation(truth[:, None]))


@pytest.mark.parametrize("classes", [1, 4])
def test_outside_the_window_everything_is_background(classes: int) -> None:
    network = MultiTask(None, UNet(classes=classes, features=2, depth=1)).eval()
    image, window = torch.rand(2, 1, 12, 14), (slice(2, 10), slice(3, 11))
    with torch.inference_mode():
        found = probabilities(network.segment(image, window))
        inside = probabilities(network.segment(image[..., window[0], window[1]]))
    torch.testing.assert_close(found[..., window[0], window[1]], inside)
    outside = torch.ones(12, 14, dtype=torch.bool)
    outside[window] = False
    foreground = found[:, 0] if classes == 1 else 1 - found[:, 0]
    assert float(foreground[:, outside].max()) < 1e-6


def test_an_unregistered_kind_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="'cubist' is not one of the networks"):
        build({"kind": "cubist"})
