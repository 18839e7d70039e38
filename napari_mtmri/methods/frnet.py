# SPDX-License-Identifier: BSD-3-Clause
"""Joint-FR-Net (Huang et al., FIMH 2019): unrolled FISTA, then a U-Net, trained together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.multitask import architecture, joint_loss, like, recon_loss, size_of
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import CardWords, Options, Stage, TableRow, Training

if TYPE_CHECKING:
    from napari_mtmri.train.recipe import Recipe


class FRNetOptions(Options):
    """Options of Joint-FR-Net."""

    steps: int = Field(5, ge=2, le=20, description="number of steps of FISTA")
    step_convs: int = Field(4, ge=2, le=20, description="number of convolutions per step")


def _sizes(recipe: Recipe) -> dict[str, Any]:
    base = architecture(recipe, recon=False)
    return {
        "kind": "frnet",
        "reconstruction": {
            "steps": recipe.options["steps"],
            "convolutions": recipe.options["step_convs"],
            "features": recipe.network.recon_features,
            "last_scale": recipe.network.recon_last_scale,
        },
        "segmentation": base["segmentation"],
        "window": base["window"],
    }


def _like(sizes: Mapping[str, Any]) -> dict[str, Any]:
    recon = sizes["reconstruction"]
    return {
        **like({"segmentation": sizes["segmentation"]}),
        "steps": recon["steps"],
        "step_convs": recon["convolutions"],
        "recon_features": recon["features"],
    }


def _words(recipe: Recipe) -> CardWords:
    sizes = recipe.network
    return CardWords(
        f"{recipe.options['steps']} steps of FISTA with {sizes.recon_features} filters and "
        f"U-Net {sizes.seg_features} wide",
        "reconstruct and segment an under-sampled scan; measured samples are not kept exactly",
        size_of(recipe),
    )


_RECONSTRUCTION = Stage("reconstruction", recon_loss, trains=("reconstruction.",), score="val_psnr")
# Without teacher forcing the input of the U-Net is the reconstruction.
_JOINT = Stage("joint", joint_loss)

FRNET: Method = network_method(
    name="frnet",
    title="Joint-FR-Net",
    summary="FISTA with learned steps, then a U-Net, trained together; reconstructs and segments.",
    citations=(citations.FRNET,),
    gives=frozenset({"image", "segmentation"}),
    keeps_measured=False,
    training=Training(
        architecture=_sizes,
        stages=lambda recipe: (_RECONSTRUCTION, _JOINT),
        words=_words,
        options=FRNetOptions,
        like=_like,
        row=TableRow(
            ("table3", "table4"),
            "Joint-FR-Net",
            "measured samples are not kept exactly; the first half of the epochs trains the "
            "reconstruction alone",
        ),
    ),
)
