# SPDX-License-Identifier: BSD-3-Clause
"""SERANet (Huang et al., MICCAI 2019): recurrent attention, trained for the mask alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.multitask import architecture, like, size_of
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import CardWords, Losses, Options, Stage, TableRow, Training

if TYPE_CHECKING:
    from napari_mtmri.networks.losses import LossContext, TensorBatch
    from napari_mtmri.networks.seranet import SERANet
    from napari_mtmri.train.recipe import Recipe


class SERANetOptions(Options):
    """Options of SERANet."""

    blocks: int = Field(3, ge=1, le=10, description="number of reconstruction blocks")
    recurrences: int = Field(
        2, ge=1, le=10, description="number of attended reconstructions, all with the same weights"
    )
    block_features: int | None = Field(
        None,
        ge=1,
        le=512,
        description="number of filters in the first level of a reconstruction block; null: half "
        "of seg_features",
    )


def _sizes(recipe: Recipe) -> dict[str, Any]:
    base, options = architecture(recipe, recon=False), recipe.options
    return {
        "kind": "seranet",
        "segmentation": base["segmentation"],
        "blocks": options["blocks"],
        "features": options["block_features"] or max(recipe.network.seg_features // 2, 1),
        "recurrences": options["recurrences"],
        "last_scale": recipe.network.recon_last_scale,
        "window": base["window"],
    }


def _like(sizes: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: sizes[key] for key in ("blocks", "recurrences")}
    return {**like(sizes), **own, "block_features": sizes["features"]}


def _words(recipe: Recipe) -> CardWords:
    sizes = _sizes(recipe)
    return CardWords(
        f"{sizes['blocks']} blocks {sizes['features']} wide, U-Net {recipe.network.seg_features} "
        f"wide, {sizes['recurrences']} recurrences",
        "segment an under-sampled scan; its image is not trained as an image and is not given",
        size_of(recipe),
    )


def seg_loss(network: SERANet, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the segmentation, mean over the masks of all recurrences."""
    from napari_mtmri.networks.losses import segmentation_loss

    _, masks = network.outputs(batch.kspace, batch.mask)
    options, share = context.recipe.loss, context.share
    losses = [segmentation_loss(mask, batch.labels, options, share) for mask in masks]
    return {"seg": sum(losses[1:], start=losses[0]) / len(losses)}


SERANET: Method = network_method(
    name="seranet",
    title="SERANet",
    summary="Reconstruction, segmentation and attention in turn, trained for the mask; segments.",
    citations=(citations.SERANET,),
    gives=frozenset({"segmentation"}),
    training=Training(
        architecture=_sizes,
        stages=lambda recipe: (Stage("segmentation", seg_loss, score="val_dice"),),
        words=_words,
        options=SERANetOptions,
        like=_like,
        row=TableRow(
            ("table3", "table4"), "SERANet", "its image has no reconstruction loss and is not given"
        ),
    ),
)
