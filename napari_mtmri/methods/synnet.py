# SPDX-License-Identifier: BSD-3-Clause
"""SynNet (Schlemper et al., MICCAI 2018): a U-Net on the zero-filled image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.multitask import architecture, like, size_of
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import CardWords, Losses, Stage, TableRow, Training

if TYPE_CHECKING:
    from napari_mtmri.networks.losses import LossContext, TensorBatch
    from napari_mtmri.networks.synnet import SynNet
    from napari_mtmri.train.recipe import Recipe


def _sizes(recipe: Recipe) -> dict[str, Any]:
    base = architecture(recipe, recon=False)
    return {
        "kind": "synnet",
        "segmentation": base["segmentation"],
        "window": base["window"],
    }


def _words(recipe: Recipe) -> CardWords:
    return CardWords(
        f"U-Net {recipe.network.seg_features} wide on the zero-filled image",
        "segment an under-sampled scan; it gives no image",
        size_of(recipe),
    )


def seg_loss(network: SynNet, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the segmentation of the zero-filled image."""
    from napari_mtmri.networks.losses import segmentation_loss

    _, logits = network(batch.kspace, batch.mask)
    return {"seg": segmentation_loss(logits, batch.labels, context.recipe.loss, context.share)}


SYNNET: Method = network_method(
    name="synnet",
    title="SynNet",
    summary="U-Net on the complex zero-filled image; segments without a reconstruction.",
    citations=(citations.LATENT,),
    gives=frozenset({"segmentation"}),
    training=Training(
        architecture=_sizes,
        stages=lambda recipe: (Stage("segmentation", seg_loss, score="val_dice"),),
        words=_words,
        like=like,
        row=TableRow(("table3", "table4"), "SynNet", "gives no image"),
    ),
)
