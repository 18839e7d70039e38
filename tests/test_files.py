# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from napari_mtmri.errors import InputError, RequestError, ResourceError
from napari_mtmri.files import check_free_space, safe_child, sha256, whole_folder, write_whole


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, lambda file: file.write_text("first"))

    def fail(file: Path) -> None:
        file.write_text("half")
        raise OSError("disk full")

    with pytest.raises(ResourceError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with whole_folder(path) as beside:
        (beside / "run.json").write_text("{}")
        assert not path.exists()
    assert (path / "run.json").is_file()
    with pytest.raises(RuntimeError), whole_folder(path) as beside:
        (beside / "run.json").write_text("half")
        raise RuntimeError
    assert (path / "run.json").read_text() == "{}"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_run_folder_is_replaced_and_any_other_is_not(tmp_path: Path) -> None:
    path = tmp_path / "run"
    for text in ("1", "2"):
        with whole_folder(path) as beside:
            (beside / "run.json").write_text(text)
    assert (path / "run.json").read_text() == "2"
    other = tmp_path / "holiday"
    other.mkdir()
    (other / "photo.jpg").touch()
    with pytest.raises(RequestError, match="no run folder"), whole_folder(other):
        pass
    assert (other / "photo.jpg").exists()


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert sha256(path) == hashlib.sha256(b"abc").hexdigest()


def test_too_little_room_is_said_before_the_work(tmp_path: Path) -> None:
    check_free_space(tmp_path / "not" / "there", 1)
    with pytest.raises(ResourceError, match="MB are needed"):
        check_free_space(tmp_path, 10**18)


def test_no_path_leaves_its_folder(tmp_path: Path) -> None:
    assert safe_child(tmp_path, "a/b") == tmp_path / "a" / "b"
    for name in ("../x", "/etc/passwd", "a/../../x"):
        with pytest.raises(InputError, match="leaves"):
            safe_child(tmp_path, name)
