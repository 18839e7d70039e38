# SPDX-License-Identifier: BSD-3-Clause
"""Laws of an inserted lesion: its signal is the asked one, and nothing else is changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.inserted_lesion import InsertedLesion, insert_sphere, lesion_voxels
from napari_mtmri.volume import Volume

SHAPE = (24, 22, 10)
MIDDLE = (11, 10, 5)


def textured(spacing: tuple[float, float, float] = (1, 1, 2), seed: int = 0) -> Volume:
    """An image without a voxel of zero intensity."""
    data = 400 + 200 * np.random.default_rng(seed).random(SHAPE)
    return Volume(data.astype(np.float32), np.diag([*spacing, 1.0]), name="texture")


lesions = st.builds(
    InsertedLesion,
    center=st.tuples(*(st.floats(0, n - 1) for n in SHAPE)),
    diameter=st.floats(1, 15),
    contrast=st.one_of(st.floats(-0.9, -0.05), st.floats(0.05, 2)),
)
spacings = st.tuples(*(st.floats(0.5, 5) for _ in range(3)))


@settings(max_examples=25)
@given(lesions, spacings)
def test_the_added_signal_is_the_contrast_times_the_signal_before(
    lesion: InsertedLesion, spacing: tuple[float, float, float]
) -> None:
    before = textured(spacing)
    after, share = insert_sphere(before, lesion)
    added = (after.data.astype(float) - before.data).sum()
    assert added == pytest.approx(
        lesion.contrast * (share.data.astype(float) * before.data).sum(), rel=1e-3
    )


@settings(max_examples=25)
@given(lesions, spacings)
def test_nothing_is_changed_outside_and_something_is_inside(
    lesion: InsertedLesion, spacing: tuple[float, float, float]
) -> None:
    before = textured(spacing)
    after, share = insert_sphere(before, lesion)
    outside = share.data == 0
    assert np.array_equal(after.data[outside], before.data[outside])
    assert after.same_grid(before)
    assert lesion_voxels(share.data).any()
    assert share.data.min() >= 0
    assert share.data.max() <= 1


@pytest.mark.parametrize("contrast", [-0.4, 0.3, 1.5])
def test_full_voxels_of_a_constant_image_have_the_asked_contrast(contrast: float) -> None:
    flat = textured().like(np.full(SHAPE, 500, np.float32))
    after, share = insert_sphere(flat, InsertedLesion(MIDDLE, 8, contrast))
    ratio = after.data / flat.data - 1
    assert ratio[share.data == 1] == pytest.approx(contrast, rel=1e-5)
    assert ratio == pytest.approx(contrast * share.data, abs=1e-6)


@pytest.mark.parametrize("diameter", [3, 6, 9])
@pytest.mark.parametrize("center", [MIDDLE, (11.3, 9.8, 5.5)])
def test_a_lesion_has_the_volume_of_its_sphere(
    diameter: float, center: tuple[float, float, float]
) -> None:
    _, share = insert_sphere(textured(), InsertedLesion(center, diameter, 0.3))
    volume = share.data.sum() * 2  # mm³ of a voxel
    assert volume == pytest.approx(np.pi / 6 * diameter**3, rel=0.03)


def test_a_lesion_is_symmetric_about_its_center() -> None:
    _, share = insert_sphere(textured(), InsertedLesion(MIDDLE, 7, 0.3))
    box = share.data[tuple(slice(c - r, c + r + 1) for c, r in zip(MIDDLE, (6, 6, 4), strict=True))]
    for axis in range(3):
        assert np.allclose(box, np.flip(box, axis))
    assert box.sum() == pytest.approx(share.data.sum())


def test_flipping_before_or_after_the_insertion_is_the_same() -> None:
    before = textured()
    own = insert_sphere(before, InsertedLesion((7, 10, 5), 7, 0.3))[0].data
    mirrored = before.like(before.data[::-1])
    other = insert_sphere(mirrored, InsertedLesion((SHAPE[0] - 1 - 7, 10, 5), 7, 0.3))[0].data
    assert np.allclose(own[::-1], other, rtol=1e-6)


def test_texture_inside_is_kept() -> None:
    before = textured()
    after, share = insert_sphere(before, InsertedLesion(MIDDLE, 9, 0.5))
    full = share.data == 1
    assert np.corrcoef(after.data[full], before.data[full])[0, 1] > 0.9


@pytest.mark.parametrize(
    ("center", "diameter", "contrast", "word"),
    [
        ((1, 1), 5, 0.3, "center"),
        ((1, 1, float("nan")), 5, 0.3, "center"),
        ((1, 1, 1), 0, 0.3, "diameter"),
        ((1, 1, 1), float("inf"), 0.3, "diameter"),
        ((1, 1, 1), 5, 0, "contrast"),
        ((1, 1, 1), 5, -1, "contrast"),
    ],
)
def test_impossible_lesions_are_refused(
    center: tuple[float, ...], diameter: float, contrast: float, word: str
) -> None:
    with pytest.raises(RequestError, match=f"`{word}`"):
        InsertedLesion(center, diameter, contrast)  # type: ignore[arg-type]


def test_places_without_signal_or_outside_are_refused() -> None:
    with pytest.raises(RequestError, match="outside of the volume"):
        insert_sphere(textured(), InsertedLesion((-3, 5, 5), 5, 0.3))
    empty = textured().like(np.zeros(SHAPE, np.float32))
    with pytest.raises(RequestError, match="no signal"):
        insert_sphere(empty, InsertedLesion(MIDDLE, 5, 0.3))


def test_a_diameter_needs_a_voxel_size() -> None:
    with pytest.raises(InputError, match="voxel size"):
        insert_sphere(replace(textured(), spacing_known=False), InsertedLesion(MIDDLE, 5, 0.3))
