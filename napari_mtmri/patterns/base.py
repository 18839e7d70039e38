# SPDX-License-Identifier: BSD-3-Clause
"""Pattern: a recipe for which samples of k-space are measured, and its seed.

A kind of pattern is one file of this folder with a `PatternKind`, registered by
one line of ``pyproject.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.parameters import Option, Value, check_options
from napari_mtmri.patterns.request import Request
from napari_mtmri.registry import Registry

Mask = NDArray[np.bool_]

ACCELERATION = Option(
    "acceleration", "float", 4.0, "R: the plane's samples per measured one", 1.0, 16.0
)
CENTER_FRACTION = Option(
    "center_fraction",
    "float",
    None,
    "fully sampled centre as a fraction of the side; automatic: 0.08 up to R = 5, else 0.04",
    0.0,
    1.0,
)
SEED = Option("seed", "int", 0, "same seed, same mask", 0, 2**32 - 1)


@dataclass(frozen=True)
class PatternKind:
    """A kind of pattern: what it is called, what it lets choose, how it is drawn.

    Parameters
    ----------
    name : str
        As registered.
    title, summary : str
        For people: a name, and one line of meaning.
    dimensions : {1, 2}
        1: whole phase-encoding lines are taken; 2: single samples.
    draw : callable
        From a checked `Request` to the mask: bool (phase,) or (readout, phase), with
        exactly ``request.n`` lines or samples.
    options : tuple of Option
    uses : frozenset of str
        Which of ``"acceleration"``, ``"center_fraction"`` and ``"seed"`` matter.
    max_acceleration : float
    facts : callable, optional
        From the options to what else a record must hold to be checked later.
    """

    name: str
    title: str
    summary: str
    dimensions: Literal[1, 2]
    draw: Callable[[Request], Mask]
    options: tuple[Option, ...] = ()
    uses: frozenset[str] = frozenset({"acceleration", "center_fraction", "seed"})
    max_acceleration: float = 16.0
    facts: Callable[[Mapping[str, Value]], dict[str, Any]] | None = None


PATTERNS: Registry[PatternKind] = Registry("patterns")


@dataclass(frozen=True)
class Sampling:
    """What came out of a pattern on one plane.

    Parameters
    ----------
    n_samples, n_total : int
        Measured samples and all samples of the plane.
    acceleration : float
        Achieved R: ``n_total / n_samples``.
    n_lines, n_center : int or None
        Measured lines and lines of the centre; None where the pattern has none.
    text : str
        One line for people: ``"48 of 192 lines, R 4.00, centre 15"``.
    warnings : tuple of str
    """

    n_samples: int
    n_total: int
    acceleration: float
    n_lines: int | None
    n_center: int | None
    text: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pattern:
    """Which samples of k-space are measured: a pure function of these fields.

    Parameters
    ----------
    name : str
        A registered kind: ``"random"``, ``"poisson"``, ...
    acceleration : float
        R asked for, 1 to 16; the count is exactly ``round(N / R)``.
    center_fraction : float, optional
        Fully sampled centre as a fraction of the side. None: 0.08 up to R = 5, else 0.04.
    seed : int
    options : mapping
        Further choices, as the kind declares them.

    Raises
    ------
    RequestError
        If there is no such kind, or a value does not fit it.

    Examples
    --------
    >>> from napari_mtmri import Pattern
    >>> pattern = Pattern("random", acceleration=4, seed=1)
    >>> pattern.describe((224, 192)).text
    '48 of 192 lines, R 4.00, centre 15'
    >>> pattern.mask((224, 192)).shape
    (224, 192)
    """

    name: str = "random"
    acceleration: float = 4.0
    center_fraction: float | None = None
    seed: int = 0
    options: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise RequestError(f"{self.name!r} is no name of a pattern; use {PATTERNS.names()}.")
        kind, owner = self.kind, self.name
        checked: dict[str, object] = {
            "acceleration": ACCELERATION.check(self.acceleration, owner),
            "seed": SEED.check(self.seed, owner),
            "options": check_options(self.options, kind.options, owner),
        }
        if self.center_fraction is not None:
            checked["center_fraction"] = CENTER_FRACTION.check(self.center_fraction, owner)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.acceleration > kind.max_acceleration:
            raise RequestError(
                f"{owner}, R = {self.acceleration:g}: more than this pattern can; "
                f"use R <= {kind.max_acceleration:g}."
            )
        if self.center_fraction and "center_fraction" not in kind.uses:
            raise RequestError(
                f"{owner}, center_fraction = {self.center_fraction:g}: this pattern has no centre "
                "of its own; leave center_fraction out."
            )

    @property
    def kind(self) -> PatternKind:
        """The kind of pattern, from the registry."""
        return PATTERNS.get(self.name)

    def mask(self, shape: tuple[int, int]) -> Mask:
        """Return which samples of a plane are measured.

        Parameters
        ----------
        shape : (readout, phase)
            Each at least 4; zero frequency lies at ``n // 2``.

        Returns
        -------
        bool array, (readout, phase)
            1-D patterns are constant along the readout.

        Raises
        ------
        RequestError
            If the plane is too small for R and the centre; says what fits.
        """
        request = self._request(shape)
        if self.kind.facts is None:
            drawn = _drawn(self, self.kind, request.shape)
        else:  # it reads a file, which may have changed since the last call
            drawn = self.kind.draw(request)
        return np.array(np.broadcast_to(drawn, request.shape), dtype=bool)

    def describe(self, shape: tuple[int, int], mask: Mask | None = None) -> Sampling:
        """Return counts and the achieved R on a plane.

        Parameters
        ----------
        shape : (readout, phase)
        mask : bool array, (readout, phase), optional
            This pattern's mask if it is at hand, so that it is not drawn again.
        """
        request = self._request(shape)
        mask = self.mask(shape) if mask is None else mask
        n_samples, n_total = int(mask.sum()), mask.size
        achieved = n_total / n_samples
        if request.dimensions == 2 or not (mask == mask[:1]).all():
            text = f"{n_samples} of {n_total} samples, R {achieved:.2f}"
            return Sampling(n_samples, n_total, achieved, None, None, text, self._warnings(mask))
        n_lines = int(mask[0].sum())
        has_center = "center_fraction" in self.kind.uses
        n_center = request.n_center if has_center else None
        text = f"{n_lines} of {request.shape[1]} lines, R {achieved:.2f}"
        text += f", centre {n_center}" if has_center else ""
        return Sampling(n_samples, n_total, achieved, n_lines, n_center, text, self._warnings(mask))

    def record(self) -> dict[str, Any]:
        """Return the pattern as plain data for JSON; `from_record` takes it back."""
        facts = {} if self.kind.facts is None else self.kind.facts(self.options)
        return {
            "name": self.name,
            "acceleration": self.acceleration,
            "center_fraction": self.center_fraction,
            "seed": self.seed,
            "options": dict(self.options),
            **facts,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Pattern:
        """Return the pattern that `record` wrote down.

        Raises
        ------
        RequestError
            If the record holds what no pattern can be.
        InputError
            If a file that belongs to it is gone or has changed.
        """
        options = record.get("options") or {}
        if not isinstance(record.get("name"), str) or not isinstance(options, Mapping):
            raise RequestError(f"{dict(record)!r} is no record of a pattern; make a new Pattern.")
        kind = PATTERNS.get(record["name"])
        given = {name: record[name] for name in ("center_fraction", "seed") if name in record}
        if "acceleration" in kind.uses and "acceleration" in record:
            given["acceleration"] = record["acceleration"]
        pattern = cls(record["name"], options=options, **given)
        for name, now in ({} if kind.facts is None else kind.facts(pattern.options)).items():
            if record.get(name, now) != now:
                raise InputError(
                    f"{kind.name}, {pattern.options}: {name} was {record[name]} when the record was "
                    f"made and is {now} now; bring back the file or make a new Pattern."
                )
        return pattern

    def _request(self, shape: tuple[int, int]) -> Request:
        kind = self.kind
        return Request(
            name=self.name,
            dimensions=kind.dimensions,
            shape=(int(shape[0]), int(shape[1])),
            acceleration=self.acceleration if "acceleration" in kind.uses else 1.0,
            center_fraction=self.center_fraction if "center_fraction" in kind.uses else 0.0,
            seed=self.seed,
            options={
                option.name: self.options.get(option.name, option.default)
                for option in kind.options
            },
        )

    def _warnings(self, mask: Mask) -> tuple[str, ...]:
        middle = (mask.shape[0] // 2, mask.shape[1] // 2)
        if mask[middle]:
            return ()
        shifts = any(option.name == "fftshift" for option in self.kind.options)
        advice = "set fftshift the other way" if shifts else "use a larger center_fraction"
        return (
            f"{self.name}: zero frequency (sample {middle[0]}, line {middle[1]}) is not measured, "
            f"so the image loses its mean; {advice}.",
        )


@lru_cache(maxsize=32)
def _drawn(pattern: Pattern, kind: PatternKind, shape: tuple[int, int]) -> Mask:
    """Draw a mask once: a panel asks for the same one with each slice and each picture."""
    return kind.draw(pattern._request(shape))
