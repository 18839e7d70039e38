# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.kspace import combine, data_consistency, expand, fft2c, ifft2c
from tests import laws

sizes = st.integers(1, 23)


def complex_noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(2, *shape))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


@given(sizes, sizes)
def test_the_transform_is_unitary(rows: int, columns: int) -> None:
    x, y = complex_noise((2, rows, columns)), complex_noise((2, rows, columns), 1)
    laws.is_adjoint(fft2c, ifft2c, x, y)
    laws.keeps_norm(fft2c, x)
    laws.undoes(ifft2c, fft2c, x)
    laws.undoes(fft2c, ifft2c, x)


@given(sizes, sizes)
def test_numpy_and_torch_agree(rows: int, columns: int) -> None:
    x = complex_noise((rows, columns))
    laws.close(fft2c(torch.from_numpy(x)).numpy(), fft2c(x))
    laws.close(ifft2c(torch.from_numpy(x)).numpy(), ifft2c(x))


@given(sizes, sizes)
def test_a_constant_image_has_one_sample_at_zero_frequency(rows: int, columns: int) -> None:
    kspace = fft2c(np.ones((rows, columns), np.complex64))
    expected = np.zeros_like(kspace)
    expected[rows // 2, columns // 2] = np.sqrt(rows * columns)
    laws.close(kspace, expected)


def test_a_gaussian_has_the_known_transform() -> None:
    n, sigma = 65, 4.0
    x = np.arange(n) - n // 2
    line = np.exp(-(x**2) / (2 * sigma**2))
    known = np.exp(-2 * (np.pi * sigma * x / n) ** 2) * sigma * np.sqrt(2 * np.pi / n)
    laws.close(
        fft2c(np.outer(line, line).astype(np.complex64)),
        np.outer(known, known).astype(np.complex64),
    )


def test_complex64_stays_complex64() -> None:
    assert fft2c(complex_noise((5, 4))).dtype == np.complex64


def unshifted(array: np.ndarray) -> np.ndarray:
    """Zero frequency at index 0, as data_consistency takes it."""
    return np.fft.ifftshift(array, axes=(-2, -1))


def unshifted_transform(image: np.ndarray) -> np.ndarray:
    return np.fft.fft2(image, norm="ortho")[..., None, :, :]


@given(sizes, sizes, st.floats(0, 1))
def test_consistency_keeps_measured_samples_and_is_idempotent(
    rows: int, columns: int, share: float
) -> None:
    image, truth = complex_noise((rows, columns)), complex_noise((rows, columns), 1)
    mask = np.random.default_rng(2).random((rows, columns)) < share
    scan = fft2c(truth) * mask
    measured = unshifted_transform(ifft2c(scan))
    once = data_consistency(image, measured, unshifted(mask))
    if mask.any():
        laws.keeps_measured(once, scan, mask)
    laws.close(data_consistency(once, measured, unshifted(mask)), once)


@pytest.mark.parametrize("n_coils", [None, 3])
def test_full_mask_gives_the_measured_image_and_empty_mask_the_estimate(
    n_coils: int | None,
) -> None:
    image, truth = complex_noise((7, 6)), complex_noise((7, 6), 1)
    maps = None if n_coils is None else complex_noise((n_coils, 7, 6), 2)
    if maps is not None:
        maps /= np.sqrt((np.abs(maps) ** 2).sum(0))
    measured = np.fft.fft2(expand(truth, maps), norm="ortho")
    full = np.ones((7, 6), bool)
    laws.close(data_consistency(image, measured, full, maps), truth)
    laws.close(data_consistency(image, measured, ~full, maps), image)


def test_where_no_coil_receives_the_estimate_is_kept() -> None:
    image, maps = complex_noise((7, 6)), complex_noise((3, 7, 6), 1)
    maps[:, :2] = 0
    measured = np.fft.fft2(complex_noise((3, 7, 6), 2), norm="ortho")
    consistent = data_consistency(image, measured, np.ones((7, 6), bool), maps)
    np.testing.assert_array_equal(consistent[:2], image[:2])
    assert (consistent[2:] != image[2:]).all()


def test_numpy_and_torch_agree_on_consistency() -> None:
    image, maps = complex_noise((7, 6)), complex_noise((3, 7, 6), 1)
    measured, mask = complex_noise((3, 7, 6), 2), np.arange(6) < 3
    arrays = (image, measured, mask, maps)
    tensors = (torch.from_numpy(array) for array in arrays)
    laws.close(data_consistency(*tensors).numpy(), data_consistency(*arrays))


def test_combine_is_the_inverse_of_expand() -> None:
    image = complex_noise((3, 8, 9))
    maps = complex_noise((3, 4, 8, 9), 1)
    maps /= np.sqrt((np.abs(maps) ** 2).sum(1, keepdims=True))
    laws.close(combine(expand(image, maps), maps), image)


def test_one_coil_without_maps_is_returned_and_several_are_root_sum_of_squares() -> None:
    one = complex_noise((1, 8, 9))
    laws.close(combine(one, None), one[0])
    several = complex_noise((4, 8, 9))
    laws.close(combine(several, None), np.sqrt((np.abs(several) ** 2).sum(0)) + 0j)
