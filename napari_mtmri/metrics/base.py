# SPDX-License-Identifier: BSD-3-Clause
"""Metric: what one is, and all of them measured at once.

A metric is one file in this folder and one line of registration (entry point group
``napari_mtmri.metrics``). It declares each number that it gives, and where that number
is shown: no table, panel, figure or report keeps a list of its own. It also states what
its numbers depend on, because two programs that disagree mostly disagree there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from napari_mtmri.metrics.inputs import (
    ImagePair,
    LabelPair,
    check_same_grid,
    checked_classes,
    checked_image,
    checked_labels,
    checked_spacing,
)
from napari_mtmri.metrics.scores import FIELD_OF_VIEW, OBJECT, Score, Scores, format_value
from napari_mtmri.registry import Registry

__all__ = [
    "FIELD_OF_VIEW",
    "METRICS",
    "OBJECT",
    "ImagePair",
    "LabelPair",
    "Metric",
    "Quantity",
    "Score",
    "Scores",
    "Truth",
    "all_metrics",
    "decimals",
    "everywhere",
    "format_value",
    "headline",
    "main_quantity",
    "measure_all",
    "quantities",
    "quantity",
    "slice_scores",
]

Kind = Literal["image", "labels"]
Better = Literal["higher", "lower", "zero"]
Place = Literal["summary", "line", "panel", "figure", "card", "study"]
PLACES: tuple[Place, ...] = ("summary", "line", "panel", "figure", "card", "study")
MAIN_REGION: Mapping[Kind, str] = {"image": FIELD_OF_VIEW, "labels": "class 1"}


def everywhere(decimals: int, **others: int) -> Mapping[Place, int]:
    """Return the number of decimals for each place, the same in all but the named ones.

    Examples
    --------
    >>> from napari_mtmri.metrics.base import everywhere
    >>> everywhere(3, panel=2)["panel"]
    2
    """
    return {place: others.get(place, decimals) for place in PLACES}


@dataclass(frozen=True)
class Quantity:
    """One number that a metric gives.

    Parameters
    ----------
    name : str
        As in `Score.metric`: "PSNR".
    tip : str
        One line for a tooltip.
    better : {"higher", "lower", "zero"} or None
        Which way is good; None for a mere fact, such as a volume.
    unit : str
        "dB", "mm", "ml", or nothing.
    label : str
        Heading of its column in the panel; by default its name.
    shown : mapping
        Where it is shown, with the number of decimals there: ``summary`` (tables over
        cases and their paired differences), ``line`` (one line of the shell for each
        method), ``panel`` (score table of the Reconstruct panel), ``figure`` (captions),
        ``card`` (of exported weights) and ``study`` (report of an experiment). A
        headline is shown everywhere, which is the default; `Scores` always contain all.
    """

    name: str
    tip: str
    better: Better | None = "higher"
    unit: str = ""
    label: str = ""
    shown: Mapping[Place, int] = field(default_factory=lambda: everywhere(3), hash=False)

    @property
    def is_headline(self) -> bool:
        """Whether it is shown everywhere."""
        return set(self.shown) == set(PLACES)

    @property
    def title(self) -> str:
        """Name with its unit: "PSNR (dB)"."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Metric:
    """One way to compare a prediction with its reference.

    Parameters
    ----------
    name, title, summary : str
        Name in the registry; words for people; one line.
    kind : {"image", "labels"}
        What it compares.
    depends : str
        One line: range, window, connectivity, and the like.
    gives : tuple of Quantity
        Every number that it gives, in the order of tables.
    measure : callable
        ``measure(ImagePair)`` or ``measure(LabelPair)`` to a list of `Score`, the
        volume's rows first, the field of view before the object.
    scopes : set of str
        Scopes in which it has rows; what has none of "slice" is not asked while
        slices are being browsed.
    place : int
        Position in tables.
    """

    name: str
    title: str
    kind: Kind
    summary: str
    depends: str
    gives: tuple[Quantity, ...]
    measure: Callable[[Any], list[Score]]
    scopes: frozenset[str] = frozenset({"volume"})
    place: int = 100


