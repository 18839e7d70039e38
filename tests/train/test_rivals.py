# SPDX-License-Identifier: BSD-3-Clause
"""Losses and stages of the methods that the joint one is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from napari_mtmri.methods.base import METHODS, training_of
from napari_mtmri.methods.training import spans_of
from napari_mtmri.networks.losses import BatchShare, LossContext, TensorBatch, segmentation_loss
from napari_mtmri.train.data.batches import Simulator, plan_epoch
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.loop.objective import Objective, make_network
from tests.train.heads import changed

pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
from napari_mtmri.train.folder.checkpoint import read_checkpoint
from napari_mtmri.train.folder.layout import LAST, read_events
from napari_mtmri.train.loop.training import Training, open_run


def losses_of(
    method: str, stage: int, cases: list[Case], **keys: object
) -> tuple[Any, TensorBatch, LossContext, dict[str, torch.Tensor]]:
    """The network at the beginning of a stage, a batch, and its losses."""
    recipe = changed(method=method, epochs=3, **keys)
    batch = TensorBatch.of(
        Simulator(cases, recipe).batch(plan_epoch(cases, recipe, 0)[:2], 0), torch.device("cpu")
    )
    network = make_network(recipe)
    span = spans_of(training_of(method), recipe)[stage]
    Objective(network, span, 1.0)  # freezes what the stage does not train
    context = LossContext(span.recipe, BatchShare.whole(batch.kspace))
    return network, batch, context, dict(span.stage.loss(network, batch, context))


def test_without_under_sampling_the_codes_of_both_images_are_the_same(cases: list[Case]) -> None:
    *_, losses = losses_of("linet", 1, cases, accelerations=1)
    assert float(losses["match"].detach()) < 1e-3
    torch.testing.assert_close(losses["code"], losses["full"], rtol=1e-3, atol=1e-4)
    *_, others = losses_of("linet", 1, cases, accelerations=4)
    assert float(others["match"].detach()) > 10 * float(losses["match"].detach())


def test_the_mask_trains_the_image_encoder_through_the_fixed_decoder(cases: list[Case]) -> None:
    network, *_, losses = losses_of("linet", 1, cases)
    losses["seg"].backward()
    grads = {name: one.grad for name, one in network.named_parameters()}
    assert all(grad is None for name, grad in grads.items() if not name.startswith("image_"))
    assert any(bool(grad.any()) for name, grad in grads.items() if name.startswith("image_"))


def test_the_first_stage_of_linet_reads_no_image(cases: list[Case]) -> None:
    network, batch, context, losses = losses_of("linet", 0, cases)
    stage = training_of("linet").stages(context.recipe)[0]
    other = batch._replace(kspace=batch.kspace + 1, target=batch.target + 1)
    assert torch.equal(stage.loss(network, other, context)["labels"], losses["labels"])
    cleared = batch._replace(labels=torch.zeros_like(batch.labels))
    assert not torch.equal(stage.loss(network, cleared, context)["labels"], losses["labels"])


def test_the_second_stage_of_linet_changes_nothing_of_the_first(
    folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    recipe = changed(method="linet", epochs=3)
    first = spans_of(training_of("linet"), recipe)[0]
    Training(recipe, folder, run).run(most_updates=3 * first.last)
    before, _ = read_checkpoint(run / LAST)
    assert float(before["network.code_mean"].abs().max()) > 0
    open_run(run).run()
    after, _ = read_checkpoint(run / LAST)
    for name, value in before.items():
        if name.startswith(("network.label_", "network.code_")):
            assert torch.equal(value, after[name]), name
        elif name.startswith("network.image_"):
            assert not torch.equal(value, after[name]), name
    checks = [event for event in read_events(run) if event["kind"] == "validation"]
    assert all(0 <= event["val_dice_ceiling"] <= 1 for event in checks)
    assert checks[1]["val_dice_ceiling"] == checks[2]["val_dice_ceiling"]
    assert not any("val_psnr" in event for event in checks)  # it has no image


def test_the_last_stage_of_segnetmri_begins_with_copies_bit_for_bit(
    folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    kept: dict[int, dict[str, torch.Tensor]] = {}

    def keep(event: dict[str, Any]) -> None:
        if event["kind"] == "checkpoint":
            tensors, position = read_checkpoint(run / LAST)
            kept[position.stage] = tensors

    recipe = changed(method="segnetmri", epochs=3, blocks=2)
    Training(recipe, folder, run).run(keep, most_updates=6)
    before, after = (
        kept[1],
        kept[2],
    )  # at the end of the second stage, before any update of the third
    assert any(name.startswith("network.pretraining") for name in before)
    assert not any(name.startswith("network.pretraining") for name in after)
    for name, value in after.items():
        start, *rest = name.removeprefix("network.").split(".", 2)
        source = f"network.segmenters.0.{rest[1]}" if start == "segmenters" else name
        assert torch.equal(value, before[source]), name


def test_segnetmri_segments_the_reference_until_its_encoder_is_dropped(
    folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    Training(changed(method="segnetmri", epochs=3, blocks=2), folder, run).run()
    checks = [event for event in read_events(run) if event["kind"] == "validation"]
    assert ["val_dice_truth" in event for event in checks] == [True, True, False]
    assert all("val_psnr" in event for event in checks)


def test_the_mask_losses_of_segnetmri_are_a_mean_and_the_merged_one(cases: list[Case]) -> None:
    network, batch, context, losses = losses_of("segnetmri", 2, cases, seg_weight=3.0)
    found = network.outputs(batch.kspace, batch.mask)
    options, share = context.recipe.loss, context.share
    each = [segmentation_loss(mask, batch.labels, options, share) for mask in found.masks]
    merged = segmentation_loss(found.merged, batch.labels, options, share)
    assert len(each) == 5
    torch.testing.assert_close(losses["seg"], 3 * (sum(each) / 5 + merged))


def test_the_loss_of_seranet_is_the_mean_over_its_masks(cases: list[Case]) -> None:
    network, batch, context, losses = losses_of("seranet", 0, cases, recurrences=3)
    masks = network.outputs(batch.kspace, batch.mask)[1]
    options, share = context.recipe.loss, context.share
    each = [segmentation_loss(mask, batch.labels, options, share) for mask in masks]
    torch.testing.assert_close(losses["seg"], sum(each) / 4)


def test_the_segmentation_trains_the_first_step_of_frnet(cases: list[Case]) -> None:
    network, *_, losses = losses_of("frnet", 1, cases)
    losses["seg"].backward()
    assert all(bool(one.grad.any()) for one in network.reconstruction.regularizers[0].parameters())


@pytest.mark.parametrize("method", ["segnetmri", "synnet", "linet", "seranet", "frnet"])
def test_the_sizes_on_a_card_build_the_same_network_again(method: str) -> None:
    keys = {"seg_features": 4, "seg_depth": 2, "recon_features": 6, "classes": 3}
    own = {
        "segnetmri": {"blocks": 2, "block_depth": 1},
        "linet": {"code_channels": 5},
        "seranet": {"blocks": 2, "recurrences": 1, "block_features": 4},
        "frnet": {"steps": 3, "step_convs": 2},
    }
    training = training_of(method)
    sizes = training.architecture(changed(method=method, **keys, **own.get(method, {})))
    again = training.architecture(changed(method=method, **training.like(sizes)))
    assert again == sizes
    widths = {"recon_features": 32, "seg_features": 16}
    assert training.words(changed(method=method, **widths)).size == "CPU size"
    narrow = changed(method=method, recon_features=16, seg_features=8)
    assert training.words(narrow).size == "half the width of CPU size"
    assert METHODS.get(method).summary.endswith(".")
