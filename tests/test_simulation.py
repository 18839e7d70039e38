# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_mtmri as mt
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.geometry import to_stack
from napari_mtmri.kspace import fft2c
from napari_mtmri.normalization import normalization_of, object_mean
from tests import laws
from tests.tiny import head_volume

FOUR = mt.Pattern("random", acceleration=4, seed=3)


def test_kspace_is_the_transform_of_the_image_where_sampled_and_0_elsewhere() -> None:
    volume = head_volume()
    scan = mt.simulate(volume, FOUR)
    full = fft2c(to_stack(volume.data, scan.axes).astype(np.complex64))
    laws.close(scan.kspace[:, 0], full * scan.mask)
    assert scan.kspace.dtype == np.complex64
    assert (scan.mask == FOUR.mask(scan.mask.shape)).all()


def test_full_sampling_reproduces_the_volume() -> None:
    volume = head_volume()
    scan = mt.simulate(volume, mt.Pattern("full", acceleration=1))
    back = scan.volume(np.abs(scan.zero_filled).astype(np.float32), "back")
    laws.close(back.data, volume.data)
    np.testing.assert_array_equal(back.affine, volume.affine)


@settings(max_examples=10)
@given(st.booleans(), st.sampled_from([None, 20.0]), st.sampled_from([1, 4]), st.integers(0, 4))
def test_a_slice_simulated_alone_is_the_same_as_in_the_volume(
    phase: bool, snr: float | None, n_coils: int, number: int
) -> None:
    volume = head_volume()
    given = {"phase": phase, "snr": snr, "n_coils": n_coils, "seed": 5}
    whole = mt.simulate(volume, FOUR, **given)
    alone = mt.simulate(volume, FOUR, slices=[number], **given)
    np.testing.assert_array_equal(alone.kspace[0], whole.kspace[number])
    assert alone.normalization == whole.normalization


def test_phase_does_not_change_the_magnitude_and_coils_combine_to_the_image() -> None:
    volume = head_volume()
    full = mt.Pattern("full", acceleration=1)
    turned = mt.simulate(volume, full, phase=True, n_coils=5)
    assert np.abs(turned.zero_filled.imag).max() > 1
    laws.close(np.abs(turned.zero_filled), to_stack(volume.data, turned.axes), 1e-5)
    np.testing.assert_allclose((np.abs(turned.coil_maps) ** 2).sum(1), 1, rtol=1e-5)


def test_noise_has_the_stated_standard_deviation() -> None:
    volume = head_volume((64, 64, 8))
    full = mt.Pattern("full", acceleration=1)
    noise = mt.simulate(volume, full, snr=10).zero_filled - mt.simulate(volume, full).zero_filled
    sigma = object_mean(volume.data) / 10
    assert noise.real.std() == pytest.approx(sigma, rel=0.03)
    assert noise.imag.std() == pytest.approx(sigma, rel=0.03)


def test_the_noise_depends_on_the_seed() -> None:
    def kspace(seed: int) -> np.ndarray:
        return mt.simulate(head_volume(), FOUR, snr=10, seed=seed).kspace

    np.testing.assert_array_equal(kspace(1), kspace(1))
    assert (kspace(1) != kspace(2)).any()


@pytest.mark.parametrize(
    ("given", "said"), [({"snr": 0}, "`snr` 0"), ({"n_coils": 99}, "`n_coils` 99")]
)
def test_numbers_out_of_range_are_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        mt.simulate(head_volume(), FOUR, **given)


def test_a_volume_with_nan_is_refused() -> None:
    data = head_volume().data.copy()
    data[3, 3, 3] = np.nan
    with pytest.raises(InputError, match="1"):
        mt.simulate(head_volume().like(data), FOUR)


