# SPDX-License-Identifier: BSD-3-Clause
"""U-Net on the fully sampled image: the segmentation without under-sampling."""

from __future__ import annotations

from napari_mtmri.methods.base import Loaded, Method, Setting
from napari_mtmri.methods.network import load_network

WEIGHTS = ("unet-full-sample",)


def _load(setting: Setting) -> Loaded:
    return load_network(setting, *WEIGHTS)


UNET_FULL_SAMPLE = Method(
    name="unet-full-sample",
    title="U-Net (full-sample)",
    summary="U-Net on the fully sampled image, as an upper limit for comparison; segments.",
    gives=frozenset({"segmentation"}),
    needs=frozenset({"weights", "reference"}),
    load=_load,
    weights=WEIGHTS,
)