METRICS: Registry[Metric] = Registry("metrics")


def all_metrics(kind: str | None = None) -> list[Metric]:
    """Return the metrics that can be loaded, as tables order them."""
    broken = METRICS.broken()
    found = [METRICS.get(name) for name in METRICS.names() if name not in broken]
    chosen = [metric for metric in found if kind in (None, metric.kind)]
    return sorted(chosen, key=lambda metric: (metric.place, metric.name))


def quantities(place: Place | None = None, kind: Kind | None = None) -> list[Quantity]:
    """Return the numbers of all metrics that are shown in a place, in their order.

    Parameters
    ----------
    place : str, optional
        One of `PLACES`; by default all numbers, wherever they are shown.
    kind : {"image", "labels"}, optional
        Only those of metrics that compare this.
    """
    return [
        one
        for metric in all_metrics(kind)
        for one in metric.gives
        if place is None or place in one.shown
    ]


def quantity(name: str) -> Quantity | None:
    """Return the number called so, None if no registered metric gives it."""
    return next((one for one in quantities() if one.name == name), None)


def main_quantity(kind: Kind) -> Quantity:
    """Return the number for which there is room where only one is shown.

    It is the first headline of which more is better: PSNR of images, Dice of labels.
    """
    found = [one for one in quantities("line", kind) if one.is_headline]
    return next(one for one in found if one.better == "higher")


def decimals(name: str, place: Place) -> int | None:
    """Return the decimals of a number in a place, None where it is not shown there."""
    found = quantity(name)
    return None if found is None else found.shown.get(place)


def headline(scores: Scores) -> dict[str, float]:
    """Return the numbers of the volume that a line of text shows, by name, without NaN."""
    kinds: tuple[Kind, ...] = ("image", "labels")
    found = {
        one.name: scores.get(one.name, MAIN_REGION[kind])
        for kind in kinds
        for one in quantities("line", kind)
    }
    return {name: value for name, value in found.items() if value == value}


@dataclass(frozen=True)
class Truth:
    """A reference, with what is computed from it once: range, object mask, classes.

    Parameters
    ----------
    image : real array, (slice, row, column), or None
        Magnitude of the fully sampled image.
    labels : integer array, same shape, or None
    classes : sequence of int, optional
        Classes to measure; by default all that occur, background never.

    Raises
    ------
    InputError
        If an array is no image, or no labels.
    """

    image: np.ndarray | None = None
    labels: np.ndarray | None = None
    classes: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if self.image is not None:
            checked_image(self.image, "reference image")
        if self.labels is not None:
            labels = checked_labels(self.labels, "reference labels", self.classes)
            object.__setattr__(self, "labels", labels)

    @cached_property
    def data_range(self) -> float:
        """Maximum of the reference volume."""
        return 0.0 if self.image is None else float(self.image.max())

    @cached_property
    def object_mask(self) -> np.ndarray | None:
        """Voxels of the object, bool (slice, row, column); see `metrics.object_mask`."""
        from napari_mtmri.metrics.object_mask import object_mask

        return None if self.image is None else object_mask(self.image)

    @cached_property
    def drawn(self) -> tuple[int, ...]:
        """Values that occur in the reference labels of the volume."""
        return () if self.labels is None else tuple(np.unique(self.labels).tolist())

    def image_pair(
        self, prediction: np.ndarray | None, index: int | None = None
    ) -> ImagePair | None:
        """Return the pair to measure, of the volume or of one slice of it.

        Parameters
        ----------
        prediction : real array, (slice, row, column), or None
            Of the volume, or of one slice: (1, row, column).
        index : int, optional
            Slice in the volume.

        Raises
        ------
        InputError
            If the shapes differ, or the prediction is complex or not finite.
        """
        if prediction is None or self.image is None:
            return None
        part = slice(None) if index is None else slice(index, index + 1)
        reference = self.image[part]
        check_same_grid(prediction, reference, "image")
        mask = None if self.object_mask is None else self.object_mask[part]
        found = checked_image(prediction, "predicted image")
        return ImagePair(found, reference, self.data_range, mask, index or 0)

    def label_pairs(
        self,
        prediction: np.ndarray | None,
        spacing: Sequence[float] | None = None,
        index: int | None = None,
    ) -> list[LabelPair]:
        """Return a pair for each class, of the volume or of one slice of it.

        Parameters
        ----------
        prediction : integer array, (slice, row, column), or None
            Of the volume, or of one slice: (1, row, column).
        spacing : sequence of three floats, optional
            In mm along the same axes.
        index : int, optional
            Slice in the volume.

        Raises
        ------
        InputError
            If the shapes differ, or the prediction is not labels.
        """
        if prediction is None or self.labels is None:
            return []
        part = slice(None) if index is None else slice(index, index + 1)
        reference = self.labels[part]
        check_same_grid(prediction, reference, "labels")
        found = checked_labels(prediction, "predicted labels", self.classes)
        along = checked_spacing(spacing)
        return [
            LabelPair(found == number, reference == number, f"class {number}", along, index or 0)
            for number in checked_classes(found, self.drawn, self.classes)
        ]


