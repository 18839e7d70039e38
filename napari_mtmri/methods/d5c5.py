# SPDX-License-Identifier: BSD-3-Clause
"""D5C5: deep cascade with data consistency, reconstruction only."""

from __future__ import annotations

from napari_mtmri.methods.base import Loaded, Method, Setting
from napari_mtmri.methods.network import load_network

WEIGHTS = ("d5c5",)


def _load(setting: Setting) -> Loaded:
    return load_network(setting, *WEIGHTS)


D5C5 = Method(
    name="d5c5",
    title="D5C5 (deep cascade)",
    summary="Five cascades of convolutions with data consistency; reconstructs.",
    gives=frozenset({"image"}),
    needs=frozenset({"weights"}),
    load=_load,
    weights=WEIGHTS,
)
