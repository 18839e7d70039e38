# SPDX-License-Identifier: BSD-3-Clause
"""Lesion table of a segmentation: size, diameters, intensity and probability of each lesion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.geometry import Affine
from napari_mtmri.review.diameters import Line, axial_axis, measure_diameters
from napari_mtmri.tables import csv_text

MOST_MEASURED = 200  # a mask of noise has thousands of components
COLUMNS = (
    "lesion", "label", "voxels", "volume", "volume_unit", "diameter", "perpendicular",
    "length_unit", "product", "mean_intensity", "mean_probability", "confidence", "i", "j", "k",
)  # fmt: skip
NOT_MEASURED = math.nan


@dataclass(frozen=True)
class Lesion:
    """One lesion: a connected component of one label, neighbors by corners included.

    Parameters
    ----------
    number : int
        From 1, largest first.
    label : int
    n_voxels : int
    volume : float
        In ml, or in voxels if the spacing is unknown.
    position : (int, int, int)
        A voxel of the lesion to jump to, in the slice of its longest axial diameter.
    diameter, perpendicular : float
        Longest axial diameter and its largest perpendicular in the same slice, in mm or voxels;
        NaN if not measured.
    diameter_line, perpendicular_line : pair of (i, j, k) or None
        Their end points in voxel coordinates.
    intensity : float
        Mean of the image over the lesion; NaN without an image.
    probability : float
        Mean predicted probability over the lesion; NaN without a probability map.
    confidence : float
        Mean of ``|2 p - 1|`` over the lesion: 1 where the network was certain, for or against,
        0 where it was undecided; NaN without a probability map.
    """

    number: int
    label: int
    n_voxels: int
    volume: float
    position: tuple[int, int, int]
    diameter: float = NOT_MEASURED
    perpendicular: float = NOT_MEASURED
    diameter_line: Line | None = None
    perpendicular_line: Line | None = None
    intensity: float = NOT_MEASURED
    probability: float = NOT_MEASURED
    confidence: float = NOT_MEASURED

    @property
    def product(self) -> float:
        """Product of diameter and perpendicular, in mm² or voxels²."""
        return self.diameter * self.perpendicular


@dataclass(frozen=True, eq=False)
class LesionTable:
    """All lesions of a segmentation.

    Parameters
    ----------
    lesions : tuple of Lesion
        Largest first.
    spacing_known : bool
        Whether volumes are in ml and lengths in mm; else both are in voxels.
    shape : (int, int, int)
        Of the segmentation.
    box : tuple of three slices
        Bounding box of all lesions.
    numbers : int32 array
        Lesion number of each voxel in the box; 0 is background.
    """

    lesions: tuple[Lesion, ...]
    spacing_known: bool
    shape: tuple[int, int, int]
    box: tuple[slice, slice, slice]
    numbers: np.ndarray

    @property
    def volume_unit(self) -> str:
        """Unit of the volumes: "ml" or "voxel"."""
        return "ml" if self.spacing_known else "voxel"

    @property
    def length_unit(self) -> str:
        """Unit of the diameters: "mm" or "voxel"."""
        return "mm" if self.spacing_known else "voxel"

    def region(self, number: int) -> np.ndarray:
        """Return the voxels of one lesion as a bool array, (i, j, k); empty for no such number."""
        region = np.zeros(self.shape, bool)
        region[self.box] = (self.numbers == number) & (number > 0)
        return region

    def at(self, position: Sequence[int]) -> int:
        """Return the number of the lesion at a voxel (i, j, k), or 0."""
        inside = [
            index - side.start
            for index, side in zip(position, self.box, strict=True)
            if side.start <= index < side.stop
        ]
        return int(self.numbers[tuple(inside)]) if len(inside) == 3 else 0

    def rows(self) -> list[dict[str, object]]:
        """Return one mapping per lesion with the keys `COLUMNS`; what was not measured is ""."""
        return [self._row(lesion) for lesion in self.lesions]

    def to_csv(self) -> str:
        """Return the table as CSV text with all digits."""
        return csv_text(COLUMNS, self.rows())

    def _row(self, lesion: Lesion) -> dict[str, object]:
        values = (
            lesion.number, lesion.label, lesion.n_voxels, lesion.volume, self.volume_unit,
            lesion.diameter, lesion.perpendicular, self.length_unit, lesion.product,
            lesion.intensity, lesion.probability, lesion.confidence, *lesion.position,
        )  # fmt: skip
        return {
            name: "" if isinstance(value, float) and math.isnan(value) else value
            for name, value in zip(COLUMNS, values, strict=True)
        }


def measure_lesions(
    labels: np.ndarray,
    affine: Affine,
    *,
    spacing_known: bool = True,
    image: np.ndarray | None = None,
    probability: np.ndarray | None = None,
) -> LesionTable:
    """Return the table of the lesions of a segmentation.

    Diameters are measured for the 200 largest lesions.

    Parameters
    ----------
    labels : integer or bool array, (i, j, k)
        0 is background; each label has its own lesions.
    affine : float64 array, (4, 4)
        Voxel to RAS+ mm. The volume of a voxel is its determinant.
    spacing_known : bool
        If False, volumes and lengths are in voxels.
    image : real array, (i, j, k), optional
    probability : float array, (i, j, k), optional
        Predicted probability of the foreground, 0 to 1.
    """
    box = bounding_box(labels)
    inside = labels[box]
    numbers, sizes = number_lesions(inside)
    where = np.flatnonzero(numbers)
    values, positions = _labels_and_positions(inside, numbers, where, len(sizes))
    voxel = abs(float(np.linalg.det(affine[:3, :3]))) / 1000 if spacing_known else 1.0
    over = _Members(box, where, numbers.ravel()[where], sizes)
    intensity, likely = over.mean(image), over.mean(probability)
    sure = over.mean(probability, lambda p: np.abs(2 * p - 1))
    axis, origin = axial_axis(affine), [side.start for side in box]
    regions = _boxes(numbers)
    lesions = []
    for index, size in enumerate(sizes.tolist()):
        place = tuple(int(at + start) for at, start in zip(positions[index], origin, strict=True))
        shape: dict[str, object] = {}
        if index < MOST_MEASURED:
            part = regions[index]
            shape = _shape(numbers[part] == index + 1, part, origin, affine, axis, spacing_known)
        found = {"position": place, **shape}
        lesions.append(
            Lesion(
                number=index + 1,
                label=int(values[index]),
                n_voxels=size,
                volume=size * voxel,
                intensity=intensity[index],
                probability=likely[index],
                confidence=sure[index],
                **found,  # type: ignore[arg-type]
            )
        )
    a, b, c = labels.shape
    return LesionTable(tuple(lesions), spacing_known, (a, b, c), box, numbers)


def bounding_box(labels: np.ndarray) -> tuple[slice, slice, slice]:
    """Return the smallest box that contains all voxels that are not 0.

    Parameters
    ----------
    labels : array, (i, j, k)
    """
    plane = np.any(labels, axis=2)
    sides = []
    for hits in (plane.any(axis=1), plane.any(axis=0), np.any(labels, axis=(0, 1))):
        filled = np.flatnonzero(hits)
        sides.append(slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, 0))
    a, b, c = sides
    return a, b, c


def number_lesions(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lesion number of each voxel, and the number of voxels of each lesion.

    Parameters
    ----------
    labels : integer or bool array, (i, j, k)
        0 is background; each label has its own lesions, connected by faces, edges or corners.

    Returns
    -------
    numbers : int32 array, (i, j, k)
        From 1, largest lesion first, the earlier voxel first among equals; 0 is background.
    sizes : int64 array, (lesion,)
    """
    from skimage.measure import label

    if not labels.size:
        return np.zeros(labels.shape, np.int32), np.zeros(0, np.int64)
    values = labels.astype(np.uint8) if labels.dtype == bool else labels
    found = label(values, background=0, connectivity=3)
    sizes = np.bincount(found.ravel())[1:]
    order = np.argsort(-sizes, kind="stable")
    new = np.zeros(len(sizes) + 1, np.int32)
    new[order + 1] = np.arange(1, len(sizes) + 1)
    return new[found], sizes[order]


