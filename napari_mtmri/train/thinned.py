# SPDX-License-Identifier: BSD-3-Clause
"""A curve of any length in bounded memory. Knows no torch and no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MOST_BINS = 300  # more than a small plot has pixels to tell apart


@dataclass
class _Bin:
    first: int
    last: int
    count: int
    total: float
    low: float
    high: float

    def take(self, other: _Bin) -> None:
        self.last = other.last
        self.count += other.count
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)


@dataclass(frozen=True, eq=False)
class Curve:
    """A thinned series, ready to be drawn.

    Parameters
    ----------
    x : float array (n,)
        Middles of the bins, in updates.
    mean, low, high : float array (n,)
        Of what fell into each bin.
    """

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


@dataclass
class Thinned:
    """A series that keeps mean, least and largest value of neighbours.

    Each bin holds ``stride`` values that follow each other; when there are too many bins,
    two become one, so that a million values need as much room as a thousand.

    Parameters
    ----------
    most : int
        Number of bins it never exceeds, even.
    """

    most: int = MOST_BINS
    stride: int = 1
    _bins: list[_Bin] = field(default_factory=list)

    def add(self, x: int, value: float) -> None:
        """Add the value at an update; updates must not fall."""
        new = _Bin(x, x, 1, value, value, value)
        if self._bins and self._bins[-1].count < self.stride:
            self._bins[-1].take(new)
            return
        if len(self._bins) == self.most:
            self._halve()
        self._bins.append(new)

    def cut(self, after: int) -> None:
        """Forget all bins with a value of a later update than ``after``."""
        while self._bins and self._bins[-1].last > after:
            self._bins.pop()

    def curve(self) -> Curve:
        """Return the series as it is now."""
        rows = [((b.first + b.last) / 2, b.total / b.count, b.low, b.high) for b in self._bins]
        x, mean, low, high = np.array(rows, float).reshape(-1, 4).T
        return Curve(x, mean, low, high)

    def _halve(self) -> None:
        for left, right in zip(self._bins[::2], self._bins[1::2], strict=True):
            left.take(right)
        self._bins = self._bins[::2]
        self.stride *= 2
