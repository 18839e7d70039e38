# SPDX-License-Identifier: BSD-3-Clause
"""D5C5: deep cascade with data consistency, reconstruction only."""

from __future__ import annotations

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.multitask import architecture, like, recon_loss, words
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import Stage, TableRow, Training

_TASK = "reconstruct an under-sampled scan"
RECONSTRUCTION = Stage("reconstruction", recon_loss, trains=("reconstruction.",), score="val_psnr")

D5C5: Method = network_method(
    name="d5c5",
    title="D5C5 (deep cascade)",
    summary="Five cascades of convolutions with data consistency; reconstructs.",
    citations=(citations.D5C5,),
    gives=frozenset({"image"}),
    training=Training(
        architecture=lambda recipe: architecture(recipe, seg=False),
        stages=lambda recipe: (RECONSTRUCTION,),
        words=lambda recipe: words(recipe, _TASK, seg=False),
        like=like,
        row=TableRow(
            ("table3", "table4"),
            "D5C5",
            "gives no segmentation",
        ),
    ),
)
