# SPDX-License-Identifier: BSD-3-Clause
"""Pinned masks: the same request gives these bits in every version."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from napari_mtmri import Pattern
from napari_mtmri.patterns.request import Request

# SHA-256 of the packed bits, its first 16 digits. A change here is a change of what
# people have measured and published: it needs a new name, not a new number.
PINNED = [
    ("equispaced", (224, 192), 4, 0, "72a2ab568a55e72f"),
    ("equispaced", (197, 233), 8, 7, "71d7a164dc9ef52f"),
    ("equispaced", (9, 13), 2.5, 3, "feea193817e6c2b2"),
    ("gaussian", (224, 192), 4, 0, "b7fbba8810c3a113"),
    ("gaussian", (197, 233), 8, 7, "2dfca71e784d9c42"),
    ("gaussian", (9, 13), 2.5, 3, "022dfaeef25e9c73"),
    ("partial-fourier", (224, 192), 4, 0, "8e8d4a4a88eb84e6"),
    ("partial-fourier", (197, 233), 8, 7, "f18c09413b0ff88e"),
    ("partial-fourier", (9, 13), 2.5, 3, "f5ea6f3a0912ef29"),
    ("poisson", (224, 192), 4, 0, "d0daf814e9fc3025"),
    ("poisson", (197, 233), 8, 7, "ebcf9433de7d6870"),
    ("poisson", (9, 13), 2.5, 3, "382f14034126412d"),
    ("radial", (224, 192), 4, 0, "ca56eb06d10fa73a"),
    ("radial", (197, 233), 8, 7, "1b94732ee7e16283"),
    ("radial", (9, 13), 2.5, 3, "bb309965ff164fed"),
    ("random", (224, 192), 4, 0, "b614aca82e1ef2e2"),
    ("random", (197, 233), 8, 7, "3ad2a89b633a167f"),
    ("random", (9, 13), 2.5, 3, "eb5e351e66c6c637"),
    ("spiral", (224, 192), 4, 0, "b7a7db35d0c75678"),
    ("spiral", (197, 233), 8, 7, "d1eb06a9d7f2248f"),
    ("spiral", (9, 13), 2.5, 3, "264478da27431037"),
]


@pytest.mark.parametrize(("name", "shape", "acceleration", "seed", "digest"), PINNED)
def test_a_mask_never_changes(
    name: str, shape: tuple[int, int], acceleration: float, seed: int, digest: str
) -> None:
    mask = Pattern(name, acceleration, seed=seed).mask(shape)
    assert hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:16] == digest


def request(**change: object) -> Request:
    fields: dict[str, object] = {
        "name": "random", "dimensions": 1, "shape": (224, 192), "acceleration": 4.0,
        "center_fraction": None, "seed": 5, "options": {},
    }  # fmt: skip
    return Request(**{**fields, **change})  # type: ignore[arg-type]


def test_random_numbers_are_the_raw_stream_keyed_by_a_hash() -> None:
    text = b"random shape=224x192 R=4.0 cf=0.08 seed=5 floor=0.125 sigma=0.1"
    key = np.frombuffer(hashlib.sha256(text).digest()[:16], "<u8")
    raw = np.random.Philox(key=key).random_raw(100)
    expected = [((int(word) >> 12) + 0.5) / 2**52 for word in raw]
    np.testing.assert_array_equal(request().uniform(100, sigma=0.1, floor=0.125), expected)


def test_random_numbers_stay_inside_their_range_at_the_ends_of_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ends:
        def __init__(self, key: int) -> None: ...

        def random_raw(self, count: int) -> np.ndarray:
            return np.array([0, 2**64 - 1], np.uint64)

    monkeypatch.setattr(np.random, "Philox", Ends)
    low, high = request().uniform(2)
    assert 0 < low < high < 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": "gaussian"},
        {"shape": (192, 224)},
        {"acceleration": 4.5},
        {"center_fraction": 0.1},
        {"seed": 6},
    ],
    ids=str,
)
def test_random_numbers_depend_on_every_part_of_a_request(change: dict[str, object]) -> None:
    assert (request().uniform(8) != request(**change).uniform(8)).all()


def test_giving_the_automatic_centre_fraction_gives_the_same_mask() -> None:
    for acceleration, fraction in ((4, 0.08), (5, 0.08), (5.5, 0.04), (8, 0.04)):
        automatic = Pattern("random", acceleration).mask((24, 192))
        by_hand = Pattern("random", acceleration, fraction).mask((24, 192))
        np.testing.assert_array_equal(automatic, by_hand)


def test_the_first_random_numbers_do_not_depend_on_how_many_are_drawn() -> None:
    np.testing.assert_array_equal(request().uniform(40)[:9], request().uniform(9))
