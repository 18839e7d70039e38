# SPDX-License-Identifier: BSD-3-Clause
"""Damaged files give an InputError or a valid volume, quickly and in little memory."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import napari_mtmri as mt
from napari_mtmri.errors import InputError
from napari_mtmri.volume import Volume
from tests.phantoms import marked_phantom

NIBABEL_DATA = Path(nib.__file__).parent / "tests" / "data"
MOST_EXTRA = 64 * 2**20  # bytes of memory a small file may take
FIELDS = nib.Nifti1Header().template_dtype.fields
assert FIELDS is not None


def opens_or_is_refused(path: Path) -> Volume | None:
    """Open a file, or get an InputError that names it, within the memory limit."""
    tracemalloc.start()
    try:
        volume = mt.open(path)
        assert isinstance(volume, Volume)
        assert min(volume.shape) > 0
        assert np.isfinite(volume.affine).all()
        assert len(volume.codes) == 3
    except InputError as why:
        assert path.stem.split(".")[0] in str(why)
        assert str(why).count("\n") == 0
        volume = None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # For MINC, nibabel reserves the memory declared in the header, but does not touch it.
    assert peak < MOST_EXTRA or path.suffix == ".mnc"
    return volume


def spoiled(raw: bytes, changes: list[tuple[int, int]], kept: float) -> bytes:
    bad = bytearray(raw)
    for place, value in changes:
        bad[place % len(bad)] = value
    return bytes(bad[: round(kept * len(bad))])


CHANGES = st.lists(
    st.tuples(st.one_of(st.integers(0, 352), st.integers(0, 10**6)), st.integers(0, 255)),
    max_size=8,
)
KEPT = st.one_of(st.just(1.0), st.floats(0, 1))
SETTINGS = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SETTINGS
@given(
    st.sampled_from(["anatomical.nii", "standard.nii.gz", "example_nifti2.nii.gz"]), CHANGES, KEPT
)
def test_any_change_to_a_real_nifti_file(
    tmp_path: Path, name: str, changes: list[tuple[int, int]], kept: float
) -> None:
    raw = (NIBABEL_DATA / name).read_bytes()
    if name.endswith(".gz"):  # change the decompressed bytes: gzip would detect most other changes
        raw = gzip.compress(spoiled(gzip.decompress(raw), changes, kept), 1)
    else:
        raw = spoiled(raw, changes, kept)
    path = tmp_path / name
    path.write_bytes(raw)
    opens_or_is_refused(path)


@SETTINGS
@given(st.sampled_from(["a.nii.gz", "a.mgz"]), CHANGES, KEPT)
def test_any_change_to_compressed_bytes(
    tmp_path: Path, name: str, changes: list[tuple[int, int]], kept: float
) -> None:
    path = mt.save(marked_phantom(oblique_deg=9), tmp_path / name)
    path.write_bytes(spoiled(path.read_bytes(), changes, kept))
    opens_or_is_refused(path)


@SETTINGS
@given(st.sampled_from(["a.mgh", "tiny.mnc", "a.hdr"]), CHANGES, KEPT)
def test_any_change_to_another_format(
    tmp_path: Path, name: str, changes: list[tuple[int, int]], kept: float
) -> None:
    path = tmp_path / name
    if name == "a.mgh":
        mt.save(marked_phantom(oblique_deg=9), path)
    elif name == "a.hdr":
        nib.save(nib.AnalyzeImage(np.ones((3, 4, 5), np.int16), np.eye(4)), path)
    else:
        path.write_bytes((NIBABEL_DATA / name).read_bytes())
    path.write_bytes(spoiled(path.read_bytes(), changes, kept))
    opens_or_is_refused(path)


@SETTINGS
@given(
    st.sampled_from(sorted(FIELDS)),
    st.sampled_from([0.0, -1.0, 1.0, np.nan, np.inf, -np.inf, 1e30, -1e30, 32767.0, -32768.0, 1e9]),
)
def test_any_field_of_a_header_set_to_anything(tmp_path: Path, field: str, value: float) -> None:
    dtype, start = FIELDS[field][:2]
    assume(dtype.base.kind in "iuf")
    path = mt.save(marked_phantom("LSP", oblique_deg=9), tmp_path / "a.nii")
    raw = bytearray(path.read_bytes())
    with np.errstate(invalid="ignore", over="ignore"):
        bad = np.full(dtype.shape, value).astype(dtype.base)
    raw[start : start + dtype.itemsize] = bad.tobytes()
    path.write_bytes(raw)
    volume = opens_or_is_refused(path)
    if volume is not None and field != "dim":
        np.testing.assert_array_equal(volume.data.shape, (12, 8, 10))


@pytest.mark.parametrize("size", [0, -8, 7, 8, 15, 2**31 - 1, -(2**31)])
def test_an_extension_of_any_declared_size_is_not_decompressed(size: int, tmp_path: Path) -> None:
    path = mt.save(marked_phantom(), tmp_path / "a.nii")
    raw = bytearray(path.read_bytes())
    raw[348] = 1
    raw[108:112] = np.float32(352 + 4096).tobytes()
    path = tmp_path / "bomb.nii.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(raw[:352] + struct.pack("<ii", size, 4))
        for _ in range(100):
            file.write(bytes(2**20))
    volume = opens_or_is_refused(path)
    assert volume is not None
    assert not volume.data.any()


@pytest.mark.parametrize("offset", [2.0**40, 1e9, -1.0, np.nan, np.inf, 351.0])
def test_an_invalid_voxel_offset_is_refused(offset: float, tmp_path: Path) -> None:
    path = mt.save(marked_phantom(), tmp_path / "a.nii")
    raw = bytearray(path.read_bytes())
    raw[108:112] = np.float32(offset).tobytes()
    for name, content in (("a.nii", bytes(raw)), ("a.nii.gz", gzip.compress(bytes(raw)))):
        (tmp_path / name).write_bytes(content)
        assert opens_or_is_refused(tmp_path / name) is None


def test_a_large_voxel_offset_is_refused_even_if_the_file_is_long_enough(
    tmp_path: Path,
) -> None:
    path = mt.save(marked_phantom(), tmp_path / "a.nii")
    with path.open("rb+") as file:
        file.seek(108)
        file.write(np.float32(2**29).tobytes())
        file.truncate(2**30)  # sparse: takes no disk space
    with pytest.raises(InputError, match=r"a\.nii.* voxel offset 536870912"):
        mt.open(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mgh", "a.mgz"])
def test_a_file_without_its_last_voxel_is_refused_with_both_lengths(
    name: str, tmp_path: Path
) -> None:
    path = mt.save(marked_phantom(), tmp_path / name)
    raw = path.read_bytes()
    packed = name.endswith("z")
    whole = gzip.decompress(raw) if packed else raw
    n_bytes = (284 if ".mg" in name else 352) + 960 * 4
    cut = whole[: n_bytes - 1]
    path.write_bytes(gzip.compress(cut) if packed else cut)
    with pytest.raises(InputError, match=rf"{name}: has only {n_bytes - 1} of {n_bytes} bytes"):
        mt.open(path)


@pytest.mark.parametrize(("name", "said"), [("a.nii.gz", "not gzipped"), ("b.nii", "is gzipped")])
def test_a_name_that_contradicts_the_compression_is_refused(
    name: str, said: str, tmp_path: Path
) -> None:
    raw = mt.save(marked_phantom(), tmp_path / "good.nii").read_bytes()
    (tmp_path / name).write_bytes(raw if name == "a.nii.gz" else gzip.compress(raw))
    with pytest.raises(InputError, match=rf"{name}: .*{said}, contrary to its name"):
        mt.open(tmp_path / name)


def test_a_size_is_refused_by_the_memory_needed_for_reading(tmp_path: Path) -> None:
    path = mt.save(
        Volume(np.ones((2, 2, 2), np.uint8), np.eye(4), kind="labels"), tmp_path / "a.nii"
    )
    raw = bytearray(path.read_bytes())
    raw[42:48] = struct.pack("<3h", 1000, 1000, 600)  # 0.6 GB of bytes, 2.4 GB as float32
    path.write_bytes(raw)
    with pytest.raises(InputError, match="has only"):
        mt.open(path)
    raw[112:116] = np.float32(0.5).tobytes()
    path.write_bytes(raw)
    with pytest.raises(InputError, match="GiB"):
        mt.open(path)


def test_scaled_integers_take_no_more_than_their_result(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((64, 64, 256), np.uint8), np.eye(4))
    image.header.set_slope_inter(0.5, 1)
    nib.save(image, tmp_path / "a.nii")
    tracemalloc.start()
    volume = mt.open(tmp_path / "a.nii")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * (volume.data.nbytes + volume.data.size)


def test_a_folder_or_link_with_the_name_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.nii").mkdir()
    (tmp_path / "b.nii").symlink_to(tmp_path / "nowhere.nii")
    for name in ("a.nii", "b.nii"):
        with pytest.raises(InputError, match=name):
            mt.open(tmp_path / name)


def test_libraries_print_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = mt.save(marked_phantom(), tmp_path / "a.nii")
    raw = bytearray(path.read_bytes())
    raw[80:84] = np.float32(-1).tobytes()  # a negative voxel size: nibabel would print
    raw[252:254] = struct.pack("<h", 99)
    path.write_bytes(raw)
    mt.open(path)
    assert caplog.records == []
    assert nib.imageglobals.logger.level < 50
