# SPDX-License-Identifier: BSD-3-Clause
"""Cases to train on: found in a folder of some layout, split by patient, read when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.geometry import to_stack
from napari_mtmri.normalization import normalization_of, representative_slices
from napari_mtmri.train.data.sources.atlas import ATLAS
from napari_mtmri.train.data.sources.base import CaseFile as CaseFile
from napari_mtmri.train.data.sources.base import Source
from napari_mtmri.train.data.sources.base import Split as Split
from napari_mtmri.train.data.sources.brainweb import BRAIN_WEB_FILES, BRAIN_WEB_LIBRARY
from napari_mtmri.train.data.sources.kaggle import KAGGLE
from napari_mtmri.train.data.sources.label_maps import LABEL_MAPS
from napari_mtmri.train.data.sources.rules import RULES
from napari_mtmri.train.data.sources.simulated import HEADS
from napari_mtmri.train.data.sources.table import TABLES
from napari_mtmri.train.data.split import assign_splits, check_patients, image_hash
from napari_mtmri.train.recipe import Recipe

# The first that recognises a folder lists it.
SOURCES: tuple[Source, ...] = (
    HEADS, BRAIN_WEB_LIBRARY, RULES, LABEL_MAPS, BRAIN_WEB_FILES, TABLES, ATLAS, KAGGLE,
)  # fmt: skip
MOST_SHARE_OF_MEMORY = 0.7
MOST_SHARE_BELOW_0 = 0.05  # of the sum of all voxels; interpolation leaves less, z-scores half
MOST_LABEL = 255


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

    def box(self) -> tuple[slice, slice]:
        """Return the rows (readout) and columns (phase) that contain the head."""
        return normalization_of(self.image[representative_slices(len(self.image))]).box


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
    source = next((source for source in SOURCES if source.recognises(place, recipe)), None)
    if source is None:
        what = "not a folder of cases" if place.exists() else "no such folder or table of cases"
        layouts = ", ".join(source.title for source in SOURCES)
        raise InputError(f"{place}: {what}; known are {layouts}.")
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
    stack = _magnitude(file, np.ascontiguousarray(to_stack(image.data, axes)))
    drawn = _labels(file, np.ascontiguousarray(to_stack(labels.data, axes)), recipe)
    if recipe.data.resize is not None:
        stack, drawn = _resized(stack, drawn, recipe.data.resize)
    sideways = [
        axis for axis in (1, 2) if image.codes[(axes.readout, axes.phase)[axis - 1]] in "LR"
    ]
    return Case(file.name, stack, drawn, sideways[0] if sideways else None)


def load_cases(
    files: Sequence[CaseFile], recipe: Recipe, report: Callable[[str], None]
) -> list[Case]:
    """Return the cases, read whole; those left out are reported.

    Parameters
    ----------
    files : sequence of CaseFile
        Of one side of the split.
    recipe : Recipe
    report : callable
        Told of each case that is left out, where the recipe allows it.

    Raises
    ------
    InputError
        If a case cannot be used and the recipe does not skip such.
    ResourceError
        If they do not fit into the memory that is free.
    """
    cases: list[Case] = []
    for case in _each(files, recipe, report):
        cases.append(case)
        _check_memory(cases, len(files) - len(cases))
    if files and files[0].split == "train":
        _check_planes(cases, recipe)
    return cases


def with_classes(
    recipe: Recipe,
    train: Sequence[Case],
    val: Sequence[Case],
    report: Callable[[str], None] = lambda text: None,
) -> Recipe:
    """Return the recipe with the number of labels, found in the training cases if not given.

    Parameters
    ----------
    recipe : Recipe
    train, val : sequence of Case
    report : callable
        Told of labels between the others that no training case shows.

    Raises
    ------
    InputError
        If a validation case has a label that no training case can teach.
    """
    if recipe.data.classes != "auto":
        return recipe
    values = set().union(*(np.unique(case.labels).tolist() for case in train)) - {0}
    # One value, whatever it is (often 255), is one class.
    classes = 1 if len(values) < 2 else max(values)
    beyond = [case for case in val if classes > 1 and case.labels.max() > classes]
    if beyond:
        raise InputError(
            f"case {beyond[0].name} of the validation has label {beyond[0].labels.max()}, the "
            f"training cases have up to {classes}; renumber them, or set classes."
        )
    missing = sorted(set(range(1, classes)) - values)
    if classes > 1 and missing:
        report(f"no training case shows label {', '.join(map(str, missing))} of {classes}.")
    return recipe.changed({"classes": classes})


def hash_images(
    files: Sequence[CaseFile], recipe: Recipe, report: Callable[[str], None]
) -> dict[str, str]:
    """Return `split.image_hash` of cases by their names, one after the other in memory.

    Raises
    ------
    InputError
        If a case cannot be used and the recipe does not skip such.
    """
    return {case.name: image_hash(case.image) for case in _each(files, recipe, report)}


def _each(
    files: Sequence[CaseFile], recipe: Recipe, report: Callable[[str], None]
) -> Iterator[Case]:
    for file in files:
        try:
            yield load_case(file, recipe)
        except InputError as why:
            if not recipe.data.skip_unreadable:
                raise
            report(f"case {file.name} is left out: {why}")


def _magnitude(file: CaseFile, image: np.ndarray) -> np.ndarray:
    """Return an image without its sign, which interpolation may have given to the air."""
    if image.dtype.kind not in "iuf":
        raise InputError(f"{file.image}: type {image.dtype} is no magnitude; give a real image.")
    if not np.isfinite(image).all():
        bad = image.size - int(np.isfinite(image).sum())
        raise InputError(
            f"{file.image}: {bad} of {image.size} voxels are NaN or infinite; mend or mask them."
        )
    low, high = image.min(), image.max()
    if low == high:
        raise InputError(f"{file.image}: every voxel is {low:g}; leave it out.")
    if low >= 0:
        return image
    below = np.abs(image[image < 0], dtype=np.float64).sum()
    if below > MOST_SHARE_BELOW_0 * np.abs(image, dtype=np.float64).sum():
        raise InputError(
            f"{file.image}: values from {low:g} to {high:g} are no magnitudes (standardised?); "
            "give the image as it was scanned."
        )
    return np.asarray(np.abs(image))


def _labels(file: CaseFile, drawn: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Return labels as uint8; with a single class whatever is not 0 is 1."""
    if recipe.data.classes == 1:
        return np.asarray(drawn != 0, dtype=np.uint8)
    low, high = int(drawn.min()), int(drawn.max())
    most = MOST_LABEL if recipe.data.classes == "auto" else recipe.data.classes
    if low < 0 or high > most:
        raise InputError(
            f"{file.labels}: labels run from {low} to {high} where 0 to {most} are wanted; "
            "renumber them, or set classes (1: all labels are one)."
        )
    return np.asarray(drawn, dtype=np.uint8)


