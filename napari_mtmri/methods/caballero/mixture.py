# SPDX-License-Identifier: BSD-3-Clause
"""Gaussian mixture of image intensities, fitted to their histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_BINS = 512
LEAST_SD, FIRST_SD = 0.03, 0.1
LEAST_GAP = 0.05  # of two means; closer classes describe the same tissue
ENERGY = 0.95  # the first means are spread below the intensity with this part of the norm
N_FIRST, N_LATER = 500, 30  # iterations


@dataclass(frozen=True)
class Mixture:
    """Classes of intensities, dark to bright.

    Parameters
    ----------
    means, sds, weights : float64 array, (class,)
        Means ascend; weights sum to 1.
    """

    means: np.ndarray
    sds: np.ndarray
    weights: np.ndarray

    def responsibilities(self, values: np.ndarray) -> np.ndarray:
        """Return the probability of each class for each value.

        Parameters
        ----------
        values : float array, any shape

        Returns
        -------
        float64 array, (..., class)
            Sums to 1 over the last axis.
        """
        distance = (np.asarray(values)[..., None] - self.means) / self.sds
        log = np.log(np.maximum(self.weights, 1e-300) / self.sds) - distance**2 / 2
        part = np.exp(log - log.max(-1, keepdims=True))
        return np.asarray(part / part.sum(-1, keepdims=True))


def first_mixture(values: np.ndarray, n_classes: int) -> Mixture:
    """Return the start of the fit: means evenly from 0, equal weights.

    Parameters
    ----------
    values : float array, any shape
        Not negative.
    n_classes : int
    """
    ordered = np.sort(values, axis=None)
    energy = np.cumsum(ordered**2)
    # Part of the L2 norm, hence of the root of the energy.
    top = ordered[np.searchsorted(energy, ENERGY**2 * energy[-1])]
    means = np.linspace(0, max(float(top), LEAST_SD), n_classes)
    return Mixture(means, np.full(n_classes, FIRST_SD), np.full(n_classes, 1 / n_classes))


def fit(values: np.ndarray, start: Mixture, n_iterations: int) -> Mixture:
    """Return the mixture fitted to values by expectation maximization on their histogram.

    Of two classes that meet, one is put into the widest gap between means; at most once per
    class. The source draws its new mean at random.

    Parameters
    ----------
    values : float array, any shape
        Not negative.
    start : Mixture
    n_iterations : int
    """
    top = max(float(np.max(values)), LEAST_SD)
    counts, edges = np.histogram(values, N_BINS, (0, top))
    centers = (edges[1:] + edges[:-1]) / 2
    mixture, n_moves = start, len(start.means)
    for _ in range(n_iterations):
        mixture = _step(centers, counts, mixture)
        if n_moves and np.diff(mixture.means).min(initial=np.inf) < LEAST_GAP:
            mixture, n_moves = _spread(mixture, top), n_moves - 1
    return mixture


def _step(centers: np.ndarray, counts: np.ndarray, mixture: Mixture) -> Mixture:
    share = mixture.responsibilities(centers) * counts[:, None]
    total = share.sum(0)
    safe = np.maximum(total, 1e-12)
    # A class without voxels keeps its mean.
    means = np.where(total > 1e-12, (share * centers[:, None]).sum(0) / safe, mixture.means)
    variance = (share * (centers[:, None] - means) ** 2).sum(0) / safe
    return _ordered(means, np.sqrt(np.maximum(variance, LEAST_SD**2)), total / total.sum())


def _spread(mixture: Mixture, top: float) -> Mixture:
    """Return the mixture with the smaller class of the closest pair in the widest gap."""
    pair = int(np.diff(mixture.means).argmin())
    moved = pair + int(mixture.weights[pair + 1] < mixture.weights[pair])
    others = np.delete(mixture.means, moved)
    ends = np.concatenate([[0.0], others, [top]])
    gap = int(np.diff(ends).argmax())
    means, sds = mixture.means.copy(), mixture.sds.copy()
    means[moved], sds[moved] = (ends[gap] + ends[gap + 1]) / 2, FIRST_SD
    weights = np.maximum(mixture.weights, 1 / (4 * len(means)))
    return _ordered(means, sds, weights / weights.sum())


def _ordered(means: np.ndarray, sds: np.ndarray, weights: np.ndarray) -> Mixture:
    order = np.argsort(means, kind="stable")
    return Mixture(means[order], sds[order], weights[order])
