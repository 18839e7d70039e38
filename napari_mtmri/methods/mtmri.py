# SPDX-License-Identifier: BSD-3-Clause
"""MTMRI: the joint method of the paper."""

from __future__ import annotations

from napari_mtmri.methods.base import Loaded, Method, Setting
from napari_mtmri.methods.network import load_network

WEIGHTS = ("mtmri",)


def _load(setting: Setting) -> Loaded:
    return load_network(setting, *WEIGHTS)


MTMRI = Method(
    name="mtmri",
    title="MTMRI (joint)",
    summary="D5C5 and U-Net trained together with DRLC and ITFS; reconstructs and segments.",
    gives=frozenset({"image", "segmentation"}),
    needs=frozenset({"weights"}),
    load=_load,
    weights=WEIGHTS,
)
