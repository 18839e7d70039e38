# SPDX-License-Identifier: BSD-3-Clause
"""Headers that are off by rounding place the voxels where SimpleITK places them."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import InputError
from napari_mtmri.volume import Volume

FIELDS = nib.Nifti1Header().template_dtype.fields
assert FIELDS is not None
SHAPE, SIZES = (5, 6, 4), (0.9, 1.1, 3.0)
TURNS = {
    "none": np.eye(3),
    "half": np.diag([-1.0, -1.0, 1.0]),
    "oblique": np.linalg.qr(np.array([[1, 0.2, 0.1], [-0.2, 1, 0.1], [0.1, 0.3, 1]]))[0],
    "mirrored": np.diag([-1.0, 1.0, 1.0]),
}


def written(path: Path, turn: str, **changes: float) -> Path:
    """A NIfTI file with a qform alone; some header fields are then changed, by factors."""
    affine = np.eye(4)
    affine[:3, :3] = TURNS[turn] @ np.diag(SIZES)
    affine[:3, 3] = 7, -8, 9
    data = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    image = nib.Nifti1Image(data, None)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, 1)
    image.set_sform(None, 0)
    nib.save(image, path)
    raw = bytearray(path.read_bytes())
    for name, value in changes.items():
        field, _, item = name.partition("__")
        dtype, start = FIELDS[field][:2]
        start += int(item or 0) * dtype.base.itemsize
        raw[start : start + dtype.base.itemsize] = np.array(value, dtype.base).tobytes()
    path.write_bytes(raw)
    return path


def by_itk(path: Path) -> np.ndarray:
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.ReadImage(str(path))
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = direction @ np.diag(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine  # LPS to RAS


def agrees(path: Path) -> Volume:
    volume = mt.open(path)
    assert isinstance(volume, Volume)
    np.testing.assert_allclose(volume.affine, by_itk(path), atol=2e-3)
    assert np.array_equal(volume.data.ravel("F")[:4], np.array([0, 24, 48, 72], np.float32))
    return volume


def quaternion(path: Path) -> np.ndarray:
    header = nib.load(path).header
    return np.array([float(header[f"quatern_{one}"]) for one in "bcd"])


@pytest.mark.parametrize("turn", ["half", "oblique"])
@pytest.mark.parametrize("times", [1 + 1e-6, 1 + 1e-5, 1 + 1e-4, 1.001])
def test_a_quaternion_that_is_too_long_by_rounding(turn: str, times: float, tmp_path: Path) -> None:
    # A half turn has no real part, so that rounding makes its square negative.
    b, c, d = quaternion(written(tmp_path / "a.nii", turn)) * times
    if turn == "oblique":
        b, c, d = np.array([0.6, 0.64, 0.48]) * times
    path = written(tmp_path / "b.nii", turn, quatern_b=b, quatern_c=c, quatern_d=d)
    assert any("quaternion" in line for line in agrees(path).warnings)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("value", [0.9999999, 1.0000001, 0.999, 1.5])
def test_a_handedness_that_is_not_quite_1(sign: float, value: float, tmp_path: Path) -> None:
    agrees(written(tmp_path / "a.nii", "oblique", pixdim__0=sign * value))


def test_a_handedness_of_0_is_1(tmp_path: Path) -> None:
    agrees(written(tmp_path / "a.nii", "oblique", pixdim__0=0))


@pytest.mark.parametrize("offset", [351.99997, 352.00003])
def test_an_offset_that_is_not_quite_whole(offset: float, tmp_path: Path) -> None:
    volume = mt.open(written(tmp_path / "a.nii", "none", vox_offset=offset))
    assert isinstance(volume, Volume)
    assert volume.data[0, 0, 1] == 1


def test_an_axis_beyond_the_third_of_length_0_is_absent(tmp_path: Path) -> None:
    agrees(written(tmp_path / "a.nii", "none", dim__0=4, dim__4=0))


def test_a_slope_without_a_finite_intercept_has_none(tmp_path: Path) -> None:
    path = written(tmp_path / "a.nii", "none", scl_slope=2, scl_inter=np.nan)
    volume = mt.open(path)
    assert isinstance(volume, Volume)
    assert volume.data[0, 0, 1] == 2
    assert any("intercept" in line for line in volume.warnings)


@pytest.mark.parametrize("code", [6, 255])
def test_a_form_code_of_a_later_standard_is_kept(code: int, tmp_path: Path) -> None:
    agrees(written(tmp_path / "a.nii", "oblique", qform_code=code))


@pytest.mark.parametrize("times", [1.2, 50.0])
def test_a_quaternion_of_garbage_is_refused(times: float, tmp_path: Path) -> None:
    b, c, d = quaternion(written(tmp_path / "a.nii", "half")) * times
    path = written(tmp_path / "b.nii", "half", quatern_b=b, quatern_c=c, quatern_d=d)
    with pytest.raises(InputError, match="quaternion"):
        mt.open(path)


@pytest.mark.parametrize("last", [[1e-9, 0, 0, 1], [0, 0, 0, 1 + 1e-9]])
def test_an_affine_of_python_may_be_off_by_rounding(last: list[float]) -> None:
    affine = np.diag([1.0, 1, 3, 1])
    affine[3] = last
    assert Volume(np.zeros((2, 3, 4), np.float32), affine).affine[3].tolist() == [0, 0, 0, 1]
    affine[3, 0] = 0.1
    with pytest.raises(InputError, match="last row"):
        Volume(np.zeros((2, 3, 4), np.float32), affine)
