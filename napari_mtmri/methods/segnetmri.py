# SPDX-License-Identifier: BSD-3-Clause
"""SegNetMRI (Sun et al., IPMI 2019): shared encoders, trained in three stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.multitask import like_segmenter, segmenter, size_of
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import CardWords, Losses, Options, Stage, TableRow, Training

if TYPE_CHECKING:
    from torch import Tensor

    from napari_mtmri.networks.losses import LossContext, TensorBatch
    from napari_mtmri.networks.segnetmri import SegNetMRI
    from napari_mtmri.train.recipe import Recipe


class SegNetMRIOptions(Options):
    """Options of SegNetMRI."""

    blocks: int = Field(5, ge=1, le=20, description="number of reconstruction blocks")
    block_depth: int = Field(2, ge=1, le=6, description="number of pooling steps of a block")
    seg_weight: float = Field(
        1.0, gt=0, description="weight of the segmentation losses in the last stage"
    )


def _sizes(recipe: Recipe) -> dict[str, Any]:
    return segmenter(
        recipe,
        "segnetmri",
        depth=recipe.options["block_depth"],
        blocks=recipe.options["blocks"],
        last_scale=recipe.network.recon_last_scale,
    )


def _like(sizes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **like_segmenter(sizes),
        "block_depth": sizes["depth"],
        "blocks": sizes["blocks"],
    }


def _words(recipe: Recipe) -> CardWords:
    return CardWords(
        f"{recipe.options['blocks']} blocks {recipe.network.seg_features} wide with shared encoders",
        "reconstruct and segment an under-sampled scan",
        size_of(recipe),
    )


def recon_loss(network: SegNetMRI, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the last image."""
    found = network.outputs(batch.kspace, batch.mask, only_images=True)
    return {"recon": _recon(found.images[-1], batch, context)}


def alone_loss(network: SegNetMRI, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the segmenter with its own encoder, on the reference image."""
    from napari_mtmri.networks.d5c5 import to_channels

    return {"seg": _seg(network.segment_alone(to_channels(batch.target)), batch, context)}


def joint_loss(network: SegNetMRI, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the last image, and that of the masks.

    The latter is the mean over the blocks plus the loss of the merged mask; in the article
    it is the mean alone.
    """
    found = network.outputs(batch.kspace, batch.mask)
    assert found.merged is not None
    blocks = [_seg(mask, batch, context) for mask in found.masks]
    seg = sum(blocks[1:], start=blocks[0]) / len(blocks) + _seg(found.merged, batch, context)
    return {
        "recon": _recon(found.images[-1], batch, context),
        "seg": context.recipe.options["seg_weight"] * seg,
    }


def _recon(image: Tensor, batch: TensorBatch, context: LossContext) -> Tensor:
    from napari_mtmri.networks.losses import reconstruction_loss

    loss = reconstruction_loss(image, batch.target, context.recipe.loss, context.share)
    return context.recon_scale * loss


def _seg(logits: Tensor, batch: TensorBatch, context: LossContext) -> Tensor:
    from napari_mtmri.networks.losses import segmentation_loss

    return segmentation_loss(logits, batch.labels, context.recipe.loss, context.share)


def _begin_pretraining(network: Any) -> None:
    network.begin_pretraining()


def _attach(network: Any) -> None:
    network.attach()


_RECONSTRUCTION = Stage(
    "reconstruction", recon_loss, trains=("encoders.", "decoders."), share=2, score="val_psnr"
)
_SEGMENTATION = Stage(
    "segmentation",
    alone_loss,
    trains=("pretraining.", "segmenters.0."),
    score="val_dice_truth",
    begin=_begin_pretraining,
)
_JOINT = Stage(
    "joint",
    joint_loss,
    trains=("encoders.", "decoders.", "segmenters.", "merge."),
    share=2,
    begin=_attach,
)

SEGNETMRI: Method = network_method(
    name="segnetmri",
    title="SegNetMRI",
    summary="Reconstruction blocks that share their encoders with segmenting decoders; "
    "reconstructs and segments.",
    citations=(citations.SEGNETMRI,),
    gives=frozenset({"image", "segmentation"}),
    training=Training(
        architecture=_sizes,
        stages=lambda recipe: (_RECONSTRUCTION, _SEGMENTATION, _JOINT),
        words=_words,
        options=SegNetMRIOptions,
        like=_like,
        row=TableRow(
            ("table3", "table4"),
            "SegNetMRI",
            "two fifths of the epochs train the reconstruction, one fifth the segmenter on "
            "reference images, two fifths both together",
        ),
    ),
)
