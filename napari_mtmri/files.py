# SPDX-License-Identifier: BSD-3-Clause
"""Complete files or none: write under a temporary name and rename; hashes and safe paths."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import stat
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_mtmri.errors import InputError, RequestError, ResourceError

RUN_RECORD = "run.json"
MOST_TEXT_BYTES = 2**26
TEMPORARY = re.compile(r"\.[0-9a-f]{8}-")
TEMPORARY_FOLDER = re.compile(r"\.mtmri-[0-9a-f]{8}-(.+)", re.DOTALL)
OLD = ".old"  # ends the name of a folder while it is replaced, where the system cannot swap two
HERE, SWAP = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


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


def remove_leftovers(folder: Path, of: str = "") -> None:
    """Remove the temporary files that a killed process left in a folder.

    Nothing else may be writing there, at least not the files whose names start with ``of``.
    """
    for path in folder.glob(".*-*") if folder.is_dir() else ():
        found = TEMPORARY.match(path.name)
        if found and path.name[found.end() :].startswith(of):
            with suppress(OSError):
                path.unlink()


def remove_left_folders(folder: Path) -> None:
    """Remove the temporary folders that killed processes left; those in use are kept.

    A folder that a killed process was replacing returns to its place.
    """
    if not folder.is_dir():
        return
    for path in [Path(entry.path) for entry in os.scandir(folder) if entry.name[0] == "."]:
        found = TEMPORARY_FOLDER.fullmatch(path.name)
        if found is None or not path.is_dir() or path.is_symlink():
            continue
        with _locked(path) as is_free:
            place = folder / found[1].removesuffix(OLD)
            if is_free and path.name.endswith(OLD) and not place.exists():
                os.replace(path, place)
            elif is_free:
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder while this process lives; yield whether no other process has locked it.

    False where folders cannot be locked, as on Windows.
    """
    try:
        import fcntl
    except ImportError:
        yield False
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
        except OSError:
            is_free = False
        yield is_free
    finally:
        os.close(handle)


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
    check_replaceable(path, record, what)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".mtmri-{uuid.uuid4().hex[:8]}-{path.name}")
        temporary.mkdir()
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); choose another place.") from why
    try:
        with _locked(temporary):
            yield temporary
            _take_place(temporary, path)
    except OSError as why:
        raise ResourceError(f"{path}: cannot be written ({why}); free some space.") from why
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_replaceable(path: Path, record: str = RUN_RECORD, what: str = "a result folder") -> None:
    """Check that `whole_folder` may write a folder, before its content is computed.

    Raises
    ------
    RequestError
        If ``path`` exists and is not of this kind.
    ResourceError
        If it cannot be written.
    """
    if path.exists() and not _may_replace(path, record):
        raise RequestError(f"{path}: already exists and is not {what}; choose another folder.")
    check_writable(path.parent)


def check_writable(folder: Path) -> None:
    """Check that files can be made in a folder, which may not exist yet.

    Raises
    ------
    ResourceError
        If not.
    """
    whole = folder.absolute()
    there = next(place for place in (whole, *whole.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ResourceError(f"{folder}: {there} is not writable; choose another place.")


def _take_place(temporary: Path, path: Path) -> None:
    """Rename ``temporary`` to ``path``; a folder already there is deleted only afterwards."""
    if not path.exists():
        os.replace(temporary, path)
        return
    if _swap(temporary, path):  # there is no moment without a whole folder
        return
    old = temporary.with_name(f"{temporary.name}{OLD}")
    os.replace(path, old)
    try:
        os.replace(temporary, path)
    except OSError:
        os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; return False where the system cannot do it."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):  # an old C library
        return False
    return bool(rename(HERE, os.fsencode(one), HERE, os.fsencode(other), SWAP) == 0)


def _may_replace(path: Path, record: str) -> bool:
    return path.is_dir() and ((path / record).is_file() or not any(path.iterdir()))


def sha256(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_text(path: Path, most_bytes: int = MOST_TEXT_BYTES) -> str:
    """Return a UTF-8 text file of limited size, without a byte order mark.

    Raises
    ------
    OSError
        If it is no regular file (a pipe would block, a device has no end), or is too large.
    UnicodeDecodeError
        If it is not UTF-8.
    """
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is not a regular file")
        if os.fstat(file.fileno()).st_size > most_bytes:
            raise OSError(f"it has more than {most_bytes} bytes")
        content = file.read()
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def _at_once(name: str, flags: int) -> int:
    """Open a file; a named pipe without a writer does not block."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def shown_name(name: str) -> str:
    r"""Return a file name as text that can be written anywhere.

    A name that is not UTF-8 has its other bytes as ``\xe9``.
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


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
