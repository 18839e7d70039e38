# SPDX-License-Identifier: BSD-3-Clause
"""Request of a sampling mask on one plane: number of samples, centre and random numbers.

Checked before any mask is drawn, so that a pattern always gives exactly the requested number
of samples.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import RequestError
from napari_mtmri.parameters import Value

SMALLEST_SIDE = 4


def automatic_center_fraction(acceleration: float) -> float:
    """Return the default centre fraction: 0.08 up to R = 5, else 0.04."""
    return 0.08 if acceleration <= 5 else 0.04


@dataclass(frozen=True)
class Request:
    """A pattern on a plane of known shape.

    Parameters
    ----------
    name : str
        Name of the pattern.
    dimensions : {1, 2}
        1: whole phase-encoding lines are sampled; 2: single samples.
    shape : (readout, phase)
    acceleration : float
    center_fraction : float or None
        None: automatic. 0 for patterns without a centre.
    seed : int
    options : mapping
        All declared options; None if the pattern derives the value.

    Raises
    ------
    RequestError
        If the plane is too small, or R leaves no sample or fewer than the centre has.
    """

    name: str
    dimensions: int
    shape: tuple[int, int]
    acceleration: float
    center_fraction: float | None
    seed: int
    options: Mapping[str, Value | None]

    def __post_init__(self) -> None:
        if min(self.shape) < SMALLEST_SIDE:
            raise RequestError(
                f"{self.name}: a plane of {self.shape[0]} x {self.shape[1]} is too small; "
                f"use at least {SMALLEST_SIDE} x {SMALLEST_SIDE}."
            )
        if not self._fits(self.acceleration, self.center_fraction):
            raise RequestError(self._misfit())

    @property
    def sides(self) -> tuple[int, ...]:
        """Shape of the under-sampled axes: (phase,) or (readout, phase)."""
        return self.shape[2 - self.dimensions :]

    @property
    def total(self) -> int:
        """Number of lines (1-D) or samples (2-D) of the plane."""
        return math.prod(self.sides)

    @property
    def n(self) -> int:
        """Number of measured lines or samples, centre included: exactly round(total / R)."""
        return round(self.total / self.acceleration)

    @property
    def fraction(self) -> float:
        """Centre fraction, given or automatic."""
        return self._fraction(self.acceleration)

    @property
    def n_center(self) -> int:
        """Number of lines or samples in the centre."""
        return self._center_size(self.fraction)

    @property
    def where(self) -> str:
        """Name, R and size, the beginning of error messages."""
        size = f"{self.total} lines" if self.dimensions == 1 else "{} x {}".format(*self.shape)
        return f"{self.name}, R = {self.acceleration:g}, {size}"

    def number(self, name: str, otherwise: float = 0.0) -> float:
        """Return an option as a number; ``otherwise`` if it is None."""
        value = self.options.get(name)
        return otherwise if value is None else float(value)

    def center(self) -> NDArray[np.bool_]:
        """Return the fully sampled centre around ``n // 2``: bool, shape ``sides``."""
        mask = np.zeros(self.sides, bool)
        widths = [round(self.fraction * side) for side in self.sides]
        first = [side // 2 - width // 2 for side, width in zip(self.sides, widths, strict=True)]
        mask[tuple(slice(a, a + width) for a, width in zip(first, widths, strict=True))] = True
        return mask

    def distance(self) -> NDArray[np.float64]:
        """Return the distance to zero frequency in half sides: float64, shape ``sides``."""
        axes = [(2.0 * (np.arange(side) - side // 2) / side) ** 2 for side in self.sides]
        squares: NDArray[np.float64] = sum(np.ix_(*axes), np.zeros(self.sides))
        return np.sqrt(squares)

    def uniform(self, count: int, **parameters: Value) -> NDArray[np.float64]:
        """Return reproducible random numbers between 0 and 1, limits excluded.

        Parameters
        ----------
        count : int
        **parameters
            Values of the options, defaults included; part of the key.

        Returns
        -------
        float64 array, (count,)
            Depends on name, shape, R, centre fraction, seed and ``parameters`` only.

        Notes
        -----
        NumPy guarantees the raw stream of a bit generator for all versions, but not the
        results of ``Generator.permutation`` and similar methods.
        """
        text = " ".join(
            [self.name, f"shape={self.shape[0]}x{self.shape[1]}", f"R={self.acceleration!r}"]
            + [f"cf={self.fraction!r}", f"seed={self.seed}"]
            + [f"{name}={value!r}" for name, value in sorted(parameters.items())]
        )
        key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
        raw = np.random.Philox(key=key).random_raw(count)
        return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52

    def _fraction(self, acceleration: float) -> float:
        given = self.center_fraction
        return automatic_center_fraction(acceleration) if given is None else given

    def _center_size(self, fraction: float) -> int:
        return math.prod(round(fraction * side) for side in self.sides)

    def _fits(self, acceleration: float, fraction: float | None) -> bool:
        if fraction is None:
            fraction = self._fraction(acceleration)
        return round(self.total / acceleration) >= max(self._center_size(fraction), 1)

    def _misfit(self) -> str:
        given = self.center_fraction
        largest = next(k / 100 for k in range(1600, 99, -1) if self._fits(k / 100, given))
        unit = "lines" if self.dimensions == 1 else "samples"
        if self.n == 0:
            return f"{self.where}: 0 {unit} would be measured; use R <= {largest:g}."
        fraction = next(
            k / 1000 for k in range(1000, -1, -1) if self._fits(self.acceleration, k / 1000)
        )
        return (
            f"{self.where}: {self.n} {unit} are fewer than the {self.n_center} of the centre; "
            f"use center_fraction <= {fraction:g} or R <= {largest:g}."
        )


def fill(request: Request, order: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return the mask of the ``request.n`` samples with the lowest rank.

    Parameters
    ----------
    request : Request
    order : int array, (readout, phase)
        Rank of each sample; equal ranks are ordered by distance to zero frequency, then by
        index.

    Returns
    -------
    bool array, (readout, phase)
    """
    mask = np.zeros(request.shape, bool)
    ranking = np.lexsort((request.distance().ravel(), order.ravel()))
    mask.ravel()[ranking[: request.n]] = True
    return mask


def fewest(enough: Callable[[int], bool], most: int) -> int:
    """Return the smallest number from 1 to ``most`` that is enough, or ``most`` if none is.

    Found by doubling and bisection: exact if every number above one that is enough is enough.
    """
    low, high = 0, 1
    while not enough(high):
        if high == most:
            return most
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def smallest(keys: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return the indices of the ``count`` smallest keys; of equal keys the earlier one.

    Parameters
    ----------
    keys : float64 array, (n,)
    count : int

    Returns
    -------
    int array, (count,)
    """
    return np.argsort(keys, kind="stable")[:count]
