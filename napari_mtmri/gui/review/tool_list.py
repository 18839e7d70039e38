# SPDX-License-Identifier: BSD-3-Clause
"""The tools of the panel: names, keys, and how each calls its function of the core; no Qt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from napari_mtmri.review.edits import Edit
from napari_mtmri.review.tools import interpolate, region, shape, single
from napari_mtmri.volume import Volume

STEP_FORWARD, STEP_BACK = 1, -1


@dataclass(frozen=True)
class Settings:
    """Values of the fields of the tools.

    Parameters
    ----------
    smallest_mm3, sigma_mm, distance_mm : float
        In voxels if the voxel size is unknown.
    low, high : float
        Intensity range.
    range_from_seed : bool
        Take the range from the surroundings of the seed.
    in_slice : bool
        Work in the slice on screen only.
    protect : bool
        Never change voxels of other labels.
    """

    smallest_mm3: float = 10.0
    sigma_mm: float = 1.0
    distance_mm: float = 1.0
    low: float = 0.0
    high: float = 1.0
    range_from_seed: bool = True
    in_slice: bool = False
    protect: bool = True


@dataclass(frozen=True, eq=False)
class Task:
    """What a tool works on.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    image : Volume
    label : int
        Label selected for painting.
    axis, slice : int
        Slice axis on screen and number of the slice.
    seed : (i, j, k) or None
        Voxel under the mouse.
    lesion : bool array or None
        Voxels of the chosen lesion.
    settings : Settings
    """

    labels: np.ndarray
    image: Volume
    label: int
    axis: int
    slice: int
    seed: tuple[int, int, int] | None = None
    lesion: np.ndarray | None = None
    settings: Settings = field(default_factory=Settings)

    @property
    def only_axis(self) -> int | None:
        """The slice axis, if only slices are worked on."""
        return self.axis if self.settings.in_slice else None


@dataclass(frozen=True)
class Tool:
    """A tool as shown in the panel.

    Parameters
    ----------
    title, tip : str
    run : callable
    key : str
        Key in napari's notation; "" for none.
    needs_seed, needs_lesion : bool
    """

    title: str
    tip: str
    run: Callable[[Task], Edit]
    key: str = ""
    needs_seed: bool = False
    needs_lesion: bool = False

    @property
    def full_tip(self) -> str:
        """Tooltip with the key."""
        return f"{self.tip} ({self.key.replace('-', '+', 1)})" if self.key else self.tip


def _interpolate(task: Task) -> Edit:
    return interpolate.interpolate_slices(
        task.labels, task.label, task.axis, spacing=task.image.spacing
    )


def _copy(task: Task) -> Edit:
    target = min(task.slice + STEP_FORWARD, task.labels.shape[task.axis] - 1)
    return single.copy_to_slice(
        task.labels, task.label, task.axis, task.slice, target, protect=task.settings.protect
    )


def _fill_holes(task: Task) -> Edit:
    return shape.fill_holes(
        task.labels, task.label, axis=task.only_axis, protect=task.settings.protect
    )


def _remove_small(task: Task) -> Edit:
    voxel_mm3 = math.prod(task.image.spacing)
    return shape.remove_small(task.labels, task.settings.smallest_mm3, voxel_mm3, label=task.label)


def _keep_largest(task: Task) -> Edit:
    return shape.keep_largest(task.labels, task.label)


def _smooth(task: Task) -> Edit:
    settings = task.settings
    return shape.smooth(
        task.labels, task.label, settings.sigma_mm, task.image.spacing, protect=settings.protect
    )


def _grow(task: Task, sign: int = 1) -> Edit:
    settings = task.settings
    distance = sign * settings.distance_mm
    return shape.grow(
        task.labels, task.label, distance, task.image.spacing, protect=settings.protect
    )


def _shrink(task: Task) -> Edit:
    return _grow(task, -1)


def _grow_from_seed(task: Task) -> Edit:
    assert task.seed is not None  # the panel asks for it
    settings, image = task.settings, task.image.magnitude()
    low, high = settings.low, settings.high
    if settings.range_from_seed:
        low, high = region.intensity_range(image, task.seed)
    return region.grow_from_seed(
        task.labels, image, task.seed, low, high, task.label,
        protect=settings.protect, spacing=task.image.spacing, axis=task.only_axis,
    )  # fmt: skip


def _threshold(task: Task) -> Edit:
    settings = task.settings
    return region.threshold_inside(
        task.labels, task.image.magnitude(), task.labels == task.label, settings.low,
        settings.high, task.label, protect=settings.protect,
    )  # fmt: skip


def _delete(task: Task) -> Edit:
    assert task.lesion is not None  # the panel asks for it
    return single.delete_lesion(task.labels, task.lesion)


def _relabel(task: Task) -> Edit:
    assert task.lesion is not None  # the panel asks for it
    return single.relabel_lesion(task.labels, task.lesion, task.label)


TOOLS = {
    "interpolate": Tool(
        "Interpolate slices",
        "Fill the slices between those that were drawn, with the selected label only",
        _interpolate,
        "Alt-4",
    ),
    "copy": Tool(
        "Copy to next slice", "Copy the selected label of this slice to the next", _copy, "Alt-5"
    ),
    "fill holes": Tool(
        "Fill holes", "Fill the holes of the selected label", _fill_holes, "Alt-6"
    ),
    "remove small": Tool(
        "Remove smaller than", "Delete the lesions smaller than this volume", _remove_small, "Alt-7"
    ),
    "largest": Tool(
        "Keep largest", "Keep only the largest lesion of the selected label", _keep_largest, "Alt-,"
    ),
    "smooth": Tool("Smooth", "Smooth the edges of the selected label", _smooth, "Alt-8"),
    "grow": Tool("Grow", "Grow the selected label on all sides", _grow, "Alt-="),
    "shrink": Tool("Shrink", "Shrink the selected label on all sides", _shrink, "Alt--"),
    "seed": Tool(
        "Grow from seed",
        "Label what is connected to a voxel within the intensity range: the key takes the voxel "
        "under the mouse, the button the next click",
        _grow_from_seed,
        "Alt-9",
        needs_seed=True,
    ),
    "threshold": Tool(
        "Threshold", "Keep of the selected label what lies in the intensity range", _threshold,
        "Alt-0",
    ),
    "delete": Tool("", "", _delete, "Alt-D", needs_lesion=True),
    "relabel": Tool("", "", _relabel, "Alt-B", needs_lesion=True),
}  # fmt: skip
