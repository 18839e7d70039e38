# SPDX-License-Identifier: BSD-3-Clause
"""LI-Net (Schlemper et al., MICCAI 2018): predicts the code of an auto-encoder of labels."""

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
    from napari_mtmri.networks.linet import LINet
    from napari_mtmri.networks.losses import LossContext, TensorBatch
    from napari_mtmri.train.recipe import Recipe


class LINetOptions(Options):
    """Options of LI-Net."""

    code_channels: int = Field(
        128, ge=1, le=1024, description="number of channels of the code of a label map"
    )
    full_weight: float = Field(
        1.0,
        ge=0,
        description="weight of the distance from the reference image's code to the labels'",
    )
    match_weight: float = Field(
        1.0, ge=0, description="weight of the distance between the codes of both images"
    )
    seg_weight: float = Field(1.0, ge=0, description="weight of the segmentation loss")


def _sizes(recipe: Recipe) -> dict[str, Any]:
    return segmenter(
        recipe,
        "linet",
        depth=recipe.network.seg_depth,
        code_channels=recipe.options["code_channels"],
    )


def _like(sizes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **like_segmenter(sizes),
        "seg_depth": sizes["depth"],
        "code_channels": sizes["code_channels"],
    }


def _words(recipe: Recipe) -> CardWords:
    return CardWords(
        f"encoder and decoder {recipe.network.seg_features} wide, code of "
        f"{recipe.options['code_channels']} channels",
        "segment an under-sampled scan; it gives no image",
        size_of(recipe),
    )


def label_loss(network: LINet, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the labels after encoder and decoder; follow the codes' statistics.

    Always Dice and cross-entropy: with rare labels an empty mask has a small cross-entropy.
    """
    from napari_mtmri.networks.losses import segmentation_loss

    network.follow(network.encode(batch.labels), context.share)
    logits = network.autoencode(batch.labels)
    options = context.recipe.loss.model_copy(update={"seg_loss": "dice+ce"})
    return {"labels": segmentation_loss(logits, batch.labels, options, context.share)}


def code_losses(network: LINet, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the distances between the codes of labels, zero-filled and reference image.

    Also the loss of the decoded mask, through the fixed decoder.
    """
    import torch

    from napari_mtmri.kspace import combine, ifft2c
    from napari_mtmri.networks.linet import code_distance
    from napari_mtmri.networks.losses import segmentation_loss

    options, share = context.recipe.options, context.share
    with torch.no_grad():
        wanted = network.standardized(network.encode(batch.labels))
    under_sampled = network.predict(combine(ifft2c(batch.kspace), None))
    full = network.predict(batch.target)
    logits = network.decode(under_sampled, batch.labels.shape)
    seg = segmentation_loss(logits, batch.labels, context.recipe.loss, share)
    return {
        "code": share.mean(code_distance(wanted, under_sampled)),
        "full": options["full_weight"] * share.mean(code_distance(wanted, full)),
        "match": options["match_weight"] * share.mean(code_distance(full, under_sampled)),
        "seg": options["seg_weight"] * seg,
    }


_LABELS = Stage(
    "labels",
    label_loss,
    trains=("label_encoder.", "label_decoder."),
    share=1,
    score="val_dice_ceiling",
)
_CODES = Stage("codes", code_losses, trains=("image_encoder.",), share=4, score="val_dice")

LINET: Method = network_method(
    name="linet",
    title="LI-Net",
    summary="Predicts the code of the label map from the zero-filled image; segments.",
    citations=(citations.LATENT,),
    gives=frozenset({"segmentation"}),
    training=Training(
        architecture=_sizes,
        stages=lambda recipe: (_LABELS, _CODES),
        words=_words,
        options=LINetOptions,
        like=_like,
        row=TableRow(
            ("table3", "table4"),
            "LI-Net",
            "gives no image; a fifth of the epochs trains the auto-encoder of labels, whose Dice "
            "on true labels is the upper limit; one tuning trial: with half of the slices without "
            "lesion, like the other rows, every predicted code became that of the empty label",
            changes={"lesion_fraction": 0.8},
        ),
    ),
)
