# SPDX-License-Identifier: BSD-3-Clause
"""Cases of a training: found in a folder of a known layout, split by patient, and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_mtmri.batch.cases_table import repeated
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
from napari_mtmri.train.data.split import assign_splits, check_patients
from napari_mtmri.train.data.upright import Upright
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.sections import MOST_CLASSES
from napari_mtmri.volume import image_hash, magnitude

# The first source that recognises a folder lists its cases.
SOURCES: tuple[Source, ...] = (
    HEADS, BRAIN_WEB_LIBRARY, RULES, LABEL_MAPS, BRAIN_WEB_FILES, TABLES, ATLAS, KAGGLE,
)  # fmt: skip
MOST_SHARE_OF_MEMORY = 0.7
MOST_SHARE_BELOW_0 = 0.05  # of the sum of magnitudes; interpolation gives less, z-scores half
MOST_LABEL = 255
MOST_NAMED = 10


@dataclass(frozen=True)
class Case:
    """One patient's study in memory.

    Parameters
    ----------
    name : str
    image : array, (slice, readout, phase)
        Magnitude, in the dtype of the file.
    labels : uint8 array, (slice, readout, phase)
    mirror_axis : int or None
        Array axis (1 or 2) from left to right, along which the head may be mirrored; None
        for sagittal slices.
    codes : str
        Direction of each axis of ``image``, e.g. ``"SAR"``; empty if unknown.
    pixel : (float, float) or None
        Size of a pixel along readout and phase, in mm if the file states its unit; None if
        unknown.
    upright : Upright or None
        How slices are displayed; None: as they are.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    mirror_axis: int | None = None
    codes: str = ""
    pixel: tuple[float, float] | None = None
    upright: Upright | None = None

    def box(self) -> tuple[slice, slice]:
        """Return the rows (readout) and columns (phase) that contain the head."""
        return normalization_of(self.image[representative_slices(len(self.image))]).box

    def picture(self, plane: np.ndarray) -> np.ndarray:
        """Return a slice, (readout, phase), as it is displayed, (row, column)."""
        return plane if self.upright is None else self.upright.picture(plane)


def find_cases(data: Path | str, recipe: Recipe) -> list[CaseFile]:
    """Return the cases of a folder with their split; no image is read.

    Parameters
    ----------
    data : Path or str
        Folder or table; "simulated" or "brainweb".
    recipe : Recipe

    Raises
    ------
    InputError
        If the layout is not known, or a patient is in two splits.
    """
    place = Path(data)
    source = next((source for source in SOURCES if source.recognises(place, recipe)), None)
    if source is None:
        what = "not a folder of cases" if place.exists() else "no such folder or table of cases"
        layouts = ", ".join(source.title for source in SOURCES)
        raise InputError(f"{place}: {what}; known layouts are {layouts}.")
    files = source.list_cases(place, recipe)
    if not files:
        raise InputError(f"{place}: no case found in the layout {source.title}; check the folder.")
    twins = sorted(repeated(file.name for file in files))
    if twins:
        raise InputError(
            f"{place}: case {twins[0]!r} is listed twice; give each case its own name."
        )
    files = assign_splits(files, recipe)
    check_patients(files)
    return files


