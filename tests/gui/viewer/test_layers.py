# SPDX-License-Identifier: BSD-3-Clause
"""Volumes to layers and back, for all 48 axis orders, without a window."""

from __future__ import annotations

from itertools import permutations, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_mtmri.errors import InputError
from napari_mtmri.gui.viewer.layers import (
    labels_on,
    placement_of,
    volume_layer,
    volume_of,
    window_of,
)
from napari_mtmri.volume import Volume

CODES = [
    tuple(zip(order, signs, strict=True))
    for order in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]
SHAPE_RAS = (12, 10, 8)


def marked(code: tuple[tuple[int, int], ...]) -> Volume:
    """A volume whose axis i runs along world axis code[i][0]; bright at right, anterior, superior."""
    data = np.zeros([SHAPE_RAS[world] for world, _ in code], np.float32)
    affine = np.eye(4)
    affine[:3, :3] = 0
    corner = []
    for axis, (world, sign) in enumerate(code):
        affine[world, axis] = sign * (1.0, 1.5, 3.0)[world]
        corner.append(slice(-3, None) if sign > 0 else slice(0, 3))
    data[tuple(corner)] = 1
    affine[:3, 3] = (5.0, -7.0, 11.0)
    return Volume(data, affine, name="marked")


@pytest.mark.parametrize("code", CODES)
def test_a_layer_is_upright_and_the_marker_where_it_belongs(
    code: tuple[tuple[int, int], ...],
) -> None:
    volume = marked(code)
    data, arguments, kind = volume_layer(volume)
    assert kind == "image"
    assert np.shares_memory(data, volume.data)
    affine = arguments["affine"]
    linear = affine[:3, :3]
    assert np.allclose(linear, np.diag(np.diag(linear)))
    assert np.allclose(np.abs(np.diag(linear)), (3.0, 1.5, 1.0))
    bright = np.argwhere(data > 0).mean(0)
    world = affine[:3, :3] @ bright + affine[:3, 3]
    middle = affine[:3, :3] @ ((np.array(data.shape) - 1) / 2) + affine[:3, 3]
    assert (world > middle).all()  # superior, anterior and right of the middle


@pytest.mark.parametrize("code", CODES)
def test_painted_voxels_map_to_the_file_s_voxels(
    code: tuple[tuple[int, int], ...],
) -> None:
    volume = marked(code)
    labels = volume.like((volume.data > 0).astype(np.uint8), kind="labels")
    data, arguments, _ = volume_layer(labels)
    painted = np.array(data)
    painted[1, 2, 3] = 7
    layer = SimpleNamespace(data=painted, metadata=arguments["metadata"], name="x", ndim=3)
    back = volume_of(layer)
    assert back.shape == volume.shape
    np.testing.assert_array_equal(back.affine, volume.affine)
    place = placement_of(volume)
    where = np.zeros(3, int)
    where[list(place.order)] = (1, 2, 3)
    assert back.data[tuple(where)] == 7
    assert (back.data == 7).sum() == 1


def test_an_oblique_volume_is_shown_on_its_own_grid_about_its_centre() -> None:
    volume = marked(CODES[0])
    angle = np.deg2rad(20)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = Volume(volume.data, turn @ volume.affine)
    shown = volume_layer(oblique)[1]["affine"]
    assert np.allclose(shown[:3, :3], np.diag(np.diag(shown[:3, :3])))
    centre = (np.array(oblique.shape) - 1) / 2
    true = (oblique.affine @ [*centre, 1])[:3][::-1]
    order = placement_of(oblique).order
    np.testing.assert_allclose((shown @ [*centre[list(order)], 1])[:3], true, atol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_the_slider_reaches_every_slice_of_an_oblique_volume(seed: int) -> None:
    from napari.components import ViewerModel

    random = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(random.uniform(0.3, 6, 3))
    affine[:3, 3] = random.uniform(-200, 200, 3)
    shape = tuple(random.integers(3, 60, 3).tolist())
    viewer = ViewerModel()
    viewer.add_layer(layer_of(Volume(np.zeros(shape, np.float32), affine)))
    assert viewer.dims.nsteps == viewer.layers[0].data.shape


def layer_of(volume: Volume) -> Any:
    from napari.layers import Image, Labels

    data, arguments, kind = volume_layer(volume)
    return Labels(data, **arguments) if kind == "labels" else Image(data, **arguments)


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
@pytest.mark.parametrize("code", CODES[::5])
def test_labels_drawn_in_any_axis_order_map_to_the_image_s_voxels(
    code: tuple[tuple[int, int], ...],
) -> None:
    from napari.layers import Labels

    volume = marked(code)
    image = layer_of(volume)
    drawn = (image.data > 0).astype(np.uint8)
    # as from another reader: axes transposed, one flipped, no metadata of this plugin
    turned = drawn.transpose(2, 0, 1)[:, ::-1, :]
    affine = image.affine.affine_matrix.copy()
    matrix, offset = affine[:3, :3], affine[:3, 3]
    other = np.eye(4)
    other[:3, :3] = matrix[:, [2, 0, 1]] * (1, -1, 1)
    other[:3, 3] = offset + matrix[:, 0] * (drawn.shape[0] - 1)
    labels = Labels(np.ascontiguousarray(turned), affine=other, units=("mm",) * 3)
    found = labels_on(labels, image)
    assert found.kind == "labels"
    np.testing.assert_array_equal(found.data, volume.data > 0)
    np.testing.assert_array_equal(found.affine, volume.affine)


def test_labels_on_another_grid_are_refused_in_one_sentence() -> None:
    from napari.layers import Labels

    volume = marked(CODES[0])
    image = layer_of(volume)
    shifted = image.affine.affine_matrix.copy()
    shifted[0, 3] += 0.4 * abs(shifted[0, 0])
    labels = Labels(np.zeros(image.data.shape, np.uint8), affine=shifted, name="elsewhere")
    with pytest.raises(InputError, match=r"elsewhere: .* are not on the grid of marked"):
        labels_on(labels, image)


def test_painting_labels_does_not_change_the_volume() -> None:
    volume = marked(CODES[3])
    drawn = volume.like((volume.data > 0).astype(np.uint8), kind="labels")
    layer = layer_of(drawn)
    assert volume_of(layer) is drawn
    layer.data[0, 0, 0] = 3
    assert volume_of(layer) is not drawn
    assert drawn.data.max() == 1


def test_a_layer_of_another_reader_keeps_its_placement_and_warns() -> None:
    from napari.layers import Image

    data = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    layer = Image(data, name="foreign", scale=(3, 1, 2), translate=(7, 8, 9))
    volume = volume_of(layer)
    assert volume.spacing == (3.0, 1.0, 2.0)
    assert "right and left are not known" in volume.warnings[0]
    with pytest.raises(InputError, match="2 axes"):
        volume_of(Image(np.zeros((4, 4)), name="flat"))


def test_a_display_window_ignores_air_and_non_finite_voxels() -> None:
    data = np.zeros((20, 20, 20), np.float32)
    data[5:15, 5:15, 5:15] = 100
    data[0, 0, 0] = np.nan
    assert window_of(data) == (0.0, 100.0)
    assert window_of(np.zeros((4, 4, 4))) == (0.0, 1.0)
    low, high = window_of(data - 50)
    assert low < 0 < high
