# SPDX-License-Identifier: BSD-3-Clause
"""Sparse coding of image patches in a fixed dictionary, all patches at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

PATCH = 8  # pixels along each side
ATOMS_1D = 15  # 15² = 225 atoms, the source's "200" rounded up to a square
MOST_ATOMS = 8
GAIN = 1.15  # usual factor of the tolerance of orthogonal matching pursuit
CHUNK = 8192  # patches at a time: limits memory, and the time until a request to stop is seen


@lru_cache(maxsize=2)
def cosine_dictionary(side: int = PATCH, n_atoms: int = ATOMS_1D) -> np.ndarray:
    """Return an overcomplete dictionary of products of cosines; the first atom is constant.

    Parameters
    ----------
    side : int
        Patch size in pixels along each side.
    n_atoms : int
        Number of frequencies along each side.

    Returns
    -------
    float64 array, (side², n_atoms²)
        Columns of norm 1; all but the first have mean 0.
    """
    place = np.arange(side)[:, None]
    waves = np.cos(np.pi * place * np.arange(n_atoms) / n_atoms)
    waves[:, 1:] -= waves[:, 1:].mean(0)
    waves /= np.linalg.norm(waves, axis=0)
    return np.asarray(np.kron(waves, waves))


def match(
    signals: np.ndarray, dictionary: np.ndarray, tolerance: float, most: int = MOST_ATOMS
) -> np.ndarray:
    """Return the approximation of each signal by few atoms (orthogonal matching pursuit).

    Atoms are added until the norm of the residual is at most ``tolerance``.

    Parameters
    ----------
    signals : float array, (signal, sample)
    dictionary : float array, (sample, atom)
        Atoms of norm 1.
    tolerance : float
        Largest norm of a residual, in the unit of the signals.
    most : int
        Largest number of atoms of a signal.

    Returns
    -------
    float64 array, shape of ``signals``

    References
    ----------
    Rubinstein, Zibulevsky and Elad, Technion CS-2008-08 (batch pursuit); here the batch is over
    the signals, which solve their small systems together.
    """
    signals = np.asarray(signals, np.float64)
    residual, found = signals.copy(), np.zeros_like(signals)
    gram = dictionary.T @ dictionary
    correlation = signals @ dictionary
    chosen = np.zeros((len(signals), 0), np.intp)
    active = np.arange(len(signals))
    for _ in range(most):
        left = np.linalg.norm(residual[active], axis=1) > tolerance
        active, chosen = active[left], chosen[left]
        if not active.size:
            break
        gains = np.abs(residual[active] @ dictionary)
        np.put_along_axis(gains, chosen, -1.0, axis=1)  # an atom is taken once
        chosen = np.column_stack([chosen, gains.argmax(1)])
        small = gram[chosen[:, :, None], chosen[:, None, :]]
        # Neighbouring cosines are nearly parallel: keep the systems regular.
        small = small + 1e-9 * np.eye(chosen.shape[1])
        wanted = np.take_along_axis(correlation[active], chosen, axis=1)
        weights = np.linalg.solve(small, wanted[:, :, None])[:, :, 0]
        code = np.zeros((len(active), dictionary.shape[1]))
        np.put_along_axis(code, chosen, weights, axis=1)
        found[active] = code @ dictionary.T
        residual[active] = signals[active] - found[active]
    return found


def starts(length: int, side: int, stride: int) -> np.ndarray:
    """Return the first pixels of patches along an axis; the last patch ends at the border."""
    return np.unique(np.append(np.arange(0, length - side + 1, stride), length - side))


def code_image(
    image: np.ndarray, epsilon: float, stride: int, check_stop: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Return the image whose patches are sparse in the cosine dictionary, overlaps averaged.

    Parameters
    ----------
    image : float array, (readout, phase)
    epsilon : float
        Largest root mean square residual of a patch, in the unit of the image, without the gain.
    stride : int
        Distance between patches in pixels.
    check_stop : callable
        Raises if the user has asked to stop.

    Returns
    -------
    float64 array, shape of ``image``
    """
    side = min(PATCH, *image.shape)
    rows, columns = (starts(length, side, stride) for length in image.shape)
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
    patches = windows[np.ix_(rows, columns)].reshape(-1, side * side)
    dictionary = cosine_dictionary(side)
    tolerance = side * epsilon * GAIN
    coded = np.empty(patches.shape)
    for start in range(0, len(patches), CHUNK):
        check_stop()
        coded[start : start + CHUNK] = match(patches[start : start + CHUNK], dictionary, tolerance)
    total, count = np.zeros(image.shape), np.zeros(image.shape)
    blocks = coded.reshape(len(rows), len(columns), side, side)
    for row in range(side):
        for column in range(side):
            place = np.ix_(rows + row, columns + column)
            total[place] += blocks[:, :, row, column]
            count[place] += 1
    return np.asarray(total / count)