def load_case(file: CaseFile, recipe: Recipe) -> Case:
    """Read a case into memory.

    Raises
    ------
    InputError
        If a file cannot be read, the image is not a magnitude image, or labels are out of
        range.
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
    codes = "".join(image.codes[axis] for axis in axes.order)
    readout, phase = (
        image.spacing[axis] * image.shape[axis] / side
        for axis, side in zip((axes.readout, axes.phase), stack.shape[1:], strict=True)
    )
    return Case(
        file.name, stack, drawn, sideways[0] if sideways else None, codes, (readout, phase),
        Upright.of(image),
    )  # fmt: skip


def load_cases(
    files: Sequence[CaseFile], recipe: Recipe, report: Callable[[str], None]
) -> list[Case]:
    """Read cases into memory.

    Parameters
    ----------
    files : sequence of CaseFile
        Cases of one split.
    recipe : Recipe
    report : callable
        Called with a message for each case that is left out (``skip_unreadable``).

    Raises
    ------
    InputError
        If a case cannot be used and ``skip_unreadable`` is off.
    ResourceError
        If the cases do not fit into the free memory.
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
    """Return the recipe with the number of label classes, by default that of the training cases.

    Parameters
    ----------
    recipe : Recipe
    train, val : sequence of Case
    report : callable
        Called with a message about labels that occur in no training case.

    Raises
    ------
    InputError
        If a validation case has a label above those of the training cases, or labels are
        too large to be the numbers of classes.
    """
    if recipe.data.classes != "auto":
        return recipe
    values = set().union(*(np.unique(case.labels).tolist() for case in train)) - {0}
    # A single value, often 255, is one class.
    classes = 1 if len(values) < 2 else max(values)
    if classes > MOST_CLASSES:
        worst = next(case for case in train if case.labels.max() == classes)
        found = ", ".join(map(str, sorted(values)[:MOST_NAMED]))
        raise InputError(
            f"the training cases have the labels {found}, up to {classes} (case {worst.name}), "
            f"more than {MOST_CLASSES} classes; renumber them 1, 2, 3, or set `classes` to 1 if "
            "all are one class."
        )
    beyond = [case for case in val if classes > 1 and case.labels.max() > classes]
    if beyond:
        raise InputError(
            f"validation case {beyond[0].name} has label {beyond[0].labels.max()}, the training "
            f"cases have labels up to {classes}; renumber them, or set `classes`."
        )
    missing = sorted(set(range(1, classes)) - values)
    if classes > 1 and missing:
        report(f"no training case has label {', '.join(map(str, missing))} of {classes}.")
    return recipe.changed({"classes": classes})


def hash_images(
    files: Sequence[CaseFile], recipe: Recipe, report: Callable[[str], None]
) -> dict[str, str]:
    """Return `split.image_hash` by case name; only one case is in memory at a time.

    Raises
    ------
    InputError
        If a case cannot be used and ``skip_unreadable`` is off.
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
    """Return the magnitude of an image; interpolation may have made some air voxels negative."""
    if image.dtype.kind not in "iuf":
        raise InputError(
            f"{file.image}: dtype {image.dtype} is not that of a magnitude image; give real numbers."
        )
    if not np.isfinite(image).all():
        bad = image.size - int(np.isfinite(image).sum())
        raise InputError(
            f"{file.image}: {bad} of {image.size} voxels are NaN or infinite; replace them by numbers."
        )
    low, high = image.min(), image.max()
    if low == high:
        raise InputError(f"{file.image}: all voxels are {low:g}; leave this case out.")
    if low >= 0:
        return image
    below = np.abs(image[image < 0], dtype=np.float64).sum()
    if below > MOST_SHARE_BELOW_0 * np.abs(image, dtype=np.float64).sum():
        raise InputError(
            f"{file.image}: values from {low:g} to {high:g} are not magnitudes (standardised?); "
            "give the image before any normalization."
        )
    return magnitude(image)


def _labels(file: CaseFile, drawn: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Return labels as uint8; with a single class, all labels except 0 become 1."""
    if recipe.data.classes == 1:
        return np.asarray(drawn != 0, dtype=np.uint8)
    low, high = int(drawn.min()), int(drawn.max())
    most = MOST_LABEL if recipe.data.classes == "auto" else recipe.data.classes
    if low < 0 or high > most:
        raise InputError(
            f"{file.labels}: labels from {low} to {high} are not between 0 and {most}; renumber "
            "them, or set `classes` (1: all labels are one class)."
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
    """Refuse slices of different sizes if a batch would contain them."""
    sizes = {case.image.shape[1:]: case.name for case in cases}
    if len(sizes) > 1 and recipe.data.crop is None and recipe.optimizer.batch_size > 1:
        found = " and ".join(f"{size} ({name})" for size, name in list(sizes.items())[:2])
        raise InputError(f"slices of {found} do not fit into one batch; set `crop` or `resize`.")


def _check_memory(cases: Sequence[Case], n_more: int) -> None:
    """Refuse cases that will not fit into memory, estimated from the mean size so far."""
    import psutil

    if not cases:
        return
    mean = sum(case.image.nbytes + case.labels.nbytes for case in cases) / len(cases)
    free = psutil.virtual_memory().available
    if n_more * mean > MOST_SHARE_OF_MEMORY * free:
        raise ResourceError(
            f"{n_more} more cases like {cases[-1].name} need {n_more * mean / 2**30:.1f} GiB and "
            f"{free / 2**30:.1f} GiB are free; crop or resize the files, or use fewer cases."
        )
