# SPDX-License-Identifier: BSD-3-Clause
"""Overlap, surface distance, lesions and volumes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_mtmri.metrics.base import Scores
from napari_mtmri.metrics.lesions import find_lesions
from napari_mtmri.metrics.measure import measure_all
from napari_mtmri.metrics.surface import boundary, hd95

SPACING = (3.0, 0.9, 1.1)
Spacing = Sequence[float] | None
masks = arrays(bool, st.tuples(*[st.integers(1, 6)] * 3))
two_masks = st.tuples(*[st.integers(1, 6)] * 3).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)


def scores(prediction: np.ndarray, reference: np.ndarray, spacing: Spacing = SPACING) -> Scores:
    return measure_all(None, None, prediction, reference, spacing=spacing, classes=(1,))


def block(
    *places: tuple[int | slice, ...], shape: tuple[int, int, int] = (6, 12, 12)
) -> np.ndarray:
    mask = np.zeros(shape, bool)
    for place in places:
        mask[place] = True
    return mask


CUBE = block(np.s_[1:4, 2:6, 2:6])
MOVED = block(np.s_[1:4, 3:7, 2:6])
EMPTY = block()


def slow_hd95(first: np.ndarray, second: np.ndarray, spacing: Sequence[float]) -> float:
    """Brute force over all pairs of boundary voxels, without scipy."""

    def edge(mask: np.ndarray) -> np.ndarray:
        padded = np.pad(mask, 1)
        found = []
        for place in np.argwhere(mask):
            steps = [(axis, way) for axis in range(3) for way in (-1, 1)]
            around = [
                padded[tuple(place + 1 + way * np.eye(3, dtype=int)[axis])] for axis, way in steps
            ]
            if not all(around):
                found.append(place * np.asarray(spacing))
        return np.array(found)

    ours, theirs = edge(first), edge(second)
    apart = np.sqrt(((ours[:, None] - theirs[None]) ** 2).sum(-1))
    return max(
        float(np.quantile(apart.min(1), 0.95)),
        float(np.quantile(apart.min(0), 0.95)),
    )


def slow_components(mask: np.ndarray) -> list[set[tuple[int, ...]]]:
    """Flood fill over 26 neighbours, without scipy."""
    left = {tuple(place) for place in np.argwhere(mask).tolist()}
    components = []
    while left:
        front = [left.pop()]
        component = set(front)
        while front:
            place = front.pop()
            near = {
                (place[0] + a, place[1] + b, place[2] + c)
                for a in (-1, 0, 1)
                for b in (-1, 0, 1)
                for c in (-1, 0, 1)
            } & left
            left -= near
            component |= near
            front += near
        components.append(component)
    return components


def test_a_perfect_mask_has_the_best_scores() -> None:
    perfect = scores(CUBE, CUBE)
    best = {"HD95": 0, "volume difference": 0, "relative volume difference": 0}
    for name in ("Dice", "precision", "recall", "lesion recall", "lesion precision", "lesion F1"):
        assert perfect.get(name) == 1
    for name, value in best.items():
        assert perfect.get(name) == value
    assert {row.flag for row in perfect.rows if row.scope == "volume"} == {""}


def test_a_known_overlap_is_correct() -> None:
    moved = scores(MOVED, CUBE)
    assert moved.get("Dice") == pytest.approx(2 * 36 / (48 + 48))
    assert moved.get("precision") == moved.get("recall") == 0.75
    assert moved.get("HD95") == pytest.approx(0.9)


def test_precision_and_recall_are_not_swapped() -> None:
    half = scores(block(np.s_[1:4, 2:6, 2:4]), CUBE)
    assert (half.get("precision"), half.get("recall")) == (1, 0.5)
    assert half.get("volume difference") == pytest.approx(-24 * math.prod(SPACING) / 1000)
    assert half.get("relative volume difference") == -0.5


@given(two_masks)
def test_dice_is_symmetric_and_precision_is_recall_swapped(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    there, back = scores(*pair), scores(*pair[::-1])
    assert there.get("Dice") == back.get("Dice")
    assert there.get("HD95") == pytest.approx(back.get("HD95"), nan_ok=True)
    assert there.get("lesion F1") == pytest.approx(back.get("lesion F1"), nan_ok=True)
    assert there.get("volume difference") == pytest.approx(-back.get("volume difference"))
    for one, other in (("precision", "recall"), ("lesion precision", "lesion recall")):
        assert there.get(one) == pytest.approx(back.get(other), nan_ok=True)


@given(two_masks, st.integers(0, 2))
def test_a_common_flip_changes_nothing(pair: tuple[np.ndarray, np.ndarray], axis: int) -> None:
    straight = scores(*pair)
    turned = scores(np.flip(pair[0], axis), np.flip(pair[1], axis))
    for row in straight.rows:
        if row.scope == "volume":
            assert turned.get(row.metric) == pytest.approx(row.value, nan_ok=True)
    for name in ("lesion volume", "lesion covered"):
        there, back = (
            sorted(one.along(name, scope="lesion").values()) for one in (straight, turned)
        )
        assert there == pytest.approx(back)


@given(two_masks)
def test_dice_is_the_harmonic_mean_of_precision_and_recall(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    found = scores(*pair)
    p, r = found.get("precision"), found.get("recall")
    if p + r > 0:
        assert found.get("Dice") == pytest.approx(2 * p * r / (p + r))


@given(two_masks, st.tuples(*[st.floats(0.3, 6)] * 3))
def test_the_surface_distance_equals_brute_force(
    pair: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float, float]
) -> None:
    first, second = pair
    if first.any() and second.any():
        expected = slow_hd95(first, second, spacing)
        assert scores(first, second, spacing).get("HD95") == pytest.approx(expected, abs=1e-9)


def test_cropping_changes_no_distance() -> None:
    whole = hd95(MOVED, CUBE, SPACING)
    assert scores(MOVED, CUBE).get("HD95") == pytest.approx(whole)
    edge = block(np.s_[0:6, 0:12, 0:3])
    assert scores(edge, CUBE).get("HD95") == pytest.approx(slow_hd95(edge, CUBE, SPACING))


def test_the_directions_are_not_pooled() -> None:
    """HD95 is the larger of two percentiles, not the percentile of all distances."""
    stray = CUBE.copy()
    stray[5, 11, 11] = True
    small = block(np.s_[2:3, 3:5, 3:5])
    assert hd95(small | stray, stray, SPACING) == pytest.approx(
        slow_hd95(small | stray, stray, SPACING)
    )
    assert hd95(small, stray, SPACING) == pytest.approx(slow_hd95(small, stray, SPACING))


def test_the_boundary_is_one_voxel_thick_and_beyond_the_array_is_outside() -> None:
    assert len(boundary(np.ones((5, 5, 5), bool))) == 125 - 27
    assert len(boundary(np.ones((1, 5, 5), bool))) == 25


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_distances_and_volumes_scale_with_the_spacing(factor: float) -> None:
    ours = scores(MOVED | block(np.s_[5, 0, 0]), CUBE)
    theirs = scores(MOVED | block(np.s_[5, 0, 0]), CUBE, [factor * side for side in SPACING])
    powers = {"HD95": 1, "volume": 3, "reference volume": 3, "volume difference": 3}
    for row in ours.rows:
        if row.scope == "volume":
            expected = row.value * factor ** powers.get(row.metric, 0)
            assert theirs.get(row.metric) == pytest.approx(expected)


def test_an_unknown_spacing_gives_distances_in_voxels() -> None:
    unknown = scores(MOVED, CUBE, None)
    assert (unknown.find("HD95")[0].value, unknown.find("HD95")[0].unit) == (1, "voxel")
    assert (unknown.find("volume")[0].value, unknown.find("volume")[0].unit) == (48, "voxel")
    assert scores(MOVED, CUBE).find("volume")[0].unit == "ml"
    assert {row.unit for row in unknown.rows} == {"", "voxel", "lesions"}


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("prediction", "reference", "flag", "expected"),
    [
        (EMPTY, EMPTY, "both empty", (1, NAN, NAN, NAN, NAN, NAN, NAN, NAN)),
        (CUBE, EMPTY, "false alarm", (0, 0, NAN, INF, NAN, NAN, 0, 0)),
        (EMPTY, CUBE, "missed", (0, NAN, 0, INF, -1, 0, NAN, 0)),
        (MOVED, block(np.s_[5, 11, 11]), "", (0, 0, 0, None, 47, 0, 0, 0)),
    ],
)
def test_empty_masks_are_distinguished(
    prediction: np.ndarray,
    reference: np.ndarray,
    flag: str,
    expected: tuple[float | None, ...],
) -> None:
    found = scores(prediction, reference)
    names = ("Dice", "precision", "recall", "HD95", "relative volume difference",
             "lesion recall", "lesion precision", "lesion F1")  # fmt: skip
    for name, value in zip(names, expected, strict=True):
        (row,) = found.find(name)
        assert row.flag == flag
        if value is not None:
            assert row.value == pytest.approx(value, nan_ok=True), name


def test_a_slice_has_the_precision_and_recall_that_it_has_alone() -> None:
    found = scores(MOVED, CUBE)
    for name in ("precision", "recall"):
        for row in found.find(name, scope="slice"):
            part = np.s_[row.item : row.item + 1]
            alone = scores(MOVED[part], CUBE[part]).get(name)
            np.testing.assert_equal(row.value, alone)
        assert len(found.find(name, scope="slice")) == len(CUBE)


def test_slices_have_their_own_dice_and_flags() -> None:
    found = scores(block(np.s_[1:3, 2:6, 2:6], np.s_[5, 0, 0]), CUBE)
    rows = {row.item: (row.value, row.flag) for row in found.find("Dice", scope="slice")}
    assert rows == {
        0: (1, "both empty"),
        1: (1, ""),
        2: (1, ""),
        3: (0, "missed"),
        4: (1, "both empty"),
        5: (0, "false alarm"),
    }


@given(two_masks, st.integers(1, 3))
def test_lesions_equal_a_flood_fill(pair: tuple[np.ndarray, np.ndarray], min_voxels: int) -> None:
    mask, other = pair
    covered = {tuple(place) for place in np.argwhere(other).tolist()}
    expected = sorted(
        (len(part), len(part & covered))
        for part in slow_components(mask)
        if len(part) >= min_voxels
    )
    found = find_lesions(mask, other, min_voxels)
    assert sorted((one.n_voxels, one.n_covered) for one in found) == expected
    assert [one.number for one in found] == list(range(1, len(expected) + 1))
    assert [one.n_voxels for one in found] == sorted((size for size, _ in expected), reverse=True)


@pytest.mark.parametrize(("covered", "is_found"), [(2, False), (3, True), (4, True)])
def test_a_tenth_is_enough_and_less_is_not(covered: int, is_found: bool) -> None:
    """The lesion has 30 voxels."""
    lesion = block(np.s_[0:3, 0:2, 0:5])
    prediction = EMPTY.copy()
    prediction[0, 0, :covered] = True
    found = scores(prediction, lesion)
    assert found.get("lesion recall") == is_found
    assert found.get("lesion precision") == 1
    assert found.find("lesion covered", scope="lesion")[0].flag == ("" if is_found else "missed")


def test_splits_and_mergers_are_not_errors() -> None:
    two = block(np.s_[1, 1:4, 1:4], np.s_[1, 7:10, 7:10])
    one = block(np.s_[1, 1:10, 1:10])
    for prediction, reference in ((two, one), (one, two)):
        found = scores(prediction, reference)
        assert (found.get("lesions"), found.get("predicted lesions")) in ((1, 2), (2, 1))
        assert found.get("lesion F1") == 1


def test_lesions_that_touch_at_a_corner_are_one() -> None:
    corner = block(np.s_[1, 1, 1], np.s_[2, 2, 2], np.s_[5, 9, 9])
    found = scores(corner, corner)
    assert found.get("lesions") == 2
    assert found.along("lesion volume", scope="lesion") == pytest.approx(
        {1: 2 * math.prod(SPACING) / 1000, 2: math.prod(SPACING) / 1000}
    )


def test_found_and_invented_lesions_are_counted() -> None:
    drawn = block(np.s_[0, 0, 0:4], np.s_[0, 5, 0:4], np.s_[0, 10, 0:4])
    predicted = block(np.s_[0, 0, 0:2], np.s_[3, 0, 0], np.s_[3, 5, 5], np.s_[5, 9, 9])
    found = scores(predicted, drawn)
    counts = [found.get(f"{name}lesions{more}") for name, more in
              (("", ""), ("", " found"), ("predicted ", ""), ("false ", ""))]  # fmt: skip
    assert counts == [3, 1, 4, 3]
    assert found.get("lesion recall") == pytest.approx(1 / 3)
    assert found.get("lesion precision") == pytest.approx(1 / 4)
    assert found.get("lesion F1") == pytest.approx(2 / 7)


def test_each_class_is_measured_separately() -> None:
    reference = CUBE.astype(np.uint8)
    reference[5] = 3
    prediction = reference.copy()
    prediction[5, :6] = 1
    found = measure_all(None, None, prediction, reference, spacing=SPACING)
    assert {row.region for row in found.rows} == {"class 1", "class 3"}
    assert found.get("Dice", "class 3") == pytest.approx(2 * 72 / (72 + 144))
    assert found.get("recall", "class 1") == 1
