# SPDX-License-Identifier: BSD-3-Clause
"""Text and pictures of the PDF files that WeasyPrint writes, read without another package."""

from __future__ import annotations

import re
import zlib

import numpy as np

Objects = dict[int, bytes]


def objects_of(data: bytes) -> Objects:
    """Return the objects of a file by number, those in object streams included."""
    found = {
        int(number): body
        for number, body in re.findall(rb"(?<!\d)(\d+) 0 obj(.*?)endobj", data, re.DOTALL)
    }
    for body in list(found.values()):
        if b"/ObjStm" in body.partition(b"stream")[0]:
            first = int(re.search(rb"/First (\d+)", body).group(1))  # type: ignore[union-attr]
            inner = stream_of(body)
            header = [int(word) for word in inner[:first].split()]
            starts = [first + at for at in header[1::2]]
            ends = [*starts[1:], len(inner)]
            for number, start, end in zip(header[::2], starts, ends, strict=True):
                found[number] = inner[start:end]
    return found


def stream_of(body: bytes) -> bytes:
    """Return the data of a stream object."""
    return zlib.decompressobj().decompress(re.split(rb"stream\r?\n", body, maxsplit=1)[1])


def text_of(data: bytes) -> str:
    """Return the text of all pages: glyphs by the table of characters of their font."""
    objects = objects_of(data)
    tables = {}
    for name, number in re.findall(rb"/(\w+) (\d+) 0 R", b" ".join(_fonts(objects))):
        table = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
        if table is not None:
            pairs = re.findall(rb"<(\w+)> <(\w+)>\n", stream_of(objects[int(table.group(1))]))
            tables[name] = {one: bytes.fromhex(code.decode()) for one, code in pairs}
    words = []
    for body in objects.values():
        if b"/Length" not in body or b"/Type" in body.partition(b"stream")[0]:
            continue
        content, table_now = stream_of(body), {}
        for font, run in re.findall(rb"/(\w+) \S+ Tf|\[([^\]]*)\]\s*TJ", content):
            if font:
                table_now = tables[font]
                continue
            glyphs = re.findall(rb"[0-9a-f]{4}", b"".join(re.findall(rb"<(\w+)>", run)))
            codes = b"".join(table_now.get(glyph, b"\0?") for glyph in glyphs)
            words.append(codes.decode("utf-16-be"))
    return " ".join(words)


def _fonts(objects: Objects) -> list[bytes]:
    """Return the dictionaries of font names, whether in the resources or in their own object."""
    found = []
    for body in objects.values():
        for inside, number in re.findall(rb"/Font (?:<<(.*?)>>|(\d+) 0 R)", body, re.DOTALL):
            found.append(inside or objects[int(number)])
    return found


def pictures_of(data: bytes) -> list[np.ndarray]:
    """Return the pictures, (y, x, 3) uint8; their rows are filtered as in PNG files."""
    import io
    import struct

    from PIL import Image

    found = []
    for body in objects_of(data).values():
        head, _, rest = body.partition(b"stream")
        if b"/DeviceRGB" not in head or b"/Image" not in head:
            continue
        width, height, length = (
            int(re.search(rb"/%s (\d+)" % key, head).group(1))  # type: ignore[union-attr]
            for key in (b"Width", b"Height", b"Length")
        )
        size = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
        packed = rest.lstrip(b"\r\n")[:length]
        parts = ((b"IHDR", size), (b"IDAT", packed), (b"IEND", b""))
        png = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
            for kind, part in parts
        )
        found.append(np.asarray(Image.open(io.BytesIO(png))))
    return found
