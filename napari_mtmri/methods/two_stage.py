# SPDX-License-Identifier: BSD-3-Clause
"""Two-stage: D5C5, then a U-Net that is trained separately on reference images."""

from __future__ import annotations

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.d5c5 import D5C5, RECONSTRUCTION
from napari_mtmri.methods.multitask import architecture, like, words
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import TableRow, Training
from napari_mtmri.methods.unet_full_sample import SEGMENTATION, UNET_FULL_SAMPLE

_TASK = "reconstruct and segment an under-sampled scan"
_ROW = TableRow(
    ("table1", "table2", "table3", "table4"),
    "D5C5 and U-Net apart (two-stage)",
    "the row to beat; D5C5 is trained in the first half of the epochs and the U-Net, on "
    "reference images, in the second half, each with a complete schedule of the learning "
    "rate, so that each network gets half as many updates as in the joint rows",
)

TWO_STAGE: Method = network_method(
    name="two-stage",
    title="Two-stage",
    summary="D5C5, then a U-Net trained separately on reference images; reconstructs and segments.",
    citations=(citations.D5C5, citations.UNET),
    gives=frozenset({"image", "segmentation"}),
    training=Training(
        architecture=architecture,
        stages=lambda recipe: (RECONSTRUCTION, SEGMENTATION),
        words=lambda recipe: words(recipe, _TASK),
        like=like,
        row=_ROW,
    ),
    parts=(D5C5.name, UNET_FULL_SAMPLE.name),
)
