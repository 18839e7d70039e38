# SPDX-License-Identifier: BSD-3-Clause
"""Scan: measured k-space, the mask that was acquired, and where it lies in space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import Axes, from_stack
from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.volume import Volume

if TYPE_CHECKING:
    from napari_mtmri.patterns.base import Pattern

SCALE_PERCENTILE = 99.0
OBJECT_SHARE = 0.1


def object_voxels(magnitude: np.ndarray) -> np.ndarray:
    """Return the voxels above a tenth of the 99.5th percentile, as a flat array.

    Unlike all voxels they do not depend on how much air surrounds the object.
    """
    return magnitude[magnitude > OBJECT_SHARE * np.percentile(magnitude, 99.5)]


def scale_of(zero_filled: np.ndarray) -> float:
    """Return the number every network input is divided by.

    The 99th percentile of the magnitude inside the object: found from measured data
    alone, so that nothing of the reference leaks in, and independent of the field of
    view. Never 0.
    """
    bright = object_voxels(np.abs(zero_filled))
    return max(float(np.percentile(bright, SCALE_PERCENTILE)), 1e-12) if bright.size else 1e-12


@dataclass(frozen=True)
class Scan:
    """Physics only: no network knows where a scan came from.

    Parameters
    ----------
    kspace : complex64 (slice, coil, readout, phase)
        Zero where not measured; zero frequency at ``n // 2``.
    mask : bool (readout, phase)
        What was sampled.
    grid : Volume
        Whose grid, axes and name the results take; its voxels are not read.
    axes : Axes
        Which array axis of the grid is slice, readout and phase encoding.
    slices : tuple of int
        Which slices of the grid these are.
    coil_maps : complex64, shape of ``kspace``, optional
    pattern : Pattern, optional
        Recipe of the mask, where there is one.
    simulation : mapping, optional
        How it was simulated; None for data from a scanner.
    reference : Volume, optional
        The fully sampled truth, where there is one.
    volume_scale : float, optional
        Scale of the whole volume, kept when slices are taken out of it.
    """

    kspace: np.ndarray
    mask: np.ndarray
    grid: Volume
    axes: Axes
    slices: tuple[int, ...]
    coil_maps: np.ndarray | None = None
    pattern: Pattern | None = None
    simulation: Mapping[str, Any] | None = None
    reference: Volume | None = None
    volume_scale: float | None = None
    _memory: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check that all parts have the same plane."""
        if self.kspace.ndim != 4 or self.kspace.shape[2:] != self.mask.shape:
            raise InputError(
                f"{self.grid.name}: k-space {self.kspace.shape} and mask {self.mask.shape} do not "
                "fit; k-space is (slice, coil, readout, phase), the mask (readout, phase)."
            )
        if len(self.slices) != len(self.kspace):
            raise InputError(
                f"{self.grid.name}: {len(self.kspace)} slices of k-space for {len(self.slices)} "
                "slice numbers; give one number a slice."
            )

    @property
    def name(self) -> str:
        """Name of the case."""
        return self.grid.name

    @property
    def n_slices(self) -> int:
        """Number of slices in ``kspace``."""
        return len(self.kspace)

    @property
    def is_simulated(self) -> bool:
        """Whether the k-space was made from an image."""
        return self.simulation is not None

    @property
    def zero_filled(self) -> np.ndarray:
        """Return the zero-filled image, complex64 (slice, readout, phase)."""
        if "zero_filled" not in self._memory:
            image = np.empty((self.n_slices, *self.mask.shape), np.complex64)
            for number in range(self.n_slices):  # slice by slice: little memory beside the result
                maps = None if self.coil_maps is None else self.coil_maps[number]
                image[number] = combine(ifft2c(self.kspace[number]), maps)
            self._memory["zero_filled"] = image
        return self._memory["zero_filled"]  # type: ignore[no-any-return]

    @property
    def scale(self) -> float:
        """Number that network inputs are divided by (`scale_of`)."""
        if self.volume_scale is not None:
            return self.volume_scale
        if "scale" not in self._memory:
            self._memory["scale"] = scale_of(self.zero_filled)
        return float(self._memory["scale"])

    def select(self, positions: Sequence[int], *, with_reference: bool = True) -> Scan:
        """Return some of the slices, by position in ``kspace``, at the volume's scale."""
        chosen = list(positions)
        return replace(
            self,
            kspace=self.kspace[chosen],
            slices=tuple(self.slices[i] for i in chosen),
            coil_maps=None if self.coil_maps is None else self.coil_maps[chosen],
            reference=self.reference if with_reference else None,
            volume_scale=self.scale,
            _memory={},
        )

    def reference_stack(self) -> np.ndarray | None:
        """Return the truth of these slices, float32 (slice, readout, phase), or None."""
        if self.reference is None:
            return None
        from napari_mtmri.geometry import to_stack

        stack = to_stack(self.reference.data, self.axes)[list(self.slices)]
        return np.abs(stack).astype(np.float32)

    def volume(self, stack: np.ndarray, name: str, kind: str = "image") -> Volume:
        """Return a stack (slice, readout, phase) of all slices as a Volume on the grid."""
        return self.grid.like(from_stack(stack, self.axes), kind=kind, name=name)
