# SPDX-License-Identifier: BSD-3-Clause
"""Simulate a scan from a volume: phase, coil sensitivities, noise and under-sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.kspace import combine, fft2c, ifft2c
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.rng import keyed_generator
from napari_mtmri.scan import Frame, Scan, frame_of, object_voxels, spread
from napari_mtmri.volume import Volume

MOST_COILS = 32


def simulate(
    volume: Volume,
    pattern: Pattern,
    *,
    phase: bool = False,
    snr: float | None = None,
    n_coils: int = 1,
    axes: Axes | None = None,
    slices: Sequence[int] | None = None,
    seed: int = 0,
) -> Scan:
    """Return a simulated under-sampled scan of a volume.

    Parameters
    ----------
    volume : Volume
        Magnitude or complex image; its magnitude is scanned. Also the scan's reference.
    pattern : Pattern
        Sampling pattern; all slices get the same mask.
    phase : bool
        Add a smooth random phase, the same for all slices.
    snr : float, optional
        Mean magnitude inside the object divided by the standard deviation of the noise in
        the real and in the imaginary part; None: no noise.
    n_coils : int
        Number of simulated receive coils around the head, 1 to 32; their sensitivity maps
        are known to the reconstruction.
    axes : Axes, optional
        Slice, readout and phase-encoding axes; default: ``volume.axes``.
    slices : sequence of int, optional
        Slices to simulate; default: all. A slice does not depend on the others.
    seed : int
        Random seed for phase and noise.

    Returns
    -------
    Scan

    Raises
    ------
    InputError
        If the volume has NaN or infinite voxels, or contains labels.
    RequestError
        If a number is out of range, or the pattern does not fit the plane.
    """
    _check(volume, snr, n_coils)
    axes = axes or volume.axes
    stack = to_stack(volume.magnitude(), axes)
    chosen = tuple(range(len(stack))) if slices is None else tuple(slices)
    plane = stack.shape[1:]
    mask = pattern.mask((plane[0], plane[1]))
    coil_maps = _coil_maps(plane, n_coils) if n_coils > 1 else None
    acquisition = _Acquisition(
        stack,
        mask,
        smooth_phase(plane, seed) if phase else None,
        coil_maps,
        0.0 if snr is None else object_mean(stack[spread(len(stack))]) / snr,
        seed,
    )
    kspace = acquisition.kspace(chosen)
    return Scan(
        kspace=kspace,
        mask=mask,
        grid=volume,
        axes=axes,
        slices=chosen,
        coil_maps=None if coil_maps is None else np.broadcast_to(coil_maps, kspace.shape),
        pattern=pattern,
        simulation={"phase": phase, "snr": snr, "n_coils": n_coils, "seed": seed},
        reference=volume,
        volume_frame=acquisition.frame if len(chosen) < len(stack) else None,
    )


@dataclass(frozen=True)
class _Acquisition:
    """A simulated examination; gives the k-space of any slices, each independent of the others."""

    stack: np.ndarray
    mask: np.ndarray
    turn: np.ndarray | None
    coil_maps: np.ndarray | None
    sigma: float
    seed: int

    def kspace(self, slices: Sequence[int]) -> np.ndarray:
        """Return complex64 (slice, coil, readout, phase), 0 where not measured."""
        n_coils = 1 if self.coil_maps is None else len(self.coil_maps)
        out = np.empty((len(slices), n_coils, *self.mask.shape), np.complex64)
        for position, number in enumerate(slices):
            image = self.stack[number] if self.turn is None else self.stack[number] * self.turn
            coils = image[None] if self.coil_maps is None else image[None] * self.coil_maps
            out[position] = fft2c(coils.astype(np.complex64))
            if self.sigma:
                out[position] += _noise(out.shape[1:], self.sigma, self.seed, number)
        out *= self.mask
        return out

    def frame(self) -> Frame:
        """Return the frame of the whole volume."""
        some = self.kspace(spread(len(self.stack)))
        return frame_of(combine(ifft2c(some), self.coil_maps))


def object_mean(stack: np.ndarray) -> float:
    """Return the mean magnitude inside the object (`scan.object_voxels`).

    Parameters
    ----------
    stack : float32 array, (slice, readout, phase)

    Returns
    -------
    float
        In the unit of ``stack``; 0 for an empty stack.
    """
    bright = object_voxels(stack)
    return float(bright.mean()) if bright.size else 0.0


def _check(volume: Volume, snr: float | None, n_coils: int) -> None:
    if snr is not None and not snr > 0:
        raise RequestError(f"{volume.name}: `snr` {snr} is not above 0; leave it out for no noise.")
    if not 1 <= n_coils <= MOST_COILS:
        raise RequestError(
            f"{volume.name}: `n_coils` {n_coils} is out of range; choose 1 to {MOST_COILS}."
        )


def _grid(plane: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates from -1 to 1 over the plane."""
    rows, columns = np.ogrid[-1 : 1 : plane[0] * 1j, -1 : 1 : plane[1] * 1j]
    return rows.astype(np.float32), columns.astype(np.float32)


def smooth_phase(plane: tuple[int, ...], seed: int) -> np.ndarray:
    """Return a smooth random phase factor of magnitude 1.

    The phase is a polynomial of order 2 plus one slow wave, up to about ±π over the field
    of view.

    Parameters
    ----------
    plane : (int, int)
        Size of the plane, (readout, phase).
    seed : int
        Same seed, same phase.

    Returns
    -------
    complex64 array, (readout, phase)
    """
    rows, columns = _grid(plane)
    draw = keyed_generator(seed, "phase")
    c = draw.uniform(-1, 1, 8).astype(np.float32)
    angle = c[0] + c[1] * rows + c[2] * columns + c[3] * rows * columns
    angle = angle + 0.5 * (c[4] * rows**2 + c[5] * columns**2)
    angle = angle + 0.5 * np.sin(np.pi * (rows * c[6] + columns * c[7]))
    return np.asarray(np.exp(1j * np.pi / 2 * angle), dtype=np.complex64)


def _coil_maps(plane: tuple[int, ...], n_coils: int) -> np.ndarray:
    """Maps of Gaussian coils on a circle of radius 1.5 half fields of view; sum of squares 1."""
    rows, columns = _grid(plane)
    maps = np.empty((n_coils, *plane), np.complex64)
    for coil, angle in enumerate(np.arange(n_coils) * 2 * np.pi / n_coils):
        down, right = rows - 1.5 * np.sin(angle), columns - 1.5 * np.cos(angle)
        maps[coil] = np.exp(-(down**2 + right**2) / 2 + 1j * (angle + down + right))
    maps /= np.sqrt((np.abs(maps) ** 2).sum(0))
    return maps


def _noise(shape: tuple[int, ...], sigma: float, seed: int, number: int) -> np.ndarray:
    # Keyed by the slice number, so that a slice has the same noise alone and in its volume.
    parts = keyed_generator(seed, "noise", number).normal(0, sigma, (2, *shape))
    return np.asarray(parts[0] + 1j * parts[1], dtype=np.complex64)
