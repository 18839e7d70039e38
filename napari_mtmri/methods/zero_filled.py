# SPDX-License-Identifier: BSD-3-Clause
"""Zero-filled: the image of the measured samples, with 0 for all others."""

from __future__ import annotations

from napari_mtmri.methods.base import Loaded, Method, Setting, SliceBatch
from napari_mtmri.scan import Scan


def _run(scan: Scan) -> SliceBatch:
    return SliceBatch(scan.zero_filled, None)


def _load(setting: Setting) -> Loaded:
    return Loaded(_run)


ZERO_FILLED = Method(
    name="zero-filled",
    title="Zero-filled",
    summary="Inverse Fourier transform of the measured samples; the baseline of all methods.",
    gives=frozenset({"image"}),
    needs=frozenset(),
    load=_load,
)
