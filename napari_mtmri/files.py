# SPDX-License-Identifier: BSD-3-Clause
"""Files that are whole or not there: write beside and rename, hashes, safe paths."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_mtmri.errors import InputError, RequestError, ResourceError

RUN_RECORD = "run.json"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside ``path`` and rename it when whole.

    Parameters
    ----------
    path : Path
    write : callable
        Given the path to write to; it has the same ending as ``path``.

    Raises
    ------
    ResourceError
        If the folder cannot be written to or the disk is full; nothing is left behind.
    """
    beside = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        beside.touch()
        mode = beside.stat().st_mode
        write(beside)
        beside.chmod(mode)  # some libraries write for their user's eyes alone
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); choose another place.") from why
    finally:
        with suppress(OSError):  # not there, or in no folder
            beside.unlink()


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder beside ``path`` to fill, renamed to it when the block ends well.

    A run folder that is there already is replaced; nothing is left of a block that fails.

    Raises
    ------
    RequestError
        If ``path`` holds something that is not a run folder.
    ResourceError
        If it cannot be written.
    """
    if path.exists() and not _may_replace(path):
        raise RequestError(f"{path}: is there and is no run folder; choose another --out.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
        beside.mkdir()
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); choose another place.") from why
    try:
        yield beside
        _take_place(beside, path)
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); make room there.") from why
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _take_place(beside: Path, path: Path) -> None:
    """Rename ``beside`` to ``path``; what lay there goes only when the new one is in place."""
    if not path.exists():
        os.replace(beside, path)
        return
    old = beside.with_name(f"{beside.name}-old")
    os.replace(path, old)
    try:
        os.replace(beside, path)
    except OSError:
        os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _may_replace(path: Path) -> bool:
    return path.is_dir() and ((path / RUN_RECORD).is_file() or not any(path.iterdir()))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_free_space(path: Path, n_bytes: int) -> None:
    """Refuse to begin what would not fit onto the disk.

    Raises
    ------
    ResourceError
        If less than ``n_bytes`` are free where ``path`` lies.
    """
    folder = next(p for p in (path, *path.absolute().parents) if p.is_dir())
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise ResourceError(
            f"{path}: {n_bytes / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB free; make room."
        )


def safe_child(folder: Path, name: str) -> Path:
    """Return ``folder / name``.

    Raises
    ------
    InputError
        If it would leave the folder.
    """
    try:
        child = (folder / name).resolve()
        inside = child.is_relative_to(folder.resolve())
    except (ValueError, OSError) as why:  # a null character, a loop of links
        raise InputError(f"{name!r} is no name of a file ({why}); rename it.") from why
    if not inside:
        raise InputError(f"{name!r} leaves the folder {folder}; use a path inside it.")
    return child


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all, and the folders it needs.

    Raises
    ------
    ResourceError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8", newline=""))
