# SPDX-License-Identifier: BSD-3-Clause
"""Laws of the editing tools."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from napari_mtmri.errors import RequestError
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.tools.interpolate import interpolate_slices
from napari_mtmri.review.tools.region import grow_from_seed, intensity_range, threshold_inside
from napari_mtmri.review.tools.shape import fill_holes, grow, keep_largest, remove_small, smooth
from napari_mtmri.review.tools.single import copy_to_slice, delete_lesion, relabel_lesion

SPACING = (1.0, 1.5, 3.0)
SHAPE = (7, 8, 6)
Tool = Callable[[np.ndarray], Edit]
masks = arrays.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 0, 1, 1, 2])).filter(
    lambda mask: (mask != 2).any()  # a seed needs a place
)
IMAGE = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE) % 11


def after(edit: Edit, labels: np.ndarray) -> np.ndarray:
    new = labels.copy()
    edit.apply(new)
    return new


def seed_of(labels: np.ndarray) -> tuple[int, ...]:
    free = np.argwhere(labels != 2)
    return tuple(free[len(free) // 2].tolist())


PAINTING: dict[str, Tool] = {
    "interpolate": lambda labels: interpolate_slices(labels, 1, 2),
    "grow from seed": lambda labels: grow_from_seed(labels, IMAGE, seed_of(labels), 0, 11, 1),
    "threshold": lambda labels: threshold_inside(labels, IMAGE, labels < 9, 2, 7, 1),
    "fill": lambda labels: fill_holes(labels, 1),
    "fill slices": lambda labels: fill_holes(labels, 1, axis=2),
    "smooth": lambda labels: smooth(labels, 1, 1.5, SPACING),
    "grow": lambda labels: grow(labels, 1, 2.0, SPACING),
    "shrink": lambda labels: grow(labels, 1, -1.0, SPACING),
    "copy": lambda labels: copy_to_slice(labels, 1, 2, 3, 4),
    "keep largest": lambda labels: keep_largest(labels, 1),
    "remove small": lambda labels: remove_small(labels, 20, 4.5, label=1),
}


@pytest.mark.parametrize("name", PAINTING)
@given(labels=masks)
def test_other_labels_never_change_while_protected(name: str, labels: np.ndarray) -> None:
    before = labels.copy()
    new = after(PAINTING[name](labels), labels)
    assert (labels == before).all()
    assert ((new == 2) == (before == 2)).all()
    assert set(np.unique(new)) <= {0, 1, 2}


@pytest.mark.parametrize("name", PAINTING)
@given(labels=masks)
def test_an_edit_is_undone_whole(name: str, labels: np.ndarray) -> None:
    edit = PAINTING[name](labels)
    new = after(edit, labels)
    edit.revert(new)
    assert (new == labels).all()
    assert (edit.before != edit.after).all()


@pytest.mark.parametrize("name", PAINTING)
def test_an_empty_mask_and_a_full_mask_are_no_trouble(name: str) -> None:
    for value in (0, 1):
        labels = np.full(SHAPE, value, np.uint8)
        new = after(PAINTING[name](labels), labels)
        if name not in ("threshold", "grow from seed"):
            assert (new == value).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(
    "name", ["interpolate", "fill", "fill slices", "smooth", "grow", "shrink", "copy"]
)
@given(labels=masks)
def test_tools_do_not_depend_on_the_order_of_the_axes(
    name: str, axis: int, labels: np.ndarray
) -> None:
    def make(array: np.ndarray, across: int, spacing: tuple[float, ...]) -> Edit:
        return {
            "interpolate": lambda: interpolate_slices(array, 1, across, spacing=spacing),
            "fill": lambda: fill_holes(array, 1),
            "fill slices": lambda: fill_holes(array, 1, axis=across),
            "smooth": lambda: smooth(array, 1, 1.5, spacing),
            "grow": lambda: grow(array, 1, 2.0, spacing),
            "shrink": lambda: grow(array, 1, -1.0, spacing),
            "copy": lambda: copy_to_slice(array, 1, across, 1, 2),
        }[name]()

    order = np.roll(range(3), axis)
    turned = np.ascontiguousarray(labels.transpose(order))
    spacing = tuple(SPACING[number] for number in order)
    first = after(make(labels, 2, SPACING), labels)
    second = after(make(turned, order.tolist().index(2), spacing), turned)
    assert (first.transpose(order) == second).all()


@given(masks)
def test_filling_twice_is_filling_once(labels: np.ndarray) -> None:
    for axis in (None, 0, 2):
        once = after(fill_holes(labels, 1, axis=axis), labels)
        assert fill_holes(once, 1, axis=axis).n_voxels == 0


@given(masks)
def test_filled_holes_are_those_of_scipy(labels: np.ndarray) -> None:
    binary = (labels == 1).astype(np.uint8)
    new = after(fill_holes(binary, 1), binary)
    assert (new.astype(bool) == ndimage.binary_fill_holes(binary)).all()
    slices = after(fill_holes(binary, 1, axis=2), binary)
    for number in range(SHAPE[2]):
        expected = ndimage.binary_fill_holes(binary[..., number])
        assert (slices[..., number].astype(bool) == expected).all()


@given(masks, st.sampled_from([0.5, 1.0, 1.6, 3.2]))
def test_growing_adds_exactly_what_is_near_and_shrinking_takes_it_from_the_outside(
    labels: np.ndarray, distance: float
) -> None:
    binary = (labels == 1).astype(np.uint8)
    assume(binary.any() and not binary.all())
    where = np.argwhere(np.ones(SHAPE)) * SPACING
    gaps = np.linalg.norm(where[:, None] - where[None], axis=-1) <= distance + 1e-9
    own = binary.ravel().astype(bool)
    grown = after(grow(binary, 1, distance, SPACING), binary)
    assert (grown.ravel() == gaps[:, own].any(1)).all()
    shrunk = after(grow(binary, 1, -distance, SPACING), binary)
    assert (shrunk.ravel() == (own & ~gaps[:, ~own].any(1))).all()


@given(masks)
def test_interpolation_keeps_what_is_drawn_and_stays_between_the_slices(labels: np.ndarray) -> None:
    new = after(interpolate_slices(labels, 1, 2, spacing=SPACING), labels)
    drawn = np.flatnonzero((labels == 1).any((0, 1)))
    assert (new[labels != 0] == labels[labels != 0]).all()
    for number in set(range(SHAPE[2])) - set(range(*drawn[[0, -1]]) if drawn.size else ()):
        assert (new[..., number] == labels[..., number]).all()


def disc(center: tuple[float, float], radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:40, :40]
    return np.asarray((rows - center[0]) ** 2 + (columns - center[1]) ** 2 <= radius**2)


def test_interpolated_discs_have_the_radii_and_centers_between() -> None:
    labels = np.zeros((40, 40, 9), np.uint8)
    labels[..., 0], labels[..., 8] = disc((20, 20), 6), disc((20, 20), 14)
    new = after(interpolate_slices(labels, 1, 2), labels)
    for number in range(9):
        radius = np.sqrt(new[..., number].sum() / np.pi)
        assert radius == pytest.approx(6 + number, abs=0.4)
    apart = np.zeros_like(labels)
    apart[..., 0], apart[..., 8] = disc((8, 8), 4), disc((30, 30), 4)
    new = after(interpolate_slices(apart, 1, 2), apart)
    for number in range(9):
        center = np.argwhere(new[..., number]).mean(0)
        assert center == pytest.approx(np.full(2, 8 + 22 * number / 8), abs=0.6)
        assert new[..., number].sum() == pytest.approx(disc((8, 8), 4).sum(), rel=0.25)


def test_a_lesion_is_interpolated_past_another_one_and_never_joined_to_a_distant_one() -> None:
    labels = np.zeros((40, 40, 20), np.uint8)
    labels[..., 2:8] = disc((30, 30), 5)[..., None]  # complete
    labels[..., 3] |= disc((10, 10), 4)
    labels[..., 6] |= disc((10, 11), 4)
    labels[..., 15] = disc((20, 20), 3) | disc((30, 8), 3)
    new = after(interpolate_slices(labels, 1, 2), labels)
    assert new[10, 10, 4:6].all()
    assert not new[..., 8:15].any()
    assert (new[25:, 25:] == labels[25:, 25:]).all()
    assert interpolate_slices(new, 1, 2).n_voxels == 0
    far = interpolate_slices(labels, 1, 2, most_slices=1)
    assert far.n_voxels == 0


def test_complete_lesions_are_not_joined() -> None:
    labels = np.zeros((40, 40, 12), np.uint8)
    labels[..., 1:4], labels[..., 6:9] = disc((20, 20), 6)[..., None], disc((20, 22), 4)[..., None]
    assert interpolate_slices(labels, 1, 2).n_voxels == 0
    labels[..., 7:9] = 0
    new = after(interpolate_slices(labels, 1, 2), labels)
    assert new[..., 4:6].any((0, 1)).all()


def test_growing_from_a_seed_takes_the_connected_voxels_in_the_range() -> None:
    image = np.zeros((12, 12, 4))
    image[2:6, 2:6, 1:3], image[8:11, 8:11, 1:3] = 10, 10
    labels = np.zeros(image.shape, np.uint8)
    labels[2, 2, 1] = 2
    new = after(grow_from_seed(labels, image, (4, 4, 1), 9, 11, 1), labels)
    expected = np.zeros(image.shape, bool)
    expected[2:6, 2:6, 1:3] = True
    expected[2, 2, 1] = False
    assert ((new == 1) == expected).all()
    plane = after(grow_from_seed(labels, image, (4, 4, 1), 9, 11, 1, axis=2), labels)
    assert ((plane == 1).any((0, 1)) == [False, True, False, False]).all()
    near = grow_from_seed(labels, image, (4, 4, 1), 9, 11, 1, spacing=SPACING, radius_mm=1.5)
    assert near.n_voxels == 5  # the seed, two neighbors at 1 mm and two at 1.5 mm
    free = after(grow_from_seed(labels, image, (4, 4, 1), 9, 11, 1, protect=False), labels)
    assert free[2, 2, 1] == 1


@given(masks, st.floats(0, 10), st.floats(0, 10))
def test_growing_from_a_seed_contains_the_seed_and_nothing_out_of_range(
    labels: np.ndarray, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    seeds = np.argwhere((labels != 2) & (low <= IMAGE) & (high >= IMAGE))
    assume(len(seeds))
    new = after(grow_from_seed(labels, IMAGE, seeds[0], low, high, 1), labels)
    assert new[tuple(seeds[0])] == 1
    added = (new == 1) & (labels != 1)
    assert ((IMAGE[added] >= low) & (IMAGE[added] <= high)).all()


@pytest.mark.parametrize(
    ("seed", "low", "high", "said"),
    [
        ((0, 0, 9), 0, 9, "outside the image"),
        ((0, 0, 0), 5, 9, "intensity 0"),
        ((0, 0, 0), 5, 4, "empty"),
        ((1, 0, 0), 0, 11, "label 2"),
    ],
)
def test_a_seed_that_cannot_grow_is_refused(
    seed: tuple[int, int, int], low: float, high: float, said: str
) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1] = 2
    with pytest.raises(RequestError, match=said):
        grow_from_seed(labels, IMAGE, seed, low, high, 1)


@given(masks)
def test_the_range_around_a_seed_contains_it(labels: np.ndarray) -> None:
    seed = seed_of(labels)
    low, high = intensity_range(IMAGE, seed)
    assert low <= IMAGE[seed] <= high


@given(masks)
def test_thresholding_keeps_the_range_inside_and_everything_outside(labels: np.ndarray) -> None:
    region = np.zeros(SHAPE, bool)
    region[2:5, 2:6] = True
    new = after(threshold_inside(labels, IMAGE, region, 2, 7, 1), labels)
    assert (new[~region] == labels[~region]).all()
    free = region & (labels != 2)
    assert ((new == 1)[free] == ((IMAGE >= 2) & (IMAGE <= 7))[free]).all()


@given(masks, st.floats(0, 200))
def test_small_lesions_go_and_large_ones_stay(labels: np.ndarray, smallest: float) -> None:
    new = after(remove_small(labels, smallest, 4.5), labels)
    for label in (1, 2):
        parts, count = ndimage.label(labels == label, np.ones((3, 3, 3)))
        for number in range(1, count + 1):
            region = parts == number
            assert (new[region] == (label if region.sum() * 4.5 >= smallest else 0)).all()


@given(masks)
def test_only_the_largest_lesion_is_kept(labels: np.ndarray) -> None:
    new = after(keep_largest(labels, 1), labels)
    parts, count = ndimage.label(labels == 1, np.ones((3, 3, 3)))
    left, remaining = ndimage.label(new == 1, np.ones((3, 3, 3)))
    assert remaining == min(count, 1)
    assert (left > 0).sum() == max((np.bincount(parts.ravel())[1:]).tolist(), default=0)


def test_smoothing_rounds_corners_and_keeps_volume_and_place() -> None:
    labels = np.zeros((30, 30, 12), np.uint8)
    labels[8:22, 8:22, 3:9] = 1
    new = after(smooth(labels, 1, 2.0, (1, 1, 2.0)), labels)
    assert not new[8, 8, 3]
    assert new[9:21, 15, 5].all()
    gentle = after(smooth(labels, 1, 0.8, (1, 1, 2.0)), labels)
    assert gentle.sum() == pytest.approx(labels.sum(), rel=0.08)
    assert (new == new[::-1, ::-1, ::-1]).all()
    touching = np.ones((10, 10, 10), np.uint8)
    assert smooth(touching, 1, 3.0, (1, 1, 1)).n_voxels == 0


def test_a_slice_is_added_to_another() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:3, 2, 1], labels[2, 2, 2], labels[5, 5, 2] = 1, 2, 1
    new = after(copy_to_slice(labels, 1, 2, 1, 2), labels)
    assert (new[1, 2, 2], new[2, 2, 2], new[5, 5, 2]) == (1, 2, 1)
    assert after(copy_to_slice(labels, 1, 2, 1, 2, protect=False), labels)[2, 2, 2] == 1
    with pytest.raises(RequestError, match="slice 6"):
        copy_to_slice(labels, 1, 2, 5, 6)


def test_one_lesion_is_deleted_or_relabelled() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:2], labels[5:] = 1, 1
    region = np.zeros(SHAPE, bool)
    region[:3] = True
    assert not after(delete_lesion(labels, region), labels)[:5].any()
    new = after(relabel_lesion(labels, region, 7), labels)
    assert (new[:2] == 7).all()
    assert not new[2].any()
    assert (new[5:] == 1).all()


@pytest.mark.parametrize("label", [0, -1, 256])
def test_a_label_that_the_mask_cannot_contain_is_refused(label: int) -> None:
    with pytest.raises(RequestError, match="choose 1 to 255"):
        fill_holes(np.zeros(SHAPE, np.uint8), label)


def test_labels_keep_their_values_in_any_integer_type() -> None:
    labels = np.zeros(SHAPE, np.int16)
    labels[2:5, 2:5, 2:5], labels[3, 3, 3] = 1000, 0
    labels[6] = 255
    new = after(fill_holes(labels, 1000), labels)
    assert new.dtype == np.int16
    assert new[3, 3, 3] == 1000
    assert (new[6] == 255).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda m: interpolate_slices(m, 1, 3),
        lambda m: grow(m, 1, float("nan"), SPACING),
        lambda m: smooth(m, 1, 0, SPACING),
        lambda m: remove_small(m, -1, 1),
        lambda m: threshold_inside(m, IMAGE[1:], m == 1, 0, 1, 1),
        lambda m: delete_lesion(m, m[1:] == 1),
    ],
)
def test_impossible_requests_are_refused(call: Callable[[np.ndarray], Edit]) -> None:
    with pytest.raises(RequestError):
        call(np.zeros(SHAPE, np.uint8))
