# SPDX-License-Identifier: BSD-3-Clause
"""Reader: one file format, read and written in one place."""

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
    """One format.

    Parameters
    ----------
    name, title : str
    patterns : tuple of str
        File name endings, lower case; empty for folders.
    folders : bool
        Whether it reads folders.
    can_read : callable
        Path -> bool; looks at the name and what lies there, cheaply.
    read : callable
        (path, kind) -> Volume or Result; kind "labels" asks for whole numbers.
    write : callable, optional
        (volume, path) -> None.
    has_labels : callable, optional
        Path -> bool: whether reading with kind "labels" gives the reference segmentation
        that is stored with the image.
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
    """Return the readers that can be loaded, by name."""
    broken = READERS.broken()
    return [READERS.get(name) for name in READERS.names() if name not in broken]


def endings(*, written: bool = False) -> list[str]:
    """Return the file name endings that can be read, or those that can be written."""
    return [
        ending
        for reader in all_readers()
        for ending in reader.patterns
        if not written or reader.write is not None
    ]


def has_ending(path: Path, endings: tuple[str, ...]) -> bool:
    """Whether a file name ends so, in upper or lower case."""
    return path.name.lower().endswith(endings)


def find_reader(path: Path) -> Reader:
    """Return the reader of a file or folder.

    Raises
    ------
    InputError
        If it is not there, or no format fits.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the name.")
    readers = all_readers()
    for reader in readers:
        if reader.folders == path.is_dir() and reader.can_read(path):
            return reader
    folders = ", ".join(reader.title for reader in readers if reader.folders)
    raise InputError(
        f"{path}: not a format that can be read; known are {', '.join(endings())} and the "
        f"folders: {folders}."
    )


def read(path: Path, kind: Kind | None = None) -> Volume | Result:
    """Return what a file or folder holds.

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
        raise InputError(f"{path}: is a result folder, not a volume; name the volume.")
    return found


def write(volume: Volume, path: Path) -> None:
    """Write a volume; the ending chooses the format.

    Raises
    ------
    RequestError
        If no format that can be written has this ending.
    """
    for writer in all_readers():
        if writer.write is not None and has_ending(path, writer.patterns):
            writer.write(volume, path)
            return
    known = ", ".join(endings(written=True))
    raise RequestError(f"{path}: this ending cannot be written; choose one of {known}.")


def check_size(shape: tuple[int, ...], itemsize: int, path: Path) -> None:
    """Refuse a size before memory is taken.

    Raises
    ------
    InputError
        If a side is below 1, or the voxels would take more than 2 GiB.
    """
    size = itemsize
    for side in shape:
        if side < 1:
            raise InputError(f"{path}: its header gives the shape {shape}; export the file again.")
        size *= int(side)
    if size > MOST_BYTES:
        raise InputError(
            f"{path}: shape {shape} would take {size / 2**30:.1f} GiB, more than "
            f"{MOST_BYTES / 2**30:g}; cut it into parts."
        )


def reason(why: Exception) -> str:
    """What a library said about a file, in one line, fit for the middle of our sentence."""
    return str(why).splitlines()[0] if str(why) else type(why).__name__
