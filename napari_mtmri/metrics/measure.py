# SPDX-License-Identifier: BSD-3-Clause
"""All registered metrics, measured on a volume or on a single slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_mtmri.metrics.base import Metric, all_metrics
from napari_mtmri.metrics.inputs import (
    ImagePair,
    LabelPair,
    check_same_grid,
    checked_classes,
    checked_image,
    checked_labels,
    checked_spacing,
)
from napari_mtmri.metrics.scores import Score, Scores


@dataclass(frozen=True)
class Truth:
    """A reference with its data range, object mask and classes, each computed only once.

    Parameters
    ----------
    image : real array, (slice, row, column), or None
        Magnitude of the fully sampled image.
    labels : integer array, same shape, or None
    classes : sequence of int, optional
        Classes to measure; by default all that occur, without background.

    Raises
    ------
    InputError
        If an array is not an image, or not labels.
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
        """Return the image pair of the volume or of one slice.

        Parameters
        ----------
        prediction : real array, (slice, row, column), or None
            Predicted magnitude of the volume, or of one slice: (1, row, column).
        index : int, optional
            Index of that slice in the volume; None for the volume.

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
        voxel_ml: float | None = None,
        probability: np.ndarray | None = None,
    ) -> list[LabelPair]:
        """Return a label pair for each class, of the volume or of one slice.

        Parameters
        ----------
        prediction : integer array, (slice, row, column), or None
            Predicted labels of the volume, or of one slice: (1, row, column).
        spacing : sequence of three floats, optional
            Voxel spacing in mm along the same axes.
        index : int, optional
            Index of that slice in the volume; None for the volume.
        voxel_ml : float, optional
            Volume of a voxel in ml; by default the product of the spacings.
        probability : float array, shape of ``prediction``, or None
            Predicted probability of the foreground; it is that of a class only if there is one.

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
        classes = checked_classes(found, self.drawn, self.classes)
        if probability is not None:
            check_same_grid(probability, reference, "probability")
        return [
            LabelPair(
                found == number, reference == number, f"class {number}", along, index or 0,
                voxel_ml, probability if len(classes) == 1 else None,
            )
            for number in classes
        ]  # fmt: skip


def measure_all(
    prediction_image: np.ndarray | None,
    reference_image: np.ndarray | None,
    prediction_labels: np.ndarray | None = None,
    reference_labels: np.ndarray | None = None,
    *,
    spacing: Sequence[float] | None,
    classes: Sequence[int] | None = None,
    voxel_ml: float | None = None,
    probability: np.ndarray | None = None,
) -> Scores:
    """Return the scores of all registered metrics that the given arrays allow.

    Parameters
    ----------
    prediction_image, reference_image : real array, (slice, row, column), or None
        Magnitudes in the same units.
    prediction_labels, reference_labels : integer array, same shape, or None
    spacing : sequence of three floats or None
        Voxel spacing in mm along the same axes; if None, distances and volumes are in voxels.
    classes : sequence of int, optional
        Classes to measure; by default all that occur, without background.
    voxel_ml : float, optional
        Volume of a voxel in ml, needed on a sheared grid; by default the product of the
        spacings.
    probability : float array, same shape, or None
        Predicted probability of the foreground, 0 to 1.

    Returns
    -------
    Scores
        Empty if there is nothing to compare.

    Raises
    ------
    InputError
        If shapes differ, an image is complex or not finite, or labels are not whole numbers.
    RequestError
        If background is requested as a class.
    """
    truth = Truth(
        None if prediction_image is None else reference_image,
        None if prediction_labels is None else reference_labels,
        classes,
    )
    image = truth.image_pair(prediction_image)
    labels = truth.label_pairs(
        prediction_labels, spacing, voxel_ml=voxel_ml, probability=probability
    )
    return _measure(all_metrics(), image, labels)


def slice_scores(
    truth: Truth,
    index: int,
    image: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> Scores:
    """Return the scores of one slice, with data range and object mask of its volume.

    The rows equal those of `measure_all` for that slice, but take only some milliseconds.

    Parameters
    ----------
    truth : Truth
        Reference of the whole volume; make it once.
    index : int
        Index of the slice.
    image : real array, (row, column), or None
        Predicted magnitude, in the units of the reference.
    labels : integer array, (row, column), or None
        Predicted labels.

    Raises
    ------
    InputError
        As for `measure_all`.
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
