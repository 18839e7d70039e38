# SPDX-License-Identifier: BSD-3-Clause
"""Trainings of `MultiTask` networks, shared by several methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_mtmri.methods.training import CardWords, Losses

if TYPE_CHECKING:
    from napari_mtmri.networks.losses import LossContext, TensorBatch
    from napari_mtmri.networks.multitask import MultiTask
    from napari_mtmri.train.recipe import Recipe

# Filters of the reconstruction and in the first level of the segmentation.
NAMED_SIZES = {
    (64, 64): "the paper's size",
    (32, 16): "CPU size",
    (16, 8): "half the width of CPU size",
}


def architecture(recipe: Recipe, *, recon: bool = True, seg: bool = True) -> dict[str, Any]:
    """Return the sizes of D5C5, of the U-Net or of both, from the recipe."""
    sizes, crop, n_classes = recipe.network, recipe.data.crop, recipe.n_classes
    return {
        "reconstruction": {
            "cascades": sizes.recon_cascades,
            "convolutions": sizes.recon_convs,
            "features": sizes.recon_features,
            "last_scale": sizes.recon_last_scale,
        }
        if recon
        else None,
        "segmentation": {
            "classes": 1 if n_classes == 1 else n_classes + 1,
            "features": sizes.seg_features,
            "depth": sizes.seg_depth,
            "binning": sizes.seg_binning,
            "first_logit": sizes.seg_first_logit,
        }
        if seg
        else None,
        "window": list(crop) if seg and crop else None,
    }


def like(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of the recipe that build a network of this architecture."""
    recon, seg = architecture.get("reconstruction"), architecture.get("segmentation")
    keys: dict[str, Any] = {}
    if recon:
        keys |= {
            "recon_cascades": recon["cascades"],
            "recon_convs": recon["convolutions"],
            "recon_features": recon["features"],
        }
    if seg:
        keys |= {
            "seg_features": seg["features"],
            "seg_depth": seg["depth"],
            "seg_binning": seg.get("binning", 1),
            "classes": 1 if seg["classes"] == 1 else seg["classes"] - 1,
        }
    return keys


def segmenter(recipe: Recipe, kind: str, **own: Any) -> dict[str, Any]:
    """Return the architecture of a network of its own kind that segments.

    Parameters
    ----------
    recipe : Recipe
    kind : str
        Name of the network.
    **own
        Sizes that only this network has.
    """
    base = architecture(recipe, recon=False)
    shared = {name: base["segmentation"][name] for name in ("classes", "features", "first_logit")}
    return {"kind": kind, **shared, "window": base["window"], **own}


def like_segmenter(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of the recipe that give the shared sizes of `segmenter`."""
    seg = {"depth": None, **architecture}
    keys = like({"segmentation": seg})
    return {name: keys[name] for name in ("classes", "seg_features")}


def words(recipe: Recipe, task: str, *, recon: bool = True, seg: bool = True) -> CardWords:
    """Return the description of the network for a card."""
    sizes = recipe.network
    widths = []
    if recon:
        widths.append(f"D5C5 with {sizes.recon_features} filters")
    if seg:
        widths.append(f"U-Net {sizes.seg_features} wide")
    return CardWords(" and ".join(widths), task, size_of(recipe))


def size_of(recipe: Recipe) -> str:
    """Return the size of the networks in words."""
    widths = (recipe.network.recon_features, recipe.network.seg_features)
    return NAMED_SIZES.get(widths, "{} and {} filters".format(*widths))


def joint_loss(network: MultiTask, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the losses of both tasks; ITFS selects the input of the U-Net."""
    from napari_mtmri.networks.losses import segmentation_loss, shown_image

    recon, image = _reconstruction(network, batch, context)
    # ITFS: the reference image, or the reconstruction, through which the gradient passes.
    logits = network.segment(shown_image(image, batch.truth, context.teacher))
    seg = segmentation_loss(logits, batch.labels, context.recipe.loss, context.share)
    return {"recon": recon, "seg": seg}


def recon_loss(network: MultiTask, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the reconstruction."""
    return {"recon": _reconstruction(network, batch, context)[0]}


def seg_loss(network: MultiTask, batch: TensorBatch, context: LossContext) -> Losses:
    """Return the loss of the segmentation of the reference image."""
    from napari_mtmri.networks.losses import segmentation_loss

    logits = network.segment(batch.truth[:, None])
    return {"seg": segmentation_loss(logits, batch.labels, context.recipe.loss, context.share)}


def _reconstruction(network: MultiTask, batch: TensorBatch, context: LossContext) -> Any:
    from napari_mtmri.networks.losses import reconstruction_loss

    assert network.reconstruction is not None
    image = network.reconstruction(batch.kspace, batch.mask)
    loss = reconstruction_loss(image, batch.target, context.recipe.loss, context.share)
    return context.recon_scale * loss, image
