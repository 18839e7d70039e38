# SPDX-License-Identifier: BSD-3-Clause
"""NIfTI: grid, values and header fields are preserved."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import InputError
from napari_mtmri.volume import Volume
from tests.orders import ORDERS, Order, codes_of
from tests.phantoms import marked_phantom, marker_mm

NIBABEL_DATA = Path(nib.__file__).parent / "tests" / "data"


def put(path: Path, data: np.ndarray, affine: Any = None, **header: Any) -> Path:
    """Write a NIfTI file with nibabel, then set header fields in its bytes."""
    nib.save(nib.Nifti1Image(data, np.diag([1.0, 1, 3, 1]) if affine is None else affine), path)
    return put_fields(path, **header)


def put_fields(path: Path, **header: Any) -> Path:
    """Set header fields of a NIfTI-1 file in its bytes."""
    raw = bytearray(path.read_bytes())
    fields = nib.Nifti1Header().template_dtype.fields
    assert fields is not None
    for name, value in header.items():
        dtype, start = fields[name][:2]
        raw[start : start + dtype.itemsize] = np.array(value, dtype.base).tobytes()
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("order", ORDERS)
def test_a_rotated_volume_is_read_back_in_place(order: Order, tmp_path: Path) -> None:
    for dtype, deg in (("uint8", 0), ("int16", 25), ("float32", 40), ("float64", 7)):
        volume = marked_phantom(codes_of(order), dtype=dtype, oblique_deg=deg)
        again = mt.open(mt.save(volume, tmp_path / "a.nii"))
        np.testing.assert_array_equal(again.data, volume.data)
        np.testing.assert_array_equal(again.affine, volume.affine.astype(np.float32))
        assert again.codes == codes_of(order)
        np.testing.assert_allclose(marker_mm(again), marker_mm(volume), atol=1e-4)


@pytest.mark.parametrize("order", ORDERS[::5])
def test_the_qform_gives_the_same_position(order: Order, tmp_path: Path) -> None:
    volume = marked_phantom(codes_of(order), oblique_deg=20)
    image = nib.load(mt.save(volume, tmp_path / "a.nii.gz"))
    np.testing.assert_allclose(image.get_qform(), volume.affine, atol=1e-4)
    np.testing.assert_allclose(image.header.get_zooms(), volume.spacing, rtol=1e-6)


@pytest.mark.parametrize("value", [2**24 + 1, -(2**31) + 1, 70_001])
def test_large_whole_numbers_are_not_rounded(value: int, tmp_path: Path) -> None:
    volume = Volume(np.full((3, 3, 3), value, np.int32), np.eye(4))
    assert (mt.open(mt.save(volume, tmp_path / "a.nii")).data == value).all()


def test_images_are_written_as_float32_unless_that_rounds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for data, stored in (
        (rng.normal(size=(3, 4, 5)), "float64"),
        (rng.normal(size=(3, 4, 5)).astype(np.float32).astype(np.float64), "float32"),
        (rng.integers(0, 65535, (3, 4, 5)).astype(np.uint16), "float32"),
        (np.array([[[np.nan, np.inf, 1.0]]], np.float32), "float32"),
    ):
        again = mt.open(mt.save(Volume(data, np.eye(4)), tmp_path / "a.nii"))
        np.testing.assert_array_equal(again.data, data)
        assert again.data.dtype == stored


@pytest.mark.parametrize(
    ("low", "high", "dtype", "stored"),
    [
        (0, 3, "int64", "uint8"), (0, 1, "bool", "uint8"), (-1, 255, "int64", "int16"),
        (0, 40_000, "uint64", "int32"), (-5, 5, "int16", "int16"), (0, 40_000, "uint16", "uint16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", [".nii.gz", ".mgz"])
def test_labels_never_wrap_around(
    low: int, high: int, dtype: str, stored: str, ending: str, tmp_path: Path
) -> None:
    data = np.array([[[low, high]]]).astype(dtype)
    labels = Volume(data, np.eye(4), kind="labels")
    again = mt.open(mt.save(labels, tmp_path / f"a{ending}"), kind="labels")
    np.testing.assert_array_equal(again.data, data.astype(int))
    if ending == ".nii.gz":
        assert again.data.dtype == stored
    with pytest.raises(InputError, match="exceed 32 bits"):
        mt.save(labels.like(data.astype(np.int64) + 2**40, kind="labels"), tmp_path / "b.mgz")


def test_a_side_longer_than_nifti_1_allows_is_written(tmp_path: Path) -> None:
    volume = Volume(np.arange(80_000, dtype=np.float32).reshape(40_000, 2, 1), np.eye(4))
    np.testing.assert_array_equal(mt.open(mt.save(volume, tmp_path / "a.nii")).data, volume.data)


def test_the_same_volume_gives_the_same_bytes(tmp_path: Path) -> None:
    volume = marked_phantom()
    one, two = (mt.save(volume, tmp_path / name) for name in ("1.nii.gz", "2.nii.gz"))
    assert one.read_bytes() == two.read_bytes()


def test_the_description_names_the_program_and_the_hash_is_of_the_file(
    tmp_path: Path,
) -> None:
    path = mt.save(marked_phantom().like(np.ones((12, 10, 8)), name="é" * 99), tmp_path / "a.nii")
    text = bytes(nib.load(path).header["descrip"])
    assert text.startswith(f"napari-mtmri {mt.__version__}: ???".encode())
    assert (len(text), text[79]) == (80, 0)
    assert mt.open(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("unit", "scale"), [(1, 1000.0), (2, 1.0), (3, 0.001)])
def test_metres_and_micrometres_become_millimetres(unit: int, scale: float, tmp_path: Path) -> None:
    path = put(tmp_path / "a.nii", np.ones((3, 4, 5), np.int16), xyzt_units=unit)
    volume = mt.open(path)
    np.testing.assert_allclose(volume.spacing, np.array([1, 1, 3]) * scale)
    assert volume.spacing_known
    assert bool(volume.warnings) == (unit != 2)
    again = mt.open(mt.save(volume, tmp_path / "b.nii"))
    np.testing.assert_allclose(again.affine, volume.affine, rtol=1e-6)


@pytest.mark.parametrize("unit", [0, 4, 5, 6, 7])
def test_an_undefined_unit_is_unknown_and_stays_unknown(unit: int, tmp_path: Path) -> None:
    volume = mt.open(put(tmp_path / "a.nii", np.ones((3, 4, 5), np.int16), xyzt_units=unit))
    assert not volume.spacing_known
    assert not mt.open(mt.save(volume, tmp_path / "b.nii")).spacing_known


@pytest.mark.parametrize("slope", [np.nan, 0.0, np.inf])
def test_an_unusable_slope_gives_a_warning(slope: float, tmp_path: Path) -> None:
    path = put(tmp_path / "a.nii", np.full((3, 4, 5), 7, np.int16), scl_slope=slope)
    volume = mt.open(path)
    assert (volume.data == 7).all()
    assert volume.data.dtype == np.int16
    assert "not scaled" in volume.warnings[0]
    assert mt.open(mt.save(volume, tmp_path / "b.nii")).warnings == ()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64", "complex64"])
@pytest.mark.parametrize("big_endian", [False, True])
def test_the_scaling_of_the_file_is_applied(dtype: str, big_endian: bool, tmp_path: Path) -> None:
    header = nib.Nifti1Header(endianness=">" if big_endian else "<")
    header.set_data_dtype(dtype)
    data = np.arange(60).reshape(3, 4, 5).astype(dtype)
    nib.save(nib.Nifti1Image(data, np.eye(4), header), tmp_path / "a.nii")
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[112:120] = np.array([0.25, -3], ">f4" if big_endian else "<f4").tobytes()
    (tmp_path / "a.nii").write_bytes(raw)
    volume = mt.open(tmp_path / "a.nii")
    np.testing.assert_array_equal(volume.data, 0.25 * data - 3)
    wanted = np.float32 if np.dtype(dtype).kind in "iu" else np.dtype(dtype)
    assert volume.data.dtype == wanted
    assert volume.data.dtype.isnative


def disagreeing(path: Path) -> Path:
    image = nib.Nifti1Image(np.ones((4, 4, 4), np.float32), np.eye(4))
    image.set_sform(np.diag([1.0, 1, 3, 1]), 1)
    image.set_qform(np.diag([-1.0, -1, 2, 1]), 2)
    nib.save(image, path)
    return path


def test_forms_that_disagree_are_both_written_as_they_were(tmp_path: Path) -> None:
    source = disagreeing(tmp_path / "a.nii")
    volume = mt.open(source)
    drawn = volume.like(np.ones(volume.shape, np.uint8), kind="labels")
    one, two = nib.load(source), nib.load(mt.save(drawn, tmp_path / "b.nii"))
    np.testing.assert_allclose(one.get_sform(), two.get_sform())
    np.testing.assert_allclose(one.get_qform(), two.get_qform())
    assert [int(two.header[f]) for f in ("sform_code", "qform_code")] == [1, 2]


def test_a_qform_alone_is_used_and_its_code_kept(tmp_path: Path) -> None:
    affine = marked_phantom("LPS", oblique_deg=12).affine
    image = nib.Nifti1Image(np.ones((4, 5, 6), np.float32), affine)
    image.set_sform(None, 0)
    image.set_qform(affine, 3)
    nib.save(image, tmp_path / "a.nii")
    volume = mt.open(tmp_path / "a.nii")
    np.testing.assert_allclose(volume.affine, affine, atol=1e-3)
    assert volume.warnings == ()
    again = nib.load(mt.save(volume, tmp_path / "b.nii"))
    np.testing.assert_array_equal(again.affine, volume.affine.astype(np.float32))
    assert int(again.header["qform_code"]) == 3


def test_an_invalid_qform_is_ignored_if_there_is_an_sform(tmp_path: Path) -> None:
    path = put(tmp_path / "a.nii", np.ones((3, 4, 5), np.int16), qform_code=1, quatern_b=3)
    volume = mt.open(path)
    assert volume.spacing == (1, 1, 3)
    assert "qform is no rotation" in volume.warnings[0]
    alone = put(
        tmp_path / "b.nii", np.ones((3, 4, 5), np.int16), sform_code=0, qform_code=1, quatern_b=3
    )
    with pytest.raises(InputError, match=r"b\.nii"):
        mt.open(alone)


def test_a_file_without_orientation_gives_a_warning_and_its_copy_has_none(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.ones((3, 4, 5), np.float32), None), tmp_path / "a.nii")
    volume = mt.open(tmp_path / "a.nii")
    assert "does not say where right and left are" in volume.warnings[0]
    assert not volume.directions_known
    again = nib.load(mt.save(volume, tmp_path / "b.nii"))
    assert [int(again.header[f]) for f in ("sform_code", "qform_code")] == [0, 0]
    np.testing.assert_allclose(again.affine, volume.affine)


def test_nifti_2_is_read(tmp_path: Path) -> None:
    volume = marked_phantom("ASL", oblique_deg=9)
    nib.save(nib.Nifti2Image(volume.data, volume.affine), tmp_path / "a.nii.gz")
    again = mt.open(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(again.data, volume.data)
    np.testing.assert_array_equal(again.affine, volume.affine)


def test_uppercase_extensions_are_read(tmp_path: Path) -> None:
    volume = marked_phantom()
    for ending in (".nii", ".nii.gz", ".mgz"):
        path = mt.save(volume, tmp_path / f"a{ending}")
        shouted = path.rename(tmp_path / f"A{ending.upper()}")
        np.testing.assert_array_equal(mt.open(shouted).data, volume.data)


def test_complex_values_are_not_taken_for_labels(tmp_path: Path) -> None:
    turned = marked_phantom().like(np.full((12, 10, 8), 1j, np.complex64))
    path = mt.save(turned, tmp_path / "a.nii")
    with pytest.raises(InputError, match="not labels"):
        mt.open(path, kind="labels")
    assert mt.open(path, kind="image").kind == "complex"


def test_header_extensions_are_skipped(tmp_path: Path) -> None:
    volume = marked_phantom()
    image = nib.Nifti1Image(volume.data, volume.affine)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"Jane Doe " * 100))
    nib.save(image, tmp_path / "a.nii.gz")
    again = mt.open(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(again.data, volume.data)
    assert b"Jane" not in mt.save(again, tmp_path / "b.nii").read_bytes()


@pytest.mark.parametrize("name", ["anatomical.nii", "standard.nii.gz"])
def test_files_of_other_programs_are_read_as_by_nibabel(name: str) -> None:
    image, volume = nib.load(NIBABEL_DATA / name), mt.open(NIBABEL_DATA / name)
    np.testing.assert_array_equal(volume.data, np.asarray(image.dataobj))
    np.testing.assert_array_equal(volume.affine, image.affine)
    assert volume.data.dtype.isnative  # torch needs native byte order


@pytest.mark.parametrize(
    ("name", "codes", "oblique"),
    [
        ("open-ms/raw_patient20_flair.nii.gz", "LPS", True),
        ("open-ms/patient07_flair.nii.gz", "LAS", False),
        ("lgg-flair/TCGA_DU_5872_19950223_flair.nii.gz", "LPS", False),
    ],
)
def test_real_heads_are_read_back_and_their_files_do_not_change(
    name: str, codes: str, oblique: bool, shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / name
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    volume, image = mt.open(source), nib.load(source)
    assert (volume.codes, volume.is_oblique, volume.sha256) == (codes, oblique, before)
    np.testing.assert_array_equal(volume.data, np.asarray(image.dataobj))
    copy = mt.save(volume, tmp_path / "copy.nii.gz")
    again, written = mt.open(copy), nib.load(copy)
    np.testing.assert_array_equal(again.data, volume.data)
    np.testing.assert_array_equal(again.affine, image.affine.astype(np.float32))
    s_code, q_code = (int(image.header[form]) for form in ("sform_code", "qform_code"))
    assert int(written.header["sform_code"]) == (s_code or q_code)
    assert int(written.header["qform_code"]) == q_code
    np.testing.assert_allclose(written.get_qform(), image.get_qform(), atol=1e-3)
    assert written.header.get_xyzt_units()[0] == image.header.get_xyzt_units()[0]
    assert again.spacing_known == volume.spacing_known
    assert hashlib.sha256(source.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("offset", [0, 100, 348, 351])
def test_voxels_inside_the_header_are_refused(offset: int, tmp_path: Path) -> None:
    path = put(tmp_path / "x.nii", np.ones((4, 5, 6), np.float32), vox_offset=offset)
    with pytest.raises(InputError, match=r"inside the header|too low for single"):
        mt.open(path)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_useless_sform_gives_way_to_the_qform(value: float, tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.ones((4, 5, 6), np.float32), np.diag([2.0, 1, 3, 1]))
    image.set_qform(image.affine, 1)
    nib.save(image, tmp_path / "x.nii")
    rows = {f"srow_{axis}": np.full(4, value) for axis in "xyz"}
    path = put_fields(tmp_path / "x.nii", sform_code=1, **rows)
    volume = mt.open(path)
    np.testing.assert_allclose(volume.affine, image.affine, atol=1e-6)
    assert any("the qform is used" in line for line in volume.warnings)
    mt.save(volume, tmp_path / "again.nii")
    np.testing.assert_allclose(nib.load(tmp_path / "again.nii").affine, image.affine, atol=1e-6)


@pytest.mark.parametrize("label", range(1, 256))
def test_labels_stored_with_a_slope_of_one_over_their_value_are_1(
    label: int, tmp_path: Path
) -> None:
    stored = np.zeros((2, 2, 3), np.uint8)
    stored[1] = label
    path = put(tmp_path / "x.nii", stored, scl_slope=1 / label, scl_inter=0)
    found = mt.open(path, "labels")
    np.testing.assert_array_equal(found.data, stored > 0)


@pytest.mark.parametrize("value", [0.9999999, 1.0004, 2.0001])
def test_nearly_whole_labels_are_read(value: float, tmp_path: Path) -> None:
    data = np.zeros((2, 2, 3), np.float32)
    data[1] = value
    assert mt.open(put(tmp_path / "x.nii", data), "labels").data.max() == round(value)


@pytest.mark.parametrize("value", [0.5, 0.99, 1.01])
def test_fractions_are_no_labels(value: float, tmp_path: Path) -> None:
    path = put(tmp_path / "x.nii", np.full((2, 2, 3), value, np.float32))
    with pytest.raises(InputError, match="fractions"):
        mt.open(path, "labels")


def test_a_sheared_grid_is_placed_alike_by_programs_that_prefer_the_qform(tmp_path: Path) -> None:
    affine = np.diag([1.0, 1, 3, 1])
    affine[0, 1] = 0.3
    path = put(tmp_path / "x.nii", np.ones((20, 30, 6), np.float32), affine)
    mt.save(mt.open(path), tmp_path / "again.nii")
    again = nib.load(tmp_path / "again.nii")
    np.testing.assert_allclose(again.affine, affine, atol=1e-6)
    assert int(again.header["qform_code"]) == 0  # a qform cannot shear
    assert int(again.header["sform_code"]) > 0


@pytest.mark.parametrize("content", ["noise", "repeats", "labels"])
def test_a_gzipped_file_has_the_bytes_that_nibabel_writes(
    content: str, rng: np.random.Generator, tmp_path: Path
) -> None:
    """Searched for repeats or not: gzip unpacks it to nibabel's own file, and ITK reads it."""
    sitk = pytest.importorskip("SimpleITK")
    data: np.ndarray = rng.random((64, 48, 40), np.float32)
    if content == "repeats":
        data = np.tile(data[:8], (8, 1, 1))
    volume = mt.Volume(data, np.diag([1, 2, 3, 1]))
    if content == "labels":
        volume = mt.Volume((data > 0.9).astype(np.uint8), volume.affine, kind="labels")
    packed = mt.save(volume, tmp_path / "a.nii.gz").read_bytes()
    plain = mt.save(volume, tmp_path / "a.nii").read_bytes()
    assert gzip.decompress(packed) == plain
    assert len(packed) < 1.01 * len(gzip.compress(plain, 1))
    read = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nii.gz")))
    np.testing.assert_array_equal(read.T, volume.data)
