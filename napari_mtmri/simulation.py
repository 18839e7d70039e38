# SPDX-License-Identifier: BSD-3-Clause
"""Simulate a scan from a volume: phase, coil sensitivities, noise and under-sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.kspace import combine, fft2c, ifft2c
from napari_mtmri.normalization import (
    Normalization,
    normalization_of,
    object_mean,
    representative_slices,
)
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.rng import keyed_generator
from napari_mtmri.scan import Scan
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
    noise_seed: int | None = None,
) -> Scan:
    """Return a simulated under-sampled scan of a volume.

    Parameters
    ----------
    volume : Volume
        Magnitude or complex image, which is scanned with its phase; the scan's reference.
    pattern : Pattern
        Sampling pattern; all slices get the same mask.
    phase : bool
        Add a smooth random phase, the same for all slices; to that of a complex image, too.
    snr : float, optional
        Mean magnitude inside the object divided by the standard deviation of the noise in
        the real and in the imaginary part; None: no noise.
    n_coils : int
        Number of simulated receive coils around the head, 1 to 32; their sensitivity maps
        are known to the reconstruction.
    axes : Axes, optional
        Slice, readout and phase-encoding axes; default: ``volume.axes``.
    slices : sequence of int, optional
        Slices to simulate; default: all. Each slice is independent of the others.
    seed : int
        Random seed for phase and noise.
    noise_seed : int, optional
        Random seed for the noise alone: a repeated scan with new noise; default: ``seed``.

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
    image = volume.magnitude()  # refuses NaN
    is_complex = volume.kind == "complex"
    stack = to_stack(volume.data.astype(np.complex64) if is_complex else image, axes)
    chosen = tuple(range(len(stack))) if slices is None else tuple(slices)
    mask = pattern.mask((stack.shape[1], stack.shape[2]))
    some = representative_slices(len(stack))
    scanner = Scanner.for_volume(
        np.abs(stack[some]),
        mask,
        phase=phase,
        snr=snr,
        n_coils=n_coils,
        seed=seed,
        noise_seed=noise_seed,
    )
    kspace = np.empty((len(chosen), n_coils, *mask.shape), np.complex64)
    for position, number in enumerate(chosen):
        kspace[position] = scanner.kspace(stack[number], number)
    maps = scanner.coil_maps
    facts = {"phase": phase, "snr": snr, "n_coils": n_coils, "seed": seed}
    return Scan(
        kspace=kspace,
        mask=mask,
        grid=volume,
        axes=axes,
        slices=chosen,
        coil_maps=None if maps is None else np.broadcast_to(maps, kspace.shape),
        pattern=pattern,
        simulation=facts if noise_seed is None else {**facts, "noise_seed": noise_seed},
        reference=volume,
        volume_normalization=(
            (lambda: scanner.normalization(stack[some], some)) if len(chosen) < len(stack) else None
        ),
    )


@dataclass(frozen=True)
class Scanner:
    """A simulated scanner for one volume, with the settings that all slices share.

    Each slice is independent of the others.

    Parameters
    ----------
    mask : bool array, (readout, phase)
        Sampling mask, True where measured.
    phase : complex64 array, (readout, phase), or None
        Phase factor of magnitude 1; None: no phase.
    coil_maps : complex64 array, (coil, readout, phase), or None
        None: a single coil of uniform sensitivity.
    sigma : float
        Standard deviation of the noise in the real and in the imaginary part.
    seed : int
        Random seed of the noise.
    """

    mask: np.ndarray
    phase: np.ndarray | None
    coil_maps: np.ndarray | None
    sigma: float
    seed: int

    @classmethod
    def for_volume(
        cls,
        images: np.ndarray,
        mask: np.ndarray,
        *,
        phase: bool,
        snr: float | None,
        n_coils: int = 1,
        seed: int = 0,
        noise_seed: int | None = None,
    ) -> Scanner:
        """Return the scanner for a volume.

        Parameters
        ----------
        images : float32 array, (slice, readout, phase)
            Magnitude of its `representative_slices`; gives the noise level.
        mask : bool array, (readout, phase)
        phase, snr, n_coils, seed, noise_seed
            See `simulate`.
        """
        return cls(
            mask,
            smooth_phase(mask.shape, seed) if phase else None,
            _coil_maps(mask.shape, n_coils) if n_coils > 1 else None,
            0.0 if snr is None else object_mean(images) / snr,
            seed if noise_seed is None else noise_seed,
        )

    def kspace(self, image: np.ndarray, number: int) -> np.ndarray:
        """Return the measured k-space of a slice.

        Parameters
        ----------
        image : float32 or complex64 array, (readout, phase)
        number : int
            Slice number, which selects the noise.

        Returns
        -------
        complex64 array, (coil, readout, phase)
            0 where not measured; zero frequency at ``n // 2``.
        """
        turned = image if self.phase is None else image * self.phase
        coils = turned[None] if self.coil_maps is None else turned[None] * self.coil_maps
        kspace = fft2c(coils.astype(np.complex64))
        if self.sigma:
            kspace += _noise(kspace.shape, self.sigma, self.seed, number)
        kspace *= self.mask
        return np.asarray(kspace)

    def normalization(self, images: np.ndarray, numbers: Sequence[int]) -> Normalization:
        """Return the normalization of a volume scanned with this scanner.

        Parameters
        ----------
        images : float32 or complex64 array, (slice, readout, phase)
            Its `representative_slices`.
        numbers : sequence of int
            Their slice numbers.
        """
        kspace = np.stack([self.kspace(*slices) for slices in zip(images, numbers, strict=True)])
        return normalization_of(combine(ifft2c(kspace), self.coil_maps))


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
    # Keyed by slice number: a slice has the same noise alone and within its volume.
    parts = keyed_generator(seed, "noise", number).normal(0, sigma, (2, *shape))
    return np.asarray(parts[0] + 1j * parts[1], dtype=np.complex64)
