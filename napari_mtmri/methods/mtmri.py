# SPDX-License-Identifier: BSD-3-Clause
"""MTMRI: the joint method of the paper."""

from __future__ import annotations

from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Method
from napari_mtmri.methods.multitask import architecture, joint_loss, like, words
from napari_mtmri.methods.network import network_method
from napari_mtmri.methods.training import Stage, Training

_TASK = "reconstruct and segment an under-sampled scan"
_JOINT = Stage("joint", joint_loss, schedules=frozenset({"drlc", "itfs"}))

MTMRI: Method = network_method(
    name="mtmri",
    title="MTMRI (joint)",
    summary="D5C5 and U-Net trained together with DRLC and ITFS; reconstructs and segments.",
    citations=(citations.QI, citations.D5C5, citations.UNET),
    gives=frozenset({"image", "segmentation"}),
    training=Training(
        architecture=architecture,
        stages=lambda recipe: (_JOINT,),
        words=lambda recipe: words(recipe, _TASK),
        like=like,
    ),
)
