# SPDX-License-Identifier: BSD-3-Clause
"""Masks keep labels, dtype, header and grid; on another grid they are resampled, and said to be."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.mask_store import (
    LabelName,
    empty_mask,
    label_volumes_ml,
    read_label_names,
    read_mask,
    resample_nearest,
    write_label_names,
    write_mask,
)
from napari_mtmri.volume import Volume
from tests.review.studies import AFFINE, SHAPE, voxels, write_nifti

OBLIQUE = np.array(
    [[0.9, 0.1, 0.2, -90], [-0.1, 0.9, 0.4, -80], [-0.05, -0.3, 2.9, 60], [0, 0, 0, 1.0]]
)


@pytest.fixture
def image(tmp_path: Path, rng: np.random.Generator) -> Volume:
    data = rng.integers(0, 900, SHAPE).astype(np.int16)
    return read_volume(write_nifti(tmp_path / "image.nii.gz", data, OBLIQUE))


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8", ">i2", ">f4"])
@pytest.mark.parametrize("labels", [[1], [255], [1, 4, 9], [2, 77, 200]])
def test_labels_and_dtype_are_kept(
    tmp_path: Path, image: Volume, dtype: str, labels: list[int], rng: np.random.Generator
) -> None:
    data = rng.choice([0, *labels], SHAPE).astype(dtype)
    path = write_nifti(tmp_path / "mask.nii.gz", data, OBLIQUE)
    mask = read_mask(path, image)
    assert mask.data.dtype.kind in "iu"
    assert (mask.data == data).all()
    changed = mask.data.copy()
    changed[0] = labels[0]
    write_mask(mask, changed, tmp_path / "v0001.nii.gz")
    written = nib.load(tmp_path / "v0001.nii.gz")
    assert written.get_data_dtype() == np.dtype(dtype).newbyteorder("=")
    assert (np.asarray(written.dataobj) == changed).all()
    assert (read_mask(tmp_path / "v0001.nii.gz", image).data == changed).all()


def test_a_label_too_large_for_the_file_takes_a_larger_dtype(tmp_path: Path, image: Volume) -> None:
    path = write_nifti(tmp_path / "mask.nii", np.zeros(SHAPE, np.uint8), OBLIQUE)
    data = np.full(SHAPE, 1000, np.int32)
    write_mask(read_mask(path, image), data, tmp_path / "v.nii.gz")
    assert (voxels(tmp_path / "v.nii.gz") == 1000).all()


def test_header_fields_are_kept_and_free_text_is_not(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros(SHAPE, np.uint8), None)
    image.set_sform(OBLIQUE, 4)
    image.set_qform(AFFINE, 2)
    header = image.header
    header.set_xyzt_units("micron", "sec")
    header["toffset"], header["intent_code"], header["slice_code"] = 2.5, 1002, 3
    header["descrip"], header["aux_file"] = b"Mustermann, Max", b"secret"
    header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"Mustermann"))
    path = tmp_path / "mask.nii.gz"
    nib.save(image, path)
    grid = read_volume(path)
    write_mask(read_mask(path, grid), np.ones(SHAPE, np.uint8), tmp_path / "v.nii.gz")
    written = nib.load(tmp_path / "v.nii.gz")
    for key in ("sform_code", "qform_code", "xyzt_units", "toffset", "intent_code", "slice_code"):
        assert written.header[key] == nib.load(path).header[key]
    for key in ("srow_x", "srow_y", "srow_z", "pixdim", "quatern_b", "qoffset_x"):
        assert (written.header[key] == nib.load(path).header[key]).all()
    assert b"Muster" not in (tmp_path / "v.nii.gz").read_bytes()
    assert not written.header.extensions
    assert b"Muster" not in bytes(written.header["descrip"])
    assert bytes(written.header["aux_file"]).strip(b"\0") == b""
    assert (voxels(tmp_path / "v.nii.gz") == 1).all()


def test_without_a_mask_the_header_is_that_of_the_image(tmp_path: Path, image: Volume) -> None:
    mask = empty_mask(image)
    assert (mask.data.dtype, mask.data.any()) == (np.uint8, False)
    write_mask(mask, mask.data + 2, tmp_path / "v.nii.gz")
    assert read_volume(tmp_path / "v.nii.gz", "labels").same_grid(image)
    assert voxels(tmp_path / "v.nii.gz").dtype == np.uint8
    with pytest.raises(RequestError, match="is not that of the image"):
        write_mask(mask, mask.data[1:], tmp_path / "w.nii.gz")


def test_images_of_other_formats_have_nifti_masks(tmp_path: Path) -> None:
    data = np.zeros(SHAPE, np.float32)
    nib.save(nib.MGHImage(data, OBLIQUE), tmp_path / "image.mgz")
    grid = read_volume(tmp_path / "image.mgz")
    write_mask(empty_mask(grid), np.ones(SHAPE, np.uint8), tmp_path / "v.nii.gz")
    found = read_volume(tmp_path / "v.nii.gz", "labels")
    assert found.same_grid(grid)
    assert (found.data == 1).all()


def test_a_mask_on_another_grid_is_resampled_and_said_to_be(tmp_path: Path, image: Volume) -> None:
    shape = (SHAPE[0] * 2, SHAPE[1], SHAPE[2])
    affine = OBLIQUE @ np.diag([0.5, 1, 1, 1])
    affine[:3, 3] = (OBLIQUE @ [-0.25, 0, 0, 1])[:3]
    data = np.zeros(shape, np.int16)
    data[6:14, 2:5, 1:3] = 300
    mask = read_mask(write_nifti(tmp_path / "fine.nii.gz", data, affine), image)
    assert mask.is_resampled
    assert (mask.data[3:7, 2:5, 1:3] == 300).all()
    assert np.count_nonzero(mask.data) == 4 * 3 * 2
    [note] = mask.notes
    assert note.startswith("fine.nii.gz: resampled from its grid (24, 10, 6)")
    assert "outside" not in note


@given(st.integers(0, 10**6))
def test_resampling_is_that_of_an_independent_library(seed: int) -> None:
    sitk = pytest.importorskip("SimpleITK")

    rng = np.random.default_rng(seed)
    labels = Volume(rng.integers(0, 300, (7, 6, 5)).astype(np.int16), np.eye(4), kind="labels")
    affine = np.diag([*rng.uniform(0.6, 1.7, 3), 1.0])
    affine[:3, 3] = rng.uniform(-1, 3, 3)
    grid = Volume(np.zeros((6, 5, 4)), affine)
    found, _ = resample_nearest(labels, grid)
    moving = sitk.GetImageFromArray(labels.data.T)
    fixed = sitk.Image([6, 5, 4], sitk.sitkInt16)
    fixed.SetSpacing([float(s) for s in np.diag(affine)[:3]])
    fixed.SetOrigin([float(o) for o in affine[:3, 3]])
    wanted = sitk.GetArrayFromImage(
        sitk.Resample(moving, fixed, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0)
    ).T
    # Outside the centres of the outermost voxels one continues for half a voxel, the other stops.
    where = np.stack(np.indices(found.shape), -1) @ affine[:3, :3].T + affine[:3, 3]
    inside = ((where >= 0) & (where <= np.array(labels.shape) - 1)).all(axis=-1)
    assert (found[inside] == wanted[inside]).all()


def test_labels_outside_the_image_are_counted(tmp_path: Path, image: Volume) -> None:
    affine = OBLIQUE.copy()
    affine[:3, 3] += OBLIQUE[:3, 0] * 3
    data = np.zeros(SHAPE, np.uint8)
    data[8:, 0, 0] = 1  # of four, three are beyond the image
    mask = read_mask(write_nifti(tmp_path / "moved.nii.gz", data, affine), image)
    assert np.count_nonzero(mask.data) == 1
    assert "3 labelled voxels lie outside the image" in mask.notes[0]


def test_masks_with_fractions_are_refused(tmp_path: Path, image: Volume) -> None:
    path = write_nifti(tmp_path / "p.nii.gz", np.full(SHAPE, 0.5, np.float32), OBLIQUE)
    with pytest.raises(InputError, match="fractions"):
        read_mask(path, image)


def test_names_and_colours_of_labels_are_read_as_written(tmp_path: Path) -> None:
    assert read_label_names(tmp_path) == {}
    names = {
        1: LabelName("oedema, outer", "#d95f02"),
        4: LabelName("core"),
        255: LabelName("", "#000000"),
    }
    write_label_names(tmp_path, names)
    assert read_label_names(tmp_path) == names
    (tmp_path / "labels.csv").write_text("label,name,color\n1,x,red\n")
    with pytest.raises(InputError, match="color"):
        read_label_names(tmp_path)


def test_volumes_are_in_ml_where_the_spacing_is_known(image: Volume) -> None:
    data = np.zeros(SHAPE, np.uint8)
    data[:2, :5, :3], data[5:7] = 1, 9
    voxel_ml = abs(np.linalg.det(OBLIQUE[:3, :3])) / 1000
    found = label_volumes_ml(data, image)
    assert found == pytest.approx({1: 30 * voxel_ml, 9: 120 * voxel_ml})
    assert label_volumes_ml(data, Volume(data, np.eye(4), spacing_known=False)) == {}
