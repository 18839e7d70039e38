# SPDX-License-Identifier: BSD-3-Clause
"""Slices made when asked for: mixed pictures and patterns, without a window."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.compare import AGREED, EXTRA, MISSED, compare_results
from napari_mtmri.compare.mask_patterns import OUTLINE, patterned
from napari_mtmri.gui.compare.pictures import Request, pictures
from napari_mtmri.gui.compare.slice_arrays import Mix, difference, disagreement, mixed, outlined
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.viewer.layers import placement_of
from tests.compare.cases import head, result_of

SHAPE = (4, 20, 30)


@pytest.fixture
def pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.random(SHAPE, np.float32), rng.random(SHAPE, np.float32)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_swipe_shows_the_first_picture_left_of_the_edge(pair, axis: int, is_mirrored: bool) -> None:
    mix = Mix("swipe", edge=0.3, is_mirrored=(is_mirrored,) * 3)
    key = tuple(2 if at == axis else slice(None) for at in range(3))
    seen, first, second = mixed(*pair, mix)[key], pair[0][key], pair[1][key]
    if is_mirrored:  # as on the screen
        seen, first, second = seen[:, ::-1], first[:, ::-1], second[:, ::-1]
    edge = round(0.3 * seen.shape[1])
    np.testing.assert_array_equal(seen[:, :edge], first[:, :edge])
    np.testing.assert_array_equal(seen[:, edge:], second[:, edge:])


@pytest.mark.parametrize("axis", range(3))
def test_a_slice_of_length_1_is_the_slice(pair, axis: int) -> None:
    both = mixed(*pair, Mix("checkerboard", tile=3))
    number = tuple(2 if at == axis else slice(None) for at in range(3))
    thin = tuple(slice(2, 3) if at == axis else slice(None) for at in range(3))
    assert both[thin].shape == pair[0][thin].shape
    np.testing.assert_array_equal(np.take(both[thin], 0, axis=axis), both[number])


def test_the_edge_moves_without_another_array(pair) -> None:
    mix = Mix("swipe", edge=0.0)
    both = mixed(*pair, mix)
    np.testing.assert_array_equal(both[1], pair[1][1])
    mix.edge = 1.0
    np.testing.assert_array_equal(both[1], pair[0][1])


def test_blink_shows_one_picture_whole(pair) -> None:
    mix = Mix("blink")
    both = mixed(*pair, mix)
    np.testing.assert_array_equal(both[0], pair[0][0])
    mix.shows_second = True
    np.testing.assert_array_equal(both[0], pair[1][0])


def test_a_checkerboard_alternates_in_squares(pair) -> None:
    seen = mixed(*pair, Mix("checkerboard", tile=5))[0]
    takes_first = seen == pair[0][0]
    assert takes_first[:5, :5].all()
    assert not takes_first[:5, 5:10].any()
    assert takes_first[5:10, 5:10].all()
    np.testing.assert_array_equal(seen[~takes_first], pair[1][0][~takes_first])


def test_a_difference_is_symmetric_and_zero_for_equal_pictures(pair) -> None:
    np.testing.assert_array_equal(difference(*pair)[1], difference(*pair[::-1])[1])
    assert not difference(pair[0], pair[0])[2].any()


def test_disagreement_draws_missed_voxels_solid_extra_ones_striped_agreed_ones_as_outline() -> None:
    base, found = np.zeros((2, 24, 24), np.uint8), np.zeros((2, 24, 24), np.uint8)
    base[1, 4:20, 4:14], found[1, 4:20, 8:20] = 1, 1
    seen = disagreement(found, base)[1]
    assert (seen[4:20, 4:8] == MISSED).all()
    assert (seen[4:20, 8:14] == AGREED).sum() == 16 * 6 - 14 * 4  # the ring of the region
    extra = seen[4:20, 14:20]
    assert set(np.unique(extra)) == {0, EXTRA}
    assert 0.4 < (extra == EXTRA).mean() < 0.6
    assert not disagreement(found, base)[0].any()


@pytest.mark.parametrize("axis", range(3))
def test_an_outline_is_the_edge_of_each_label_and_nothing_else(axis: int) -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[3:15, 3:15, 3:15], labels[3:15, 3:15, 9:15] = 1, 2
    key = tuple(8 if at == axis else slice(None) for at in range(3))
    seen, whole = outlined(labels)[key], labels[key]
    far = np.stack([np.roll(whole, (dy, dx), (0, 1)) == whole for dy in range(-4, 5)
                    for dx in range(-4, 5) if abs(dy) + abs(dx) <= OUTLINE]).all(0)  # fmt: skip
    np.testing.assert_array_equal(seen, np.where(far, 0, whole))


def test_a_pattern_adds_no_voxel(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (30, 30)).astype(np.uint8)
    seen = patterned(codes)
    assert np.isin(seen, (0, *np.unique(codes))).all()
    np.testing.assert_array_equal(seen[seen > 0], codes[seen > 0])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", list(itertools.product((-1, 1), repeat=3)))
def test_a_voxel_is_found_at_its_own_position(order, signs) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.diag(np.multiply(signs, (1.0, 2.0, 3.0)))[:, order]
    affine[:3, 3] = (5, -7, 11)
    volume = mt.Volume(np.zeros((3, 4, 5), np.float32), affine)
    placement = placement_of(volume)
    for voxel in itertools.product(range(3), range(4), range(5)):
        assert placement.voxel(placement.point(voxel)) == voxel
        ras = (affine @ (*voxel, 1))[:3]
        np.testing.assert_allclose(placement.point(voxel), ras[[2, 1, 0]], atol=1e-9)


@pytest.mark.parametrize(
    ("n_cells", "size", "shape"),
    [
        (1, (700, 550), (1, 1)),
        (6, (700, 550), (3, 2)),
        (6, (550, 900), (2, 3)),
        (7, (900, 900), (3, 3)),
    ],
)
def test_the_grid_has_the_largest_cells(n_cells, size, shape) -> None:
    from napari_mtmri.gui.compare.grid import grid_shape

    assert grid_shape(n_cells, size) == shape


def test_a_cell_without_an_image_says_whose_image_is_below_its_mask() -> None:
    found = np.ones(head().shape, np.uint8)
    alone = replace(result_of(head(), "synnet", labels=found), reconstruction=None, error=None)
    seen = compare_results([alone, result_of(head(), labels=found)])
    request = Request(seen, Looking(), placement_of(seen.grid), Mix("swipe"))
    assert [picture.title for picture in pictures(request)] == [
        "reference", "synnet R4 · on “reference”", "mtmri R4",
    ]  # fmt: skip
    # Their difference is 0 since both show the reference, not since the method is perfect.
    looking = Looking(mode="difference", first="reference", second="synnet R4")
    (both,) = pictures(Request(seen, looking, request.placement, Mix("difference")))
    assert both.title == "│reference − synnet R4 · on “reference”│"