def _resized(
    image: np.ndarray, labels: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    from skimage.transform import resize

    shape = (len(image), *size)
    smooth = resize(image.astype(np.float32), shape, order=1, anti_aliasing=True)
    sharp = resize(labels, shape, order=0, anti_aliasing=False, preserve_range=True)
    return smooth.astype(np.float32), sharp.astype(np.uint8)


def _check_planes(cases: Sequence[Case], recipe: Recipe) -> None:
    """Refuse slices of several sizes where they would have to go into one batch."""
    sizes = {case.image.shape[1:]: case.name for case in cases}
    if len(sizes) > 1 and recipe.data.crop is None and recipe.optimizer.batch_size > 1:
        found = " and ".join(f"{size} ({name})" for size, name in list(sizes.items())[:2])
        raise InputError(f"slices of {found} do not fit into one batch; set crop or resize.")


def _check_memory(cases: Sequence[Case], n_more: int) -> None:
    """Refuse to go on where as many more cases, of the same size on average, do not fit."""
    import psutil

    if not cases:
        return
    mean = sum(case.image.nbytes + case.labels.nbytes for case in cases) / len(cases)
    free = psutil.virtual_memory().available
    if n_more * mean > MOST_SHARE_OF_MEMORY * free:
        raise ResourceError(
            f"{n_more} more cases like {cases[-1].name} need {n_more * mean / 2**30:.1f} GiB and "
            f"{free / 2**30:.1f} GiB are free; crop or resize the files, or train on fewer."
        )
