# SPDX-License-Identifier: BSD-3-Clause
"""What the plugin reads of napari's private interface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.layers import Labels

from napari_mtmri.gui.viewer.shim import painted_box

SHAPE = (5, 12, 14)


def changes_of(act: Any) -> tuple[Any, np.ndarray]:
    """Return what napari reports of one act, and where the layer has changed."""
    layer = Labels(np.zeros(SHAPE, np.uint8))
    layer.data[2, 3:6, 3:6] = 2
    before, found = layer.data.copy(), []
    layer.events.paint.connect(lambda event: found.append(event.value))
    act(layer)
    assert len(found) == 1
    return found[0], layer.data != before


def draw(layer: Labels) -> None:
    with layer.block_history():
        layer.paint((1, 2, 3), 1)
        layer.paint((1, 8, 9), 1)


def polygon(layer: Labels) -> None:
    layer.paint_polygon([[0, 1, 1], [0, 9, 2], [0, 6, 11]], 3)


def by_code(layer: Labels) -> None:
    layer.data_setitem((np.array([0, 4]), np.array([1, 2]), np.array([3, 13])), 5)


@pytest.mark.parametrize("act", [draw, polygon, by_code, lambda one: one.fill((2, 4, 4), 4)])
def test_the_box_contains_all_that_was_painted(act: Any) -> None:
    changes, changed = changes_of(act)
    box = painted_box(changes)
    assert box is not None
    assert changed[box].sum() == changed.sum() > 0
    assert changed[box].size < changed.size


@pytest.mark.parametrize("unknown", [[], [object()], [(1, 2)], None, [("a", "b", "c")]])
def test_changes_in_another_form_have_no_box(unknown: Any) -> None:
    assert painted_box(unknown) is None
