# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.errors import InputError
from napari_mtmri.volume import Volume, magnitude
from tests.phantoms import marked_phantom


def test_the_array_is_a_read_only_view() -> None:
    data = np.zeros((3, 4, 5), np.float32)
    volume = Volume(data, np.eye(4))
    assert np.shares_memory(volume.data, data)
    with pytest.raises(ValueError, match="read-only"):
        volume.data[0, 0, 0] = 1
    data[0, 0, 0] = 1  # the owner of the array may still change it
    with pytest.raises(FrozenInstanceError):
        volume.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("shape", [(), (4,), (4, 5), (4, 0, 5), (2, 3, 4, 1)])
def test_an_array_that_is_not_3_d_is_refused(shape: tuple[int, ...]) -> None:
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
def test_a_dtype_that_does_not_fit_the_kind_is_refused(kind: str, dtype: str) -> None:
    with pytest.raises(InputError, match=f"brain: dtype .* does not fit kind '{kind}'"):
        Volume(np.zeros((2, 2, 2), dtype), np.eye(4), name="brain", kind=kind)  # type: ignore[arg-type]


def test_an_unknown_kind_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(
        InputError, match="'mask' does not exist; choose one of image, labels, complex"
    ):
        Volume(np.zeros((2, 2, 2)), np.eye(4), kind="mask")  # type: ignore[arg-type]


def test_like_keeps_the_grid_but_not_the_source_file() -> None:
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


def test_grids_are_compared_to_a_micrometre() -> None:
    volume = marked_phantom()
    near, far = volume.affine.copy(), volume.affine.copy()
    near[0, 3] += 5e-4
    far[0, 3] += 0.5
    assert volume.same_grid(Volume(volume.data, near))
    assert not volume.same_grid(Volume(volume.data, far))
    assert not volume.same_grid(Volume(volume.data[:-1], volume.affine))


def test_magnitudes_are_float32_and_not_clipped() -> None:
    data = np.array([[[-3.0, 0.0, 70000.0]]])
    image = Volume(data, np.eye(4)).magnitude()
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, data)
    turned = Volume(np.array([[[3 + 4j]]], np.complex64), np.eye(4), kind="complex")
    assert turned.magnitude() == 5


def test_nan_and_infinite_voxels_are_kept_but_counted_and_refused_in_magnitude() -> None:
    data = np.ones((4, 5, 6))
    data[0, 0, :3] = np.nan, np.inf, 1e300  # the last is beyond float32
    volume = Volume(data, np.eye(4), name="brain")
    with pytest.raises(InputError, match="brain: 3 of 120 voxels"):
        volume.magnitude()


def test_labels_have_no_magnitude_and_a_constant_volume_is_accepted() -> None:
    with pytest.raises(InputError, match="labels, not an image"):
        Volume(np.ones((2, 2, 2), np.uint8), np.eye(4), kind="labels").magnitude()
    assert (Volume(np.full((2, 2, 2), 7.0), np.eye(4)).magnitude() == 7).all()


def test_spacing_codes_and_axes_come_from_the_affine() -> None:
    volume = marked_phantom("PIR", shape=(12, 10, 8))
    assert volume.shape == (10, 8, 12)
    assert volume.spacing == (1.5, 3.0, 1.0)
    assert volume.codes == "PIR"
    assert volume.axes.order == (1, 2, 0)
    assert not volume.is_oblique
    assert marked_phantom("PIR", oblique_deg=10).is_oblique


def test_a_volume_on_another_grid_is_refused_with_both_shapes() -> None:
    volume = marked_phantom("PIR", shape=(12, 10, 8))
    volume.require_same_grid(replace(volume, name="twin"), "the image")
    affine = volume.affine.copy()
    affine[0, 3] += 5
    moved = replace(volume, affine=affine, name="moved", path=None)
    with pytest.raises(
        InputError, match="moved: its corners lie up to 5 voxels from those of the image"
    ):
        moved.require_same_grid(volume, "the image")
    small = Volume(np.ones((2, 2, 2)), volume.affine, name="small")
    with pytest.raises(InputError, match=r"\(2, 2, 2\) .* \(10, 8, 12\)"):
        small.require_same_grid(volume, "the image")


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_the_magnitude_of_the_smallest_integer_is_positive(dtype: type) -> None:
    low = np.iinfo(dtype).min
    found = magnitude(np.array([low, -1, 0, 1], dtype))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([-float(low), 1, 0, 1], np.float32))
    assert magnitude(np.array([3 + 4j], np.complex64)).tolist() == [5]


def test_a_small_turn_of_a_large_grid_is_another_grid() -> None:
    # No entry of the affine differs by more than 0.0009, yet a corner by 0.4 voxels.
    turned = np.diag([1.0, 1, 3, 1])
    turned[0, 1] = 0.0009
    one = Volume(np.zeros((400, 400, 3), np.uint8), np.diag([1.0, 1, 3, 1]), kind="labels")
    other = Volume(one.data, turned, kind="labels")
    assert not one.same_grid(other)
    with pytest.raises(InputError, match=r"up to 0\.359 voxels"):
        other.require_same_grid(one, "the image")


def test_rounding_of_the_header_is_no_difference() -> None:
    affine = np.array([[0.9, 0.1, 0, -91.3], [-0.1, 0.9, 0, 33.7], [0, 0, 3, 12], [0, 0, 0, 1]])
    one = Volume(np.zeros((256, 256, 40), np.uint8), affine, kind="labels")
    other = Volume(one.data, affine.astype(np.float32), kind="labels")
    shifted = affine.copy()
    shifted[0, 3] += 0.005  # mm
    assert one.same_grid(other)
    assert one.same_grid(Volume(one.data, shifted, kind="labels"))
    shifted[0, 3] += 0.5
    assert not one.same_grid(Volume(one.data, shifted, kind="labels"))


def test_the_volume_of_a_sheared_voxel_is_its_determinant() -> None:
    affine = np.diag([1.0, 2, 3, 1])
    affine[0, 1] = 1.0
    volume = Volume(np.zeros((2, 2, 2), np.float32), affine)
    assert volume.voxel_ml == pytest.approx(0.006)
    assert np.prod(volume.spacing) > 6.5  # the product of the edges is too large
