# SPDX-License-Identifier: BSD-3-Clause
"""Method: something that turns a Scan into an image, a segmentation or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.device import Device
from napari_mtmri.parameters import Option, Value
from napari_mtmri.registry import Registry
from napari_mtmri.scan import Scan


@dataclass(frozen=True)
class SliceBatch:
    """What a method made of some slices.

    Parameters
    ----------
    image : complex64 (slice, readout, phase) or None
        In the units of the scan.
    probability : float32 (slice, channel, readout, phase) or None
        One channel for one class; else background first.
    """

    image: np.ndarray | None
    probability: np.ndarray | None


Runner = Callable[[Scan], SliceBatch]


@dataclass(frozen=True)
class Setting:
    """What a method is loaded with.

    Parameters
    ----------
    device : Device
    weights : Path or None
        A file, or a folder of files named by method; None: those installed.
    parameters : mapping
        The method's own, checked.
    """

    device: Device
    weights: Path | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """A method ready to run, and which weights it runs with."""

    run: Runner
    cards: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Method:
    """A method: what it is called, needs and gives, and how it is loaded.

    Parameters
    ----------
    name, title, summary : str
        For machines, for a list, and one line for people.
    gives : frozenset of {"image", "segmentation"}
    needs : frozenset of {"weights", "reference", "coil_maps"}
        Without "reference" a method is never shown the truth.
    load : callable
        Setting -> Loaded. A runner's result for a slice does not depend on the other
        slices of the call.
    parameters : tuple of Option
    weights : tuple of str
        Names of the weights it needs, its own by default.
    """

    name: str
    title: str
    summary: str
    gives: frozenset[str]
    needs: frozenset[str]
    load: Callable[[Setting], Loaded]
    parameters: tuple[Option, ...] = ()
    weights: tuple[str, ...] = ()

    @property
    def is_full_sample(self) -> bool:
        """Whether it is shown the truth, and so is no rival on equal terms."""
        return "reference" in self.needs


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

    def run(self, scan: Scan, positions: Sequence[int] | None = None) -> SliceBatch:
        """Return the output of the method for slices of a scan, all of them by default.

        Only a method that declares that it needs the reference is given the reference.
        """
        chosen = range(scan.n_slices) if positions is None else positions
        return self.loaded.run(scan.select(chosen, with_reference=self.method.is_full_sample))


METHODS: Registry[Method] = Registry("methods")
DEFAULT_METHOD = "mtmri"
