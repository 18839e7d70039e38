# SPDX-License-Identifier: BSD-3-Clause
"""Stroke file: every edit, undo and redo of one mask since a version, as checked records.

A record is a kind (1 byte), the length and the CRC-32 of its content (4 bytes each), and the
content. A record that a crash cut off fails its length or sum, and ends the file.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.review.edits import Array, Edit, History, check_edit
from napari_mtmri.review.journal import append_bytes

MAGIC = b"MTMRI strokes 1\n"
RECORD = struct.Struct("<cII")
START, EDIT, UNDO, REDO, SAVED, DISCARDED = b"B", b"E", b"U", b"R", b"S", b"D"
MOST_BYTES = 2**31


@dataclass(frozen=True)
class Record:
    """One record of a stroke file.

    Parameters
    ----------
    kind : bytes
        `START`, `EDIT`, `UNDO`, `REDO`, `SAVED` or `DISCARDED`.
    facts : dict
        Of START: base version, shape, dtype; of SAVED: version.
    edit : Edit, optional
        Of EDIT.
    """

    kind: bytes
    facts: dict[str, Any]
    edit: Edit | None = None


def encode(record: Record) -> bytes:
    """Return a record as bytes."""
    content = _encode_edit(record) if record.edit is not None else _json(record.facts)
    return RECORD.pack(record.kind, len(content), zlib.crc32(record.kind + content)) + content


def _json(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, ensure_ascii=False).encode()


def _encode_edit(record: Record) -> bytes:
    """Return facts, steps between indices and the labels; the arrays are deflated."""
    edit = record.edit
    assert edit is not None
    steps = np.diff(edit.indices, prepend=0)
    small = np.uint32 if not len(steps) or steps.max() < 2**32 else np.int64
    facts = {
        **record.facts,
        "tool": edit.tool,
        "label": int(edit.label),
        "source": edit.source,
        "weights": edit.weights,
        "n": len(steps),
        "steps": np.dtype(small).str,
        "before": edit.before.dtype.newbyteorder("<").str,
        "after": edit.after.dtype.newbyteorder("<").str,
    }
    head = _json(facts)
    arrays = (
        steps.astype(np.dtype(small).newbyteorder("<")),
        edit.before.astype(facts["before"]),
        edit.after.astype(facts["after"]),
    )
    body = zlib.compress(b"".join(array.tobytes() for array in arrays), 1)
    return struct.pack("<I", len(head)) + head + body


def _decode(kind: bytes, content: bytes) -> Record:
    if kind != EDIT:
        return Record(kind, json.loads(content))
    (length,) = struct.unpack_from("<I", content)
    facts = json.loads(content[4 : 4 + length])
    body = zlib.decompress(content[4 + length :])
    arrays, offset, n = [], 0, int(facts["n"])
    for name in ("steps", "before", "after"):
        dtype = np.dtype(facts[name])
        arrays.append(np.frombuffer(body, dtype, n, offset).astype(dtype.newbyteorder("=")))
        offset += n * dtype.itemsize
    indices = np.cumsum(arrays[0].astype(np.int64))
    edit = Edit(
        indices, arrays[1], arrays[2], facts["tool"], facts["label"], facts["source"],
        weights=facts["weights"],
    )  # fmt: skip
    return Record(EDIT, {}, edit)


class StrokeFile:
    """Appends records to a stroke file; each is on the disk when `append` returns.

    Parameters
    ----------
    path : Path
    size : int
        Bytes of it that are sound; 0 for a new file.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self.path, self._size = path, size

    def append(self, *records: Record) -> None:
        """Append records.

        Raises
        ------
        ResourceError
            If they cannot be written; none of them is then in the file.
        """
        data = b"".join(map(encode, records))
        self._size = append_bytes(self.path, data if self._size else MAGIC + data, self._size)


def read_records(path: Path) -> tuple[list[Record], int]:
    """Return the sound records of a stroke file and the bytes they take.

    Raises
    ------
    InputError
        If it is no stroke file.
    """
    try:
        data = path.read_bytes()
    except OSError as why:
        raise InputError(f"{path}: cannot be read ({why.strerror or why}).") from why
    if len(data) < len(MAGIC) and MAGIC.startswith(data):
        return [], 0
    if not data.startswith(MAGIC):
        raise InputError(f"{path}: is not a file of strokes.")
    records, size = [], len(MAGIC)
    for record, end in _each(data, len(MAGIC)):
        records.append(record)
        size = end
    return records, size


def _each(data: bytes, start: int) -> Iterator[tuple[Record, int]]:
    while start + RECORD.size <= len(data):
        kind, length, crc = RECORD.unpack_from(data, start)
        end = start + RECORD.size + length
        content = data[start + RECORD.size : end]
        if end > len(data) or zlib.crc32(kind + content) != crc:
            return
        try:
            yield _decode(kind, content), end
        except (ValueError, KeyError, TypeError, struct.error, zlib.error):
            return
        start = end


def replay(records: list[Record], mask: Array) -> History:
    """Return the history of a mask after the records of its stroke file.

    Parameters
    ----------
    records : list of Record
    mask : integer array, (i, j, k)
        The mask at the start of the file; changed in place.

    Raises
    ------
    InputError
        If an edit does not fit the mask.
    """
    history = History(mask)
    for record in records:
        if record.edit is not None:
            check_edit(record.edit, mask)
            history.apply(record.edit)
        elif record.kind == UNDO:
            history.undo()
        elif record.kind == REDO:
            history.redo()
    return history


def start_of(path: Path, records: list[Record]) -> dict[str, Any]:
    """Return what the edits of a stroke file were made on: version, mask, shape, dtype.

    Raises
    ------
    InputError
        If its first record is missing.
    """
    if not records or records[0].kind != START:
        raise InputError(f"{path}: its beginning is damaged; its edits cannot be restored.")
    return records[0].facts


def unsaved(records: list[Record]) -> int:
    """Return how many edits, undos and redos follow the last saved version."""
    count = 0
    for record in records:
        count = 0 if record.kind in (SAVED, START, DISCARDED) else count + 1
    return count
