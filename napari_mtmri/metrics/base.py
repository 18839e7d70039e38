# SPDX-License-Identifier: BSD-3-Clause
"""Metric: what one is, and all of them measured at once.

A metric is one file beside this one and one line of registration (entry point
group ``napari_mtmri.metrics``). Each says what its numbers depend on, for two
programs that disagree mostly disagree there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
    "Score",
    "Scores",
    "Truth",
    "all_metrics",
    "better",
    "format_value",
    "measure_all",
    "slice_scores",
]

Better = Literal["higher", "lower", "zero"]


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
    better : {"higher", "lower", "zero"}
        Which way is good, for the numbers named in ``gives``.
    gives : tuple of str
        Names of its numbers that say better or worse; it may give others beside.
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
    kind: Literal["image", "labels"]
    summary: str
    depends: str
    better: Better
    gives: tuple[str, ...]
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


def better(score_name: str) -> Better | None:
    """Return which way is good for a number, None where it is a mere fact."""
    for metric in all_metrics():
        if score_name in metric.gives:
            return metric.better
    return None


@dataclass(frozen=True)
class Truth:
    """A reference and what is worked out from it once: range, object, classes.

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
        """Where the object is; see `napari_mtmri.metrics.object_mask`."""
        from napari_mtmri.metrics.object_mask import object_mask

        return None if self.image is None else object_mask(self.image)

    @cached_property
    def drawn(self) -> tuple[int, ...]:
        """Values that occur in the labels of the volume."""
        return () if self.labels is None else tuple(np.unique(self.labels).tolist())

    def image_pair(
        self, prediction: np.ndarray | None, index: int | None = None
    ) -> ImagePair | None:
        """Return the pair to measure, of the volume or of one slice of it."""
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
        """Return a pair for each class, of the volume or of one slice of it."""
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
        volumes are in voxels and say so.
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

    The same rows as `measure_all` gives for that slice, some milliseconds after the
    image is there.

    Parameters
    ----------
    truth : Truth
        Of the volume; make it once.
    index : int
        Which slice.
    image, labels : array, (row, column), or None
        Predictions of the slice.

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
