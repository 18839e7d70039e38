# SPDX-License-Identifier: BSD-3-Clause
"""Sampling mask from a file; R is the acceleration of that mask."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.parameters import Option, Value
from napari_mtmri.patterns.base import Mask, PatternKind
from napari_mtmri.patterns.mask_files import ENDINGS, contents, decode, read_mask
from napari_mtmri.patterns.request import Request


def draw(request: Request) -> Mask:
    """Return the mask in the file; it is not resized.

    Returns
    -------
    bool array, (phase,) or (readout, phase)

    Raises
    ------
    InputError
        If the file is not a mask, or its size does not fit the plane.
    RequestError
        If ``path`` is missing.
    """
    path = _path(request.options)
    mask = read_mask(path)
    if mask.shape not in (request.shape, request.shape[1:]):
        found = " x ".join(map(str, mask.shape))
        raise InputError(
            f"{path.name}: {found} values do not fit a plane of {request.shape[0]} x "
            f"{request.shape[1]} (readout x phase); use a mask of {request.shape[1]} lines or of "
            "the size of the plane."
        )
    return np.fft.fftshift(mask) if request.options["fftshift"] else mask


def facts(options: Mapping[str, Value]) -> dict[str, Any]:
    """Return the acceleration of the mask and the SHA-256 of its file."""
    path = _path(options)
    data = contents(path)
    mask = decode(path, data)
    return {
        "acceleration": mask.size / int(mask.sum()),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _path(options: Mapping[str, Value | None]) -> Path:
    if not options.get("path"):
        raise RequestError(
            f"file: path = {options.get('path')!r} names no mask; give a {', '.join(ENDINGS)} file."
        )
    return Path(str(options["path"]))


FROM_FILE = PatternKind(
    name="file",
    title="From a file",
    summary="Your own mask as .npy, .png or .csv; R is the acceleration of that mask",
    dimensions=1,
    draw=draw,
    options=(
        Option("path", "path", None, "mask file with one value per line or per sample"),
        Option(
            "fftshift",
            "bool",
            False,
            "the file has zero frequency at index 0",
            label="Zero frequency at index 0",
        ),
    ),
    uses=frozenset(),
    facts=facts,
)
