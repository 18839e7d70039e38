# SPDX-License-Identifier: BSD-3-Clause
"""Known mistakes that made published scores wrong are absent here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.metrics.base import Scores
from napari_mtmri.metrics.measure import measure_all
from napari_mtmri.stats.intervals import summarise

SPACING = (3.0, 1.0, 1.0)


def of_masks(prediction: np.ndarray, reference: np.ndarray) -> Scores:
    return measure_all(None, None, prediction, reference, spacing=SPACING)


def of_images(prediction: np.ndarray, reference: np.ndarray) -> Scores:
    return measure_all(prediction, reference, spacing=SPACING)


@pytest.fixture
def lesion() -> np.ndarray:
    mask = np.zeros((20, 16, 16), np.uint8)
    mask[9:11, 5:8, 5:8] = 1
    return mask


@pytest.fixture
def image(rng: np.random.Generator) -> np.ndarray:
    """Slices of different brightness, one far brighter than the others."""
    image: np.ndarray = rng.random((6, 20, 18)) * np.array([1, 2, 4, 90, 4, 1])[:, None, None]
    return image


def test_an_all_ones_mask_scores_the_lesion_fraction(lesion: np.ndarray) -> None:
    """Softmax over one channel gives 1 everywhere."""
    everywhere = of_masks(np.ones_like(lesion), lesion)
    share = lesion.mean()
    assert everywhere.get("precision") == pytest.approx(share)
    assert everywhere.get("Dice") == pytest.approx(2 * share / (1 + share))


def test_probabilities_are_refused_as_labels(lesion: np.ndarray) -> None:
    """Sigmoid twice, or a mask resized linearly, gives values between the labels."""
    for values in (0.5 + 0.23 * lesion, lesion * np.nan):
        with pytest.raises(InputError, match="whole numbers"):
            of_masks(values, lesion)


def test_dice_has_no_smoothing(lesion: np.ndarray) -> None:
    """Adding 1 to numerator and denominator would raise Dice of a missed voxel from 0 to 1/3."""
    one, other = np.zeros_like(lesion), np.zeros_like(lesion)
    one[3, 3, 3] = other[3, 3, 4] = 1
    found = of_masks(one, other)
    assert found.get("Dice") == 0
    assert found.get("Dice", scope="slice", item=3) == 0
    assert of_masks(one, one).get("Dice") == 1


def test_a_network_that_finds_nothing_has_dice_zero(lesion: np.ndarray) -> None:
    """Its mean over slices, most of them empty, would be 0.9."""
    nothing = of_masks(np.zeros_like(lesion), lesion)
    assert np.mean(list(nothing.along("Dice").values())) == pytest.approx(0.9)
    assert nothing.get("Dice") == 0


def test_background_is_not_a_class(lesion: np.ndarray) -> None:
    assert {row.region for row in of_masks(lesion, lesion).rows} == {"class 1"}
    with pytest.raises(RequestError, match="0 is background"):
        measure_all(None, None, lesion, lesion, spacing=SPACING, classes=(0, 1))


def test_empty_pairs_of_masks_are_not_nan_and_not_silent(lesion: np.ndarray) -> None:
    nothing = np.zeros_like(lesion)
    (row,) = of_masks(nothing, nothing).find("Dice")
    assert (row.value, row.flag) == (1, "both empty")
    (row,) = of_masks(lesion, nothing).find("Dice")
    assert (row.value, row.flag) == (0, "false alarm")


def test_a_miss_has_an_infinite_distance_and_is_counted(lesion: np.ndarray) -> None:
    """NaN would be dropped, so that a method that finds less looks better; 0 is worse."""
    distances = [
        of_masks(found, lesion).get("HD95")
        for found in (lesion, np.roll(lesion, 1, axis=1), np.zeros_like(lesion))
    ]
    assert distances == [0, 1, math.inf]
    summary = summarise(distances)
    assert (summary.n, summary.n_left_out, summary.n_infinite) == (3, 0, 1)
    assert (summary.mean, summary.median) == (0.5, 1)


def test_the_percentile_is_taken_in_mm(lesion: np.ndarray) -> None:
    assert of_masks(np.roll(lesion, 1, axis=0), lesion).get("HD95") == 3
    assert of_masks(np.roll(lesion, 1, axis=2), lesion).get("HD95") == 1


def test_the_percentile_is_over_the_boundary_only() -> None:
    """Over all voxels, the many inner ones at distance 0 would hide the far edge."""
    ours, theirs = np.zeros((2, 9, 40, 40), np.uint8)
    theirs[:, 2:38, 2:38] = 1
    ours[:] = theirs
    ours[:, 2:32, 38] = 1
    assert (ours != theirs).sum() / ours.sum() < 0.05
    assert of_masks(ours, theirs).get("HD95") == 1


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float32])
def test_a_0_255_mask_is_one_class(lesion: np.ndarray, dtype: type) -> None:
    """0 and 255 would be read as 256 classes, or as a class that no network predicts."""
    picture = of_masks(lesion.astype(dtype), 255 * lesion)
    assert {row.region for row in picture.rows} == {"class 1"}
    assert picture.get("Dice") == 1
    asked = measure_all(None, None, 255 * lesion, 255 * lesion, spacing=SPACING, classes=(255,))
    assert asked.get("Dice", "class 255") == 1


def test_an_image_is_refused_as_labels(lesion: np.ndarray) -> None:
    many = np.arange(lesion.size).reshape(lesion.shape) % 256
    with pytest.raises(InputError, match="255 different values"):
        of_masks(many.astype(np.uint8), lesion)


def test_the_prediction_is_not_rescaled_to_the_reference(image: np.ndarray) -> None:
    """With scaling by least squares or maximum, twice the image would score as perfect."""
    twice = of_images(2 * image, image)
    assert twice.get("NMSE") == pytest.approx(1)
    assert twice.get("PSNR") < 20
    assert of_images(np.zeros_like(image), image).get("NMSE") == 1


def test_the_range_is_not_guessed_from_the_dtype(image: np.ndarray) -> None:
    """scikit-image assumed a range of 2, or of 1 for floats in [0, 1]."""
    small = image / image.max() / 2
    worse = small + 0.01
    found = of_images(worse, small)
    assert found.get("PSNR") == pytest.approx(
        peak_signal_noise_ratio(small, worse, data_range=small.max())
    )
    assert found.get("PSNR") < peak_signal_noise_ratio(small, worse) - 6
    assert found.get("SSIM") == pytest.approx(of_images(4096 * worse, 4096 * small).get("SSIM"))


def test_every_slice_is_measured_with_the_range_of_its_volume(image: np.ndarray) -> None:
    found = of_images(image + 0.5, image)
    expected = 10 * np.log10(image.max() ** 2 / 0.25)
    assert list(found.along("PSNR").values()) == pytest.approx([expected] * len(image))
    own = structural_similarity(image[0], image[0] + 0.5, data_range=image[0].max())
    assert found.get("SSIM", scope="slice", item=0) > own + 0.05


def test_the_range_is_not_taken_from_the_prediction(image: np.ndarray) -> None:
    spike = image.copy()
    spike[0, 0, 0] = 100 * image.max()
    error = np.mean((spike - image) ** 2)
    assert of_images(spike, image).get("PSNR") == pytest.approx(
        10 * np.log10(image.max() ** 2 / error)
    )


def test_the_volume_is_not_the_mean_of_its_slices(
    image: np.ndarray, rng: np.random.Generator
) -> None:
    """Slice-wise PSNR once gave 32.34 dB instead of 27.02 dB."""
    found = of_images(image + rng.normal(0, 0.1, image.shape) * image, image)
    assert np.mean(list(found.along("PSNR").values())) > found.get("PSNR") + 3
    assert np.nanmean(list(found.along("NMSE").values())) != pytest.approx(found.get("NMSE"))


def test_the_window_of_ssim_stays_in_its_slice(image: np.ndarray, rng: np.random.Generator) -> None:
    """The window is 2-D; slices are not concatenated, and not used as channels."""
    other = image + rng.random(image.shape)
    found = of_images(other, image)
    order = rng.permutation(len(image))
    shuffled = of_images(other[order], image[order])
    assert shuffled.get("SSIM") == pytest.approx(found.get("SSIM"))
    assert [found.along("SSIM")[index] for index in order] == pytest.approx(
        list(shuffled.along("SSIM").values())
    )


def test_small_errors_are_not_rounded_to_grey_levels(image: np.ndarray) -> None:
    almost = image * (1 + 1e-6)
    found = of_images(almost, image)
    assert 119 < found.get("PSNR") < 140
    assert 0 < 1 - found.get("SSIM") < 1e-6


def test_integers_do_not_wrap_around() -> None:
    bright, brighter = np.full((2, 8, 8), 250, np.uint8), np.full((2, 8, 8), 255, np.uint8)
    bright[0, 0, 0] = 0
    brighter[0, 0, 0] = 5
    found = of_images(bright, brighter)
    assert found.get("PSNR") == pytest.approx(20 * np.log10(255 / 5))
    assert found.get("NMSE") == pytest.approx(128 * 25 / (127 * 255**2 + 25))


def test_every_score_states_what_it_depends_on(image: np.ndarray) -> None:
    mask = (image > 1).astype(np.uint8)
    for row in measure_all(image + 1, image, mask, mask, spacing=SPACING).rows:
        assert row.depends
        if row.metric in ("PSNR", "SSIM"):
            assert "maximum of the reference volume" in row.depends
        if row.metric == "PSNR":
            assert row.scope in row.depends
            assert row.region in row.depends
        if row.region == "object":
            assert "Otsu" in row.depends
