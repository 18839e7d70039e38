# SPDX-License-Identifier: BSD-3-Clause
"""Complete files or none: write under a temporary name and rename; hashes and safe paths."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_mtmri.errors import InputError, RequestError, ResourceError

RUN_RECORD = "run.json"
TEMPORARY = re.compile(r"\.[0-9a-f]{8}-")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name in the same folder, then rename it to ``path``.

    Parameters
    ----------
    path : Path
    write : callable
        Writes the file; its argument is the temporary path, with the suffix of ``path``.

    Raises
    ------
    ResourceError
        If the folder is not writable or the disk is full; no partial file is left behind.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode
        write(temporary)
        temporary.chmod(mode)  # some libraries make files that only their owner may read
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); choose another place.") from why
    finally:
        with suppress(OSError):  # already renamed, or never made
            temporary.unlink()


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed process left in a folder.

    Nothing else may be writing there.
    """
    for path in folder.glob(".*-*") if folder.is_dir() else ():
        if TEMPORARY.match(path.name):
            with suppress(OSError):
                path.unlink()


@contextmanager
def whole_folder(
    path: Path, record: str = RUN_RECORD, what: str = "a result folder"
) -> Iterator[Path]:
    """Return a temporary folder to fill; it is renamed to ``path`` when the block succeeds.

    An existing folder of the same kind is replaced. If the block fails, nothing is left behind.

    Parameters
    ----------
    path : Path
        Folder to write.
    record : str
        File by which a folder of this kind is known.
    what : str
        Name of this kind of folder, for messages.

    Raises
    ------
    RequestError
        If ``path`` exists and is not of this kind.
    ResourceError
        If the folder cannot be written.
    """
    if path.exists() and not _may_replace(path, record):
        raise RequestError(f"{path}: already exists and is not {what}; choose another folder.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
        temporary.mkdir()
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); choose another place.") from why
    try:
        yield temporary
        _take_place(temporary, path)
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); free some space.") from why
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_killed_attempts(path: Path) -> None:
    """Remove the temporary folders of processes that were killed while they wrote ``path``.

    To be called when ``path`` is whole, and no other process is writing it.
    """
    attempt = re.compile(rf"\.{re.escape(path.name)}-[0-9a-f]{{8}}(-old)?")
    for place in path.parent.iterdir():
        if attempt.fullmatch(place.name):
            shutil.rmtree(place, ignore_errors=True)


def _take_place(temporary: Path, path: Path) -> None:
    """Rename ``temporary`` to ``path``; a folder already there is deleted only afterwards."""
    if not path.exists():
        os.replace(temporary, path)
        return
    old = temporary.with_name(f"{temporary.name}-old")
    os.replace(path, old)
    try:
        os.replace(temporary, path)
    except OSError:
        os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _may_replace(path: Path, record: str) -> bool:
    return path.is_dir() and ((path / record).is_file() or not any(path.iterdir()))


def sha256(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_free_space(path: Path, n_bytes: int) -> None:
    """Check that the disk of ``path`` has enough free space.

    Raises
    ------
    ResourceError
        If fewer than ``n_bytes`` are free.
    """
    folder = next(p for p in (path, *path.absolute().parents) if p.is_dir())
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise ResourceError(
            f"{path}: {n_bytes / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free; "
            "free some space."
        )


def safe_child(folder: Path, name: str) -> Path:
    """Return ``folder / name``, checked to lie inside the folder.

    Raises
    ------
    InputError
        If the path is invalid or leads out of the folder.
    """
    try:
        child = (folder / name).resolve()
        inside = child.is_relative_to(folder.resolve())
    except (ValueError, OSError) as why:  # a null character, a loop of links
        raise InputError(f"{name!r} is not a valid file name ({why}); rename the file.") from why
    if not inside:
        raise InputError(f"{name!r} leads out of the folder {folder}; use a path inside it.")
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
