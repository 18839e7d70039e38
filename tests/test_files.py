# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import hashlib
import os
import sys
import threading
from pathlib import Path

import pytest

import napari_mtmri as mt
from napari_mtmri import files
from napari_mtmri.batch.run_case import fingerprint
from napari_mtmri.errors import InputError, RequestError, ResourceError, WeightsError
from napari_mtmri.files import (
    check_free_space,
    read_text,
    remove_left_folders,
    remove_leftovers,
    safe_child,
    sha256,
    shown_name,
    whole_folder,
    write_whole,
)
from napari_mtmri.readers.image import case_name
from napari_mtmri.tables import read_rows
from napari_mtmri.train.export.weights import read_about
from napari_mtmri.train.folder.layout import read_config
from napari_mtmri.weights import read_card


def test_a_file_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, lambda file: file.write_text("first"))

    def fail(file: Path) -> None:
        file.write_text("half")
        raise OSError("disk full")

    with pytest.raises(ResourceError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_only_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    kept = ["a.txt", ".hidden-file.txt", ".0123abcd", "0123abcd-a.txt", ".lock"]
    for name in (*kept, ".0123abcd-a.txt", ".89abcdef-b.nii.gz"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    remove_leftovers(tmp_path / "none")


def test_only_folders_that_no_process_is_filling_are_removed(tmp_path: Path) -> None:
    kept = (".mtmri-0123abcd", ".cache-0123abcd", "mtmri-0123abcd-run", ".mtmri-xyz-run")
    for name in kept:
        (tmp_path / name).mkdir()
    left, replaced = tmp_path / ".mtmri-0123abcd-run", tmp_path / ".mtmri-89abcdef-case.old"
    for folder in (left, replaced):
        folder.mkdir()
        (folder / "run.json").write_text(folder.name)
    with whole_folder(tmp_path / "other") as filling:
        remove_left_folders(tmp_path)
        assert filling.is_dir()
        (filling / "run.json").touch()
    assert {path.name for path in tmp_path.iterdir()} == {*kept, "case", "other"}
    assert (tmp_path / "case" / "run.json").read_text() == replaced.name


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot swap two folders")
def test_a_folder_is_there_at_every_moment_while_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run"
    with whole_folder(path) as beside:
        (beside / "run.json").write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: pytest.fail("renamed in two steps"))
    with whole_folder(path) as beside:
        (beside / "run.json").write_text("new")
    assert (path / "run.json").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_folder_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
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


def test_a_result_folder_is_replaced_and_any_other_folder_is_not(tmp_path: Path) -> None:
    path = tmp_path / "run"
    for text in ("1", "2"):
        with whole_folder(path) as beside:
            (beside / "run.json").write_text(text)
    assert (path / "run.json").read_text() == "2"
    other = tmp_path / "holiday"
    other.mkdir()
    (other / "photo.jpg").touch()
    with pytest.raises(RequestError, match="not a result folder"), whole_folder(other):
        pass
    assert (other / "photo.jpg").exists()


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert sha256(path) == hashlib.sha256(b"abc").hexdigest()


def test_too_little_free_space_is_refused_before_the_work(tmp_path: Path) -> None:
    check_free_space(tmp_path / "not" / "there", 1)
    with pytest.raises(ResourceError, match="MB are needed"):
        check_free_space(tmp_path, 10**18)


def test_a_path_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    assert safe_child(tmp_path, "a/b") == tmp_path / "a" / "b"
    for name in ("../x", "/etc/passwd", "a/../../x"):
        with pytest.raises(InputError, match="leads out"):
            safe_child(tmp_path, name)
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(InputError, match="leads out"):
        safe_child(tmp_path, "link/passwd")
    with pytest.raises(InputError, match="not a valid file name"):
        safe_child(tmp_path, "a\0b")


def test_a_place_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "a.txt", tmp_path / "missing" / "a.txt"):
        with pytest.raises(ResourceError, match="cannot be written"):
            write_whole(path, lambda file: file.write_text("x"))
    with pytest.raises(ResourceError), whole_folder(tmp_path / "file" / "run"):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop(file: Path) -> None:
        file.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", stop)
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "run") as beside:
        (beside / "half").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_old_folder_is_restored_if_the_new_one_cannot_replace_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run"
    with whole_folder(path) as beside:
        (beside / "run.json").write_text("old")
    replace = os.replace

    def fail(source: Path, target: Path) -> None:
        if Path(target) == path and not str(source).endswith(files.OLD):
            raise OSError("disk gone")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(files, "_swap", lambda one, other: False)
    with pytest.raises(ResourceError, match="disk gone"), whole_folder(path) as beside:
        (beside / "run.json").write_text("new")
    assert (path / "run.json").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_two_writers_of_one_file_leave_one_complete_file(tmp_path: Path) -> None:
    path, meet = tmp_path / "a", threading.Barrier(2)

    def write(letter: str) -> None:
        def fill(file: Path) -> None:
            file.write_text(letter * 1000)
            meet.wait(10)

        write_whole(path, fill)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_text() in ("a" * 1000, "b" * 1000)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_result_folder_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with whole_folder(tmp_path / "run"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_a_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    def shut(file: Path) -> None:
        file.write_text("x")
        file.chmod(0o600)

    (tmp_path / "usual").touch()
    write_whole(tmp_path / "a", shut)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_or_an_endless_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe, endless = tmp_path / "a.nii", tmp_path / "b.json"
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    for path in (pipe, endless):
        with pytest.raises(OSError, match="not a regular file"):
            read_text(path)
        with pytest.raises(InputError, match="pipe or a device"):
            mt.open(path)
        with pytest.raises(InputError, match="pipe or a device"):
            fingerprint(path)
        for reader in (read_rows, read_config, read_about):
            with pytest.raises(InputError, match=path.name):
                reader(path)
        with pytest.raises(WeightsError, match=r"card"):
            card = tmp_path / "w.json"
            card.unlink(missing_ok=True)
            card.symlink_to(path)
            read_card(tmp_path / "w.safetensors")


def test_a_text_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\ufeffab\r\nc", encoding="utf-8", newline="")
    assert read_text(path) == "ab\nc"
    with pytest.raises(OSError, match="more than 5 bytes"):
        read_text(path, 5)


@pytest.mark.skipif(os.name != "posix", reason="file names are Unicode here")
def test_a_name_that_is_not_utf8_can_be_written() -> None:
    name = os.fsdecode(b"caf\xe9.nii")
    assert shown_name(name) == r"caf\xe9.nii"
    assert shown_name("café") == "café"
    assert case_name(Path(name)) == r"caf\xe9"
