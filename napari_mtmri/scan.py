# SPDX-License-Identifier: BSD-3-Clause
"""Scan: measured k-space with its sampling mask and its position in the volume's grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import Axes, from_stack
from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.normalization import Normalization, normalization_of, representative_slices
from napari_mtmri.volume import Kind, Volume, magnitude

if TYPE_CHECKING:
    from napari_mtmri.patterns.base import Pattern


@dataclass(frozen=True)
class Scan:
    """Measured k-space of some slices, with sampling mask and position in a volume.

    Simulated and measured scans have the same form for a network.

    Parameters
    ----------
    kspace : complex64 array, (slice, coil, readout, phase)
        Zero where not measured; zero frequency at ``n // 2``.
    mask : bool array, (readout, phase)
        Sampling mask, True where measured.
    grid : Volume
        Gives the results their grid and name; its voxels are not read.
    axes : Axes
        Slice, readout and phase-encoding axes of the grid.
    slices : tuple of int
        Slice numbers in the grid.
    coil_maps : complex64 array, shape of ``kspace``, optional
        Coil sensitivity maps, with sum of squares 1 inside the object.
    pattern : Pattern, optional
        Sampling pattern that gave the mask, if known.
    simulation : mapping, optional
        Parameters of the simulation; None for a measured scan.
    reference : Volume, optional
        Fully sampled image, if there is one.
    volume_normalization : callable, optional
        Returns the normalization of the whole volume if the scan has only some of its slices.

    Raises
    ------
    InputError
        If the shapes of k-space, mask and slice numbers do not match.
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
    volume_normalization: Callable[[], Normalization] | None = None
    _memory: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kspace.ndim != 4 or self.kspace.shape[2:] != self.mask.shape:
            raise InputError(
                f"{self.grid.name}: k-space {self.kspace.shape} and mask {self.mask.shape} do not "
                "match; k-space is (slice, coil, readout, phase), the mask (readout, phase)."
            )
        if len(self.slices) != len(self.kspace):
            raise InputError(
                f"{self.grid.name}: {len(self.kspace)} slices of k-space for {len(self.slices)} "
                "slice numbers; give one number for each slice."
            )

    @property
    def name(self) -> str:
        """Name of the case."""
        return self.grid.name

    @property
    def n_slices(self) -> int:
        """Number of slices of the scan."""
        return len(self.kspace)

    @property
    def is_simulated(self) -> bool:
        """Whether the k-space was simulated from an image."""
        return self.simulation is not None

    @property
    def zero_filled(self) -> np.ndarray:
        """Zero-filled image: complex64 array, (slice, readout, phase); computed once."""
        if "zero_filled" not in self._memory:
            image = np.empty((self.n_slices, *self.mask.shape), np.complex64)
            for number in range(self.n_slices):  # slice by slice, to save memory
                maps = None if self.coil_maps is None else self.coil_maps[number]
                image[number] = combine(ifft2c(self.kspace[number]), maps)
            self._memory["zero_filled"] = image
        return self._memory["zero_filled"]  # type: ignore[no-any-return]

    @property
    def normalization(self) -> Normalization:
        """Intensity scale and object box of the whole volume; computed once."""
        if "normalization" not in self._memory:
            if self.volume_normalization is not None:
                found = self.volume_normalization()
            else:
                found = normalization_of(self.zero_filled[representative_slices(self.n_slices)])
            self._memory["normalization"] = found
        return self._memory["normalization"]  # type: ignore[no-any-return]

    def select(self, positions: Sequence[int], *, with_reference: bool = True) -> Scan:
        """Return a scan of some of the slices, with the normalization of the whole volume.

        Parameters
        ----------
        positions : sequence of int
            Positions along the first axis of ``kspace``.
        with_reference : bool
            Whether the new scan keeps the reference.
        """
        chosen = list(positions)
        return replace(
            self,
            kspace=self.kspace[chosen],
            slices=tuple(self.slices[i] for i in chosen),
            coil_maps=None if self.coil_maps is None else self.coil_maps[chosen],
            reference=self.reference if with_reference else None,
            volume_normalization=lambda: self.normalization,
            _memory={},
        )

    def reference_stack(self) -> np.ndarray | None:
        """Return the magnitude of the reference in the slices of the scan.

        Returns
        -------
        float32 array, (slice, readout, phase), or None
            In the unit of the reference; None without a reference.
        """
        if self.reference is None:
            return None
        from napari_mtmri.geometry import to_stack

        stack = to_stack(self.reference.data, self.axes)[list(self.slices)]
        return magnitude(stack)

    def volume(self, stack: np.ndarray, name: str, kind: Kind = "image") -> Volume:
        """Return a stack of all slices of the grid as a Volume.

        Parameters
        ----------
        stack : array, (slice, readout, phase)
            All slices of the grid, in its order.
        name : str
        kind : {"image", "labels", "complex"}

        Returns
        -------
        Volume
            In the voxel axes of the grid.
        """
        return self.grid.like(from_stack(stack, self.axes), kind=kind, name=name)
