# SPDX-License-Identifier: BSD-3-Clause
"""Patterns of lines: independent definitions, and defects of other programs."""

from __future__ import annotations

import hashlib
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri import Pattern
from napari_mtmri.errors import RequestError
from tests.patterns.members import KINDS, using

SHAPE = (24, 192)

# Lines in all, of the centre, at R 4 and R 8, for planes of the data that people use.
COUNTS = {
    192: (48, 15, 24, 8), 181: (45, 14, 23, 7), 256: (64, 20, 32, 10),
    224: (56, 18, 28, 9), 217: (54, 17, 27, 9), 352: (88, 28, 44, 14),
}  # fmt: skip


def lines(name: str, *request: object, **options: object) -> np.ndarray:
    return np.flatnonzero(Pattern(name, *request, options=options).mask(SHAPE)[0])  # type: ignore[arg-type]


def numbers(text: str, count: int) -> np.ndarray:
    """Random numbers in (0, 1) of a request, computed independently."""
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return ((np.random.Philox(key=key).random_raw(count) >> 12) + 0.5) * 2.0**-52


def outside() -> np.ndarray:
    """Lines outside the centre of 15 of 192 lines."""
    return np.concatenate([np.arange(89), np.arange(104, 192)])


@pytest.mark.parametrize("n_lines", COUNTS)
@pytest.mark.parametrize("name", ["random", "equispaced", "gaussian", "partial-fourier"])
def test_numbers_of_lines_are_those_of_the_table(name: str, n_lines: int) -> None:
    said = [Pattern(name, r).describe((16, n_lines)) for r in (4, 8)]
    assert tuple(n for s in said for n in (s.n_lines, s.n_center)) == COUNTS[n_lines]


def test_the_description_is_the_text_of_the_panel() -> None:
    assert Pattern().describe((224, 192)).text == "48 of 192 lines, R 4.00, centre 15"


def test_random_takes_the_centre_and_the_smallest_numbers() -> None:
    u = numbers("random shape=24x192 R=4.0 cf=0.08 seed=11", 177)
    chosen = outside()[np.argsort(u)[:33]]
    assert set(lines("random", 4, None, 11)) == set(chosen) | set(range(89, 104))


def test_random_lines_are_uniform_outside_the_centre() -> None:
    hits = sum(Pattern("random", 4, seed=s).mask((4, 192))[0].astype(int) for s in range(400))
    expected = 400 * 33 / 177
    spread = np.sqrt(expected * (1 - 33 / 177))
    assert np.abs(hits[outside()] - expected).max() < 4.5 * spread
    assert abs(hits[:89].sum() - 400 * 33 * 89 / 177) < 400


@given(offset=st.floats(0, 0.999), acceleration=st.floats(1, 16))
def test_equispaced_gaps_differ_by_one_line_at_most(offset: float, acceleration: float) -> None:
    """In other programs the spacing drifts and the number of lines is off (fastMRI#54)."""
    taken = lines("equispaced", acceleration, 0.0, offset=offset)
    gaps = np.diff(np.concatenate([taken, [taken[0] + 192]]))
    assert gaps.max() - gaps.min() <= 1
    assert len(taken) == round(192 / acceleration)


def test_equispaced_follows_its_formula() -> None:
    places = [math.floor((j + 0.25) * 177 / 33) for j in range(33)]
    expected = set(outside()[places]) | set(range(89, 104))
    assert set(lines("equispaced", 4, offset=0.25)) == expected
    phase = numbers("equispaced shape=24x192 R=4.0 cf=0.08 seed=2", 1)[0]
    places = [math.floor((j + phase) * 177 / 33) for j in range(33)]
    assert set(lines("equispaced", 4, None, 2)) == set(outside()[places]) | set(range(89, 104))


def test_equispaced_is_periodic_without_a_centre() -> None:
    np.testing.assert_array_equal(lines("equispaced", 4, 0.0, offset=0.5), np.arange(2, 192, 4))


@pytest.mark.parametrize("acceleration", [3, 4, 8])
def test_equispaced_has_exactly_r_including_its_centre(acceleration: float) -> None:
    """Other programs add the centre to every R-th line, so that R = 4 becomes 3.2."""
    said = Pattern("equispaced", acceleration).describe((224, 192))
    assert said.acceleration == acceleration


@pytest.mark.parametrize(("sigma", "floor"), [(0.1, None), (0.25, 0.02), (0.5, 1.0)])
def test_gaussian_draws_lines_by_their_weights(sigma: float, floor: float | None) -> None:
    options = {"sigma": sigma} | ({} if floor is None else {"floor": floor})
    base = 0.125 if floor is None else floor
    text = f"gaussian shape=24x192 R=4.0 cf=0.08 seed=6 floor={base} sigma={sigma}"
    distance = np.abs(outside() - 96)
    weight = np.exp(-(distance**2) / (2 * (sigma * 192) ** 2)) + base
    chosen = outside()[np.argsort(-np.log(numbers(text, 177)) / weight)[:33]]
    assert set(lines("gaussian", 4, None, 6, **options)) == set(chosen) | set(range(89, 104))


