# SPDX-License-Identifier: BSD-3-Clause
"""PSNR, SSIM, NMSE and the object they are measured in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.metrics import (
    normalized_root_mse,
    peak_signal_noise_ratio,
    structural_similarity,
)

from napari_mtmri.metrics.base import FIELD_OF_VIEW, OBJECT, Scores
from napari_mtmri.metrics.measure import Truth, measure_all
from napari_mtmri.metrics.object_mask import object_mask

NAMES = ("PSNR", "SSIM", "NMSE")
SHAPE = (5, 24, 19)


def scores(prediction: np.ndarray, reference: np.ndarray) -> Scores:
    return measure_all(prediction, reference, spacing=None)


def ellipses() -> np.ndarray:
    """A cone: its area decreases from the first to the last slice."""
    slices, rows, columns = np.indices(SHAPE)
    inside: np.ndarray = ((rows - 12) / 9) ** 2 + ((columns - 9) / 7) ** 2 < 1 - 0.15 * slices
    return inside


@pytest.fixture
def head(rng: np.random.Generator) -> np.ndarray:
    """The cone with a dark hole, on a faint background; odd and even sides; a bright speck."""
    brightness = 800 + 20 * np.indices(SHAPE)[0]
    image: np.ndarray = np.where(ellipses(), brightness, 0.0) + rng.uniform(0, 1, SHAPE)
    image[:, 11:13, 8:10] = 5
    image[:, :2, :2] = 900
    return image


@pytest.fixture
def blurred(head: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.abs(head + rng.normal(0, 40, head.shape))


@pytest.mark.parametrize("times", [30, 100, 1e4])
def test_one_hot_voxel_leaves_the_object_as_it_is(head: np.ndarray, times: float) -> None:
    expected, hot = object_mask(head), head.copy()
    hot[2, 5, 9] *= times
    found = object_mask(hot)
    assert expected is not None
    assert found is not None
    assert np.array_equal(found, expected)


def test_a_perfect_image_has_the_best_scores(head: np.ndarray) -> None:
    perfect = scores(head.copy(), head)
    for region in (FIELD_OF_VIEW, OBJECT):
        assert perfect.get("PSNR", region) == math.inf
        assert perfect.get("SSIM", region) == pytest.approx(1, abs=1e-12)
        assert perfect.get("NMSE", region) == 0
    assert perfect.find("PSNR")[0].flag == "perfect"


def test_more_noise_is_worse_in_every_region(head: np.ndarray, rng: np.random.Generator) -> None:
    noise = rng.normal(size=head.shape)
    little, much = scores(head + 5 * noise, head), scores(head + 50 * noise, head)
    for region in (FIELD_OF_VIEW, OBJECT):
        assert little.get("PSNR", region) - much.get("PSNR", region) == pytest.approx(20)
        assert little.get("SSIM", region) > much.get("SSIM", region)
        assert little.get("NMSE", region) * 100 == pytest.approx(much.get("NMSE", region))


def test_the_error_of_a_known_image_is_correct() -> None:
    reference = np.zeros((2, 8, 8))
    reference[0] = 10
    known = scores(reference + 1, reference)
    assert known.get("PSNR") == pytest.approx(20)
    assert known.get("NMSE") == pytest.approx(1 / 50)


def test_scikit_image_agrees(head: np.ndarray, blurred: np.ndarray) -> None:
    found, peak = scores(blurred, head), head.max()
    assert found.get("PSNR") == pytest.approx(
        peak_signal_noise_ratio(head, blurred, data_range=peak)
    )
    assert found.get("NMSE") == pytest.approx(normalized_root_mse(head, blurred) ** 2)
    for index, value in found.along("SSIM").items():
        theirs = structural_similarity(head[index], blurred[index], data_range=peak)
        assert value == pytest.approx(theirs, abs=1e-12)
    assert found.get("SSIM") == pytest.approx(np.mean(list(found.along("SSIM").values())))


def slow_ssim_map(first: np.ndarray, second: np.ndarray, peak: float) -> np.ndarray:
    """The formula of Wang et al., window by window."""
    windows = [np.lib.stride_tricks.sliding_window_view(one, (7, 7)) for one in (first, second)]
    values = np.empty(windows[0].shape[:2])
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    for place in np.ndindex(values.shape):
        x, y = (window[place].ravel() for window in windows)
        (vx, vxy), (_, vy) = np.cov(x, y)
        top = (2 * x.mean() * y.mean() + c1) * (2 * vxy + c2)
        values[place] = top / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (vx + vy + c2))
    return values


def test_ssim_equals_a_slow_formula_everywhere_and_in_the_object(
    head: np.ndarray, blurred: np.ndarray
) -> None:
    found = scores(blurred, head)
    maps = np.stack([slow_ssim_map(a, b, head.max()) for a, b in zip(head, blurred, strict=True)])
    inside = object_mask(head)
    assert inside is not None
    inner = inside[:, 3:-3, 3:-3]
    assert found.get("SSIM") == pytest.approx(maps.mean(), abs=1e-9)
    assert found.get("SSIM", OBJECT) == pytest.approx(maps[inner].mean(), abs=1e-9)
    assert found.get("SSIM", OBJECT, "slice", 2) == pytest.approx(
        maps[2][inner[2]].mean(), abs=1e-9
    )


def test_the_object_has_the_same_sums_over_its_own_voxels(
    head: np.ndarray, blurred: np.ndarray
) -> None:
    found, inside = scores(blurred, head), object_mask(head)
    assert inside is not None
    error, power = (blurred - head)[inside] ** 2, head[inside] ** 2
    assert found.get("PSNR", OBJECT) == pytest.approx(10 * np.log10(head.max() ** 2 / error.mean()))
    assert found.get("NMSE", OBJECT) == pytest.approx(error.sum() / power.sum())


@pytest.mark.parametrize("name", NAMES)
def test_a_common_flip_changes_nothing(name: str, head: np.ndarray, blurred: np.ndarray) -> None:
    straight = scores(blurred, head)
    for axis in range(3):
        turned = scores(np.flip(blurred, axis), np.flip(head, axis))
        for region in (FIELD_OF_VIEW, OBJECT):
            assert turned.get(name, region) == pytest.approx(straight.get(name, region), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [1e-6, 1e-3, 4096.0])
def test_units_do_not_matter(
    name: str, factor: float, head: np.ndarray, blurred: np.ndarray
) -> None:
    ours, theirs = scores(blurred, head), scores(factor * blurred, factor * head)
    for region in (FIELD_OF_VIEW, OBJECT):
        assert theirs.get(name, region) == pytest.approx(ours.get(name, region), rel=1e-9)


def test_positive_and_negative_errors_count_equally(head: np.ndarray, blurred: np.ndarray) -> None:
    up, down = scores(blurred, head), scores(2 * head - blurred, head)
    assert up.get("PSNR") == pytest.approx(down.get("PSNR"))
    assert up.get("NMSE") == pytest.approx(down.get("NMSE"))


def test_ssim_is_symmetric_where_the_ranges_are(head: np.ndarray) -> None:
    other = head[:, ::-1].copy()
    assert scores(other, head).get("SSIM") == pytest.approx(scores(head, other).get("SSIM"))


@given(
    arrays(
        np.float32,
        array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9),
        elements=st.floats(0, 1e6, width=32),
    ),
    st.floats(-3, 3),
)
def test_any_image_gives_a_score_or_a_reason(image: np.ndarray, shift: float) -> None:
    for row in scores(image + np.float32(shift), image).rows:
        if not math.isfinite(row.value):
            assert row.flag in ("perfect", "reference is zero", "slice smaller than 7", "no object")
        if row.metric == "SSIM" and not math.isnan(row.value):
            assert row.value <= 1 + 1e-6
        if row.metric == "NMSE" and not math.isnan(row.value):
            assert row.value >= 0
        assert row.depends


def test_a_reference_of_zeros_has_no_scores_and_says_why() -> None:
    nothing = np.zeros((2, 9, 9))
    for row in scores(nothing + 1, nothing).rows:
        assert math.isnan(row.value)
        assert row.flag == "reference is zero"


def test_a_dark_slice_has_no_nmse_but_a_psnr(head: np.ndarray, blurred: np.ndarray) -> None:
    head[0] = 0
    found = scores(blurred, head)
    assert math.isnan(found.get("NMSE", scope="slice", item=0))
    assert math.isfinite(found.get("PSNR", scope="slice", item=0))
    assert math.isfinite(found.get("NMSE"))


def test_a_slice_without_object_is_flagged(head: np.ndarray, blurred: np.ndarray) -> None:
    head[4] = 1
    found = scores(blurred, head)
    for name in NAMES:
        (row,) = [row for row in found.find(name, OBJECT, "slice") if row.item == 4]
        assert (math.isnan(row.value), row.flag) == (True, "no object")


def test_slices_smaller_than_the_window_have_no_ssim(rng: np.random.Generator) -> None:
    image = rng.random((3, 6, 30))
    found = scores(image + 1, image)
    assert math.isnan(found.get("SSIM"))
    assert found.find("SSIM")[0].flag == "slice smaller than 7"
    assert math.isfinite(found.get("PSNR"))


def test_the_object_is_the_head_with_its_hole_and_without_specks(head: np.ndarray) -> None:
    assert np.array_equal(object_mask(head), ellipses())  # type: ignore[arg-type]


def test_the_object_depends_on_the_reference_alone(head: np.ndarray, blurred: np.ndarray) -> None:
    ours, theirs = Truth(head), Truth(head)
    pairs = ours.image_pair(blurred), theirs.image_pair(np.zeros_like(head))
    masks = [pair.object_mask for pair in pairs if pair is not None]
    assert np.array_equal(masks[0], masks[1])  # type: ignore[arg-type]


def test_the_object_does_not_depend_on_dtype_or_shape(head: np.ndarray) -> None:
    """Three columns are not RGB, and integers up to 1e9 do not get a bin each."""
    whole = head.astype(np.int32)
    expected = object_mask(whole)
    for other in (whole.astype(np.float32), whole * 1_000_000):
        assert np.array_equal(object_mask(other), expected)  # type: ignore[arg-type]
    narrow = object_mask(head[:, :, 8:11])
    assert narrow is not None
    assert narrow.shape == (5, 24, 3)


def test_a_constant_image_has_no_object() -> None:
    flat = np.full((2, 9, 9), 3.0)
    assert object_mask(flat) is None
    assert {row.region for row in scores(flat + 1, flat).rows} == {FIELD_OF_VIEW}
