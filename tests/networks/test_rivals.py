# SPDX-License-Identifier: BSD-3-Clause
"""Laws of the networks that the joint method is compared with."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from napari_mtmri.kspace import expand, fft2c, ifft2c
from napari_mtmri.networks.base import build
from napari_mtmri.networks.cost import cost_of, count_parameters
from napari_mtmri.networks.encoder_decoder import Decoder
from napari_mtmri.networks.frnet import FRNet, fista_momenta
from napari_mtmri.networks.linet import LINet, code_distance
from napari_mtmri.networks.losses import BatchShare
from napari_mtmri.networks.measured import Measured
from napari_mtmri.networks.segnetmri import SegNetMRI
from napari_mtmri.networks.seranet import SERANet
from napari_mtmri.networks.synnet import SynNet
from tests import laws
from tests.networks.scans import measured, parameters, tensors

SEG = {"features": 4, "depth": 2}
SMALL: dict[str, dict[str, Any]] = {
    "segnetmri": {"features": 4, "blocks": 3, "last_scale": 1.0},
    "synnet": {"segmentation": SEG},
    "linet": {"features": 4, "depth": 2, "code_channels": 8},
    "seranet": {"segmentation": SEG, "features": 4, "last_scale": 1.0},
    "frnet": {"reconstruction": {"features": 4, "last_scale": 1.0}, "segmentation": SEG},
}


def small(kind: str, **sizes: Any) -> Any:
    return build({"kind": kind, **SMALL[kind], **sizes}).eval()


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


# SegNetMRI


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


@pytest.mark.parametrize("kind", ["segnetmri", "linet"])
def test_masks_begin_at_the_first_logit(kind: str) -> None:
    network = small(kind, first_logit=-4.0)
    decoders = network.segmenters if kind == "segnetmri" else [network.label_decoder]
    assert all((decoder.head.bias == -4).all() for decoder in decoders)
    with torch.inference_mode():
        _, logits = network(*tensors(12, 16))
    assert logits.max() < -1


# SynNet and LI-Net


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


# SERANet


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


# Joint-FR-Net


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


# Cost


@pytest.mark.parametrize(
    ("architecture", "gflop"),
    [
        ({"reconstruction": {"features": 64}, "segmentation": None}, 48.6),
        ({"reconstruction": None, "segmentation": {"features": 16}}, 4.0),
        ({"kind": "segnetmri", "features": 16}, 16.9),
        ({"kind": "synnet", "segmentation": {"features": 16}}, 4.0),
        ({"kind": "linet", "features": 16, "code_channels": 128}, 3.0),
        ({"kind": "seranet", "features": 8, "segmentation": {"features": 8}}, 5.7),
        (
            {
                "kind": "frnet",
                "reconstruction": {"features": 32},
                "segmentation": {"features": 16},
            },
            12.4,
        ),
    ],
)
def test_the_arithmetic_is_as_counted_by_hand(architecture: dict[str, Any], gflop: float) -> None:
    assert cost_of([architecture]).gflop_per_slice == pytest.approx(gflop, rel=0.02)


def test_the_cost_of_several_networks_is_their_sum() -> None:
    parts = [
        {"reconstruction": {"features": 8}, "segmentation": None},
        {"reconstruction": None, "segmentation": {"features": 8}},
    ]
    whole = {"reconstruction": {"features": 8}, "segmentation": {"features": 8}}
    assert cost_of(parts) == cost_of([whole])
    random_state = torch.random.get_rng_state()
    cost_of([whole])
    assert torch.equal(random_state, torch.random.get_rng_state())


def test_a_part_for_training_alone_is_not_counted() -> None:
    sizes = {"features": 4, "depth": 2, "code_channels": 8}
    network = LINet(**sizes)
    count = parameters(network) - parameters(network.label_encoder)
    assert count_parameters(network) == count
    assert cost_of([{"kind": "linet", **sizes}]).n_parameters == count
