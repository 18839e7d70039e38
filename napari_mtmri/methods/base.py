# SPDX-License-Identifier: BSD-3-Clause
"""Method: computes an image, a segmentation or both from a Scan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.device import Device
from napari_mtmri.errors import RequestError, ResourceError, Stopped, WeightsError
from napari_mtmri.methods import DEFAULT_METHOD as DEFAULT_METHOD
from napari_mtmri.methods.training import TableRow, Training
from napari_mtmri.parameters import Option, Value
from napari_mtmri.registry import Registry
from napari_mtmri.scan import Scan
from napari_mtmri.weights import find_weights, read_card


@dataclass(frozen=True)
class SliceBatch:
    """Output of a method for some slices.

    Parameters
    ----------
    image : complex64 (slice, readout, phase) or None
        In the units of the scan.
    probability : float32 (slice, channel, readout, phase) or None
        One channel for a single class; otherwise the background comes first.
    """

    image: np.ndarray | None
    probability: np.ndarray | None


Runner = Callable[[Scan], SliceBatch]


@dataclass(frozen=True)
class Setting:
    """Device, weights and parameters that a method is loaded with.

    Parameters
    ----------
    device : Device
    weights : Path or None
        A file, or a folder of files named by method; None: the installed weights.
    parameters : mapping
        The method's own parameters, validated.
    stop : threading.Event, optional
        Set when the user asks to stop; a method that works on a slice for long checks it.
    """

    device: Device
    weights: Path | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)
    stop: threading.Event | None = None

    def check_stop(self) -> None:
        """Raise `Stopped` if the user has asked to stop."""
        if self.stop is not None and self.stop.is_set():
            raise Stopped("Stopped within a slice; nothing was kept of it.")


@dataclass(frozen=True)
class Loaded:
    """Function that runs a method, the cards of its weights, and remarks for its results."""

    run: Runner
    cards: tuple[Any, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Method:
    """A method: names, inputs and outputs, loading and training.

    Parameters
    ----------
    name, title, summary : str
        Identifier, title in lists, and one line of description.
    gives : frozenset of {"image", "segmentation"}
    needs : frozenset of {"weights", "reference", "coil_maps"}
        Without "reference" a method never gets the reference image.
    load : callable
        Setting -> Loaded. The result for a slice must not depend on the other slices of
        the call.
    parameters : tuple of Option
    weights : tuple of str
        Names of the weights it needs.
    training : Training, optional
        How it is trained; None for a method that cannot be trained.
    untrained_row : TableRow, optional
        Row in the tables of a study of a method that is not trained.
    keeps_measured : bool
        Whether the image has the measured samples exactly, for a single coil.
    classes : tuple of str
        Names of the classes that it always segments; empty: those of its training.
    extra : (str, str), optional
        Package that it needs, and what to install for it, such as "napari-mtmri[train]".
    citations : tuple of str
        Published works that it is from, for the Methods text of a report.
    """

    name: str
    title: str
    summary: str
    gives: frozenset[str]
    needs: frozenset[str]
    load: Callable[[Setting], Loaded]
    parameters: tuple[Option, ...] = ()
    weights: tuple[str, ...] = ()
    training: Training | None = None
    untrained_row: TableRow | None = None
    keeps_measured: bool = True
    classes: tuple[str, ...] = ()
    extra: tuple[str, str] | None = None
    citations: tuple[str, ...] = ()

    @property
    def is_full_sample(self) -> bool:
        """Whether it gets the reference image, so that a comparison would be unfair."""
        return "reference" in self.needs

    @property
    def row(self) -> TableRow | None:
        """Its row in the tables of a study."""
        return self.untrained_row if self.training is None else self.training.row

    @property
    def defaults(self) -> dict[str, Value]:
        """The default values of its parameters."""
        return {one.name: one.default for one in self.parameters if one.default is not None}

    def require_extra(self) -> None:
        """Check that the package it needs is installed.

        Raises
        ------
        ResourceError
            If it is not.
        """
        if self.extra is not None and find_spec(self.extra[0]) is None:
            package, wanted = self.extra
            raise ResourceError(
                f"{self.name} needs {package}, which is not installed; run: pip install '{wanted}'."
            )

    def weights_at(self, place: Path | None = None) -> tuple[str, ...]:
        """Return the names of the weights to load from a file or folder.

        A method with several parts prefers weights of its own name, trained as a whole.
        """
        if self.weights in ((), (self.name,)):
            return self.weights
        try:
            has_own = read_card(find_weights(self.name, place)).method == self.name
        except WeightsError:
            has_own = False
        return (self.name,) if has_own else self.weights


def card_of_masks(cards: Sequence[Any]) -> Any | None:
    """Return the card of the weights that segment: the last, if several do."""
    return next((card for card in reversed(cards) if card.labels), None)


@dataclass(frozen=True)
class LoadedMethod:
    """A method with its setting and its loaded weights, ready to run."""

    method: Method
    setting: Setting
    loaded: Loaded

    @property
    def cards(self) -> tuple[Any, ...]:
        """The cards of the weights it runs with."""
        return self.loaded.cards

    @property
    def smallest_part(self) -> float:
        """Part of the largest component below which a component is not in the mask; 0: none."""
        card = card_of_masks(self.cards)
        return 0.0 if card is None else float(card.smallest_part)

    def run(self, scan: Scan, positions: Sequence[int] | None = None) -> SliceBatch:
        """Return the output of the method for slices of a scan, all of them by default.

        Only a method that declares a need for the reference gets the reference.
        """
        chosen = range(scan.n_slices) if positions is None else positions
        return self.loaded.run(scan.select(chosen, with_reference=self.method.is_full_sample))


METHODS: Registry[Method] = Registry("methods")


def all_methods() -> tuple[Method, ...]:
    """Return the methods that can be imported, the default method first."""
    broken = METHODS.broken()
    names = [name for name in METHODS.names() if name not in broken]
    return tuple(METHODS.get(one) for one in sorted(names, key=lambda n: (n != DEFAULT_METHOD, n)))


def trainable() -> tuple[str, ...]:
    """Return the names of the methods that can be trained, the default method first."""
    return tuple(one.name for one in all_methods() if one.training is not None)


def training_of(method: str) -> Training:
    """Return the training of a method.

    Raises
    ------
    RequestError
        If the method does not exist or cannot be trained.
    """
    training = METHODS.get(method).training
    if training is None:
        raise RequestError(
            f"{method!r} has no network to train; choose one of {', '.join(trainable())}."
        )
    return training
