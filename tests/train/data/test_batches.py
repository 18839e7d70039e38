# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest

from napari_mtmri.kspace import fft2c
from napari_mtmri.rng import keyed_generator
from napari_mtmri.train.data.augmentation import augment
from napari_mtmri.train.data.batches import Simulator, binned, crop_around, plan_epoch
from napari_mtmri.train.data.cases import Case
from tests.train.heads import TINY, changed


def equal(a: object, b: object) -> bool:
    return all(np.array_equal(getattr(a, k), getattr(b, k)) for k in vars(a))


def test_batches_depend_on_seed_epoch_and_case_only(cases: list[Case]) -> None:
    plan = plan_epoch(cases, TINY, 1)
    once = Simulator(cases, TINY).batch(plan[2:4], 1)
    late = Simulator(cases, TINY)
    for epoch in (0, 1):
        late.batch(plan_epoch(cases, TINY, epoch)[:2], epoch)
    assert equal(late.batch(plan[2:4], 1), once)
    assert plan_epoch(cases, TINY, 0) != plan
    assert not equal(Simulator(cases, changed(seed=1)).batch(plan[2:4], 1), once)


def test_half_of_the_slices_of_an_epoch_have_a_lesion(cases: list[Case]) -> None:
    recipe = changed(slices_per_case=4)
    shown = [cases[i.case].labels[i.slice].any() for i in plan_epoch(cases, recipe, 0)]
    assert sum(shown) == 6
    assert len(shown) == 12


def test_a_volume_has_another_mask_in_each_epoch(cases: list[Case]) -> None:
    simulator = Simulator(cases, TINY)
    items = [i for i in plan_epoch(cases, TINY, 0) if i.case == 0]
    masks = simulator.batch(items, 0).mask
    assert (masks == masks[0]).all()
    assert (simulator.batch(items, 1).mask[0] != masks[0]).any()
    fixed = Simulator(cases, changed(mask_redraw="never"))
    assert (fixed.batch(items, 0).mask == fixed.batch(items, 1).mask).all()


def test_sampled_kspace_is_that_of_the_reference(cases: list[Case]) -> None:
    batch = Simulator(cases, TINY).batch(plan_epoch(cases, TINY, 0)[:3], 0)
    full = fft2c(batch.target[:, None])
    np.testing.assert_allclose(batch.kspace, full * batch.mask, atol=1e-4)


def test_augmentation_transforms_image_and_labels_together() -> None:
    case = Case("lesion only", np.zeros((1, 20, 18), np.uint8), np.zeros((1, 20, 18), np.uint8), 2)
    case.labels[0, 6:12, 5:11] = 1
    case.image[:] = case.labels * 100
    for epoch in range(6):
        recipe = changed(crop=None)
        plan = plan_epoch([case], recipe, epoch)
        batch = Simulator([case], recipe).batch(plan[:1], epoch)
        drawn = batch.labels[0] > 0
        bright = batch.truth[0] > 0.5 * batch.truth[0].max()
        assert (drawn & bright).sum() >= 0.85 * (drawn | bright).sum()


@pytest.mark.parametrize(
    ("size", "center"), [((4, 4), (0, 9)), ((20, 5), (3, 3)), ((9, 9), (4, 4))]
)
def test_a_crop_has_the_requested_size(size: tuple[int, int], center: tuple[int, int]) -> None:
    plane = np.arange(1, 91).reshape(9, 10)
    rows, columns = (slice(middle, middle + 1) for middle in center)
    out = crop_around(plane, (rows, columns), size)
    assert out.shape == size
    assert set(out[out > 0].tolist()) <= set(plane.ravel().tolist())
    assert (out > 0).sum() == min(size[0], 9) * min(size[1], 10)


def test_the_truth_is_the_magnitude_of_the_target(cases: list[Case]) -> None:
    batch = Simulator(cases, changed(phase_share=1.0)).batch(plan_epoch(cases, TINY, 0)[:3], 0)
    np.testing.assert_allclose(np.abs(batch.target), batch.truth, atol=1e-6)
    assert np.abs(np.angle(batch.target[batch.truth > 0.1])).max() > 0.1


def test_the_requested_fraction_of_volumes_has_a_phase(cases: list[Case]) -> None:
    def has_phase(share: float, epoch: int) -> bool:
        recipe = changed(phase_share=share)
        batch = Simulator(cases, recipe).batch(plan_epoch(cases, recipe, epoch)[:1], epoch)
        return bool(np.abs(batch.target.imag).max() > 1e-3)

    assert not any(has_phase(0.0, epoch) for epoch in range(6))
    assert all(has_phase(1.0, epoch) for epoch in range(6))
    assert 5 <= sum(has_phase(0.5, epoch) for epoch in range(30)) <= 25


