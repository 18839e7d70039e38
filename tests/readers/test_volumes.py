# SPDX-License-Identifier: BSD-3-Clause
"""All formats: volumes can be read back; unusual and damaged files are handled."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import napari_mtmri as mt
from napari_mtmri.errors import InputError, MtmriError, RequestError
from napari_mtmri.volume import Volume
from tests.orders import ORDERS, Order, marked_head

NIBABEL_DATA = Path(nib.__file__).parent / "tests" / "data"


def save(path: Path, data: np.ndarray, affine: Any = None, **header: Any) -> Path:
    image = nib.Nifti1Image(data, np.diag([1.0, 1, 3, 1]) if affine is None else affine)
    for key, value in header.items():
        image.header[key] = value
    nib.save(image, path)
    return path


@pytest.mark.parametrize("order", ORDERS)
def test_a_written_volume_is_read_back_with_the_same_array_and_grid(
    order: Order, tmp_path: Path
) -> None:
    volume = marked_head(order)
    for ending in (".nii.gz", ".nii", ".mgz"):
        path = mt.save(volume, tmp_path / f"head{ending}")
        before = path.read_bytes()
        again = mt.open(path)
        assert path.read_bytes() == before
        np.testing.assert_array_equal(again.data, volume.data)
        np.testing.assert_allclose(again.affine, volume.affine, atol=1e-5)
        assert again.codes == volume.codes
        assert again.name == "head"


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_values_of_any_dtype_are_read_back(dtype: str, tmp_path: Path) -> None:
    volume = marked_head(ORDERS[5], dtype)
    again = mt.open(mt.save(volume, tmp_path / "a.nii.gz"))
    np.testing.assert_array_equal(again.data, volume.data)
    labels = volume.like((volume.data > 0).astype(np.uint8), kind="labels")
    drawn = mt.open(mt.save(labels, tmp_path / "b.nii.gz"), kind="labels")
    assert drawn.data.dtype == np.uint8
    np.testing.assert_array_equal(drawn.data, labels.data)


def test_complex_values_are_read_back(tmp_path: Path) -> None:
    volume = marked_head(ORDERS[0])
    turned = volume.like((volume.data * 1j).astype(np.complex64))
    assert turned.kind == "complex"
    again = mt.open(mt.save(turned, tmp_path / "c.nii"))
    assert again.kind == "complex"
    np.testing.assert_array_equal(again.data, turned.data)
    with pytest.raises(RequestError, match="NIfTI"):
        mt.save(turned, tmp_path / "c.mgz")


def test_scaled_integers_are_scaled(tmp_path: Path) -> None:
    data = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    image = nib.Nifti1Image(data, np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    nib.save(image, tmp_path / "s.nii")
    np.testing.assert_allclose(mt.open(tmp_path / "s.nii").data, 0.5 * data + 10)
    assert mt.open(tmp_path / "s.nii").data.dtype == np.float32


@pytest.mark.parametrize("slope", [np.nan, 0.0, np.inf])
def test_an_unusable_slope_means_unscaled(slope: float, tmp_path: Path) -> None:
    path = save(tmp_path / "s.nii", np.full((4, 4, 4), 7, np.int16))
    raw = bytearray(path.read_bytes())
    raw[112:116] = np.float32(slope).tobytes()
    path.write_bytes(raw)
    assert (mt.open(path).data == 7).all()


def test_one_frame_of_a_series_is_read_with_a_remark_and_several_are_refused(
    tmp_path: Path,
) -> None:
    one = mt.open(save(tmp_path / "one.nii", np.ones((4, 5, 6, 1), np.float32)))
    assert one.shape == (4, 5, 6)
    assert "one frame" in one.warnings[0]
    with pytest.raises(InputError, match=r"series of shape \(4, 5, 6, 3\)"):
        mt.open(save(tmp_path / "more.nii", np.ones((4, 5, 6, 3), np.float32)))


def test_a_single_slice_is_a_volume(tmp_path: Path) -> None:
    assert mt.open(save(tmp_path / "p.nii", np.ones((4, 5), np.float32))).shape == (4, 5, 1)


def test_colours_are_refused(tmp_path: Path) -> None:
    rgb = np.zeros((4, 4, 4), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(InputError, match="colours"):
        mt.open(save(tmp_path / "rgb.nii", rgb))


def test_differing_forms_give_a_warning(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.ones((4, 4, 4), np.float32), np.eye(4))
    image.set_sform(np.diag([1.0, 1, 3, 1]), 1)
    image.set_qform(np.diag([1.0, 1, 2, 1]), 1)
    nib.save(image, tmp_path / "f.nii")
    volume = mt.open(tmp_path / "f.nii")
    assert "disagree" in volume.warnings[0]
    assert volume.spacing == (1, 1, 3)


def test_an_unknown_unit_is_not_called_millimetres(tmp_path: Path) -> None:
    assert not mt.open(save(tmp_path / "u.nii", np.ones((3, 3, 3), np.float32))).spacing_known
    known = mt.save(marked_head(ORDERS[0]), tmp_path / "k.nii")
    assert mt.open(known).spacing_known


def test_codes_of_the_forms_are_kept(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.ones((4, 4, 4), np.float32), np.eye(4))
    image.set_sform(np.eye(4), 4)
    image.set_qform(np.eye(4), 2)
    nib.save(image, tmp_path / "f.nii")
    again = nib.load(mt.save(mt.open(tmp_path / "f.nii"), tmp_path / "g.nii"))
    assert (int(again.header["sform_code"]), int(again.header["qform_code"])) == (4, 2)


def test_free_text_of_a_header_is_not_copied(tmp_path: Path) -> None:
    path = save(
        tmp_path / "n.nii", np.ones((3, 3, 3), np.float32), descrip=b"Jane Doe", db_name=b"Jane"
    )
    written = mt.save(mt.open(path), tmp_path / "m.nii")
    assert b"Jane" not in written.read_bytes()


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("truncated.nii", lambda b: b[: len(b) // 2]),
        ("empty.nii", lambda b: b""),
        ("text.nii", lambda b: b"this is no scan" * 100),
        ("unpacked.nii.gz", lambda b: b),
        ("packed.nii", gzip.compress),
        ("truncated.nii.gz", lambda b: gzip.compress(b)[:-40]),
        ("half.nii.gz", lambda b: gzip.compress(b[: len(b) // 2])),
    ],
)
def test_a_damaged_or_mislabelled_file_is_refused_with_its_name(
    name: str, spoil: Any, tmp_path: Path
) -> None:
    good = save(tmp_path / "good.nii", np.random.default_rng(0).normal(size=(9, 9, 9)))
    path = tmp_path / name
    path.write_bytes(spoil(good.read_bytes()))
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        mt.open(path)


def test_a_header_with_a_huge_shape_takes_no_memory(tmp_path: Path) -> None:
    path = save(tmp_path / "huge.nii", np.ones((3, 3, 3), np.float32))
    raw = bytearray(path.read_bytes())
    raw[42:48] = np.array([30_000, 30_000, 30_000], np.int16).tobytes()
    path.write_bytes(raw)
    with pytest.raises(InputError, match="GiB"):
        mt.open(path)
    bomb = tmp_path / "bomb.nii.gz"
    bomb.write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(InputError, match="GiB"):
        mt.open(bomb)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_change_of_a_header_gives_a_volume_or_an_input_error(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    path = save(tmp_path / "a.nii", np.ones((3, 4, 5), np.int16))
    raw = bytearray(path.read_bytes())
    for place, value in changes:
        raw[place] = value
    path.write_bytes(raw)
    try:
        assert isinstance(mt.open(path), Volume)
    except MtmriError as why:
        assert str(path) in str(why)


def test_fractions_are_not_labels(tmp_path: Path) -> None:
    path = save(tmp_path / "p.nii", np.full((3, 3, 3), 0.5, np.float32))
    with pytest.raises(InputError, match="fractions"):
        mt.open(path, kind="labels")
    whole = save(tmp_path / "w.nii", np.full((3, 3, 3), 2.0, np.float32))
    assert mt.open(whole, kind="labels").data.dtype == np.uint8


def test_missing_files_and_unknown_formats_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        mt.open(tmp_path / "none.nii")
    (tmp_path / "x.doc").touch()
    with pytest.raises(InputError, match=r"\.nii\.gz"):
        mt.open(tmp_path / "x.doc")
    with pytest.raises(RequestError, match="cannot be written"):
        mt.save(marked_head(ORDERS[0]), tmp_path / "x.doc")


@pytest.mark.parametrize("name", ["test.mgz", "tiny.mnc", "small.mnc", "analyze.hdr"])
def test_other_formats_are_read_if_nibabel_reads_them(name: str) -> None:
    path = NIBABEL_DATA / name
    if not path.is_file():
        pytest.skip(f"this nibabel has no {name}")
    try:
        volume = mt.open(path)
    except InputError as why:
        image = nib.load(path)
        assert len(image.shape) > 3 or "affine" in str(why)
        return
    np.testing.assert_allclose(
        volume.data, np.asarray(nib.load(path).dataobj).reshape(volume.shape), rtol=1e-5
    )


def test_a_pair_of_analyze_files_is_read(tmp_path: Path) -> None:
    data = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    nib.save(nib.Spm99AnalyzeImage(data, np.diag([2.0, 2, 3, 1])), tmp_path / "a.img")
    np.testing.assert_array_equal(mt.open(tmp_path / "a.hdr").data, data)


def slices(folder: Path, numbers: list[int], size: int = 8) -> Path:
    from skimage.io import imsave

    folder.mkdir()
    for k in numbers:
        picture = np.zeros((size, size, 3), np.uint8)
        picture[1, 5, 1] = k
        mask = np.zeros((size, size), np.uint8)
        mask[1, 5] = 255
        imsave(folder / f"TCGA_XX_0000_20000101_{k}.tif", picture, check_contrast=False)
        imsave(folder / f"TCGA_XX_0000_20000101_{k}_mask.tif", mask, check_contrast=False)
    return folder


def test_a_folder_of_slices_is_a_volume_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = slices(tmp_path / "TCGA_XX_0000_20000101", list(range(1, 13)))
    volume = mt.open(folder)
    assert volume.shape == (8, 8, 12)
    assert volume.codes == "LPS"
    assert not volume.spacing_known
    np.testing.assert_array_equal(volume.data[5, 1], np.arange(1, 13))  # FLAIR; columns are x
    labels = mt.open(folder, kind="labels")
    assert labels.data.max() == 1
    assert (labels.data[5, 1] == 1).all()


def test_missing_slices_are_named(tmp_path: Path) -> None:
    folder = slices(tmp_path / "TCGA", [1, 2, 4])
    with pytest.raises(InputError, match=r"slices \[3\]"):
        mt.open(folder)


def test_a_real_oblique_volume_is_placed_correctly(shared_data: Path) -> None:
    volume = mt.open(shared_data / "open-ms" / "raw_patient20_flair.nii.gz")
    assert volume.is_oblique
    assert volume.codes == "LPS"
    assert volume.axes.slice == 2
    assert volume.data.dtype == np.uint16
