# SPDX-License-Identifier: BSD-3-Clause
"""The slider that all layers share reaches every slice of each of them."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_mtmri.geometry import Axes
from napari_mtmri.gui.viewer.layer_list import slice_on_screen
from napari_mtmri.gui.viewer.layers import volume_layer
from napari_mtmri.gui.viewer.orientation import watch
from napari_mtmri.volume import Volume

# number of slices, spacing and position of the first slice in mm
HALF_A_SLICE = [(10, 1.0, 0.0), (10, 1.0, 0.5)]
PAIRS = [
    [(10, 1.0, 0.0), (10, 1.0, 0.6)],
    [(10, 3.0, 0.0), (10, 3.0, -1.4)],
    HALF_A_SLICE,
    [*HALF_A_SLICE, (9, 2.0, 0.5), (10, 1.0, 0.25), (10, 1.0, -0.25)],
    [(24, 5.5, -60.0), (160, 1.0, -71.3)],
    [(24, 5.5, -60.0), (24, 5.5 + 1e-9, -57.25)],
]


def any_grids(seed: int) -> list[tuple[int, float, float]]:
    random = np.random.default_rng(seed)
    return [
        (int(random.integers(3, 40)), random.uniform(0.5, 6), random.normal(0, 9))
        for _ in range(random.integers(2, 4))
    ]


def layer(n_slices: int, spacing: float, first: float) -> Image:
    """An axial volume whose slices contain their numbers, counted from 1."""
    numbers = np.arange(1, n_slices + 1, dtype=np.float32)
    data = np.broadcast_to(numbers, (4, 5, n_slices)).copy()
    affine = np.diag([1.0, 1.0, spacing, 1.0])
    affine[2, 3] = first
    shown, arguments, _ = volume_layer(Volume(data, affine, name="one"))
    return Image(shown, **arguments)


def drawn(one: Any) -> int:
    """The number of the slice that napari draws of a layer, or 0 beyond its ends."""
    return int(np.asarray(one._data_view).max())


def check_that_each_slice_is_reached(grids: list[tuple[int, float, float]], *units: str) -> None:
    viewer = ViewerModel()
    watch(viewer)
    for grid, unit in zip_longest(grids, units, fillvalue="mm"):
        one = layer(*grid)
        one.units = (unit,) * 3
        viewer.add_layer(one)
    seen: list[set[int]] = [set() for _ in grids]
    for step in range(viewer.dims.nsteps[0]):
        viewer.dims.set_current_step(0, step)
        for one, slices in zip(viewer.layers, seen, strict=True):
            slices.add(drawn(one))
            if drawn(one):
                assert slice_on_screen(viewer, one, Axes(2, 1, 0)) == drawn(one) - 1
    for one, slices in zip(viewer.layers, seen, strict=True):
        assert slices - {0} == set(range(1, len(one.data) + 1))


@pytest.mark.parametrize("grids", [*PAIRS, *(any_grids(seed) for seed in range(8))])
def test_each_slice_of_each_volume_is_reached(grids: list[tuple[int, float, float]]) -> None:
    check_that_each_slice_is_reached(grids)


@pytest.mark.parametrize("grids", PAIRS)
def test_so_it_is_beside_a_layer_without_a_unit(grids: list[tuple[int, float, float]]) -> None:
    """napari cannot convert pixels to mm, and takes both for one."""
    check_that_each_slice_is_reached(grids, "pixel")


def test_the_slice_that_is_scored_is_the_slice_that_is_drawn() -> None:
    viewer = ViewerModel()
    for grid in HALF_A_SLICE:
        viewer.add_layer(layer(*grid))
    for at in np.arange(0, 9.75, 0.25):  # also in the middle of two slices
        viewer.dims.set_point(0, at)
        for one in viewer.layers:
            assert drawn(one) in (0, slice_on_screen(viewer, one, Axes(2, 1, 0)) + 1), at