def test_a_narrow_gaussian_without_floor_fills_lines_from_the_centre_outwards() -> None:
    """Weights underflow to 0 far from the centre; the order must still be by distance."""
    taken = lines("gaussian", 2, sigma=0.01, floor=0.0)
    assert taken.min() > 40
    assert taken.max() < 152


def test_gaussian_is_denser_near_the_centre() -> None:
    hits = sum(Pattern("gaussian", 4, seed=s).mask((4, 192))[0].astype(int) for s in range(60))
    assert hits[70:89].sum() > 2 * hits[:19].sum()


@pytest.mark.parametrize("acceleration", [1.1, 1.25, 1.6])
def test_partial_fourier_samples_the_whole_part_at_low_r(acceleration: float) -> None:
    count = round(192 / acceleration)
    np.testing.assert_array_equal(lines("partial-fourier", acceleration), np.arange(count))
    last = lines("partial-fourier", acceleration, side="last")
    np.testing.assert_array_equal(last, np.arange(192 - count, 192))


@pytest.mark.parametrize("side", ["first", "last"])
@given(fraction=st.floats(0.55, 1), acceleration=st.floats(2, 16), seed=st.integers(0, 2**32 - 1))
def test_partial_fourier_samples_nothing_outside_its_part(
    side: str, fraction: float, acceleration: float, seed: int
) -> None:
    options = {"partial_fraction": fraction, "side": side}
    taken = lines("partial-fourier", acceleration, None, seed, **options)
    width = round(fraction * 192)
    band = range(width) if side == "first" else range(192 - width, 192)
    assert set(taken) <= set(band)
    assert len(taken) == round(192 / acceleration)


BOTH = ("first", "last")


@pytest.mark.parametrize(
    ("acceleration", "center", "fraction", "say", "sides"),
    [
        (1.2, None, 0.7, "160 lines are more than the 134", BOTH),
        (4, None, 0.5, "do not contain the 15 of the centre", BOTH),
        (2, 0.3, None, "do not contain the 58 of the centre", BOTH),
        # 0.5 + half the centre fraction, but rounding would cut a line off the centre
        (4, 0.07553, 0.5378, "do not contain the 15 of the centre", ("first",)),
    ],
)
def test_an_impossible_partial_fraction_is_refused_and_a_possible_one_suggested(
    acceleration: float, center: float | None, fraction: float | None, say: str, sides: list[str]
) -> None:
    def draw(acceleration: float, fraction: float | None, side: str) -> np.ndarray:
        options = {"side": side} | ({} if fraction is None else {"partial_fraction": fraction})
        return Pattern("partial-fourier", acceleration, center, options=options).mask(SHAPE)

    for side in sides:
        with pytest.raises(RequestError, match=say) as why:
            draw(acceleration, fraction, side)
        said = dict(re.findall(r"(\w+) >= (\d+(?:\.\d+)?)", str(why.value)))
        mask = draw(acceleration, float(said["partial_fraction"]), side)
        assert mask[0].sum() == round(192 / acceleration)
        if "R" in said:
            draw(float(said["R"]), fraction, side)


def test_full_sampling_allows_r_1_only() -> None:
    assert Pattern("full", 1).mask((5, 7)).all()
    with pytest.raises(RequestError, match="R = 4"):
        Pattern("full")


@pytest.mark.parametrize("width", range(2, 20))
def test_a_centre_of_odd_width_loses_no_line(width: int) -> None:
    """``N//2 - n//2 : N//2 + n//2`` loses one (js3611)."""
    for n_lines in (24, 35):
        mask = Pattern("random", n_lines / (width + 0.3), width / n_lines).mask((4, n_lines))
        taken = np.flatnonzero(mask[0])
        assert len(taken) == width
        first = n_lines // 2 - width // 2
        np.testing.assert_array_equal(taken, np.arange(first, first + width))
        assert mask[0, n_lines // 2]


def test_a_centre_larger_than_the_number_of_lines_is_refused_with_values_that_fit() -> None:
    """Elsewhere this gives a negative probability or an infinite step (fastMRI#344)."""
    with pytest.raises(RequestError) as why:
        Pattern("random", 16, 0.08).mask((256, 256))
    assert str(why.value) == (
        "random, R = 16, 256 lines: 16 lines are fewer than the 20 of the centre; "
        "use center_fraction <= 0.064 or R <= 13.12."
    )


@pytest.mark.parametrize("name", [n for n in using("acceleration") if KINDS[n].dimensions == 1])
def test_lines_are_along_the_readout(name: str) -> None:
    """The phase axis is the last one; a transposed plane drops readout samples."""
    mask = Pattern(name, min(4, KINDS[name].max_acceleration)).mask((40, 60))
    assert set(mask.sum(axis=0)) <= {0, 40}
    assert len(set(mask.sum(axis=1))) == 1
