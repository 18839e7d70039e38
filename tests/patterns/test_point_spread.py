# SPDX-License-Identifier: BSD-3-Clause
"""Point spread function of a mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from napari_mtmri import Pattern
from napari_mtmri.errors import InputError
from napari_mtmri.patterns.point_spread import point_spread
from tests.patterns.members import seeds, shapes


@given(shape=shapes, seed=seeds)
def test_the_maximum_is_1_and_at_the_centre(shape: tuple[int, int], seed: int) -> None:
    spread = point_spread(Pattern("random", 2, seed=seed).mask(shape))
    assert spread.dtype == np.float32
    assert spread.shape == shape
    assert spread.max() == 1
    # A mask of real numbers: no value can be larger than the one at the point itself.
    assert spread[shape[0] // 2, shape[1] // 2] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (9, 7), (16, 9)])
def test_full_sampling_gives_a_point(shape: tuple[int, int]) -> None:
    point = np.zeros(shape)
    point[shape[0] // 2, shape[1] // 2] = 1
    np.testing.assert_allclose(point_spread(np.ones(shape, bool)), point, atol=1e-6)


def test_every_fourth_line_gives_four_points_along_the_phase_axis() -> None:
    mask = Pattern("equispaced", 4, 0.0, options={"offset": 0.5}).mask((12, 32))
    point = np.zeros((12, 32))
    point[6, [0, 8, 16, 24]] = 1
    np.testing.assert_allclose(point_spread(mask), point, atol=1e-6)


def test_it_is_the_zero_filled_image_of_a_point() -> None:
    from napari_mtmri.kspace import fft2c, ifft2c

    mask = Pattern("poisson", 3).mask((21, 18))
    point = np.zeros((21, 18), np.complex64)
    point[10, 9] = 1
    image = np.abs(ifft2c(fft2c(point) * mask))
    np.testing.assert_allclose(point_spread(mask), image / image.max(), atol=1e-5)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(4, 5\)"):
        point_spread(np.zeros((4, 5), bool))