def measure_all(
    prediction_image: np.ndarray | None,
    reference_image: np.ndarray | None,
    prediction_labels: np.ndarray | None = None,
    reference_labels: np.ndarray | None = None,
    *,
    spacing: Sequence[float] | None,
    classes: Sequence[int] | None = None,
) -> Scores:
    """Return every registered metric that the given arrays allow.

    Parameters
    ----------
    prediction_image, reference_image : real array, (slice, row, column), or None
        Magnitudes in the same units.
    prediction_labels, reference_labels : integer array, same shape, or None
    spacing : sequence of three floats or None
        In mm along the same axes; None where it is not known, then distances and
        volumes are in voxels, and so is their unit.
    classes : sequence of int, optional
        Classes to measure; by default all that occur, background never.

    Returns
    -------
    Scores
        Empty if there is nothing to compare.

    Raises
    ------
    InputError
        If shapes differ, an image is complex or not finite, or labels are not whole.
    RequestError
        If background is asked for as a class.
    """
    truth = Truth(
        None if prediction_image is None else reference_image,
        None if prediction_labels is None else reference_labels,
        classes,
    )
    image = truth.image_pair(prediction_image)
    labels = truth.label_pairs(prediction_labels, spacing)
    return _measure(all_metrics(), image, labels)


def slice_scores(
    truth: Truth,
    index: int,
    image: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> Scores:
    """Return the scores of one slice, with the range and the object of its volume.

    The rows are those that `measure_all` gives for that slice, within some milliseconds.

    Parameters
    ----------
    truth : Truth
        Of the volume; make it once.
    index : int
        Number of the slice.
    image : real array, (row, column), or None
        Predicted magnitude, in the units of the reference.
    labels : integer array, (row, column), or None
        Predicted labels.

    Raises
    ------
    InputError
        As `measure_all`.
    """
    pair = truth.image_pair(None if image is None else image[None], index)
    pairs = truth.label_pairs(None if labels is None else labels[None], index=index)
    metrics = [metric for metric in all_metrics() if "slice" in metric.scopes]
    scores = _measure(metrics, pair, pairs)
    return Scores(tuple(row for row in scores.rows if row.scope == "slice"))


def _measure(
    metrics: Iterable[Metric], image: ImagePair | None, labels: Sequence[LabelPair]
) -> Scores:
    rows: list[Score] = []
    for metric in metrics:
        pairs = labels if metric.kind == "labels" else [] if image is None else [image]
        for pair in pairs:
            rows += metric.measure(pair)
    return Scores(tuple(rows))
