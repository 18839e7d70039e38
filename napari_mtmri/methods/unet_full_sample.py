# SPDX-License-Identifier: BSD-3-Clause
"""U-Net on the fully sampled image: the segmentation without under-sampling."""

from __future__ import annotations

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.multitask import architecture, like, seg_loss, words
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import Stage, TableRow, Training

_TASK = "segment a fully sampled image"
SEGMENTATION = Stage("segmentation", seg_loss, trains=("segmentation.",), score="val_dice_truth")

UNET_FULL_SAMPLE: Method = network_method(
    name="unet-full-sample",
    title="U-Net (full-sample)",
    summary="U-Net on the fully sampled image, as an upper limit for comparison; segments.",
    citations=(citations.UNET,),
    gives=frozenset({"segmentation"}),
    needs=frozenset({"weights", "reference"}),
    training=Training(
        architecture=lambda recipe: architecture(recipe, recon=False),
        stages=lambda recipe: (SEGMENTATION,),
        words=lambda recipe: words(recipe, _TASK, recon=False),
        like=like,
        row=TableRow(
            ("table3", "table4"),
            "U-Net (full-sample)",
            "segments the reference image: an upper limit, not a rival; gives no image",
        ),
    ),
)
