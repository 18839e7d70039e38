# SPDX-License-Identifier: BSD-3-Clause
"""Journal: every change of what was written is noticed, and told apart."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.review.journal import (
    Journal,
    append_bytes,
    hash_of,
    head_path,
    read_head,
    read_journal,
    write_head,
)
from napari_mtmri.review.journal_check import repair, verify
from tests.review.studies import HandClock

N = 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path / "journal.jsonl")


def filled(path: Path, n: int = N) -> Path:
    journal = Journal(path, "Anna", HandClock())
    for number in range(n):
        journal.append("saved", case=f"Fall {number} ü", voxels={"1": number}, ml=0.1 * number)
    return path


def kinds(path: Path) -> set[str]:
    return {problem.kind for problem in verify(path).problems}


def rewrite(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def test_events_are_read_as_they_were_written(path: Path) -> None:
    events = read_journal(path)
    assert [event["seq"] for event in events] == list(range(1, N + 1))
    assert events[3]["case"] == "Fall 3 ü"
    assert events[3]["ml"] == 0.1 * 3
    assert {event["who"] for event in events} == {"Anna"}
    assert events[0]["time"] == "2026-05-04T12:03:04.000+00:00"
    check = verify(path)
    assert check.ok
    assert check.head == read_head(path)
    assert check.head.count == N
    assert check.head.hash in check.text


def test_a_journal_is_continued(path: Path) -> None:
    Journal(path, "Anna").append("left", case="Fall 1")
    assert verify(path).ok
    assert len(read_journal(path)) == N + 1


def test_no_journal_is_an_empty_journal(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "journal.jsonl") == []
    assert verify(tmp_path / "journal.jsonl").ok


@pytest.fixture(scope="module")
def one_journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    path = filled(tmp_path_factory.mktemp("journal") / "journal.jsonl")
    return path, lines_of(path)


@given(st.integers(0, N - 1), st.data())
def test_any_changed_letter_is_noticed(
    one_journal: tuple[Path, list[bytes]], number: int, data: st.DataObject
) -> None:
    path, lines = one_journal[0], list(one_journal[1])
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    letter = bytes([lines[number][place] ^ 1])
    lines[number] = lines[number][:place] + letter + lines[number][place + 1 :]
    rewrite(path, lines)
    assert not verify(path).ok


def test_an_altered_line_is_named(path: Path) -> None:
    lines = lines_of(path)
    lines[4] = lines[4].replace(b'"voxels": {"1": 4}', b'"voxels": {"1": 9}')
    rewrite(path, lines)
    [problem] = verify(path).problems
    assert (problem.kind, problem.line) == ("altered", 5)
    assert problem.text == "line 5 was altered."


@pytest.mark.parametrize("number", [0, 3, N - 2])
def test_an_altered_line_with_a_new_hash_is_named(path: Path, number: int) -> None:
    lines = lines_of(path)
    event = json.loads(lines[number])
    event["case"] = "another"
    event["hash"] = hash_of(event)
    lines[number] = json.dumps(event).encode()
    rewrite(path, lines)
    assert [(p.kind, p.line) for p in verify(path).problems] == [("altered", number + 1)]


def test_a_last_line_with_a_new_hash_is_not_the_one_its_head_names(path: Path) -> None:
    lines = lines_of(path)
    event = json.loads(lines[-1])
    event["case"] = "another"
    event["hash"] = hash_of(event)
    rewrite(path, [*lines[:-1], json.dumps(event).encode()])
    assert kinds(path) == {"head"}


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 3), (3, 6)])
def test_missing_lines_are_named(path: Path, first: int, last: int) -> None:
    lines = lines_of(path)
    rewrite(path, lines[:first] + lines[last:])
    problems = verify(path).problems
    assert {p.kind for p in problems} == {"missing", "shorter"}
    [missing] = [p for p in problems if p.kind == "missing"]
    assert missing.line == first + 1


def test_a_journal_without_its_last_lines_is_shorter_than_its_head(path: Path) -> None:
    rewrite(path, lines_of(path)[:-2])
    [problem] = verify(path).problems
    assert problem.kind == "shorter"
    assert problem.text == f"it has {N - 2} lines, but its head counts {N}."


@pytest.mark.parametrize(("one", "other"), [(0, 1), (2, 5), (N - 2, N - 1)])
def test_reordered_lines_are_named(path: Path, one: int, other: int) -> None:
    lines = lines_of(path)
    lines[one], lines[other] = lines[other], lines[one]
    rewrite(path, lines)
    problems = verify(path).problems
    assert {p.kind for p in problems} == {"reordered"}
    assert [p.line for p in problems] == [one + 1, other + 1]


def test_a_repeated_line_is_named(path: Path) -> None:
    lines = lines_of(path)
    rewrite(path, [*lines[:3], lines[2], *lines[3:]])
    assert "reordered" in kinds(path)


def test_a_line_that_is_no_event_is_altered_not_missing(path: Path) -> None:
    lines = lines_of(path)
    lines[2] = b"{}"
    rewrite(path, lines)
    assert kinds(path) == {"altered"}
    with pytest.raises(InputError, match="line 3 is no event"):
        read_journal(path)
    assert len(read_journal(path, skip_damaged=True)) == N - 1


def test_a_torn_last_line_is_repaired_and_kept_aside(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq": 9, "prev": "ab')
    check = verify(path)
    assert kinds(path) == {"torn"}
    assert check.is_repairable
    with pytest.raises(InputError, match="torn"):
        Journal(path, "Anna")
    assert repair(path) == len(b'{"seq": 9, "prev": "ab')
    assert path.read_bytes() == whole
    assert path.with_suffix(".torn").read_bytes() == b'{"seq": 9, "prev": "ab\n'
    assert verify(path).ok
    assert repair(path) == 0


def test_repair_does_not_hide_anything_else(path: Path) -> None:
    lines = lines_of(path)
    rewrite(path, lines[:4] + lines[5:])
    before = path.read_bytes(), head_path(path).read_bytes()
    assert repair(path) == 0
    assert (path.read_bytes(), head_path(path).read_bytes()) == before
    assert kinds(path) == {"missing", "shorter"}


def test_a_head_that_a_crash_left_behind_is_no_fault(path: Path) -> None:
    old = read_head(path)
    assert old is not None
    Journal(path, "Anna").append("left")
    write_head(path, old)
    assert verify(path).ok
    repair(path)
    assert read_head(path) == verify(path).head


def test_a_missing_head_is_named(path: Path) -> None:
    head_path(path).unlink()
    assert kinds(path) == {"head"}


def test_a_clock_that_is_set_back_is_noted_and_order_is_kept(tmp_path: Path) -> None:
    clock = HandClock()
    journal = Journal(tmp_path / "journal.jsonl", "Anna", clock)
    journal.append("first")
    clock.wall -= timedelta(hours=1)
    event = journal.append("second")
    assert event["clock_set_back_s"] == 3600
    assert [e["event"] for e in read_journal(journal.path)] == ["first", "second"]
    assert "clock_set_back_s" not in journal.append("third")
    assert verify(journal.path).ok


def test_a_refused_write_leaves_nothing_and_may_be_repeated(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, whole = Journal(path, "Anna"), path.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(ResourceError, match="No space left"):
            journal.append("left")
    journal.append("left")
    assert path.read_bytes().startswith(whole)
    assert len(read_journal(path)) == N + 1
    assert verify(path).ok


def test_a_file_that_became_shorter_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "file"
    size = append_bytes(path, b"abcdef", 0)
    path.write_bytes(b"abc")
    with pytest.raises(ResourceError, match="has 3 bytes instead of 6"):
        append_bytes(path, b"ghi", size)
    assert path.read_bytes() == b"abc"
