# SPDX-License-Identifier: BSD-3-Clause
"""The zero-filled image, each pixel averaged with the one in the row above."""

from __future__ import annotations

import numpy as np

from napari_mtmri.methods.base import Loaded, Method, Setting, SliceBatch
from napari_mtmri.scan import Scan


def run(scan: Scan) -> SliceBatch:
    image = scan.zero_filled
    return SliceBatch((image + np.roll(image, 1, axis=1)) / 2, None)


def load(setting: Setting) -> Loaded:
    return Loaded(run)


SMOOTH = Method(
    name="smooth",
    title="Smooth",
    summary="Zero-filled image, smoothed.",
    gives=frozenset({"image"}),
    needs=frozenset(),
    load=load,
)
