# SPDX-License-Identifier: BSD-3-Clause
"""Scan: measured k-space, the mask that was acquired, and where it lies in space."""

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
    """What the whole volume tells about each of its slices, from measured data alone.

    Nothing of the reference leaks in, and a slice alone gets the same as in the volume.

    Parameters
    ----------
    scale : float
        Number every network input is divided by: the 99th percentile of the zero-filled
        magnitude inside the object. Never 0.
    box : (slice, slice)
        Rows (readout) and columns (phase) that hold the object.
    """

    scale: float
    box: tuple[slice, slice]

    def window(self, least: tuple[int, int], plane: tuple[int, int]) -> tuple[slice, slice]:
        """Return the box, widened around its middle to ``least`` pixels, inside the plane."""
        found = []
        for part, wanted, length in zip(self.box, least, plane, strict=True):
            size = min(max(part.stop - part.start, wanted), length)
            start = min(max((part.start + part.stop - size) // 2, 0), length - size)
            found.append(slice(start, start + size))
        return found[0], found[1]


def spread(count: int) -> list[int]:
    """Return at most eight slices spread over a volume of ``count``."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, 8))})


def frame_of(zero_filled: np.ndarray) -> Frame:
    """Return the frame of a volume.

    Parameters
    ----------
    zero_filled : array (slice, readout, phase)
        Complex or magnitude; some slices spread over the volume are enough.
    """
    magnitude = np.abs(zero_filled)
    bright = object_voxels(magnitude)
    scale = float(np.percentile(bright, SCALE_PERCENTILE)) if bright.size else 0.0
    return Frame(max(scale, 1e-12), (_extent(magnitude, 1), _extent(magnitude, 2)))


def object_voxels(magnitude: np.ndarray) -> np.ndarray:
    """Return the voxels above a tenth of the 99.5th percentile, as a flat array.

    Unlike all voxels they do not depend on how much air surrounds the object.
    """
    return np.asarray(magnitude[magnitude > OBJECT_SHARE * np.percentile(magnitude, 99.5)])


def _extent(magnitude: np.ndarray, axis: int) -> slice:
    """Where the object lies along an axis: its mean profile, ghosts of aliasing left out."""
    profile = magnitude.mean(axis=(0, 3 - axis))
    inside = np.flatnonzero(profile > EDGE_SHARE * profile.max())
    if not inside.size:
        return slice(0, len(profile))
    margin = round(MARGIN * (inside[-1] + 1 - inside[0]))
    return slice(max(int(inside[0]) - margin, 0), min(int(inside[-1]) + 1 + margin, len(profile)))


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
    volume_frame : callable, optional
        Gives the frame of the whole volume, where these are some of its slices.
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
    def frame(self) -> Frame:
        """Scale and place of the object, from slices spread over the whole volume."""
        if "frame" not in self._memory:
            if self.volume_frame is not None:
                self._memory["frame"] = self.volume_frame()
            else:
                self._memory["frame"] = frame_of(self.zero_filled[spread(self.n_slices)])
        return self._memory["frame"]  # type: ignore[no-any-return]

    def select(self, positions: Sequence[int], *, with_reference: bool = True) -> Scan:
        """Return some of the slices, by position in ``kspace``, in the volume's frame."""
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
        """Return the truth of these slices, float32 (slice, readout, phase), or None."""
        if self.reference is None:
            return None
        from napari_mtmri.geometry import to_stack

        stack = to_stack(self.reference.data, self.axes)[list(self.slices)]
        return np.asarray(np.abs(stack), dtype=np.float32)

    def volume(self, stack: np.ndarray, name: str, kind: Kind = "image") -> Volume:
        """Return a stack (slice, readout, phase) of all slices as a Volume on the grid."""
        return self.grid.like(from_stack(stack, self.axes), kind=kind, name=name)
