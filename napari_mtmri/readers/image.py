# SPDX-License-Identifier: BSD-3-Clause
"""Read files through nibabel, for all formats that it supports; files may be damaged."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import sha256, shown_name
from napari_mtmri.geometry import Affine, check_affine
from napari_mtmri.readers.base import Kind, check_size, endings, reason
from napari_mtmri.readers.lengths import check_gzip, check_length
from napari_mtmri.volume import Volume

AFFINES_DIFFER_MM = 0.1
MM_PER_UNIT = {1: 1e3, 2: 1.0, 3: 1e-3}  # NIfTI: metre, millimetre, micrometre
REMARKS = "remarks on the file"
FILE_SLOPE = "slope in the file"  # nibabel clears the slope in the header when it creates an image
NEARLY_WHOLE = 1e-3
LABEL_INTENT = 1002  # NIFTI_INTENT_LABEL
NO_DIRECTIONS = "does not say where right and left are."
LABEL_TYPES = (np.uint8, np.int16, np.int32)


def case_name(path: Path) -> str:
    """Return a file's name without the extension of any readable format."""
    name = shown_name(path.name)
    for ending in (".gz", *endings()):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name or shown_name(path.name)


def _load(path: Path) -> Any:
    import nibabel as nib

    return nib.load(path, mmap=False)


def read_image(path: Path, kind: Kind | None = None, load: Callable[[Path], Any] = _load) -> Volume:
    """Return the volume in a file that nibabel can read.

    Parameters
    ----------
    path : Path
    kind : {"image", "labels"}, optional
    load : callable
        Path -> nibabel image without its voxels.

    Raises
    ------
    InputError
        If it is damaged, too large, or not a single volume.
    """
    try:
        check_gzip(path)
        return _read(path, kind, load)
    except InputError:
        raise
    except MemoryError as why:
        raise InputError(f"{path}: is too large for the memory of this machine; crop it.") from why
    except OSError as why:
        raise InputError(f"{path}: cannot be read ({reason(why)}); copy it again.") from why
    except Exception as why:
        # nibabel may raise anything for damaged files.
        raise InputError(
            f"{path}: is damaged or has the wrong extension ({reason(why)}); export the file again."
        ) from why


