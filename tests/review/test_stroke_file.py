# SPDX-License-Identifier: BSD-3-Clause
"""Stroke files: what was written is read, and a torn end costs nothing before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import InputError
from napari_mtmri.review.edits import Edit, History
from napari_mtmri.review.stroke_file import (
    DISCARDED,
    EDIT,
    MAGIC,
    REDO,
    SAVED,
    START,
    UNDO,
    Record,
    StrokeFile,
    encode,
    read_records,
    replay,
    start_of,
    unsaved,
)

SHAPE = (6, 5, 4)


def an_edit(seed: int, dtype: str = "uint8") -> Edit:
    rng = np.random.default_rng(seed)
    indices = rng.choice(120, rng.integers(1, 30), replace=False)
    before, after = rng.integers(0, 100, (2, len(indices))).astype(dtype)
    return Edit(indices, before, after, "brush", 3, "model", weights="ab" * 32)


def same(one: Edit, other: Edit) -> bool:
    arrays = ("indices", "before", "after")
    facts = ("tool", "label", "source", "weights")
    return all((getattr(one, k) == getattr(other, k)).all() for k in arrays) and all(
        getattr(one, k) == getattr(other, k) for k in facts
    )


@given(st.integers(0, 10**6), st.sampled_from(["uint8", "int16", "int32", ">i2"]))
def test_an_edit_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, seed: int, dtype: str
) -> None:
    path = tmp_path_factory.mktemp("strokes") / "strokes.bin"
    edit = an_edit(seed, dtype)
    StrokeFile(path).append(Record(EDIT, {}, edit))
    [record], size = read_records(path)
    assert record.edit is not None
    assert same(record.edit, edit)
    assert size == path.stat().st_size


def test_indices_of_the_largest_volumes_are_kept(tmp_path: Path) -> None:
    edit = Edit([0, 5 * 2**32, 5 * 2**32 + 1], [0, 0, 0], [1, 2, 3], "brush")
    StrokeFile(tmp_path / "s.bin").append(Record(EDIT, {}, edit))
    [record], _ = read_records(tmp_path / "s.bin")
    assert record.edit is not None
    assert (record.edit.indices == edit.indices).all()


def a_file(path: Path) -> list[Record]:
    records = [
        Record(START, {"version": "", "mask": "mask", "shape": list(SHAPE), "dtype": "|u1"}),
        Record(EDIT, {}, an_edit(1)),
        Record(UNDO, {}),
        Record(EDIT, {}, an_edit(2)),
        Record(EDIT, {}, an_edit(3)),
        Record(UNDO, {}),
        Record(REDO, {}),
    ]
    strokes = StrokeFile(path)
    for record in records:
        strokes.append(record)
    return records


def test_a_file_cut_anywhere_gives_the_records_before_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "strokes.bin"
    records = a_file(path)
    whole = path.read_bytes()
    ends = np.cumsum([len(MAGIC), *(len(encode(record)) for record in records)])
    for cut in sorted(
        {*range(0, len(whole), 11), *ends, *(ends - 1), *(ends + 1)} - {len(whole) + 1}
    ):
        path.write_bytes(whole[:cut])
        found, size = read_records(path)
        n = max(int((ends <= cut).sum()) - 1, 0)
        assert [one.kind for one in found] == [one.kind for one in records[:n]]
        assert size == (ends[n] if cut >= len(MAGIC) else 0)


def test_a_file_with_an_altered_byte_gives_the_records_before_it(tmp_path: Path) -> None:
    path = tmp_path / "strokes.bin"
    records = a_file(path)
    whole = path.read_bytes()
    ends = np.cumsum([len(MAGIC), *(len(encode(record)) for record in records)])
    for place in range(len(MAGIC), len(whole), 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        found, _ = read_records(path)
        assert len(found) == int((ends <= place).sum()) - 1


def test_writing_goes_on_behind_the_last_sound_record(tmp_path: Path) -> None:
    path = tmp_path / "strokes.bin"
    records = a_file(path)
    sound = path.stat().st_size
    path.write_bytes(path.read_bytes() + encode(Record(EDIT, {}, an_edit(9)))[:-3])
    found, size = read_records(path)
    assert size == sound
    StrokeFile(path, size).append(Record(SAVED, {"version": "v0001.nii.gz"}))
    assert len(read_records(path)[0]) == len(found) + 1 == len(records) + 1


def test_replay_gives_mask_and_history(tmp_path: Path) -> None:
    path = tmp_path / "strokes.bin"
    records = a_file(path)
    wanted = History(np.zeros(SHAPE, np.uint8))
    for record in records:
        if record.edit is not None:
            wanted.apply(record.edit)
        elif record.kind == UNDO:
            wanted.undo()
        elif record.kind == REDO:
            wanted.redo()
    found = replay(read_records(path)[0], np.zeros(SHAPE, np.uint8))
    assert (found.mask == wanted.mask).all()
    assert len(found.done) == len(wanted.done)
    assert found.can_redo == wanted.can_redo


def test_only_what_follows_a_version_is_unsaved(tmp_path: Path) -> None:
    records = a_file(tmp_path / "strokes.bin")
    assert unsaved(records) == len(records) - 1
    assert unsaved([*records, Record(SAVED, {})]) == 0
    assert unsaved([*records, Record(SAVED, {}), Record(UNDO, {})]) == 1
    assert unsaved([*records, Record(DISCARDED, {})]) == 0


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "strokes.bin"
    path.write_bytes(b"PK\x03\x04 and so on, longer than the beginning")
    with pytest.raises(InputError, match="not a file of strokes"):
        read_records(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_records(tmp_path / "none.bin")
    with pytest.raises(InputError, match="beginning is damaged"):
        start_of(path, [Record(UNDO, {})])
