# SPDX-License-Identifier: BSD-3-Clause
"""What the formats that nibabel knows have in common: from a hostile file to a Volume."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import sha256
from napari_mtmri.geometry import Affine, check_affine
from napari_mtmri.readers.base import MOST_BYTES, Kind, check_size
from napari_mtmri.volume import Volume

GZIP_MAGIC = b"\x1f\x8b"
AFFINES_DIFFER_MM = 0.1


def grid_of(volume: Volume) -> Mapping[str, Any]:
    """Return the header facts a volume carries, or none."""
    return volume.header or {}


def case_name(path: Path) -> str:
    """File name without its endings."""
    name = path.name
    for ending in (".gz", ".nii", ".mgz", ".mgh", ".mnc", ".hdr", ".img"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name or path.name


def read_image(path: Path, kind: Kind | None = None) -> Volume:
    """Return the one volume of a file that nibabel can read.

    Raises
    ------
    InputError
        If it is damaged, too large, or holds something else than one volume.
    """
    _check_gzip(path)
    try:
        return _read(path, kind)
    except InputError:
        raise
    except MemoryError as why:
        raise InputError(f"{path}: too large for the memory of this machine; cut it.") from why
    except Exception as why:
        reason = str(why).splitlines()[0] if str(why) else type(why).__name__
        raise InputError(
            f"{path}: damaged or not what its name says ({reason}); export the file again."
        ) from why


def _check_gzip(path: Path) -> None:
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    named_gzip = path.name.lower().endswith((".gz", ".mgz"))
    if is_gzip != named_gzip:
        found = "gzipped" if is_gzip else "not gzipped"
        raise InputError(f"{path}: is {found}, unlike its name; rename it.")


def _read(path: Path, kind: Kind | None) -> Volume:
    import warnings

    import nibabel as nib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nibabel's own remarks about odd headers
        image = nib.load(path)
        shape, lines = _one_volume(image.shape, path)
        dtype = np.dtype(image.get_data_dtype())
        if dtype.fields is not None:
            raise InputError(f"{path}: holds colours ({dtype}), not a scan; export magnitudes.")
        check_size(image.shape, dtype.itemsize, path)
        _check_length(path, image, dtype)
        data = _voxels(image, dtype)
    affine, affine_lines = _affine(image, path)
    data = data.reshape(shape)
    chosen = kind or ("complex" if np.iscomplexobj(data) else "image")
    if chosen == "labels":
        data = _whole_numbers(data, path)
    header = _facts(image)
    return Volume(
        data=data,
        affine=affine,
        name=case_name(path),
        kind=chosen,
        spacing_known=header.pop("spacing_known"),
        path=path,
        sha256=sha256(path),
        header=header,
        warnings=tuple(lines + affine_lines),
    )


def _one_volume(shape: tuple[int, ...], path: Path) -> tuple[tuple[int, int, int], list[str]]:
    """The three sides of the one volume in a file, and what was dropped to get there."""
    spatial, rest = shape[:3], shape[3:]
    if not shape or 0 in shape:
        raise InputError(f"{path}: its shape {shape} is empty; export the file again.")
    if any(side != 1 for side in rest):
        raise InputError(
            f"{path}: a series of shape {shape}, not one volume; extract one of its frames."
        )
    padded = (*spatial, 1, 1)[:3]
    lines = [f"{path.name}: shape {shape} holds one frame; read as {padded}."] if rest else []
    return (padded[0], padded[1], padded[2]), lines


def _check_length(path: Path, image: Any, dtype: np.dtype[Any]) -> None:
    """A file must be as long as its header says; a gzipped one is unpacked only so far."""
    header = image.header
    offset = int(header.get_data_offset()) if hasattr(header, "get_data_offset") else 0
    needed = offset + int(np.prod(image.shape, dtype=np.int64)) * dtype.itemsize
    if needed > MOST_BYTES + offset:
        raise InputError(f"{path}: its header speaks of {needed} bytes; export the file again.")
    voxels = Path(image.file_map["image"].filename or path)
    if voxels.name.lower().endswith(".mnc"):
        return
    found = _unpacked_length(voxels, needed) if _is_gzip(voxels) else voxels.stat().st_size
    if found < needed:
        raise InputError(
            f"{voxels}: ends after {found} of {needed} bytes; copy or export the file again."
        )


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


def _unpacked_length(path: Path, enough: int) -> int:
    """Bytes in a gzipped file, counted in small pieces and only up to ``enough``."""
    total, unpack = 0, zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        while total < enough and (piece := file.read(2**16)):
            while piece and total < enough:
                total += len(unpack.decompress(piece, 2**20))
                piece = unpack.unconsumed_tail
                if unpack.eof:
                    if not unpack.unused_data:
                        break
                    piece, unpack = unpack.unused_data, zlib.decompressobj(wbits=31)
    return total


def _voxels(image: Any, dtype: np.dtype[Any]) -> np.ndarray:
    """Voxels with the file's scaling, float32 where it scales.

    A slope of 0, NaN or infinity means "not scaled" (as nibabel and the standard read it).
    """
    proxy = image.dataobj
    slope, inter = getattr(proxy, "slope", None), getattr(proxy, "inter", None)
    if (slope, inter) == (1.0, 0.0):
        return np.asarray(proxy.get_unscaled())
    data = np.asarray(proxy)
    return data.astype(np.float32) if data.dtype == np.float64 and dtype.kind in "iu" else data


def _affine(image: Any, path: Path) -> tuple[Affine, list[str]]:
    header = image.header
    lines: list[str] = []
    if hasattr(header, "get_sform"):
        sform, s_code = header.get_sform(coded=True)
        qform, q_code = header.get_qform(coded=True)
        if s_code and q_code and not np.allclose(sform, qform, atol=AFFINES_DIFFER_MM):
            lines.append(f"{path.name}: sform and qform disagree; the sform is used.")
        if not s_code and not q_code:
            lines.append(f"{path.name}: the file does not say where right and left are.")
    return check_affine(image.affine, str(path)), lines


def _facts(image: Any) -> dict[str, Any]:
    """Header facts worth keeping; never free text, which may hold a patient's name."""
    header = image.header
    facts: dict[str, Any] = {"format": type(image).__name__, "spacing_known": True}
    if hasattr(header, "get_xyzt_units"):
        facts["spacing_known"] = header.get_xyzt_units()[0] != "unknown"
    if hasattr(header, "get_sform"):
        facts["sform_code"] = int(header["sform_code"])
        facts["qform_code"] = int(header["qform_code"])
    return facts


def _whole_numbers(data: np.ndarray, path: Path) -> np.ndarray:
    if data.dtype.kind in "iub":
        return data
    if not np.isfinite(data).all() or (data != np.round(data)).any():
        raise InputError(
            f"{path}: holds fractions, not labels; threshold it or open it as an image."
        )
    if np.abs(data).max() >= 2**31:
        raise InputError(f"{path}: labels up to {data.max():g} are too large; renumber them.")
    return data.astype(np.uint8 if data.min() >= 0 and data.max() < 256 else np.int32)
