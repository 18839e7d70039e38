# SPDX-License-Identifier: BSD-3-Clause
"""A rival trained in two stages: first its image, then its labels."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import CardWords, Options, Stage, Training


class RefineOptions(Options):
    """Options of the rival."""

    filters: int = Field(3, ge=1, description="number of filters of its convolutions")
    edge_weight: float = Field(0.5, ge=0, description="weight of the loss of edges")


def architecture(recipe: Any) -> dict[str, Any]:
    return {"kind": "refine", "filters": recipe.options["filters"], "classes": 1}


def image_losses(*given: Any) -> Any:
    from dummy_mtmri.refine_network import image_losses as losses

    return losses(*given)


def label_losses(*given: Any) -> Any:
    from dummy_mtmri.refine_network import label_losses as losses

    return losses(*given)


def begin_labels(network: Any) -> None:
    """Begin with few labelled pixels."""
    network.labels[-1].bias.fill_(-2.0)


REFINE = network_method(
    name="refine",
    title="Refine (rival)",
    summary="Corrects the zero-filled image, then segments it.",
    gives=frozenset({"image", "segmentation"}),
    training=Training(
        architecture=architecture,
        stages=lambda recipe: (
            Stage("image", image_losses, trains=("image.",), share=2, score="val_psnr"),
            Stage("labels", label_losses, trains=("labels.",), begin=begin_labels),
        ),
        words=lambda recipe: CardWords(
            f"{recipe.options['filters']} filters", "reconstruct and segment", "tiny"
        ),
        options=RefineOptions,
    ),
)
