# SPDX-License-Identifier: BSD-3-Clause
"""Decimated curves: a series of any length in bounded memory. Imports neither torch nor Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_BINS = 300  # finer than a small plot can show
FIRST, LAST, COUNT, SUM, LOW, HIGH = range(6)  # columns of the bins


@dataclass(frozen=True, eq=False)
class Curve:
    """A decimated series, ready to be drawn.

    Parameters
    ----------
    x : float64 array, (bin,)
        Centres of the bins, in updates.
    mean, low, high : float64 arrays, (bin,)
        Mean, smallest and largest value in each bin.
    """

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


class DecimatedSeries:
    """A growing series, kept as mean, smallest and largest value of each bin.

    Each bin holds ``stride`` consecutive values, the last one perhaps fewer. When there are
    too many bins, pairs are joined, so that a million values need as much memory as a
    thousand.

    Parameters
    ----------
    most : int
        Largest number of bins.
    """

    def __init__(self, most: int = MOST_BINS) -> None:
        self.most, self.stride = most, 1
        self._bins = np.empty((0, 6))

    def extend(self, x: np.ndarray, values: np.ndarray) -> None:
        """Add values.

        Parameters
        ----------
        x : float64 array, (value,)
            Updates in increasing order, after all earlier ones.
        values : float64 array, (value,)
        """
        if not len(x):
            return
        single = np.stack([x, x, np.ones(len(x)), values, values, values], axis=1)
        room = 0 if not len(self._bins) else self.stride - int(self._bins[-1, COUNT])
        if room:
            self._bins[-1] = _joined(np.concatenate([self._bins[-1:], single[:room]]), [0])[0]
        single = single[room:]
        fresh = _joined(single, np.arange(0, len(single), self.stride))
        self._bins = np.concatenate([self._bins, fresh])
        while len(self._bins) > self.most:
            self._bins = _joined(self._bins, np.arange(0, len(self._bins), 2))
            self.stride *= 2

    def cut(self, after: int) -> None:
        """Remove all bins that contain an update later than ``after``."""
        self._bins = self._bins[self._bins[:, LAST] <= after]

    def curve(self) -> Curve:
        """Return the current series."""
        bins = self._bins
        middle, mean = (bins[:, FIRST] + bins[:, LAST]) / 2, bins[:, SUM] / bins[:, COUNT]
        return Curve(middle, mean, bins[:, LOW].copy(), bins[:, HIGH].copy())


def decimate(x: Sequence[float], values: Sequence[float], most: int = MOST_BINS) -> Curve:
    """Return a series with at most ``most`` bins."""
    series = DecimatedSeries(most)
    series.extend(np.array(x, float), np.array(values, float))
    return series.curve()


def _joined(bins: np.ndarray, starts: np.ndarray | list[int]) -> np.ndarray:
    """Return one bin for the bins from each start to the next."""
    if not len(bins):
        return bins
    ends = [*starts[1:], len(bins)]
    out = np.empty((len(starts), 6))
    out[:, FIRST] = bins[starts, FIRST]
    out[:, LAST] = bins[np.array(ends) - 1, LAST]
    for column, join in ((COUNT, np.add), (SUM, np.add), (LOW, np.minimum), (HIGH, np.maximum)):
        out[:, column] = join.reduceat(bins[:, column], starts)
    return out
