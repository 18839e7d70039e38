# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import pytest
import torch

from napari_mtmri.networks.losses import (
    BatchShare,
    reconstruction_loss,
    segmentation_loss,
    soft_dice_loss,
)
from napari_mtmri.train.recipe import Recipe

SURE = 50.0


def logits_of(labels: torch.Tensor) -> torch.Tensor:
    return ((labels > 0).float() * 2 - 1)[:, None] * SURE


def test_a_perfect_segmentation_has_a_loss_near_zero() -> None:
    labels = torch.zeros(2, 20, 20, dtype=torch.long)
    labels[0, 3:15, 3:15] = 1
    assert (
        float(soft_dice_loss(logits_of(labels), labels, Recipe().loss, BatchShare.whole(labels)))
        < 1e-3
    )


def test_without_lesion_the_loss_is_one_or_zero_with_a_smoothed_numerator() -> None:
    labels = torch.zeros(2, 8, 8, dtype=torch.long)
    logits = logits_of(labels)
    share = BatchShare.whole(labels)
    printed = soft_dice_loss(logits, labels, Recipe().loss, share)
    assert float(printed) == pytest.approx(1)
    smoothed = soft_dice_loss(logits, labels, Recipe(dice_smooth_top=0.1).loss, share)
    assert float(smoothed) == pytest.approx(0, abs=1e-6)


def test_dice_over_the_batch_differs_from_the_mean_over_samples_with_an_empty_slice() -> None:
    labels = torch.zeros(2, 20, 20, dtype=torch.long)
    labels[0, :10] = 1
    share = BatchShare.whole(labels)
    batch = soft_dice_loss(logits_of(labels), labels, Recipe(dice_over="batch").loss, share)
    sample = soft_dice_loss(logits_of(labels), labels, Recipe(dice_over="sample").loss, share)
    assert float(batch) < 1e-3
    assert float(sample) == pytest.approx(0.5, abs=1e-3)


def test_background_is_not_a_class() -> None:
    labels = torch.randint(0, 3, (2, 9, 9))
    share = BatchShare.whole(labels)
    logits = torch.nn.functional.one_hot(labels, 3).permute(0, 3, 1, 2).float() * SURE
    assert float(soft_dice_loss(logits, labels, Recipe(classes=2).loss, share)) < 1e-2
    nothing = torch.zeros_like(logits)
    nothing[:, 0] = SURE
    assert float(soft_dice_loss(nothing, labels, Recipe(classes=2).loss, share)) > 0.99


def test_the_sum_is_the_mean_times_the_number_of_pixels() -> None:
    image = torch.randn(3, 6, 7, dtype=torch.complex64)
    target = torch.randn(3, 6, 7, dtype=torch.complex64)
    share = BatchShare.whole(image)
    mean = reconstruction_loss(image, target, Recipe(recon_reduction="mean").loss, share)
    total = reconstruction_loss(image, target, Recipe(recon_reduction="sum").loss, share)
    assert float(total) == pytest.approx(float(mean) * 42, rel=1e-5)


@pytest.mark.parametrize("classes", [1, 3])
def test_dice_and_cross_entropy_add_up(classes: int) -> None:
    labels = torch.randint(0, classes + 1, (2, 6, 6))
    logits = torch.randn(2, 1 if classes == 1 else classes + 1, 6, 6)
    share = BatchShare.whole(labels)
    parts = [
        float(segmentation_loss(logits, labels, Recipe(classes=classes, seg_loss=kind).loss, share))
        for kind in ("dice", "ce", "dice+ce")
    ]
    assert parts[0] + parts[1] == pytest.approx(parts[2], rel=1e-5)


def test_soft_dice_is_equation_4() -> None:
    labels = torch.zeros(2, 4, 5, dtype=torch.long)
    labels[0, :2] = labels[1, 3] = 1
    logits = torch.randn(2, 1, 4, 5, generator=torch.Generator().manual_seed(1))
    p, g = torch.sigmoid(logits[:, 0]), labels.float()
    expected = 1 - 2 * (p * g).sum() / (p.sum() + g.sum() + 0.1)
    found = soft_dice_loss(logits, labels, Recipe().loss, BatchShare.whole(labels))
    assert float(found) == pytest.approx(float(expected), rel=1e-6)


def test_the_reconstruction_loss_matches_the_recipe() -> None:
    image = torch.tensor([[[3 + 4j, 0], [0, 0]]], dtype=torch.complex64)
    target, share = torch.zeros_like(image), BatchShare.whole(image)

    def loss(**keys: object) -> float:
        return float(reconstruction_loss(image, target, Recipe(**keys).loss, share))

    assert loss(recon_loss="l2") == pytest.approx((9 + 16) / 4)
    assert loss(recon_loss="l1") == pytest.approx((3 + 4) / 4)
    assert loss(recon_loss="l1", recon_domain="magnitude") == pytest.approx(5 / 4)
    assert loss(recon_loss="l2", recon_domain="magnitude") == pytest.approx(25 / 4)
