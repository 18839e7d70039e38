# SPDX-License-Identifier: BSD-3-Clause
"""A curve of any length in bounded memory. Knows no torch and no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_BINS = 300  # more than a small plot has pixels to tell apart
FIRST, LAST, COUNT, SUM, LOW, HIGH = range(6)  # columns of the bins


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


class Thinned:
    """A series that keeps mean, least and largest value of neighbours.

    Each bin holds ``stride`` values that follow each other, the last one perhaps fewer;
    when there are too many bins, two become one, so that a million values need as much
    room as a thousand.

    Parameters
    ----------
    most : int
        Number of bins it never exceeds.
    """

    def __init__(self, most: int = MOST_BINS) -> None:
        self.most, self.stride = most, 1
        self._bins = np.empty((0, 6))

    def extend(self, x: np.ndarray, values: np.ndarray) -> None:
        """Add values.

        Parameters
        ----------
        x : float array (n,)
            Updates, rising, and later than all before.
        values : float array (n,)
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
        """Forget all bins with a value of a later update than ``after``."""
        self._bins = self._bins[self._bins[:, LAST] <= after]

    def curve(self) -> Curve:
        """Return the series as it is now."""
        bins = self._bins
        middle, mean = (bins[:, FIRST] + bins[:, LAST]) / 2, bins[:, SUM] / bins[:, COUNT]
        return Curve(middle, mean, bins[:, LOW].copy(), bins[:, HIGH].copy())


def _joined(bins: np.ndarray, starts: np.ndarray | list[int]) -> np.ndarray:
    """Return bins that take in all from one start to the next."""
    if not len(bins):
        return bins
    ends = [*starts[1:], len(bins)]
    out = np.empty((len(starts), 6))
    out[:, FIRST] = bins[starts, FIRST]
    out[:, LAST] = bins[np.array(ends) - 1, LAST]
    for column, join in ((COUNT, np.add), (SUM, np.add), (LOW, np.minimum), (HIGH, np.maximum)):
        out[:, column] = join.reduceat(bins[:, column], starts)
    return out
