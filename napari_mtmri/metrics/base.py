# SPDX-License-Identifier: BSD-3-Clause
"""Metrics: the scores that each computes, and where they are shown.

A metric is one file in this folder and one line of registration (entry point group
``napari_mtmri.metrics``). It declares its scores and where each is shown, so that tables,
panel, figures and reports keep no lists. It also declares what its scores depend on, the
usual reason why two programs disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from napari_mtmri.metrics.inputs import ImagePair, LabelPair
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
    "all_metrics",
    "decimals",
    "everywhere",
    "format_value",
    "headline",
    "main_quantity",
    "quantities",
    "quantity",
]

Kind = Literal["image", "labels"]
Better = Literal["higher", "lower", "zero"]
Place = Literal["summary", "line", "panel", "figure", "card", "study"]
PLACES: tuple[Place, ...] = ("summary", "line", "panel", "figure", "card", "study")
MAIN_REGION: Mapping[Kind, str] = {"image": FIELD_OF_VIEW, "labels": "class 1"}


def everywhere(decimals: int, **others: int) -> Mapping[Place, int]:
    """Return ``decimals`` for every place, except those given in ``others``.

    Examples
    --------
    >>> from napari_mtmri.metrics.base import everywhere
    >>> everywhere(3, panel=2)["panel"]
    2
    """
    return {place: others.get(place, decimals) for place in PLACES}


@dataclass(frozen=True)
class Quantity:
    """One score that a metric computes.

    Parameters
    ----------
    name : str
        Name as in `Score.metric`, such as "PSNR".
    tip : str
        Tooltip, one line.
    better : {"higher", "lower", "zero"} or None
        Best direction; None for a descriptive number, such as a volume.
    unit : str
        "dB", "mm", "ml" or empty.
    label : str
        Column heading in the panel; by default the name.
    shown : mapping
        Places where it is shown, with the number of decimals: ``summary`` (tables over
        cases and their paired differences), ``line`` (one line per method in the shell),
        ``panel`` (score table of the Reconstruct panel), ``figure`` (captions), ``card``
        (model cards of exported weights) and ``study`` (report of an experiment). By
        default all: such a score is a headline. `Scores` contain every score.
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
    """A metric that compares a prediction with its reference.

    Parameters
    ----------
    name, title, summary : str
        Name in the registry, title for the user, and description in one line.
    kind : {"image", "labels"}
        Whether it compares images or labels.
    depends : str
        Settings that the scores depend on, in one line: range, window, connectivity, ...
    gives : tuple of Quantity
        All its scores, in table order.
    measure : callable
        ImagePair or LabelPair -> list of `Score`, rows of the volume first, and the field of
        view before the object.
    scopes : set of str
        Scopes of its rows; metrics without "slice" are skipped while slices are browsed.
    place : int
        Position in tables.
    citations : tuple of str
        Published works that define it, for the Methods text of a report.
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
    citations: tuple[str, ...] = ()


METRICS: Registry[Metric] = Registry("metrics")


def all_metrics(kind: str | None = None) -> list[Metric]:
    """Return the metrics that can be loaded, in table order."""
    broken = METRICS.broken()
    found = [METRICS.get(name) for name in METRICS.names() if name not in broken]
    chosen = [metric for metric in found if kind in (None, metric.kind)]
    return sorted(chosen, key=lambda metric: (metric.place, metric.name))


def quantities(place: Place | None = None, kind: Kind | None = None) -> list[Quantity]:
    """Return the scores that are shown in a place, in table order.

    Parameters
    ----------
    place : str, optional
        One of `PLACES`; by default return all scores.
    kind : {"image", "labels"}, optional
        Return only scores of images or of labels.
    """
    return [
        one
        for metric in all_metrics(kind)
        for one in metric.gives
        if place is None or place in one.shown
    ]


def quantity(name: str) -> Quantity | None:
    """Return the score with this name, or None if no registered metric has it."""
    return next((one for one in quantities() if one.name == name), None)


def main_quantity(kind: Kind) -> Quantity:
    """Return the main score, for places with room for only one.

    It is the first headline for which higher is better: PSNR of images, Dice of labels.
    """
    found = [one for one in quantities("line", kind) if one.is_headline]
    return next(one for one in found if one.better == "higher")


def decimals(name: str, place: Place) -> int | None:
    """Return the number of decimals of a score in a place, or None if it is not shown there."""
    found = quantity(name)
    return None if found is None else found.shown.get(place)


def headline(scores: Scores) -> dict[str, float]:
    """Return the scores of the volume for one line of text, by name, without NaN."""
    kinds: tuple[Kind, ...] = ("image", "labels")
    found = {
        one.name: scores.get(one.name, MAIN_REGION[kind])
        for kind in kinds
        for one in quantities("line", kind)
    }
    return {name: value for name, value in found.items() if value == value}
