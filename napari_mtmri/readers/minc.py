# SPDX-License-Identifier: BSD-3-Clause
"""MINC 1 and 2 volumes; read only."""

from __future__ import annotations

from napari_mtmri.readers.base import Reader, has_ending
from napari_mtmri.readers.image import read_image

ENDINGS = (".mnc",)


MINC = Reader(
    name="minc",
    title="MINC",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_image,
    write=None,
)