def _read(path: Path, kind: Kind | None, load: Callable[[Path], Any]) -> Volume:
    with _quiet():
        image = load(path)
        shape, lines = _one_volume(image.shape, path)
        dtype = np.dtype(image.get_data_dtype())
        if dtype.fields is not None:
            raise InputError(f"{path}: is a colour image ({dtype}); export magnitude images.")
        file = Path(image.file_map["image"].filename or path)
        check_size(shape, _itemsize_read(image, dtype), path)
        check_length(file, image, dtype)
        data = _voxels(image, dtype).reshape(shape)
    if kind == "labels":
        data = _whole_numbers(data, path)
    affine, facts, remarks = _place(image, path)
    return Volume(
        data=data,
        affine=affine,
        name=case_name(path),
        kind="labels" if kind == "labels" else "complex" if data.dtype.kind == "c" else "image",
        spacing_known=facts.pop("spacing_known"),
        path=path,
        sha256=sha256(file),
        header=facts,
        warnings=tuple(lines + remarks),
        directions_known=not any(remark.endswith(NO_DIRECTIONS) for remark in remarks),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress nibabel's header warnings; our own warnings name the ones that matter."""
    from nibabel.imageglobals import logger

    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _one_volume(shape: tuple[int, ...], path: Path) -> tuple[tuple[int, int, int], list[str]]:
    """Return the shape of the single volume in a file, and a remark if axes were dropped."""
    shape = tuple(int(side) for side in shape)
    if not shape or 0 in shape:
        raise InputError(f"{path}: has the empty shape {shape}; export the file again.")
    if any(side != 1 for side in shape[3:]):
        raise InputError(
            f"{path}: is a series of shape {shape}, not a single volume; extract one frame."
        )
    a, b, c = (*shape[:3], 1, 1)[:3]
    kept = [f"{path.name}: shape {shape} holds one frame; read as {(a, b, c)}."]
    return (a, b, c), kept if shape[3:] else []


def _scaling(image: Any) -> tuple[float, float] | None:
    """Return slope and intercept of an image, or None if it is not scaled."""
    proxy = image.dataobj
    if not hasattr(proxy, "get_unscaled") or (proxy.slope, proxy.inter) == (1.0, 0.0):
        return None
    return float(proxy.slope), float(proxy.inter)


def _itemsize_read(image: Any, dtype: np.dtype[Any]) -> int:
    """Return the bytes per voxel during reading: scaled integers become float32, MINC float64."""
    if not hasattr(image.dataobj, "get_unscaled"):
        return max(dtype.itemsize, 8)
    return dtype.itemsize if _scaling(image) is None else max(dtype.itemsize, 4)


def _voxels(image: Any, dtype: np.dtype[Any]) -> np.ndarray:
    """Return the scaled voxels in native byte order; scaled integers become float32."""
    proxy, scaling = image.dataobj, _scaling(image)
    small = np.dtype(np.float32) if dtype.kind in "iu" else dtype.newbyteorder("=")
    if scaling is not None:
        raw = np.asarray(proxy.get_unscaled())
        data = np.empty(raw.shape, small, order="F")
        slope, inter = scaling
        for plane in range(raw.shape[-1]):  # float64 for one plane at a time
            data[..., plane] = raw[..., plane] * slope + inter
        return data
    if not hasattr(proxy, "get_unscaled"):
        return np.asarray(proxy).astype(small)
    data = np.asarray(proxy.get_unscaled())
    return data.astype(dtype.newbyteorder("="), copy=False)


def _place(image: Any, path: Path) -> tuple[Affine, dict[str, Any], list[str]]:
    """Return the affine, the header fields to keep, and remarks.

    Free text is never kept: it may contain a patient's name.
    """
    header = image.header
    facts: dict[str, Any] = {"format": type(image).__name__, "spacing_known": True}
    if not hasattr(header, "get_sform"):
        remarks = []
        if "Analyze" in facts["format"]:
            remarks = [f"{path.name}: this format {NO_DIRECTIONS}"]
        return check_affine(image.affine, str(path)), facts, remarks
    unit = int(header["xyzt_units"]) & 7
    scale = np.diag([*[MM_PER_UNIT.get(unit, 1.0)] * 3, 1.0])
    affine = check_affine(scale @ image.affine, str(path))
    facts["spacing_known"] = unit in MM_PER_UNIT
    facts["sform_code"] = int(header["sform_code"])
    facts["qform_code"] = int(header["qform_code"])
    if int(header["intent_code"]) == LABEL_INTENT:
        facts["intent"] = "label"
    remarks = [*image.extra.get(REMARKS, ()), *_form_remarks(header, affine, scale, facts)]
    if facts["spacing_known"] and unit != 2:
        remarks.append(f"its unit is {'metres' if unit == 1 else 'micrometres'}; read as mm.")
    slope = float(image.extra.get(FILE_SLOPE, 1.0))
    if not np.isfinite(slope) or slope == 0:
        remarks.append(f"its slope is {slope:g}; the numbers are not scaled.")
    return affine, facts, [f"{path.name}: {remark}" for remark in remarks]


def _form_remarks(header: Any, affine: Affine, scale: Affine, facts: dict[str, Any]) -> list[str]:
    """Return remarks about sform and qform; a differing qform is kept in ``facts``."""
    if not facts["sform_code"]:
        return [] if facts["qform_code"] else [f"the file {NO_DIRECTIONS}"]
    if not facts["qform_code"]:
        return []
    from nibabel.spatialimages import HeaderDataError

    try:
        qform = scale @ header.get_qform()
    except (HeaderDataError, ValueError):
        facts["qform_code"] = 0
        return ["its qform is no rotation; the sform is used."]
    if np.allclose(affine, qform, atol=AFFINES_DIFFER_MM):
        return []
    facts["qform"] = qform.tolist()
    return ["sform and qform disagree; the sform is used."]


def _whole_numbers(data: np.ndarray, path: Path) -> np.ndarray:
    if data.dtype.kind in "iub":
        return data
    if data.dtype.kind != "c" and np.isfinite(data).all():
        whole = np.round(data)
        # A slope of 1/41 or a rounded 0.9999999 is a whole number in the writer's mind.
        if (np.abs(data - whole) <= NEARLY_WHOLE * np.maximum(1, np.abs(whole))).all():
            return whole.astype(label_type(whole, path))
    raise InputError(
        f"{path}: contains fractions, not labels; threshold it or open it as an image."
    )


def label_type(data: np.ndarray, path: Path) -> type[np.integer[Any]]:
    """Return the smallest of uint8, int16 and int32 that can store every label.

    Parameters
    ----------
    data : real array of whole numbers, any shape and axis order
        Label values; must not be empty.
    path : Path
        File named in the error message.

    Raises
    ------
    InputError
        If a label exceeds int32.
    """
    low, high = data.min(), data.max()
    for kind in LABEL_TYPES:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return kind
    raise InputError(f"{path}: labels {low} to {high} exceed 32 bits; renumber them.")
