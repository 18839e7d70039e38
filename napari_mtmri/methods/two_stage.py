# SPDX-License-Identifier: BSD-3-Clause
"""Two-stage: D5C5 and a U-Net, trained separately."""

from __future__ import annotations

from napari_mtmri.methods.base import Loaded, Method, Setting
from napari_mtmri.methods.network import load_network

WEIGHTS = ("d5c5", "unet-full-sample")


def _load(setting: Setting) -> Loaded:
    return load_network(setting, *WEIGHTS)


TWO_STAGE = Method(
    name="two-stage",
    title="Two-stage",
    summary="D5C5, then a U-Net trained separately on reference images; reconstructs and segments.",
    gives=frozenset({"image", "segmentation"}),
    needs=frozenset({"weights"}),
    load=_load,
    weights=WEIGHTS,
)
