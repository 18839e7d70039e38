# SPDX-License-Identifier: BSD-3-Clause
"""Metric: what one is, which numbers it gives, and where they are shown.

A metric is one file in this folder and one line of registration (entry point group
``napari_mtmri.metrics``). It declares each number that it gives, and where that number
is shown: no table, panel, figure or report keeps a list of its own. It also states what
its numbers depend on, because two programs that disagree mostly disagree there.
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
