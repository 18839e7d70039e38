# SPDX-License-Identifier: BSD-3-Clause
"""The networks that the joint method is compared with, in sizes for tests."""

from __future__ import annotations

from typing import Any

from napari_mtmri.networks.base import build

SEG = {"features": 4, "depth": 2}
SMALL: dict[str, dict[str, Any]] = {
    "segnetmri": {"features": 4, "blocks": 3, "last_scale": 1.0},
    "synnet": {"segmentation": SEG},
    "linet": {"features": 4, "depth": 2, "code_channels": 8},
    "seranet": {"segmentation": SEG, "features": 4, "last_scale": 1.0},
    "frnet": {"reconstruction": {"features": 4, "last_scale": 1.0}, "segmentation": SEG},
}


def small(kind: str, **sizes: Any) -> Any:
    return build({"kind": kind, **SMALL[kind], **sizes}).eval()
