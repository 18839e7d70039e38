# SPDX-License-Identifier: BSD-3-Clause
"""Pattern: the parameters and seed that define a sampling mask.

Each kind of pattern is one file in this folder with a `PatternKind`, registered by one line
in ``pyproject.toml``.
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
    "acceleration", "float", 4.0, "R: all samples divided by measured samples", 1.0, 16.0
)
CENTER_FRACTION = Option(
    "center_fraction",
    "float",
    None,
    "width of the fully sampled centre as a fraction of k-space; "
    "automatic: 0.08 up to R = 5, else 0.04",
    0.0,
    1.0,
)
SEED = Option("seed", "int", 0, "random seed; same seed, same mask", 0, 2**32 - 1)


@dataclass(frozen=True)
class PatternKind:
    """A kind of pattern: its name, its options and the function that draws its mask.

    Parameters
    ----------
    name : str
        Registered name.
    title, summary : str
        Name and one-line description for the user.
    dimensions : {1, 2}
        1: whole phase-encoding lines are sampled; 2: single samples.
    draw : callable
        From a checked `Request` to the mask, a bool array (phase,) or (readout, phase) with
        exactly ``request.n`` lines or samples.
    options : tuple of Option
        Options of this kind.
    uses : frozenset of str
        Those of ``"acceleration"``, ``"center_fraction"`` and ``"seed"`` that the mask
        depends on.
    max_acceleration : float
        Largest acceleration.
    facts : callable, optional
        From the options to further entries of the record, which `Pattern.from_record` checks.
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
    """Number of samples and achieved acceleration of a mask.

    Parameters
    ----------
    n_samples, n_total : int
        Number of measured samples and of all samples.
    acceleration : float
        Achieved acceleration, ``n_total / n_samples``.
    n_lines, n_center : int or None
        Number of measured lines and of lines in the centre; None if the pattern does not
        sample lines or has no centre.
    text : str
        One line for the user: ``"48 of 192 lines, R 4.00, centre 15"``.
    warnings : tuple of str
        Remarks for the user.
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
    """Sampling pattern: defines which k-space samples of a plane are measured.

    The mask depends on these fields and on the shape of the plane only.

    Parameters
    ----------
    name : str
        Registered kind of pattern: ``"random"``, ``"poisson"``, ...
    acceleration : float
        Acceleration R, 1 to 16; exactly ``round(N / R)`` of N lines or samples are measured.
    center_fraction : float, optional
        Width of the fully sampled centre as a fraction of k-space. None: 0.08 up to R = 5,
        else 0.04.
    seed : int
        Random seed of the mask.
    options : mapping
        Further options of the kind, by name.

    Raises
    ------
    RequestError
        If the kind does not exist, or a value is out of its range.

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
            raise RequestError(
                f"name = {self.name!r} is not the name of a pattern; "
                f"choose one of {', '.join(PATTERNS.names())}."
            )
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
                f"{owner}, R = {self.acceleration:g}: above the largest acceleration of this "
                f"pattern; use R <= {kind.max_acceleration:g}."
            )
        if self.center_fraction and "center_fraction" not in kind.uses:
            raise RequestError(
                f"{owner}, center_fraction = {self.center_fraction:g}: this pattern has no "
                "separate centre; leave center_fraction out."
            )

    @property
    def kind(self) -> PatternKind:
        """The kind of pattern, from the registry."""
        return PATTERNS.get(self.name)

    def mask(self, shape: tuple[int, int]) -> Mask:
        """Return the sampling mask of a plane.

        Parameters
        ----------
        shape : (readout, phase)
            Size of the plane, at least 4 x 4.

        Returns
        -------
        bool array, (readout, phase)
            True where measured; zero frequency at ``n // 2``. Patterns of whole lines are
            constant along the readout.

        Raises
        ------
        RequestError
            If the plane is too small for R and the centre; the message names values that fit.
        """
        request = self._request(shape)
        if self.kind.facts is None:
            drawn = _drawn(self, self.kind, request.shape)
        else:  # it reads a file, which may have changed since the last call
            drawn = self.kind.draw(request)
        return np.array(np.broadcast_to(drawn, request.shape), dtype=bool)

    def describe(self, shape: tuple[int, int], mask: Mask | None = None) -> Sampling:
        """Return the number of samples and the achieved acceleration on a plane.

        Parameters
        ----------
        shape : (readout, phase)
        mask : bool array, (readout, phase), optional
            Mask of this pattern if it is already known; otherwise it is drawn.

        Raises
        ------
        RequestError
            As `mask`.
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
        """Return the pattern as plain data for JSON; `from_record` is the inverse."""
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
        """Return the pattern of a record.

        Parameters
        ----------
        record : mapping
            As `record` returns it.

        Raises
        ------
        RequestError
            If the record is not that of a pattern.
        InputError
            If the mask file of the pattern is missing or has changed.
        """
        options = record.get("options") or {}
        if not isinstance(record.get("name"), str) or not isinstance(options, Mapping):
            raise RequestError(
                f"{dict(record)!r} is not the record of a pattern; create the pattern again."
            )
        kind = PATTERNS.get(record["name"])
        given = {name: record[name] for name in ("center_fraction", "seed") if name in record}
        if "acceleration" in kind.uses and "acceleration" in record:
            given["acceleration"] = record["acceleration"]
        pattern = cls(record["name"], options=options, **given)
        for name, now in ({} if kind.facts is None else kind.facts(pattern.options)).items():
            if record.get(name, now) != now:
                raise InputError(
                    f"{kind.name}, {pattern.options}: {name} was {record[name]} when the record was "
                    f"written and is {now} now; restore the file or create the pattern again."
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
        advice = "change fftshift" if shifts else "use a larger center_fraction"
        return (
            f"{self.name}: zero frequency (sample {middle[0]}, line {middle[1]}) is not measured, "
            f"so the image loses its mean; {advice}.",
        )


@lru_cache(maxsize=32)
def _drawn(pattern: Pattern, kind: PatternKind, shape: tuple[int, int]) -> Mask:
    """Draw a mask once: a panel asks for the same one with each slice and each picture."""
    return kind.draw(pattern._request(shape))