def test_noise_has_the_requested_snr_and_is_not_in_the_target(cases: list[Case]) -> None:
    recipe = changed(snr=20.0, accelerations={1.0: 1.0}, augment="none", phase_share=0.0)
    plan = plan_epoch(cases, recipe, 0)
    simulators = [Simulator(cases, recipe), Simulator(cases, recipe.changed({"snr": None}))]
    noisy, clean = (simulator.batch(plan, 0) for simulator in simulators)
    # The noise changes the scale a little, as in inference.
    noisy_scale, scale = (
        np.array([simulator.scan(item.case, 0)[1].scale for item in plan])[:, None, None]
        for simulator in simulators
    )
    np.testing.assert_allclose(noisy.target * noisy_scale, clean.target * scale, rtol=1e-6)
    noise = noisy.kspace[:, 0] * noisy_scale - clean.kspace[:, 0] * scale
    truth = clean.truth * scale
    bright = truth[clean.truth > 0.5].mean()
    assert bright / np.std(noise.real) == pytest.approx(20, rel=0.1)
    assert bright / np.std(noise.imag) == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_several_processes_share_one_batch(cases: list[Case], world: int) -> None:
    simulator = Simulator(cases, TINY)
    items = plan_epoch(cases, TINY, 0)[:4]
    alone = simulator.batch(items, 0)
    shares = [simulator.batch(items, 0, rank, world) for rank in range(world)]
    assert len({len(share.position) for share in shares}) == 1
    seen = {
        int(place): share.target[turn]
        for share in shares
        for turn, place in enumerate(share.position)
        if place >= 0
    }
    assert sorted(seen) == list(range(4))
    for place, target in seen.items():
        np.testing.assert_array_equal(target, alone.target[place])


def test_masks_are_drawn_per_slice_volume_or_data_set(cases: list[Case]) -> None:
    items = plan_epoch(cases, TINY, 0)

    def masks(scope: str) -> set[bytes]:
        batch = Simulator(cases, changed(mask_scope=scope)).batch(items, 0)
        return {mask.tobytes() for mask in batch.mask}

    assert len(masks("dataset")) == 1
    assert 1 < len(masks("volume")) <= 3
    assert len(masks("slice")) > 3


def test_the_slice_filter_keeps_only_slices_that_show_the_head() -> None:
    """The head fills at least 5 % of a training slice."""
    image = np.zeros((5, 20, 20), np.float32)
    for number, n_voxels in enumerate((0, 16, 24, 80, 320)):  # 0, 4, 6, 20 and 80 %
        image[number].flat[:n_voxels] = 100
    case = Case("head", image, np.zeros(image.shape, np.uint8))

    def numbers(slice_filter: str) -> set[int]:
        recipe = changed(slice_filter=slice_filter, slices_per_case=None, lesion_fraction=None)
        return {item.slice for item in plan_epoch([case], recipe, 0)}

    assert numbers("all") == {0, 1, 2, 3, 4}
    assert numbers("object") == {2, 3, 4}


def test_the_gain_of_the_augmentation_varies_around_1() -> None:
    image, labels = np.ones((8, 8), np.float32), np.zeros((8, 8), np.uint8)

    def gains(kind: str) -> np.ndarray:
        draws = [keyed_generator(number) for number in range(300)]
        return np.array([augment(image, labels, None, kind, draw)[2] for draw in draws])

    assert (gains("none") == 1).all()
    assert (gains("flip") == 1).all()
    assert np.log(gains("affine")).mean() == pytest.approx(0, abs=0.02)
    assert np.log(gains("affine")).std() == pytest.approx(0.08, rel=0.15)


@pytest.mark.parametrize("shape", [(8, 6), (7, 9)])
def test_binned_pixels_are_means(shape: tuple[int, int]) -> None:
    from skimage.measure import block_reduce

    plane = np.random.default_rng(0).random(shape).astype(np.float32)
    even = plane[: shape[0] // 2 * 2, : shape[1] // 2 * 2]
    np.testing.assert_allclose(binned(plane), block_reduce(even, 2, np.mean), rtol=1e-6)


def test_the_first_epochs_have_half_the_matrix(cases: list[Case]) -> None:
    recipe = changed(
        method="d5c5", half_matrix_share=0.5, epochs=4, augment="none", phase_share=0.0
    )
    simulator = Simulator(cases, recipe)
    for epoch in range(4):
        items = plan_epoch(cases, recipe, epoch)[:2]
        batch = simulator.batch(items, epoch)
        size = (8, 8) if epoch < 2 else (16, 16)
        assert batch.kspace.shape == batch.mask.shape == (2, 1, *size)
        assert batch.target.shape == batch.labels.shape == (2, *size)
        np.testing.assert_allclose(
            batch.kspace, fft2c(batch.target[:, None]) * batch.mask, atol=1e-4
        )


def test_images_of_half_the_matrix_are_for_reconstruction_only() -> None:
    with pytest.raises(ValueError, match="only reconstruct, not for mtmri"):
        changed(half_matrix_share=0.5)
