# SPDX-License-Identifier: BSD-3-Clause
"""Two-dimensional patterns: independent definitions and known numbers."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest

from napari_mtmri import Pattern
from napari_mtmri.patterns import radial

SHAPE = (224, 192)


def rho(shape: tuple[int, int]) -> np.ndarray:
    """Distance to zero frequency in units of half the side."""
    i, j = np.indices(shape)
    squares = [(2 * (x - n // 2) / n) ** 2 for x, n in zip((i, j), shape, strict=True)]
    return np.sqrt(squares[0] + squares[1])


def accepted(order: list[tuple[int, int]], growth: dict, scale: float) -> list[tuple[int, int]]:
    """Poisson disc by comparing every pair of samples."""
    kept: list[tuple[int, int]] = []
    for point in order:
        if all(
            (point[0] - a[0]) ** 2 + (point[1] - a[1]) ** 2 >= (scale * growth[a]) ** 2
            for a in kept
        ):
            kept.append(point)
    return kept


@pytest.mark.parametrize(
    ("shape", "acceleration", "slope"), [((17, 20), 4.0, 2.0), ((16, 13), 8.0, 0.5)]
)
def test_poisson_has_the_largest_disc_that_gives_enough_samples(
    shape: tuple[int, int], acceleration: float, slope: float
) -> None:
    fraction = 0.08 if acceleration <= 5 else 0.04
    height, width = (round(fraction * side) for side in shape)
    expected = np.zeros(shape, bool)
    top, left = shape[0] // 2 - height // 2, shape[1] // 2 - width // 2
    expected[top : top + height, left : left + width] = True
    others = [tuple(map(int, p)) for p in np.argwhere(~expected)]
    text = (
        f"poisson shape={shape[0]}x{shape[1]} R={acceleration} cf={fraction} seed=9 slope={slope}"
    )
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    order = [others[k] for k in np.argsort(np.random.Philox(key=key).random_raw(len(others)) >> 12)]
    growth = {point: 1 + slope * rho(shape)[point] for point in others}
    wanted = round(shape[0] * shape[1] / acceleration) - height * width
    low, high = 0, 1024
    for _ in range(10):
        middle = (low + high) // 2
        enough = len(accepted(order, growth, middle / 64)) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    for point in accepted(order, growth, low / 64)[:wanted]:
        expected[point] = True
    mask = Pattern("poisson", acceleration, seed=9, options={"slope": slope}).mask(shape)
    np.testing.assert_array_equal(mask, expected)


def test_poisson_samples_far_from_the_centre_keep_their_distance() -> None:
    mask = Pattern("poisson", 8, seed=1).mask(SHAPE)
    outer = mask & (rho(SHAPE) > 1)
    for di, dj in itertools.product((0, 1), (-1, 0, 1)):
        if (di, dj) > (0, 0):
            assert not (outer & np.roll(outer, (di, dj), (0, 1)))[4:-4, 4:-4].any()


@pytest.mark.parametrize("acceleration", [4, 8, 12])
def test_poisson_is_denser_at_the_centre_and_samples_the_corners(acceleration: float) -> None:
    mask, r = Pattern("poisson", acceleration).mask(SHAPE), rho(SHAPE)
    densities = [mask[(r >= low) & (r < low + 0.25)].mean() for low in (0, 0.25, 0.5, 0.75, 1)]
    assert densities == sorted(densities, reverse=True)
    assert mask[r > 1.1].any()


@pytest.mark.parametrize(("acceleration", "spokes"), [(4, 52), (8, 25)])
def test_radial_has_the_known_number_of_spokes(acceleration: int, spokes: int) -> None:
    mask = Pattern("radial", acceleration).mask(SHAPE)
    drawn = np.zeros(SHAPE, bool)
    drawn.ravel()[radial._places(SHAPE, radial._angles(spokes, uniform=False))] = True
    assert not (mask & ~drawn).any()
    drawn[:] = False
    drawn.ravel()[radial._places(SHAPE, radial._angles(spokes - 1, uniform=False))] = True
    assert not (drawn & ~mask).any()


@pytest.mark.parametrize("shape", [SHAPE, (33, 40), (16, 17)])
def test_golden_angle_samples_of_a_higher_r_are_a_subset_of_those_of_a_lower_r(
    shape: tuple[int, int],
) -> None:
    masks = [Pattern("radial", r).mask(shape) for r in (8, 5.3, 4, 2, 1.4, 1.2, 1)]
    for fewer, more in itertools.pairwise(masks):
        assert not (fewer & ~more).any()


@pytest.mark.parametrize("name", ["radial", "spiral"])
@pytest.mark.parametrize("shape", [SHAPE, (197, 233), (64, 65)])
def test_nothing_is_sampled_outside_the_ellipse_until_it_is_full(
    name: str, shape: tuple[int, int]
) -> None:
    edge = 2 / min(shape)  # a sample moved to the grid may lie half a pixel outside
    assert not Pattern(name, 2).mask(shape)[rho(shape) > 1 + edge].any()
    full = Pattern(name, 1.1).mask(shape)
    assert full[rho(shape) <= 1 - edge].all()
    assert rho(shape)[~full].min() >= rho(shape)[full].max() - edge


@pytest.mark.parametrize("name", ["radial", "spiral"])
def test_zero_frequency_is_always_measured(name: str) -> None:
    for shape in ((4, 4), (5, 7), (32, 31), SHAPE):
        for acceleration in (1, 3.7, 16):
            assert Pattern(name, acceleration).mask(shape)[shape[0] // 2, shape[1] // 2]


def test_the_first_spoke_runs_along_the_readout() -> None:
    assert Pattern("radial", 16).mask(SHAPE)[:, 96].all()


def test_uniform_spokes_are_the_fewest_that_give_enough_samples() -> None:
    shape, wanted = (64, 48), 768

    def drawn(angles: np.ndarray) -> np.ndarray:
        plane = np.zeros(shape, bool)
        plane.ravel()[radial._places(shape, angles)] = True
        return plane

    fewest = next(k for k in range(1, 99) if drawn(np.arange(k) * np.pi / k).sum() >= wanted)
    mask = Pattern("radial", 4, options={"angle": "uniform"}).mask(shape)
    angles = np.arange(fewest) * np.pi / fewest
    assert not (mask & ~drawn(angles)).any()
    assert not (drawn(angles[:-1]) & ~mask).any()


def test_spiral_reaches_the_edge_of_k_space() -> None:
    """Dropping surplus samples from the outside must not shrink k-space."""
    for acceleration in (2, 4, 8, 16):
        assert rho(SHAPE)[Pattern("spiral", acceleration).mask(SHAPE)].max() > 0.97


def test_a_spiral_of_higher_density_is_denser_at_the_centre() -> None:
    inner = rho(SHAPE) < 0.3
    counts = [
        Pattern("spiral", 6, options={"density": d}).mask(SHAPE)[inner].sum() for d in (1, 1.5, 2.5)
    ]
    assert counts == sorted(set(counts))


def test_an_even_number_of_arms_is_symmetric_under_half_a_turn() -> None:
    mask = Pattern("spiral", 6).mask((65, 65))
    turned = mask[::-1, ::-1]
    assert (mask == turned).mean() > 0.97


def test_one_spiral_arm_has_no_isolated_sample() -> None:
    mask = Pattern("spiral", 16, options={"interleaves": 1}).mask((96, 96))
    assert mask.sum() == 576
    padded = np.pad(mask, 1)
    neighbours = sum(
        np.roll(padded, (di, dj), (0, 1))[1:-1, 1:-1].astype(int)
        for di, dj in itertools.product((-1, 0, 1), repeat=2)
        if (di, dj) != (0, 0)
    )
    assert (neighbours[mask] == 0).sum() == 0
