# SPDX-License-Identifier: BSD-3-Clause
"""A mask that a file holds; R is what it gives."""

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
    """Return the mask of the file, which must fit the plane; nothing is resized.

    Returns
    -------
    bool array, (phase,) or (readout, phase)

    Raises
    ------
    InputError
        If the file cannot be used, or is of another size.
    """
    path = _path(request.options)
    mask = read_mask(path)
    if mask.shape not in (request.shape, request.shape[1:]):
        found = " x ".join(map(str, mask.shape))
        raise InputError(
            f"{path.name}: {found} values do not fit a plane of {request.shape[0]} x "
            f"{request.shape[1]} (readout x phase); use a file of {request.shape[1]} lines or of "
            "the plane's size."
        )
    return np.fft.fftshift(mask) if request.options["fftshift"] else mask


def facts(options: Mapping[str, Value]) -> dict[str, Any]:
    """Return the achieved R of the file and the SHA-256 of its bytes."""
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
            f"file: path = {options.get('path')!r}; give a {', '.join(ENDINGS)} file."
        )
    return Path(str(options["path"]))


FROM_FILE = PatternKind(
    name="file",
    title="From a file",
    summary="A mask you have, as .npy, .png or .csv; R is what it gives",
    dimensions=1,
    draw=draw,
    options=(
        Option("path", "path", None, "file of the mask: one value per line or per sample"),
        Option(
            "fftshift",
            "bool",
            False,
            "the file has zero frequency at its corner",
            label="Zero frequency at the corner",
        ),
    ),
    uses=frozenset(),
    facts=facts,
)
