# SPDX-License-Identifier: BSD-3-Clause
"""Display windows of an image: presets, and dragging with the mouse; no Qt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_mtmri.gui.viewer.layers import window_of

Window = tuple[float, float]
DRAG_PIXELS = 300  # a drag of this length doubles the width, or moves the level by it
LEAST_SHARE = 0.01  # of the preset's width
MOST_VOXELS = 400_000


def _percentiles(data: np.ndarray, low: float, high: float) -> Window:
    step = max(1, round((data.size / MOST_VOXELS) ** (1 / 3)))
    some = np.asarray(data[::step, ::step, ::step]).astype(np.float32)
    seen = some[np.isfinite(some) & (some != 0)]
    if not seen.size:
        return 0.0, 1.0
    bottom, top = (float(one) for one in np.percentile(seen, (low, high)))
    return bottom, top if top > bottom else bottom + 1.0


def _full(data: np.ndarray) -> Window:
    low, high = float(np.nanmin(data)), float(np.nanmax(data))
    return low, high if high > low else low + 1.0


PRESETS: dict[str, Callable[[np.ndarray], Window]] = {
    "standard": window_of,
    "strong contrast": lambda data: _percentiles(data, 40, 99.5),
    "bright structures": lambda data: _percentiles(data, 75, 99.97),
    "full range": _full,
}


def dragged_window(start: Window, moved: tuple[float, float], full: Window) -> Window:
    """Return a window after dragging: to the right widens it, upwards makes the image darker.

    Parameters
    ----------
    start : (low, high)
        Window at the beginning of the drag.
    moved : (x, y)
        Pixels to the right and downwards.
    full : (low, high)
        Window of a preset, as scale of the changes.
    """
    scale = full[1] - full[0]
    width = max((start[1] - start[0]) * 2 ** (moved[0] / DRAG_PIXELS), LEAST_SHARE * scale)
    level = (start[0] + start[1]) / 2 - scale * moved[1] / DRAG_PIXELS
    return level - width / 2, level + width / 2
