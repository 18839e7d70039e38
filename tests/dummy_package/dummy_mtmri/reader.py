# SPDX-License-Identifier: BSD-3-Clause
"""A format that is an array and nothing else: ``.dmr``, as `numpy.save` writes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_mtmri.readers.base import Kind, Reader, has_ending
from napari_mtmri.readers.image import case_name
from napari_mtmri.volume import Volume

ENDINGS = (".dmr",)


def read(path: Path, kind: Kind | None = None) -> Volume:
    with path.open("rb") as file:
        data = np.load(file, allow_pickle=False)
    return Volume(data, np.diag([1.0, 1.0, 4.0, 1.0]), name=case_name(path), path=path)


def write(volume: Volume, path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, volume.data, allow_pickle=False)


RAW = Reader(
    name="raw",
    title="Dummy raw",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read,
    write=write,
)
