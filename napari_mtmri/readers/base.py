# SPDX-License-Identifier: BSD-3-Clause
"""Readers: one per file format, for reading and writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.registry import Registry
from napari_mtmri.volume import Volume

if TYPE_CHECKING:
    from napari_mtmri.result import Result

Kind = Literal["image", "labels"]
MOST_BYTES = 2 * 2**30  # of voxels in memory


@dataclass(frozen=True)
class Reader:
    """A file format.

    Parameters
    ----------
    name, title : str
    patterns : tuple of str
        File name extensions, lower case; empty for folders.
    folders : bool
        Whether it reads folders.
    can_read : callable
        Path -> bool; a quick check of name and content.
    read : callable
        (path, kind) -> Volume or Result; kind "labels" reads integers.
    write : callable, optional
        (volume, path) -> None.
    has_labels : callable, optional
        Path -> bool: whether kind "labels" reads a reference segmentation stored with the
        image.
    """

    name: str
    title: str
    patterns: tuple[str, ...]
    folders: bool
    can_read: Callable[[Path], bool]
    read: Callable[[Path, Kind | None], Volume | Result]
    write: Callable[[Volume, Path], None] | None = None
    has_labels: Callable[[Path], bool] | None = None


READERS: Registry[Reader] = Registry("readers")


def all_readers() -> list[Reader]:
    """Return the readers that can be loaded, sorted by name."""
    broken = READERS.broken()
    return [READERS.get(name) for name in READERS.names() if name not in broken]


def endings(*, written: bool = False) -> list[str]:
    """Return the file name extensions that can be read, or those that can be written."""
    return [
        ending
        for reader in all_readers()
        for ending in reader.patterns
        if not written or reader.write is not None
    ]


def has_ending(path: Path, endings: tuple[str, ...]) -> bool:
    """Return whether a file name has one of the extensions, in upper or lower case."""
    return path.name.lower().endswith(endings)


def find_reader(path: Path) -> Reader:
    """Return the reader of a file or folder.

    Raises
    ------
    InputError
        If it does not exist, or no reader can read it.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the name.")
    if not path.is_file() and not path.is_dir():
        raise InputError(f"{path}: is a pipe or a device, not a file; copy its content to a file.")
    readers = all_readers()
    for reader in readers:
        if reader.folders == path.is_dir() and reader.can_read(path):
            return reader
    folders = ", ".join(reader.title for reader in readers if reader.folders)
    raise InputError(
        f"{path}: this format cannot be read; choose one of {', '.join(endings())}, or a folder: "
        f"{folders}."
    )


def read(path: Path, kind: Kind | None = None) -> Volume | Result:
    """Return the Volume or Result in a file or folder.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return find_reader(path).read(path, kind)


def read_volume(path: str | Path, kind: Kind = "image") -> Volume:
    """Return the volume in a file.

    Raises
    ------
    InputError
        If it cannot be read, or is a result folder.
    """
    found = read(Path(path), kind)
    if not isinstance(found, Volume):
        raise InputError(f"{path}: is a result folder, not a volume; choose a volume in it.")
    return found


def write(volume: Volume, path: Path) -> None:
    """Write a volume in the format of the file name extension.

    Raises
    ------
    RequestError
        If this extension cannot be written.
    """
    for writer in all_readers():
        if writer.write is not None and has_ending(path, writer.patterns):
            writer.write(volume, path)
            return
    known = ", ".join(endings(written=True))
    raise RequestError(f"{path}: this extension cannot be written; choose one of {known}.")


def check_size(shape: tuple[int, ...], itemsize: int, path: Path) -> None:
    """Check the size of a volume before memory is allocated.

    Raises
    ------
    InputError
        If a side is below 1, or the voxels would take more than 2 GiB.
    """
    size = itemsize
    for side in shape:
        if side < 1:
            raise InputError(f"{path}: its header has the shape {shape}; export the file again.")
        size *= int(side)
    if size > MOST_BYTES:
        raise InputError(
            f"{path}: shape {shape} would take {size / 2**30:.1f} GiB, more than "
            f"{MOST_BYTES / 2**30:g}; split the file."
        )


def reason(why: Exception) -> str:
    """Return a library's error message in one line, to embed in a sentence."""
    return str(why).splitlines()[0] if str(why) else type(why).__name__
