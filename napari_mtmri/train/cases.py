# SPDX-License-Identifier: BSD-3-Clause
"""Cases to train on: found in a folder of some layout, split by patient, read when needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.geometry import to_stack
from napari_mtmri.scan import frame_of
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.sources.atlas import ATLAS
from napari_mtmri.train.sources.base import CaseFile as CaseFile
from napari_mtmri.train.sources.base import Source
from napari_mtmri.train.sources.base import Split as Split
from napari_mtmri.train.sources.kaggle import KAGGLE
from napari_mtmri.train.sources.label_maps import BRAIN_WEB_FILES, BRAIN_WEB_LIBRARY, LABEL_MAPS
from napari_mtmri.train.sources.rules import RULES
from napari_mtmri.train.sources.simulated import SIMULATED
from napari_mtmri.train.sources.table import TABLES
from napari_mtmri.train.split import assign_splits, check_patients

# The first that recognises a folder lists it.
SOURCES: tuple[Source, ...] = (
    SIMULATED, BRAIN_WEB_LIBRARY, RULES, LABEL_MAPS, BRAIN_WEB_FILES, TABLES, ATLAS, KAGGLE,
)  # fmt: skip
MOST_SHARE_OF_MEMORY = 0.7


@dataclass(frozen=True)
class Case:
    """One patient's study in memory.

    Parameters
    ----------
    name : str
    image : array (slice, readout, phase)
        Magnitude, in the file's own number type.
    labels : uint8 array, same shape
    mirror_axis : int or None
        Stack axis (1 or 2) that runs from left to right, along which a head may be
        mirrored; None where slices are sagittal.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    mirror_axis: int | None = None

    def center(self) -> tuple[int, int]:
        """Return the middle of the head, (readout, phase)."""
        rows, columns = frame_of(self.image).box
        return (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2


def find_cases(data: Path | str, recipe: Recipe) -> list[CaseFile]:
    """Return the cases of a folder, each with its split; nothing is read but lists.

    Parameters
    ----------
    data : Path or str
        Folder or table; "simulated" or "brainweb".
    recipe : Recipe

    Raises
    ------
    InputError
        If the layout is not known, or a patient is on both sides of the split.
    """
    place = Path(data)
    if not place.exists() and str(data) not in (SIMULATED.title, BRAIN_WEB_LIBRARY.title):
        raise InputError(f"{place}: no such folder or table of cases (cases.csv); name another.")
    for source in SOURCES:
        if source.recognises(place, recipe):
            break
    else:
        layouts = ", ".join(source.title for source in SOURCES)
        raise InputError(f"{place}: not a folder of cases; it needs one of these: {layouts}.")
    files = source.list_cases(place, recipe)
    if not files:
        raise InputError(f"{place}: no case found as {source.title}; look at its layout.")
    names = [file.name for file in files]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise InputError(f"{place}: case {twins[0]!r} stands there twice; give each its own name.")
    files = assign_splits(files, recipe)
    check_patients(files)
    return files


def load_case(file: CaseFile, recipe: Recipe) -> Case:
    """Return a case, read whole.

    Raises
    ------
    InputError
        If a file cannot be read, values are no magnitudes, or labels do not fit.
    """
    image, labels = file.open()
    axes = image.axes
    stack = np.ascontiguousarray(to_stack(image.data, axes))
    drawn = to_stack(labels.data, axes)
    _check(file, stack, drawn, recipe)
    if recipe.resize is not None:
        stack, drawn = _resized(stack, drawn, recipe.resize)
    sideways = [
        axis for axis in (1, 2) if image.codes[(axes.readout, axes.phase)[axis - 1]] in "LR"
    ]
    labels8 = np.ascontiguousarray(drawn).astype(np.uint8)
    return Case(file.name, stack, labels8, sideways[0] if sideways else None)


def load_cases(
    files: Sequence[CaseFile], recipe: Recipe, report: Callable[[str], None]
) -> list[Case]:
    """Return the cases, read whole; those left out are reported.

    Raises
    ------
    InputError
        If a case cannot be used and the recipe does not skip such.
    ResourceError
        If they do not fit into the memory that is free.
    """
    cases: list[Case] = []
    for number, file in enumerate(files):
        try:
            cases.append(load_case(file, recipe))
        except InputError as why:
            if not recipe.skip_unreadable:
                raise
            report(f"case {file.name} is left out: {why}")
        if number == 0 and cases:
            _check_memory(cases[0], len(files))
    return cases


def _check(file: CaseFile, image: np.ndarray, labels: np.ndarray, recipe: Recipe) -> None:
    if image.dtype.kind not in "iuf":
        raise InputError(f"{file.image}: type {image.dtype} is no magnitude; give a real image.")
    if not np.isfinite(image).all():
        raise InputError(f"{file.image}: has NaN or infinite voxels; mend it or leave it out.")
    if not image.any():
        raise InputError(f"{file.image}: every voxel is 0; leave it out.")
    low, high = float(labels.min()), float(labels.max())
    most = 255 if recipe.classes == "auto" else recipe.n_classes
    if low < 0 or (high > most and recipe.n_classes > 1):
        raise InputError(
            f"{file.labels}: labels run from {low:g} to {high:g} where 0 to {most} are wanted; "
            "set classes."
        )


def _resized(
    image: np.ndarray, labels: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    from skimage.transform import resize

    shape = (len(image), *size)
    smooth = resize(image.astype(np.float32), shape, order=1, anti_aliasing=True)
    sharp = resize(labels, shape, order=0, anti_aliasing=False, preserve_range=True)
    return smooth.astype(np.float32), sharp.astype(np.uint8)


def _check_memory(first: Case, count: int) -> None:
    import psutil

    wanted = count * (first.image.nbytes + first.labels.nbytes)
    free = psutil.virtual_memory().available
    if wanted > MOST_SHARE_OF_MEMORY * free:
        raise ResourceError(
            f"{count} cases like {first.name} need {wanted / 2**30:.1f} GiB and "
            f"{free / 2**30:.1f} GiB are free; crop, resize or split the folder."
        )