def _labels_and_positions(
    labels: np.ndarray, numbers: np.ndarray, where: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the label and the first voxel of each lesion, by number."""
    if not count:
        return np.zeros(0, int), np.zeros((0, 3), int)
    backwards = where[::-1]
    first = np.zeros(count + 1, np.int64)
    first[numbers.ravel()[backwards]] = backwards  # the last assignment is the first voxel
    places = np.stack(np.unravel_index(first[1:], numbers.shape), 1)
    return labels.ravel()[first[1:]], places


@dataclass(frozen=True, eq=False)
class _Members:
    """The voxels of all lesions: box, flat indices in it, lesion numbers, and sizes of lesions."""

    box: tuple[slice, slice, slice]
    where: np.ndarray
    owners: np.ndarray
    sizes: np.ndarray

    def mean(
        self, data: np.ndarray | None, of: Callable[[np.ndarray], np.ndarray] = np.positive
    ) -> list[float]:
        """Return the mean of a function of an array over each lesion; NaN without the array."""
        if data is None or not self.sizes.size:
            return [NOT_MEASURED] * len(self.sizes)
        weights = of(data[self.box].reshape(-1)[self.where].astype(np.float64))
        return [float(one) for one in np.bincount(self.owners, weights)[1:] / self.sizes]


def _boxes(numbers: np.ndarray) -> list[tuple[slice, slice, slice]]:
    from scipy import ndimage

    return list(ndimage.find_objects(numbers, max_label=MOST_MEASURED)) if numbers.size else []


def _shape(
    region: np.ndarray,
    box: tuple[slice, slice, slice],
    origin: Sequence[int],
    affine: Affine,
    axis: int,
    spacing_known: bool,
) -> dict[str, object]:
    """Return the diameters of a lesion and its position, in voxels of the whole array."""
    found = measure_diameters(region, affine, axis, spacing_known=spacing_known)
    start = np.array([side.start for side in box]) + origin
    voxels = np.argwhere(region)
    voxels = voxels[voxels[:, axis] == found.slice]
    nearest = voxels[((voxels - voxels.mean(0)) ** 2).sum(1).argmin()] + start

    def moved(line: Line) -> Line:
        first, second = (np.array(line) + start).tolist()
        return tuple(first), tuple(second)

    return {
        "position": tuple(int(index) for index in nearest),
        "diameter": found.longest,
        "perpendicular": found.perpendicular,
        "diameter_line": moved(found.longest_line),
        "perpendicular_line": moved(found.perpendicular_line),
    }
