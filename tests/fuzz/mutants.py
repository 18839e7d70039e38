# SPDX-License-Identifier: BSD-3-Clause
"""Mutants of a file: a pure function of its bytes and a number."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Callable

WORDS = (
    b"nan", b"-1", b"1e999", b"99999999999", b"[]", b"{}", b"null", b'"', b",", b"\n", b"\t", b";",
    b"&a [*a]", b"!!python/object:os.system", b"../../x", b"\xff\xfe", b"\x00", b"true", b"0",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 127, 255, 32767, -32768, 65535, 2**31 - 1, -(2**31), 2**40)
FLOATS = (float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e38, -1e30, 1e-40, 1e300)
MOST_CHANGES = 6

Change = Callable[[random.Random, bytearray], None]


def mutant(content: bytes, number: int, *, of_header: int = 0) -> bytes:
    """Return the ``number``-th mutant; every other one is changed below ``of_header`` alone."""
    draw = random.Random(f"{number}")
    packed = content[:2] == b"\x1f\x8b" and number % 3 > 0
    raw = bytearray(gzip.decompress(content) if packed else content)
    window = of_header if of_header and number % 2 else len(raw)
    head, tail = raw[:window], raw[window:]
    for _ in range(draw.randint(1, MOST_CHANGES)):
        draw.choice(CHANGES)(draw, head)
    if draw.random() < 0.1:
        tail = bytearray()
    changed = bytes(head + tail)
    return gzip.compress(changed, 1, mtime=0) if packed else changed


def _place(draw: random.Random, raw: bytearray) -> int:
    return draw.randrange(len(raw) + 1)


def _flip(draw: random.Random, raw: bytearray) -> None:
    if raw:
        raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)


def _byte(draw: random.Random, raw: bytearray) -> None:
    if raw:
        raw[draw.randrange(len(raw))] = draw.randrange(256)


def _number(draw: random.Random, raw: bytearray) -> None:
    order, size = draw.choice("<>"), draw.choice("hiq")
    bits = 8 * struct.calcsize(size)
    value = draw.choice(NUMBERS) % 2**bits
    put = struct.pack(f"{order}{size.upper()}", value)
    start = _place(draw, raw)
    raw[start : start + len(put)] = put


def _float(draw: random.Random, raw: bytearray) -> None:
    size = draw.choice("fd")
    value = draw.choice(FLOATS[:-1] if size == "f" else FLOATS)
    put = struct.pack(f"{draw.choice('<>')}{size}", value)
    start = _place(draw, raw)
    raw[start : start + len(put)] = put


def _cut(draw: random.Random, raw: bytearray) -> None:
    del raw[_place(draw, raw) :]


def _remove(draw: random.Random, raw: bytearray) -> None:
    start = _place(draw, raw)
    del raw[start : start + draw.choice((1, 4, 64))]


def _repeat(draw: random.Random, raw: bytearray) -> None:
    start = _place(draw, raw)
    piece = bytes(raw[start : start + draw.choice((1, 8, 100))])
    raw[start:start] = piece * draw.choice((1, 2, 300))


def _word(draw: random.Random, raw: bytearray) -> None:
    start, word = _place(draw, raw), draw.choice(WORDS)
    raw[start : start + draw.choice((0, len(word)))] = word


CHANGES: tuple[Change, ...] = (
    _flip, _flip, _byte, _byte, _number, _number, _float, _cut, _remove, _repeat, _word,
)  # fmt: skip
