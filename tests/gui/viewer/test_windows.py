# SPDX-License-Identifier: BSD-3-Clause
"""Display windows: presets and dragging."""

from __future__ import annotations

import numpy as np
import pytest

from napari_mtmri.gui.viewer.windows import DRAG_PIXELS, PRESETS, dragged_window


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_follows_the_scale_of_the_image(name: str, rng: np.random.Generator) -> None:
    image = rng.random((20, 20, 20)).astype(np.float32)
    low, high = PRESETS[name](image)
    assert low < high
    assert PRESETS[name](1000 * image) == pytest.approx((1000 * low, 1000 * high), rel=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_a_constant_image_has_a_window_too(name: str) -> None:
    for value in (0, 7):
        low, high = PRESETS[name](np.full((3, 4, 5), value, np.int16))
        assert low < high


def test_dragging_back_gives_the_window_of_the_beginning() -> None:
    start, full = (20.0, 80.0), (0.0, 100.0)
    assert dragged_window(start, (0, 0), full) == pytest.approx(start)
    wide = dragged_window(start, (DRAG_PIXELS, 0), full)
    assert wide == pytest.approx((-10.0, 110.0))  # twice as wide about the same level
    assert dragged_window(wide, (-DRAG_PIXELS, 0), full) == pytest.approx(start)
    up = dragged_window(start, (0, -30), full)
    assert up == pytest.approx((30.0, 90.0))  # a higher level: a darker image
    assert dragged_window(up, (0, 30), full) == pytest.approx(start)


def test_a_window_never_closes() -> None:
    low, high = dragged_window((0.0, 1.0), (-100_000, 0), (0.0, 1.0))
    assert high > low
