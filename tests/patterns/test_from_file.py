# SPDX-License-Identifier: BSD-3-Clause
"""Masks from files: reading, writing, and refusal of damaged files."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_mtmri import Pattern
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.patterns.mask_files import ENDINGS, MAX_BYTES, read_mask, save_mask

SHAPE = (11, 16)


def from_file(path: Path, **options: object) -> Pattern:
    return Pattern("file", options={"path": str(path), **options})  # type: ignore[dict-item]


def saved(mask: np.ndarray, path: Path) -> Path:
    save_mask(mask, path)
    return path


@pytest.fixture
def lines() -> np.ndarray:
    return Pattern("random", 2.5).mask(SHAPE)[0]


@pytest.fixture
def plane() -> np.ndarray:
    return Pattern("poisson", 3, 0.2).mask(SHAPE)


@pytest.mark.parametrize("ending", [*ENDINGS, ".PNG"])
def test_a_saved_mask_is_read_again_unchanged(
    tmp_path: Path, ending: str, lines: np.ndarray, plane: np.ndarray
) -> None:
    for mask in (lines, plane):
        path = saved(mask, tmp_path / f"mask{ending}")
        np.testing.assert_array_equal(read_mask(path), mask)
        drawn = from_file(path).mask(SHAPE)
        np.testing.assert_array_equal(drawn, np.broadcast_to(mask, SHAPE))
    assert [path.name for path in tmp_path.iterdir()] == [f"mask{ending}"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_drawn_mask_read_back_is_the_same_on_the_plane(tmp_path: Path, ending: str) -> None:
    for name in ("random", "radial"):
        mask = Pattern(name, 4).mask((24, 32))
        path = saved(mask, tmp_path / f"{name}{ending}")
        np.testing.assert_array_equal(from_file(path).mask((24, 32)), mask)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def png(array: np.ndarray, mode: str | None = None) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(array)
    (picture if mode is None else picture.convert(mode)).save(file, "PNG")
    return file.getvalue()


WAYS: dict[str, tuple[str, Callable[[np.ndarray], bytes]]] = {
    "npy bool": (".npy", npy),
    "npy int64": (".npy", lambda m: npy(m.astype(np.int64))),
    "npy float32": (".npy", lambda m: npy(m.astype(np.float32))),
    "npy 0/255": (".npy", lambda m: npy(m.astype(np.uint8) * 255)),
    "npy big-endian": (".npy", lambda m: npy(m.astype(">i4"))),
    "npy columns first": (".npy", lambda m: npy(np.asfortranarray(m))),
    "png 1 bit": (".png", lambda m: png(m.astype(np.uint8) * 255, "1")),
    "png grey": (".png", lambda m: png(m.astype(np.uint8) * 255)),
    "png 0/1": (".png", lambda m: png(m.astype(np.uint8))),
    "png 16 bit": (".png", lambda m: png(m.astype(np.uint16))),
    "png palette": (".png", lambda m: png(m.astype(np.uint8) * 255, "P")),
    "png RGB": (".png", lambda m: png(m.astype(np.uint8) * 255, "RGB")),
    "png RGBA": (".png", lambda m: png(m.astype(np.uint8) * 255, "RGBA")),
    "csv integers": (".csv", lambda m: "\n".join(",".join(map(str, r)) for r in m + 0).encode()),
    "csv floats": (".csv", lambda m: "\r\n".join(",".join(f"{v:.1f}" for v in r) for r in m).encode()),
    "csv of Excel": (".csv", lambda m: b"\xef\xbb\xbf" + WAYS["csv integers"][1](m) + b"\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_mask_files_of_other_programs_are_read(
    tmp_path: Path, way: str, plane: np.ndarray, lines: np.ndarray
) -> None:
    ending, write = WAYS[way]
    path = tmp_path / f"mask{ending}"
    path.write_bytes(write(plane))
    np.testing.assert_array_equal(read_mask(path), plane)
    for one_row_or_column in (lines[None], lines[:, None]):
        path.write_bytes(write(one_row_or_column))
        np.testing.assert_array_equal(read_mask(path), lines)


@pytest.mark.parametrize("shape", [(11, 16), (12, 16), (11, 17)])
def test_fftshift_moves_zero_frequency_from_index_0_to_the_centre(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    """Zero frequency lies at ``n // 2`` for even and odd sizes."""
    for middle in (np.zeros(shape, bool), np.zeros(shape[1], bool)):
        corner = middle.copy()
        corner[(0,) * corner.ndim] = True
        middle[tuple(side // 2 for side in middle.shape)] = True
        path = saved(corner, tmp_path / f"corner{corner.ndim}.npy")
        drawn = from_file(path, fftshift=True).mask(shape)
        np.testing.assert_array_equal(drawn, np.broadcast_to(middle, shape))
        assert from_file(path, fftshift=True).describe(shape).warnings == ()
        assert from_file(path).mask(shape)[0, 0]  # never guessed


def test_a_mask_without_zero_frequency_gives_a_warning(tmp_path: Path) -> None:
    path = saved(np.isin(np.arange(16), [0, 1, 5, 15]), tmp_path / "mask.npy")
    (warning,) = from_file(path).describe(SHAPE).warnings
    assert "fftshift" in warning
    assert "sample 5, line 8" in warning


def test_r_is_the_acceleration_of_the_mask_in_the_file(tmp_path: Path, plane: np.ndarray) -> None:
    path = saved(plane, tmp_path / "mask.npy")
    pattern = Pattern("file", 7, options={"path": str(path)})
    said = pattern.describe(SHAPE)
    assert said.acceleration == plane.size / plane.sum()
    assert said.text == f"{plane.sum()} of 176 samples, R {said.acceleration:.2f}"
    assert pattern.record()["acceleration"] == said.acceleration
    one_line = np.arange(40) == 20
    far = from_file(saved(one_line, tmp_path / "one.npy"))
    assert far.describe((8, 40)).text == "1 of 40 lines, R 40.00"
    assert Pattern.from_record(far.record()).record() == far.record()


def test_a_changed_file_is_not_accepted_for_a_record(tmp_path: Path, lines: np.ndarray) -> None:
    path = saved(lines, tmp_path / "mask.npy")
    record = from_file(path).record()
    assert Pattern.from_record(record) == from_file(path)
    save_mask(lines[::-1], path)
    with pytest.raises(InputError, match=record["sha256"]):
        Pattern.from_record(record)
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        Pattern.from_record(record)


def test_a_renamed_file_gives_the_same_mask(tmp_path: Path, lines: np.ndarray) -> None:
    path = saved(lines, tmp_path / "mask.npy")
    record, mask = from_file(path).record(), from_file(path).mask(SHAPE)
    other = path.rename(tmp_path / "patient 7.npy")
    assert from_file(other).record()["sha256"] == record["sha256"]
    np.testing.assert_array_equal(from_file(other).mask(SHAPE), mask)


@pytest.mark.parametrize("shape", [(16, 11), (11, 15), (11, 32), (22, 16)])
def test_a_mask_is_neither_resized_nor_transposed(
    tmp_path: Path, shape: tuple[int, int], plane: np.ndarray
) -> None:
    with pytest.raises(InputError, match="11 x 16 values do not fit a plane of"):
        from_file(saved(plane, tmp_path / "mask.png")).mask(shape)


def test_a_mask_with_another_number_of_lines_is_refused(tmp_path: Path, lines: np.ndarray) -> None:
    with pytest.raises(InputError, match="16 values do not fit a plane of 16 x 11"):
        from_file(saved(lines, tmp_path / "mask.csv")).mask((16, 11))


class Boom:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_pickle_is_never_executed(tmp_path: Path) -> None:
    array = np.empty(16, object)
    array[:] = [Boom(tmp_path / "boom")] * 16
    (tmp_path / "mask.npy").write_bytes(npy(array))
    with pytest.raises(InputError, match=r"mask\.npy"):
        read_mask(tmp_path / "mask.npy")
    assert not (tmp_path / "boom").exists()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text.encode() + b"\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claimed_png(width: int, height: int) -> bytes:
    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


BAD: dict[str, tuple[str, bytes]] = {
    "npy of three axes": (".npy", npy(np.ones((4, 4, 4), bool))),
    "npy of no axis": (".npy", npy(np.array(True))),
    "npy empty": (".npy", npy(np.ones((0, 4), bool))),
    "npy complex": (".npy", npy(np.ones(16, complex))),
    "npy text": (".npy", npy(np.array(["1"] * 16))),
    "npy records": (".npy", npy(np.zeros(16, [("a", "i4")]))),
    "npy bytes beyond 1 as booleans": (".npy", npy(np.ones(16, bool))[:-16] + b"\2" * 16),
    "npy claims terabytes": (".npy", header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**40},)}}")),
    "npy product overflows": (".npy", header(f"{{'descr': '|b1', 'fortran_order': False, 'shape': ({2**24}, {2**24}, {2**24})}}")),
    "npy negative": (".npy", header("{'descr': '|b1', 'fortran_order': False, 'shape': (-4, -4)}") + b"\1" * 16),
    "npy too short": (".npy", npy(np.ones(16, bool))[:-3]),
    "npy too long": (".npy", npy(np.ones(16, bool)) + b"\1"),
    "npy header is code": (".npy", header("__import__('os').getcwd()")),
    "npz": (".npy", b"PK\3\4" + b"\0" * 50),
    "png claims gigapixels": (".png", claimed_png(2**31 - 1, 2**31 - 1)),
    "png claims many pixels": (".png", claimed_png(2**13, 2**12)),
    "png of colours": (".png", png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))),
    "png see-through": (".png", png(np.full((4, 4, 4), (0, 0, 0, 9), np.uint8))),
    "png of greys": (".png", png(np.arange(16, dtype=np.uint8).reshape(4, 4))),
    "png is a jpeg": (".png", b"\xff\xd8\xff\xe0" + b"\0" * 40),
    "png signature alone": (".png", b"\x89PNG\r\n\x1a\n"),
    "csv ragged": (".csv", b"1,0,1\n1,0\n"),
    "csv of words": (".csv", b"yes,no,yes,no\n"),
    "csv of nan": (".csv", b"1,0,nan,1\n"),
    "csv of weights": (".csv", b"0.5,1,1,0.25\n"),
    "csv of -1": (".csv", b"-1,0,1,1\n"),
    "csv is binary": (".csv", b"\xff\xfe\x00\x01"),
    "csv of blanks": (".csv", b" \n \n"),
    "1 and 255 mixed": (".csv", b"1,255,0,1\n"),
    "nothing sampled": (".npy", npy(np.zeros(16, bool))),
    **{f"no bytes as {ending}": (ending, b"") for ending in ENDINGS},
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_not_a_mask_is_refused_by_name_with_little_memory(
    tmp_path: Path, case: str
) -> None:
    ending, data = BAD[case]
    path = tmp_path / f"odd{ending}"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"odd\."):
            read_mask(path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_a_huge_file_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # takes no room on disk
    with pytest.raises(InputError, match=str(MAX_BYTES + 1)):
        read_mask(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.npy").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")  # reading it would wait for ever
    for path in (tmp_path / "none.npy", tmp_path / "folder.npy", tmp_path / "pipe.csv"):
        with pytest.raises(InputError, match=path.name):
            from_file(path).mask(SHAPE)
    with pytest.raises(InputError, match=r"mask\.tif"):
        from_file(tmp_path / "mask.tif").mask(SHAPE)


def test_a_missing_path_is_a_request_error() -> None:
    for pattern in (Pattern("file"), Pattern("file", options={"path": ""})):
        with pytest.raises(RequestError, match="path"):
            pattern.mask(SHAPE)
        with pytest.raises(RequestError, match="path"):
            pattern.record()


@pytest.mark.filterwarnings("ignore:Reading `.npy`:UserWarning")  # NumPy takes damage for age
@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.integers(0, 400),
    changes=st.lists(st.tuples(st.integers(0, 399), st.integers(0, 255)), max_size=4),
)
def test_damaged_bytes_give_a_mask_or_an_input_error(
    tmp_path: Path, ending: str, cut: int, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path / f"damaged{ending}"
    save_mask(np.random.default_rng(0).random((12, 15)) < 0.4, path)
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(data[:cut] if cut % 2 else data)
    try:
        mask = read_mask(path)
    except InputError:
        return
    assert mask.dtype == bool
    assert mask.any()


@pytest.mark.parametrize(
    ("mask", "name", "error"),
    [
        (np.ones(8, bool), "mask.tif", RequestError),
        (np.ones(8, bool), "mask", RequestError),
        (np.zeros(8, bool), "mask.npy", InputError),
        (np.arange(8), "mask.npy", InputError),
        (np.ones((2, 2, 2), bool), "mask.npy", InputError),
        (np.full(8, np.nan), "mask.csv", InputError),
    ],
)
def test_an_array_that_is_not_a_mask_is_not_written(
    tmp_path: Path, mask: np.ndarray, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=name):
        save_mask(mask, tmp_path / name)
    assert not any(tmp_path.iterdir())
