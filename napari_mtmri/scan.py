# SPDX-License-Identifier: BSD-3-Clause
"""Scan: measured k-space, its sampling mask, and its place in the volume's grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.geometry import Axes, from_stack
from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.volume import Kind, Volume

if TYPE_CHECKING:
    from napari_mtmri.patterns.base import Pattern

SCALE_PERCENTILE = 99.0
OBJECT_SHARE = 0.1
EDGE_SHARE, MARGIN = 0.35, 0.08


@dataclass(frozen=True)
class Frame:
    """Intensity scale and object box of a volume, the same for each of its slices.

    Computed from measured data only: the reference has no influence, and a slice processed
    alone gets the same values as within its volume.

    Parameters
    ----------
    scale : float
        Divisor of every network input: the 99th percentile of the zero-filled magnitude
        inside the object. Always above 0.
    box : (slice, slice)
        Rows (readout) and columns (phase) that contain the object.
    """

    scale: float
    box: tuple[slice, slice]

    def window(self, least: tuple[int, int], plane: tuple[int, int]) -> tuple[slice, slice]:
        """Return the box, enlarged about its centre to at least ``least`` pixels.

        Parameters
        ----------
        least : (int, int)
            Minimum size in pixels, (readout, phase).
        plane : (int, int)
            Size of the plane, (readout, phase), which the box does not leave.

        Returns
        -------
        (slice, slice)
            Rows (readout) and columns (phase).
        """
        found = []
        for part, wanted, length in zip(self.box, least, plane, strict=True):
            size = min(max(part.stop - part.start, wanted), length)
            start = min(max((part.start + part.stop - size) // 2, 0), length - size)
            found.append(slice(start, start + size))
        return found[0], found[1]


def spread(count: int) -> list[int]:
    """Return the numbers of at most eight slices, evenly spread over ``count`` slices."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, 8))})


def frame_of(zero_filled: np.ndarray) -> Frame:
    """Return the intensity scale and object box of a volume.

    Parameters
    ----------
    zero_filled : complex64 or float32 array, (slice, readout, phase)
        Zero-filled images, complex or magnitude; a few slices spread over the volume are
        enough.

    Returns
    -------
    Frame
        ``scale`` in the unit of ``zero_filled``.
    """
    magnitude = np.abs(zero_filled)
    bright = object_voxels(magnitude)
    scale = float(np.percentile(bright, SCALE_PERCENTILE)) if bright.size else 0.0
    return Frame(max(scale, 1e-12), (_extent(magnitude, 1), _extent(magnitude, 2)))


def object_voxels(magnitude: np.ndarray) -> np.ndarray:
    """Return the magnitudes of the voxels inside the object.

    These are the voxels above a tenth of the 99.5th percentile. Statistics over them do not
    depend on how much air surrounds the object.

    Parameters
    ----------
    magnitude : float array, any shape

    Returns
    -------
    float array, (voxel,)
    """
    return np.asarray(magnitude[magnitude > OBJECT_SHARE * np.percentile(magnitude, 99.5)])


def _extent(magnitude: np.ndarray, axis: int) -> slice:
    """Extent of the object along an axis, from the mean profile; aliasing ghosts are left out."""
    profile = magnitude.mean(axis=(0, 3 - axis))
    inside = np.flatnonzero(profile > EDGE_SHARE * profile.max())
    if not inside.size:
        return slice(0, len(profile))
    margin = round(MARGIN * (inside[-1] + 1 - inside[0]))
    return slice(max(int(inside[0]) - margin, 0), min(int(inside[-1]) + 1 + margin, len(profile)))


@dataclass(frozen=True)
class Scan:
    """Measured k-space of some slices, with its sampling mask and place in a volume.

    Simulated and measured scans look the same to a network.

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
        Parameters of the simulation; None for a scan that was measured.
    reference : Volume, optional
        Fully sampled image, if there is one.
    volume_frame : callable, optional
        Returns the frame of the whole volume if the scan has only some of its slices.

    Raises
    ------
    InputError
        If the shapes of k-space, mask and slice numbers do not fit together.
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
    volume_frame: Callable[[], Frame] | None = None
    _memory: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kspace.ndim != 4 or self.kspace.shape[2:] != self.mask.shape:
            raise InputError(
                f"{self.grid.name}: k-space {self.kspace.shape} and mask {self.mask.shape} do not "
                "fit; k-space is (slice, coil, readout, phase), the mask (readout, phase)."
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
    def frame(self) -> Frame:
        """Intensity scale and object box of the whole volume; computed once."""
        if "frame" not in self._memory:
            if self.volume_frame is not None:
                self._memory["frame"] = self.volume_frame()
            else:
                self._memory["frame"] = frame_of(self.zero_filled[spread(self.n_slices)])
        return self._memory["frame"]  # type: ignore[no-any-return]

    def select(self, positions: Sequence[int], *, with_reference: bool = True) -> Scan:
        """Return a scan of some of the slices, with the frame of the whole volume.

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
            volume_frame=lambda: self.frame,
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
        return np.asarray(np.abs(stack), dtype=np.float32)

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
