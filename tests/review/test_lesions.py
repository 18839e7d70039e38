# SPDX-License-Identifier: BSD-3-Clause
"""The lesion table, against SimpleITK, brute force and ellipses of known size."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from napari_mtmri.metrics.lesions import find_lesions
from napari_mtmri.review.diameters import axial_axis, measure_diameters
from napari_mtmri.review.lesions import COLUMNS, MOST_MEASURED, measure_lesions
from napari_mtmri.tables import csv_text

SPACING = (0.8, 1.1, 2.5)
AFFINE = np.diag([*SPACING, 1.0])
masks = arrays.arrays(np.uint8, (6, 7, 4), elements=st.integers(0, 2))


@given(masks)
def test_volumes_and_means_agree_with_simpleitk(labels: np.ndarray) -> None:
    sitk = pytest.importorskip("SimpleITK")
    image = np.random.default_rng(int(labels.sum())).random(labels.shape)
    found = measure_lesions(labels, AFFINE, image=image)
    expected = []
    for label in (1, 2):
        part = sitk.GetImageFromArray((labels == label).astype(np.uint8).transpose(2, 1, 0))
        part.SetSpacing(SPACING)
        parts = sitk.ConnectedComponent(part, True)
        statistics = sitk.LabelShapeStatisticsImageFilter()
        statistics.Execute(parts)
        means = sitk.LabelStatisticsImageFilter()
        values = sitk.GetImageFromArray(image.transpose(2, 1, 0))
        values.CopyInformation(parts)
        means.Execute(values, parts)
        expected += [
            (label, statistics.GetNumberOfPixels(n), statistics.GetPhysicalSize(n) / 1000,
             means.GetMean(n))
            for n in statistics.GetLabels()
        ]  # fmt: skip
    ours = [(one.label, one.n_voxels, one.volume, one.intensity) for one in found.lesions]
    assert [one.number for one in found.lesions] == list(range(1, len(ours) + 1))
    assert sorted(ours) == [pytest.approx(one) for one in sorted(expected)]
    assert [n for _, n, *_ in ours] == sorted((n for _, n, *_ in ours), reverse=True)


@given(masks)
def test_lesions_are_those_of_the_metric(labels: np.ndarray) -> None:
    mask = labels == 1
    found = measure_lesions(mask, AFFINE)
    theirs = find_lesions(mask, mask)
    assert [one.n_voxels for one in found.lesions] == [one.n_voxels for one in theirs]


@given(masks)
def test_regions_tile_the_mask_and_positions_lie_inside(labels: np.ndarray) -> None:
    found = measure_lesions(labels, AFFINE)
    count = np.zeros(labels.shape, int)
    for one in found.lesions:
        region = found.region(one.number)
        assert (labels[region] == one.label).all()
        assert region[one.position]
        assert found.at(one.position) == one.number
        count += region
    assert ((count == 1) == (labels != 0)).all()
    assert not found.region(0).any()


def brute_force(region: np.ndarray, plane: np.ndarray) -> tuple[float, float]:
    """Longest chord between edge midpoints of a 2-D region, and the chord of the convex hull
    at right angles to it, by sampling it densely."""
    from matplotlib.path import Path
    from scipy.spatial import ConvexHull

    half = np.array([[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]])
    points = (np.argwhere(region)[:, None] + half).reshape(-1, 2) @ plane.T
    pairs = list(itertools.combinations(points, 2))
    lengths = [math.dist(*pair) for pair in pairs]
    longest = max(lengths)
    first, second = pairs[lengths.index(longest)]
    along = (second - first) / longest
    across = np.array([-along[1], along[0]])
    hull = points[ConvexHull(points).vertices]
    polygon = Path(np.vstack([hull, hull[:1]]), closed=True)
    u = np.linspace((hull @ along).min(), (hull @ along).max(), 201)
    v = np.linspace((hull @ across).min(), (hull @ across).max(), 401)
    grid = u[:, None, None] * along + v[None, :, None] * across
    inside = polygon.contains_points(grid.reshape(-1, 2), radius=1e-9).reshape(len(u), len(v))
    return longest, float(inside.sum(1).max() * (v[1] - v[0]))


@given(
    arrays.arrays(bool, (5, 6), elements=st.booleans()).filter(lambda mask: mask.any()),
    st.sampled_from([0.0, 0.3]),
)
def test_diameters_agree_with_brute_force(mask: np.ndarray, shear: float) -> None:
    affine = AFFINE.copy()
    affine[0, 1] = shear
    found = measure_diameters(mask[..., None], affine, 2)
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    each = [brute_force(parts == number, affine[:2, :2]) for number in range(1, count + 1)]
    longest, perpendicular = max(each)
    assert found.longest == pytest.approx(longest)
    ends = np.array(found.longest_line) @ affine[:3, :3].T
    feet = np.array(found.perpendicular_line) @ affine[:3, :3].T
    assert math.dist(*ends) == pytest.approx(found.longest)
    assert math.dist(*feet) == pytest.approx(found.perpendicular)
    assert (ends[1] - ends[0]) @ (feet[1] - feet[0]) == pytest.approx(0, abs=1e-9)
    # equally long diameters in other directions may have another perpendicular
    part = parts == 1 + each.index(max(each))
    is_only = sum(one[0] > longest - 1e-6 for one in each) == 1
    if part.sum() > 2 and is_only and _is_unique(part, affine[:2, :2], longest):
        assert found.perpendicular == pytest.approx(perpendicular, abs=0.06)


def _is_unique(mask: np.ndarray, plane: np.ndarray, longest: float) -> bool:
    half = np.array([[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]])
    points = np.unique((np.argwhere(mask)[:, None] + half).reshape(-1, 2) @ plane.T, axis=0)
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return bool((gaps > longest - 1e-6).sum() == 2)


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.1])
def test_the_diameters_of_an_ellipse_are_its_axes(angle: float) -> None:
    rows, columns = np.mgrid[:120, :140]
    x, y = rows - 60.0, (columns - 70.0) * 1.5
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    mask = np.zeros((120, 140, 3), np.uint8)
    mask[..., 1] = (u / 40) ** 2 + (v / 25) ** 2 <= 1
    mask[40:60, 60:80, 2] = 1  # a smaller slice does not count
    (lesion,) = measure_lesions(mask, np.diag([1, 1.5, 3, 1])).lesions
    assert lesion.diameter == pytest.approx(80, rel=0.03)
    assert lesion.perpendicular == pytest.approx(50, rel=0.05)
    assert lesion.product == lesion.diameter * lesion.perpendicular
    assert lesion.position[2] == 1


def test_parts_that_are_joined_only_in_other_slices_are_measured_one_by_one() -> None:
    mask = np.zeros((30, 9, 3), np.uint8)
    mask[2:6, 4, 0], mask[20:27, 4, 0] = 1, 1
    mask[2:6, 4, 1], mask[6:20, 4, 2] = 1, 1
    mask[5, 4, 1] = mask[20, 4, 1] = 1
    (lesion,) = measure_lesions(mask, np.eye(4)).lesions
    assert lesion.diameter == pytest.approx(14)
    assert lesion.position[2] == 2


def test_a_row_of_voxels_is_as_long_as_its_voxels() -> None:
    mask = np.zeros((9, 5, 3), bool)
    mask[2:6, 2, 1] = True
    (lesion,) = measure_lesions(mask, AFFINE).lesions
    assert lesion.diameter == pytest.approx(4 * SPACING[0])
    assert lesion.perpendicular == pytest.approx(SPACING[1])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_axial_diameters_do_not_depend_on_the_order_of_the_axes(order: tuple[int, ...]) -> None:
    mask = np.zeros((8, 9, 6), np.uint8)
    mask[1:7, 2:4, 1:5] = 1
    mask[3, 2:8, 3] = 1
    (first,) = measure_lesions(mask, AFFINE).lesions
    turned = AFFINE[:, [*order, 3]]
    assert turned[2, axial_axis(turned)] == SPACING[2]
    (second,) = measure_lesions(mask.transpose(order), turned).lesions
    assert second.diameter == pytest.approx(first.diameter)
    assert second.perpendicular == pytest.approx(first.perpendicular)
    assert second.position == tuple(first.position[axis] for axis in order)


def test_volume_follows_the_determinant_and_voxels_an_unknown_spacing() -> None:
    mask = np.zeros((5, 5, 5), bool)
    mask[1:3, 1:3, 1:4] = True
    sheared = AFFINE.copy()
    sheared[0, 1] = 0.7
    (lesion,) = measure_lesions(mask, sheared).lesions
    assert lesion.volume == pytest.approx(12 * math.prod(SPACING) / 1000)
    table = measure_lesions(mask, AFFINE, spacing_known=False)
    assert (table.volume_unit, table.length_unit) == ("voxel", "voxel")
    assert table.lesions[0].volume == 12
    assert table.lesions[0].diameter == pytest.approx(math.hypot(2, 1))


def test_probability_and_confidence_are_means_over_the_lesion() -> None:
    mask = np.zeros((4, 4, 2), np.uint8)
    mask[0, 0], mask[3, 3] = 1, 3
    probability = np.zeros(mask.shape, np.float32)
    probability[0, 0], probability[3, 3] = (0.9, 0.5), (0.0, 0.0)
    drawn, added = sorted(
        measure_lesions(mask, AFFINE, probability=probability).lesions, key=lambda one: one.label
    )
    assert drawn.probability == pytest.approx(0.7)
    assert drawn.confidence == pytest.approx(0.4)
    assert (added.probability, added.confidence) == (0, 1)
    assert math.isnan(added.intensity)


def test_an_empty_mask_has_an_empty_table() -> None:
    table = measure_lesions(np.zeros((4, 5, 6), np.uint8), AFFINE, image=np.ones((4, 5, 6)))
    assert table.lesions == ()
    assert table.to_csv() == csv_text(COLUMNS, [])
    assert table.at((0, 0, 0)) == 0


def test_of_very_many_lesions_only_the_largest_have_diameters(rng: np.random.Generator) -> None:
    mask = rng.random((40, 40, 20)) < 0.01
    lesions = measure_lesions(mask, AFFINE).lesions
    assert len(lesions) > MOST_MEASURED
    measured = [not math.isnan(one.diameter) for one in lesions]
    assert measured == [number < MOST_MEASURED for number in range(len(lesions))]