def test_air_around_the_head_changes_neither_scale_nor_window() -> None:
    stack = to_stack(head_volume((60, 50, 6)).data, head_volume((60, 50, 6)).axes)
    wide = np.pad(stack, ((0, 0), (30, 10), (5, 25)))
    near, far = normalization_of(stack), normalization_of(wide)
    assert far.scale == pytest.approx(near.scale, rel=0.02)
    for small, large, shift in zip(near.box, far.box, (30, 5), strict=True):
        assert (small.start + small.stop) // 2 + shift == pytest.approx(
            (large.start + large.stop) // 2, abs=1
        )


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60))
def test_a_window_is_inside_the_plane_and_contains_the_box(
    rows: int, columns: int, least_rows: int, least_columns: int
) -> None:
    stack = np.zeros((1, rows, columns), np.float32)
    stack[:, rows // 3 : rows // 2 + 1, columns // 3 : columns // 2 + 1] = 1
    found = normalization_of(stack)
    window = found.window((least_rows, least_columns), (rows, columns))
    for part, box, least, length in zip(
        window, found.box, (least_rows, least_columns), (rows, columns), strict=True
    ):
        assert 0 <= part.start <= box.start
        assert box.stop <= part.stop <= length
        assert part.stop - part.start == max(min(least, length), box.stop - box.start)


def test_one_in_a_hundred_of_the_object_is_brighter_than_the_scale() -> None:
    stack = np.zeros((2, 100, 120), np.float32)
    stack[:, 20:70, 20:100] = np.linspace(500, 1000, 2 * 50 * 80).reshape(2, 50, 80)
    scale = normalization_of(stack).scale
    assert np.mean(stack[stack > 0] > scale) == pytest.approx(0.01, abs=1e-3)
    assert normalization_of(3 * stack).scale == pytest.approx(3 * scale)


def test_an_empty_volume_has_a_normalization() -> None:
    found = normalization_of(np.zeros((2, 5, 6), np.float32))
    assert found.scale > 0
    assert found.box == (slice(0, 5), slice(0, 6))


def test_a_scan_with_inconsistent_shapes_is_refused() -> None:
    from dataclasses import replace

    scan = mt.simulate(head_volume(), FOUR)
    with pytest.raises(InputError, match="do not match"):
        replace(scan, mask=scan.mask[:-1])
    with pytest.raises(InputError, match="slice numbers"):
        replace(scan, slices=(0,))


def test_a_complex_image_is_scanned_with_its_phase() -> None:
    rng = np.random.default_rng(0)
    real = head_volume()
    data = real.data * np.exp(1j * rng.uniform(-3, 3, real.shape))
    volume = mt.Volume(data.astype(np.complex64), real.affine, kind="complex")
    scan = mt.simulate(volume, FOUR)
    full = fft2c(to_stack(volume.data, scan.axes))
    laws.close(scan.kspace[:, 0], full * scan.mask)
    laws.close(scan.reference_stack(), np.abs(to_stack(volume.data, scan.axes)))
    alone = mt.simulate(volume, FOUR, slices=[2])
    np.testing.assert_array_equal(alone.kspace[0], scan.kspace[2])
    result = mt.run(scan, "zero-filled")
    (line,) = [line for line in result.warnings if "flatters" in line]
    assert "complex image" in line
    assert "conjugate symmetry" not in line


@pytest.mark.parametrize(
    ("snr", "phase"), [(None, False), (30.0, False), (None, True), (30.0, True)]
)
def test_the_remark_on_a_simulation_names_what_was_not_simulated(
    snr: float | None, phase: bool
) -> None:
    scan = mt.simulate(head_volume(), FOUR, snr=snr, phase=phase)
    (line,) = [line for line in mt.run(scan, "zero-filled").warnings if "flatters" in line]
    assert ("no coil noise" in line) == (snr is None)
    assert ("conjugate symmetry" in line) == (not phase)


@pytest.mark.parametrize("unit", [1e-30, 1e-13, 1.0, 1e13])
def test_the_normalization_has_no_unit(unit: float) -> None:
    volume = head_volume()
    stack = to_stack(volume.data, volume.axes)
    found = normalization_of(stack * np.float32(unit))
    assert found.scale / unit == pytest.approx(normalization_of(stack).scale, rel=1e-4)
    assert normalization_of(np.zeros_like(stack)).scale == 1
