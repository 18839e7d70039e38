# SPDX-License-Identifier: BSD-3-Clause
"""Analyze 7.5 pairs; read only, since the format cannot hold where right and left are."""

from __future__ import annotations

from napari_mtmri.readers.base import Reader, has_ending
from napari_mtmri.readers.image import read_image

ENDINGS = (".hdr", ".img")


ANALYZE = Reader(
    name="analyze",
    title="Analyze 7.5",
    patterns=ENDINGS,
    folders=False,
    can_read=lambda path: has_ending(path, ENDINGS),
    read=read_image,
    write=None,
)
