# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.errors import InputError
from napari_mtmri.volume import Volume
from tests.phantoms import marked_phantom


def test_the_array_is_not_copied_and_cannot_be_written_to() -> None:
    data = np.zeros((3, 4, 5), np.float32)
    volume = Volume(data, np.eye(4))
    assert np.shares_memory(volume.data, data)
    with pytest.raises(ValueError, match="read-only"):
        volume.data[0, 0, 0] = 1
    data[0, 0, 0] = 1  # who made it may go on
    with pytest.raises(FrozenInstanceError):
        volume.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("shape", [(), (4,), (4, 5), (4, 0, 5), (2, 3, 4, 1)])
def test_only_three_sides_make_a_volume(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="brain: shape"):
        Volume(np.zeros(shape), np.eye(4), name="brain")


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("image", "complex64"),
        ("image", "object"),
        ("image", "U3"),
        ("labels", "float32"),
        ("labels", "complex64"),
        ("complex", "float32"),
    ],
)
def test_a_kind_takes_its_own_numbers_only(kind: str, dtype: str) -> None:
    with pytest.raises(InputError, match=f"brain: dtype .* does not fit kind '{kind}'"):
        Volume(np.zeros((2, 2, 2), dtype), np.eye(4), name="brain", kind=kind)  # type: ignore[arg-type]


def test_an_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(
        InputError, match="'mask' does not exist; choose one of image, labels, complex"
    ):
        Volume(np.zeros((2, 2, 2)), np.eye(4), kind="mask")  # type: ignore[arg-type]


def test_another_array_on_the_same_grid_keeps_the_grid_and_not_the_origin() -> None:
    volume = marked_phantom("LPI", oblique_deg=20)
    volume = Volume(
        volume.data, volume.affine, path=Path("a.nii"), sha256="0", header={"sform_code": 4},
        warnings=("odd",), spacing_known=False,
    )  # fmt: skip
    drawn = volume.like(np.ones(volume.shape, np.uint8), kind="labels", name="drawn")
    assert drawn.same_grid(volume)
    assert (drawn.kind, drawn.name, drawn.header) == ("labels", "drawn", {"sform_code": 4})
    assert not drawn.spacing_known
    assert (drawn.path, drawn.sha256, drawn.warnings) == (None, None, ())
    with pytest.raises(InputError, match="not that of its grid"):
        volume.like(np.ones((1, 2, 3)))


def test_grids_are_the_same_to_a_micrometre() -> None:
    volume = marked_phantom()
    near, far = volume.affine.copy(), volume.affine.copy()
    near[0, 3] += 5e-4
    far[0, 3] += 0.5
    assert volume.same_grid(Volume(volume.data, near))
    assert not volume.same_grid(Volume(volume.data, far))
    assert not volume.same_grid(Volume(volume.data[:-1], volume.affine))


def test_magnitudes_are_float32_and_nothing_is_clipped() -> None:
    data = np.array([[[-3.0, 0.0, 70000.0]]])
    image = Volume(data, np.eye(4)).magnitude()
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, data)
    turned = Volume(np.array([[[3 + 4j]]], np.complex64), np.eye(4), kind="complex")
    assert turned.magnitude() == 5


def test_voxels_that_are_no_numbers_are_kept_and_refused_later_with_their_count() -> None:
    data = np.ones((4, 5, 6))
    data[0, 0, :3] = np.nan, np.inf, 1e300  # the last is beyond float32
    volume = Volume(data, np.eye(4), name="brain")
    with pytest.raises(InputError, match="brain: 3 of 120 voxels"):
        volume.magnitude()


def test_labels_have_no_magnitude_and_a_constant_volume_is_fine() -> None:
    with pytest.raises(InputError, match="labels, not an image"):
        Volume(np.ones((2, 2, 2), np.uint8), np.eye(4), kind="labels").magnitude()
    assert (Volume(np.full((2, 2, 2), 7.0), np.eye(4)).magnitude() == 7).all()


def test_it_knows_its_grid() -> None:
    volume = marked_phantom("PIR", shape=(12, 10, 8))
    assert volume.shape == (10, 8, 12)
    assert volume.spacing == (1.5, 3.0, 1.0)
    assert volume.codes == "PIR"
    assert volume.axes.order == (1, 2, 0)
    assert not volume.is_oblique
    assert marked_phantom("PIR", oblique_deg=10).is_oblique
