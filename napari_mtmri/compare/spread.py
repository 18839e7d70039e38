# SPDX-License-Identifier: BSD-3-Clause
"""Spread of a method over sampling masks, or over repeated scans with new noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_mtmri.compare.sweep_points import SweepPoint
from napari_mtmri.errors import RequestError
from napari_mtmri.metrics.base import format_value
from napari_mtmri.readers.run_folder import read_run
from napari_mtmri.result import Result
from napari_mtmri.tables import csv_text
from napari_mtmri.volume import Volume

Varied = Literal["mask", "noise"]
COLUMNS = (
    "case", "method", "pattern", "R", "varied", "n", "sd_mean", "sd_max", "dice_low", "dice_mean",
    "dice_high", "volume_low", "volume_mean", "volume_high", "volume_unit",
)  # fmt: skip


@dataclass(frozen=True)
class Spread:
    """Results of one method on one case that differ only in the mask, or only in the noise.

    Parameters
    ----------
    case, method, pattern : str
    acceleration : float
        Requested R.
    varied : {"mask", "noise"}
    n : int
        Number of results.
    mean, sd : Volume or None
        Mean and sample standard deviation (n - 1) of the reconstructions, float32, in the unit
        of the input; None for methods without an image.
    lesion_percent : Volume or None
        How often each voxel is called lesion, float32, 0 to 100; None for methods without a
        segmentation.
    dice : tuple of float
        Dice of each result; empty without a reference segmentation.
    volumes : tuple of float
        Lesion volume of each result, in ``unit``.
    unit : str
        "ml", or "voxel" if the voxel size is unknown.
    slice_axis : int
    folder : Path or None
        Where it is stored.
    """

    case: str
    method: str
    pattern: str
    acceleration: float
    varied: Varied
    n: int
    mean: Volume | None = None
    sd: Volume | None = None
    lesion_percent: Volume | None = None
    dice: tuple[float, ...] = ()
    volumes: tuple[float, ...] = ()
    unit: str = "ml"
    slice_axis: int = 2
    folder: Path | None = None

    @property
    def name(self) -> str:
        """Name for the user."""
        return (
            f"{self.case} · {self.method} · {self.pattern} R{self.acceleration:g} · {self.n} "
            f"{'masks' if self.varied == 'mask' else 'repeats with new noise'}"
        )

    @property
    def dice_range(self) -> str:
        """Lowest to highest Dice, empty without a reference segmentation."""
        return _range(self.dice, "")

    @property
    def volume_range(self) -> str:
        """Smallest to largest lesion volume with its unit, empty without a segmentation."""
        return _range(self.volumes, self.unit)

    def record(self) -> dict[str, Any]:
        """Return the columns of the table of spreads."""
        sd = None if self.sd is None else self.sd.data
        values = (
            self.case, self.method, self.pattern, self.acceleration, self.varied, self.n,
            math.nan if sd is None else float(sd.mean(dtype=float)),
            math.nan if sd is None else float(sd.max()),
            *_three(self.dice), *_three(self.volumes), self.unit,
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))


def spread_of(results: Iterable[Result], varied: Varied = "mask") -> Spread:
    """Return the spread over results of one method on one case.

    Parameters
    ----------
    results : iterable of Result
        Two or more; each may be read when it is needed. Scored with a reference segmentation
        if the Dice is wanted.
    varied : {"mask", "noise"}
        In what they differ.

    Raises
    ------
    RequestError
        If there are fewer than two, or they are of different methods or cases.
    InputError
        If they are on different grids.

    Examples
    --------
    >>> import napari_mtmri as mt
    >>> from napari_mtmri.compare import spread_of
    >>> from napari_mtmri.samples import phantom
    >>> head, _ = phantom((32, 32, 8))
    >>> results = [
    ...     mt.run(mt.simulate(head, mt.Pattern("random", acceleration=4, seed=seed)), "zero-filled")
    ...     for seed in range(3)
    ... ]
    >>> spread = spread_of(results)
    >>> spread.n, spread.sd.same_grid(head)
    (3, True)
    """
    sums = _Sums()
    for result in results:
        sums.add(result)
    if sums.first is None or sums.n < 2:
        raise RequestError(f"A spread needs two results or more, not {sums.n}; give more seeds.")
    first = sums.first
    pattern = (first.request.get("pattern") or {}).get("name", "mask")
    grid = first.zero_filled

    def volume(data: np.ndarray | None, title: str) -> Volume | None:
        return None if data is None else grid.like(data, name=f"{first.name} {title}")

    return Spread(
        first.name,
        first.method,
        str(pattern),
        first.acceleration,
        varied,
        sums.n,
        volume(sums.mean, "mean"),
        volume(sums.sd, "standard deviation"),
        volume(sums.percent, "called lesion (%)"),
        dice=tuple(sums.dice),
        volumes=tuple(sums.volumes),
        unit=_unit(grid),
        slice_axis=first.axes.slice,
    )


def spreads_of(points: Sequence[SweepPoint]) -> Iterator[Spread]:
    """Yield the spreads of a sweep whose points kept their result folders.

    Points of the same case, method, pattern and R are compared over their masks; those with
    the same mask over their noise.
    """
    groups: dict[tuple[Any, ...], list[SweepPoint]] = {}
    for point in points:
        if point.state == "done" and point.result is not None:
            varied = "mask" if point.noise is None else "noise"
            key = (point.case, point.method, point.pattern, point.acceleration, varied)
            groups.setdefault(key, []).append(point)
    for (case, method, pattern, factor, varied), found in groups.items():
        if len(found) > 1:
            spread = spread_of((read_run(one.result) for one in found if one.result), varied)
            yield replace(spread, case=case, method=method, pattern=pattern, acceleration=factor)


def spread_csv(spreads: Sequence[Spread]) -> str:
    """Return the table of spreads as CSV with all digits."""
    return csv_text(COLUMNS, [spread.record() for spread in spreads])


class _Sums:
    """Running mean and variance (Welford), so that one result at a time is in memory."""

    def __init__(self) -> None:
        self.first: Result | None = None
        self.n = self.n_images = self.n_masks = 0
        self.dice: list[float] = []
        self.volumes: list[float] = []
        self._mean: np.ndarray | None = None
        self._squares: np.ndarray | None = None
        self._counts: np.ndarray | None = None

    def add(self, result: Result) -> None:
        if self.first is None:
            self.first = result
        _check_alike(self.first, result)
        self.n += 1
        if result.reconstruction is not None:
            self._add_image(result.reconstruction.magnitude().astype(np.float64))
        if result.labels is not None:
            inside = result.labels.data > 0
            counts = np.zeros(inside.shape, np.int32) if self._counts is None else self._counts
            self._counts = counts + inside
            self.volumes.append(int(inside.sum()) * _voxel(result.labels))
            scores = result.scores.get(result.method)
            if scores is not None and scores.find("Dice"):
                self.dice.append(scores.get("Dice"))

    def _add_image(self, image: np.ndarray) -> None:
        if self._mean is None or self._squares is None:
            self._mean, self._squares = np.zeros(image.shape), np.zeros(image.shape)
        away = image - self._mean
        self._mean += away / self.n
        self._squares += away * (image - self._mean)

    @property
    def mean(self) -> np.ndarray | None:
        return None if self._mean is None else self._mean.astype(np.float32)

    @property
    def sd(self) -> np.ndarray | None:
        if self._squares is None:
            return None
        return np.sqrt(self._squares / (self.n - 1)).astype(np.float32)

    @property
    def percent(self) -> np.ndarray | None:
        return None if self._counts is None else (100 * self._counts / self.n).astype(np.float32)


def _check_alike(first: Result, other: Result) -> None:
    if (first.method, first.name) != (other.method, other.name):
        raise RequestError(
            f"{other.title} is not of the same method and case as {first.title}; compare them in "
            "the Compare panel instead."
        )
    other.zero_filled.require_same_grid(first.zero_filled, first.title)
    for part in ("reconstruction", "labels"):
        if (getattr(first, part) is None) != (getattr(other, part) is None):
            raise RequestError(f"{other.title}: only some of the results have {part}.")


def _voxel(volume: Volume) -> float:
    return float(np.prod(volume.spacing)) / 1000 if volume.spacing_known else 1.0


def _unit(volume: Volume) -> str:
    return "ml" if volume.spacing_known else "voxel"


def _range(values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    low, high = (format_value(value, unit) for value in (min(values), max(values)))
    return f"{low} to {high} {unit}".rstrip()


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    if not values:
        return math.nan, math.nan, math.nan
    return min(values), float(np.mean(values)), max(values)
