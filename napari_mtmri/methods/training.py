# SPDX-License-Identifier: BSD-3-Clause
"""Training of a method: network, stages, losses and options. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from napari_mtmri.networks.losses import LossContext, TensorBatch
    from napari_mtmri.train.recipe import Recipe

Losses = Mapping[str, "Tensor"]
LossFunction = Callable[[Any, "TensorBatch", "LossContext"], Losses]  # of the own network


class Options(BaseModel):
    """Base of a method's own options: frozen, unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Stage:
    """A part of a training: its loss, the parameters that it trains, and its length.

    Each stage has a new optimizer and complete schedules of the learning rate, the loss
    weights and teacher forcing.

    Parameters
    ----------
    name : str
    loss : callable
        (network, batch, context) -> scalar tensors by name. Their sum is minimized; each is
        logged as ``<name>_loss``. Means over the batch are taken with ``context.share``.
    trains : tuple of str
        Prefixes of the names of the trained parameters; all others keep their values and
        get no gradient. By default all are trained.
    share : float
        Part of the epochs, relative to the other stages.
    schedules : frozenset of {"drlc", "itfs"}
        Sections of the recipe that the stage uses. "drlc": the losses ``recon`` and ``seg``
        are weighted; "itfs": ``context.teacher`` marks the slices whose input of the
        segmentation is the reference image.
    score : str, optional
        Validation score that selects the best checkpoint instead of the recipe's
        ``select_by`` (unless that is "last").
    begin : callable, optional
        Called with the network when the stage begins, to set initial weights.
    """

    name: str
    loss: LossFunction
    trains: tuple[str, ...] = ("",)
    share: float = 1.0
    schedules: frozenset[str] = frozenset()
    score: str | None = None
    begin: Callable[[nn.Module], None] | None = None

    def is_trained(self, parameter: str) -> bool:
        """Return whether the parameter of this name is trained in the stage."""
        return parameter.startswith(self.trains)

    def best_by(self, select_by: str) -> str:
        """Return the name of the score that selects the best checkpoint."""
        return select_by if self.score is None or select_by == "last" else self.score


@dataclass(frozen=True)
class CardWords:
    """Description of the network on the card of its weights.

    Parameters
    ----------
    networks : str
        Names and widths, such as "D5C5 with 64 filters".
    task : str
        Task of the method, such as "segment a fully sampled image".
    size : str
        Size in one or two words.
    """

    networks: str
    task: str
    size: str


@dataclass(frozen=True)
class TableRow:
    """Row of a method in the tables of a study.

    Parameters
    ----------
    tables : tuple of str
        Names of the tables.
    title, note : str
    parameters : mapping
        Parameters that the method is run with, other than its defaults.
    changes : mapping
        Keys of the recipe that its training needs; the note says what was tried.
    """

    tables: tuple[str, ...]
    title: str
    note: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Training:
    """Training of a method.

    Parameters
    ----------
    architecture : callable
        Recipe -> ``kind`` and sizes of the network (`napari_mtmri.networks.base.build`).
    stages : callable
        Recipe -> stages, in order.
    words : callable
        Recipe -> description for the card.
    options : type of Options
        The method's own section of the recipe, with a description for each key.
    like : callable
        Architecture on a card -> keys of the recipe that build the same network, to start
        from its weights.
    row : TableRow, optional
        Row in the tables of a study.
    """

    architecture: Callable[[Recipe], dict[str, Any]]
    stages: Callable[[Recipe], tuple[Stage, ...]]
    words: Callable[[Recipe], CardWords]
    options: type[Options] = Options
    like: Callable[[Mapping[str, Any]], dict[str, Any]] = field(default=lambda architecture: {})
    row: TableRow | None = None

    def schedules(self, recipe: Recipe) -> frozenset[str]:
        """Return which of the sections "drlc" and "itfs" any stage uses."""
        return frozenset().union(*(stage.schedules for stage in self.stages(recipe)))


@dataclass(frozen=True)
class StageSpan:
    """The epochs of a stage, ``first`` to before ``last``, and its recipe."""

    number: int
    stage: Stage
    recipe: Recipe
    first: int
    last: int


def spans_of(training: Training, recipe: Recipe) -> tuple[StageSpan, ...]:
    """Return the stages of a training with their epochs; shares are rounded up in turn.

    Raises
    ------
    RequestError
        If there are fewer epochs than stages.
    """
    stages, epochs = training.stages(recipe), recipe.optimizer.epochs
    if epochs < len(stages):
        raise RequestError(
            f"epochs = {epochs}: {recipe.method} is trained in {len(stages)} stages; "
            "give each at least one epoch."
        )
    if len(stages) == 1:
        return (StageSpan(0, stages[0], recipe, 0, epochs),)
    total, done, first = sum(stage.share for stage in stages), 0.0, 0
    spans = []
    for number, stage in enumerate(stages):
        done += stage.share
        left = len(stages) - number - 1  # one epoch at least for each that follows
        last = min(max(-int(-epochs * done / total // 1), first + 1), epochs - left)
        own = recipe.changed({"epochs": last - first})
        spans.append(StageSpan(number, stage, own, first, last))
        first = last
    return tuple(spans)
