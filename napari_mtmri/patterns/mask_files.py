# SPDX-License-Identifier: BSD-3-Clause
"""Reading and writing of sampling masks as .npy, .png and .csv files.

The files are not trusted: size and header are checked before memory is allocated, and no
code in them is executed.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.files import write_whole
from napari_mtmri.patterns.base import Mask

ENDINGS = (".npy", ".png", ".csv")
MAX_SAMPLES = 2**24
MAX_BYTES = 8 * MAX_SAMPLES + 2**16

# Exceptions of the decoders for damaged files, found by damaging files.
_DAMAGE = (
    EOFError,
    MemoryError,
    OSError,
    RecursionError,
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def read_mask(path: Path) -> Mask:
    """Return the mask in a file.

    Parameters
    ----------
    path : Path
        A ``.npy``, ``.png`` or ``.csv`` file with values {0, 1}, {0, 255} or booleans.

    Returns
    -------
    bool array, (phase,) or (readout, phase)
        A single row or column is a mask of lines.

    Raises
    ------
    InputError
        If the file is missing, too large or damaged, or contains other values.
    """
    return decode(path, contents(path))


def save_mask(mask: Mask, path: Path) -> None:
    """Write a mask to a file that `read_mask` can read.

    Parameters
    ----------
    mask : bool array, (phase,) or (readout, phase)
    path : Path
        Ends in ``.npy``, ``.png`` or ``.csv``.

    Raises
    ------
    RequestError
        If the path has another ending.
    InputError
        If the array is not a mask, or has no measured sample.
    """
    encode = _ENCODERS.get(path.suffix.lower())
    if encode is None:
        raise RequestError(
            f"{path.name}: masks can be written as {', '.join(ENDINGS)} only; use one of these."
        )
    data = encode(_mask(path, np.asarray(mask)))
    write_whole(path, lambda file: file.write_bytes(data))


def contents(path: Path) -> bytes:
    """Return the bytes of a mask file.

    Raises
    ------
    InputError
        If the file is missing, too large or not readable, or has another ending.
    """
    if path.suffix.lower() not in _DECODERS:
        raise InputError(
            f"{path.name}: not a {', '.join(ENDINGS)} file; save the mask as one of these."
        )
    if not path.is_file():
        raise InputError(f"{path}: no such file; choose another file.")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(
                f"{path.name}: {size} bytes are more than the {MAX_BYTES} allowed for a mask; "
                "save it as booleans."
            )
        with path.open("rb") as file:
            return file.read(size)
    except OSError as why:
        raise InputError(f"{path}: cannot be read ({why}); choose another file.") from why


def decode(path: Path, data: bytes) -> Mask:
    """Return the mask in the bytes of a file.

    Parameters
    ----------
    path : Path
        Its ending sets the format.
    data : bytes

    Returns
    -------
    bool array, (phase,) or (readout, phase)

    Raises
    ------
    InputError
        If the bytes are damaged, or contain values that are not those of a mask.
    """
    try:
        array = _DECODERS[path.suffix.lower()](data)
    except _DAMAGE as why:
        reason = " ".join(str(why).split()) or type(why).__name__
        raise InputError(
            f"{path.name}: not a readable {path.suffix[1:].lower()} mask file ({reason[:120]}); "
            "save the mask again."
        ) from why
    return _mask(path, array)


def _mask(path: Path, array: NDArray[Any]) -> Mask:
    """Return the array as booleans; values other than {0, 1} or {0, 255} are refused."""
    if array.ndim not in (1, 2) or array.dtype.kind not in "buif" or array.size == 0:
        raise InputError(
            f"{path.name}: an array of shape {array.shape} and dtype {array.dtype} is not a mask; "
            "give a 1-D or 2-D array of booleans or of 0 and 1."
        )
    mask: Mask = array != 0
    if not ((array[mask] == 1).all() or (array[mask] == 255).all()):
        low, high = array.min(), array.max()
        raise InputError(
            f"{path.name}: values from {low:g} to {high:g} are not only 0 and 1 (or 0 and 255); "
            "save a binary mask."
        )
    if not mask.any():
        raise InputError(
            f"{path.name}: all {array.size} values are 0, no sample is measured; "
            "choose another mask."
        )
    return mask.ravel() if 1 in mask.shape else mask


def _check_size(shape: tuple[int, ...]) -> None:
    if not all(0 < side <= MAX_SAMPLES for side in shape) or math.prod(shape) > MAX_SAMPLES:
        raise ValueError(f"shape {shape}, but a mask has 1 to {MAX_SAMPLES} values")


def _from_npy(contents: bytes) -> NDArray[Any]:
    file = io.BytesIO(contents)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"npy version {version}")
    _check_size(shape)
    if dtype.kind not in "buif":
        raise ValueError(f"values of type {dtype}")
    values = contents[file.tell() :]
    if len(values) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{len(values)} bytes of values do not fit shape {shape} and {dtype}")
    if dtype.kind == "b":
        dtype = np.dtype(np.uint8)  # so that a byte that is neither 0 nor 1 is refused
    return np.frombuffer(values, dtype).reshape(shape, order="F" if fortran else "C")


def _from_png(contents: bytes) -> NDArray[Any]:
    from PIL import Image

    if contents[:8] != b"\x89PNG\r\n\x1a\n" or len(contents) < 24:
        raise ValueError("no PNG signature")
    _check_size(struct.unpack(">II", contents[16:24]))
    with Image.open(io.BytesIO(contents), formats=["PNG"]) as picture:
        if picture.mode in ("1", "L", "I;16", "I"):
            return np.array(picture)
        colors = np.array(picture.convert("RGBA"))
    if (colors[..., :1] != colors[..., :3]).any() or (colors[..., 3] != 255).any():
        raise ValueError("the picture has colours or transparency")
    return colors[..., 0]


def _from_csv(contents: bytes) -> NDArray[Any]:
    _check_size((1 + contents.count(b",") + contents.count(b"\n"),))
    text = contents.decode("utf-8-sig")
    if not text.strip():
        raise ValueError("no values")
    return np.loadtxt(io.StringIO(text), delimiter=",", comments=None, ndmin=2)


def _to_npy(mask: Mask) -> bytes:
    file = io.BytesIO()
    np.save(file, mask, allow_pickle=False)
    return file.getvalue()


def _to_png(mask: Mask) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.atleast_2d(mask).astype(np.uint8) * 255).save(file, "PNG")
    return file.getvalue()


def _to_csv(mask: Mask) -> bytes:
    rows = np.atleast_2d(mask).astype(int)
    return "".join(",".join(map(str, row)) + "\n" for row in rows.tolist()).encode()


_DECODERS: dict[str, Callable[[bytes], NDArray[Any]]] = {
    ".npy": _from_npy,
    ".png": _from_png,
    ".csv": _from_csv,
}
_ENCODERS: dict[str, Callable[[Mask], bytes]] = {
    ".npy": _to_npy,
    ".png": _to_png,
    ".csv": _to_csv,
}
