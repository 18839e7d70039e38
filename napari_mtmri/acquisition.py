# SPDX-License-Identifier: BSD-3-Clause
"""Settings of a simulated scan: pattern, axes, phase, noise, coils."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_mtmri.errors import RequestError
from napari_mtmri.geometry import Axes, choose_axes
from napari_mtmri.patterns.base import PATTERNS, Mask, Pattern, Sampling
from napari_mtmri.scan import Scan
from napari_mtmri.simulation import simulate
from napari_mtmri.volume import Volume


@dataclass(frozen=True)
class Acquisition:
    """Settings of a simulated scan: all parameters of `simulate` except the volume.

    Parameters
    ----------
    pattern : Pattern
        Sampling pattern; its seed is also used for phase and noise.
    phase, snr, n_coils
        See `napari_mtmri.simulation.simulate`.
    slice_axis, phase_axis : int, optional
        Array axes; by default chosen for each volume.
    swap_phase : bool
        Swap readout and phase-encoding axes.
    noise_seed : int, optional
        Seed of the noise alone, for a repeated scan with new noise; by default the pattern's.
    in_mm : bool
        Take voxel sizes as mm where the file does not state their unit.

    Examples
    --------
    >>> from napari_mtmri import Acquisition, Pattern
    >>> from napari_mtmri.samples import phantom
    >>> scan = Acquisition(Pattern("random", acceleration=3), snr=30).scan(phantom()[0])
    >>> scan.simulation["snr"]
    30.0
    """

    pattern: Pattern = field(default_factory=Pattern)
    phase: bool = False
    snr: float | None = None
    n_coils: int = 1
    slice_axis: int | None = None
    phase_axis: int | None = None
    swap_phase: bool = False
    noise_seed: int | None = None
    in_mm: bool = False

    def __post_init__(self) -> None:
        """Convert ``snr`` to float, so that 30 and 30.0 give the same record."""
        if self.snr is not None:
            object.__setattr__(self, "snr", float(self.snr))

    def axes(self, volume: Volume) -> Axes:
        """Return the slice, readout and phase-encoding axes of a volume.

        Raises
        ------
        RequestError
            If an axis does not exist, or slice and phase axis are the same.
        """
        axes = choose_axes(
            volume.shape, volume.affine, slice_axis=self.slice_axis, phase_axis=self.phase_axis
        )
        return axes.swapped() if self.swap_phase else axes

    def sampling(self, volume: Volume) -> tuple[Mask, Sampling]:
        """Return the sampling mask of a volume, bool (readout, phase), and its description.

        Raises
        ------
        RequestError, InputError
            If the pattern does not fit the matrix size.
        """
        axes = self.axes(volume)
        plane = (volume.shape[axes.readout], volume.shape[axes.phase])
        mask = self.pattern.mask(plane)
        return mask, self.pattern.describe(plane, mask)

    def placed(self, volume: Volume) -> Volume:
        """Return the volume with its voxel size in mm, if its unit is unknown and `in_mm` is set."""
        return replace(volume, spacing_known=True) if self.in_mm else volume

    def scan(self, volume: Volume, slices: Sequence[int] | None = None) -> Scan:
        """Return the simulated scan of a volume.

        Parameters
        ----------
        volume : Volume
        slices : sequence of int, optional
            Slices to simulate, with the same result as when all are simulated; by default all.

        Raises
        ------
        InputError
            If the volume has NaN or infinite voxels.
        RequestError
            If a parameter is out of range, or the pattern does not fit the matrix size.
        """
        volume = self.placed(volume)
        return simulate(
            volume,
            self.pattern,
            phase=self.phase,
            snr=self.snr,
            n_coils=self.n_coils,
            axes=self.axes(volume),
            slices=slices,
            seed=self.pattern.seed,
            noise_seed=self.noise_seed,
        )

    def with_seed(self, seed: int) -> Acquisition:
        """Return the same acquisition with another seed."""
        return replace(self, pattern=replace(self.pattern, seed=seed))

    def for_case(self, case: str) -> Acquisition:
        """Return the same acquisition with the random seed for a case, see `case_seed`."""
        return self.with_seed(case_seed(self.pattern.seed, case))

    def record(self) -> dict[str, Any]:
        """Return the settings as plain data for `from_record`."""
        others = {key: value for key, value in asdict(self).items() if key != "pattern"}
        # Left out by default, so that records, and the keys of jobs, stay the same.
        if self.noise_seed is None:
            del others["noise_seed"]
        if not self.in_mm:
            del others["in_mm"]
        return {"pattern": self.pattern.record(), **others}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Acquisition:
        """Return the acquisition from the plain data of `record`."""
        return cls(**{**record, "pattern": Pattern.from_record(record["pattern"])})


def case_seed(seed: int, case: str) -> int:
    """Return the random seed of one case, independent of the order of the cases.

    Parameters
    ----------
    seed : int
        Random seed of the whole list of cases.
    case : str
        Name of the case.

    Returns
    -------
    int
        The first 4 bytes of SHA-256 of ``"seed:case"``, little endian, without the lowest
        bit: 0 to 2**31 - 1.
    """
    digest = hashlib.sha256(f"{seed}:{case}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1


def make_pattern(
    name: str,
    acceleration: float = 4.0,
    center_fraction: float | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Pattern:
    """Return the pattern with a registered name, or the pattern from a mask file.

    Parameters
    ----------
    name : str
        A registered pattern, or the path of a ``.npy``, ``.png`` or ``.csv`` file.
    acceleration : float
        R; ignored for "full" and for a file.
    center_fraction : float, optional
        Fully sampled k-space center as a fraction of the matrix size; ignored for a file.
    seed : int
        Random seed.
    options : mapping, optional
        Options of the pattern by name; text values are converted.

    Raises
    ------
    RequestError
        If no such pattern or file exists, or a value is out of range.
    InputError
        If the file does not contain a mask.
    """
    given = dict(options or {})
    if name in PATTERNS.names():
        factor = 1.0 if PATTERNS.get(name).max_acceleration == 1 else acceleration
        pattern = Pattern(name, factor, center_fraction, seed, given)
    elif Path(name).is_file() or "." in name or "/" in name:
        given["path"] = str(Path(name).resolve())
        pattern = Pattern("file", seed=seed, options=given)
    else:
        names = ", ".join(PATTERNS.names())
        raise RequestError(
            f"pattern {name!r} does not exist; choose one of {names}, or give a .npy, .png or "
            ".csv file."
        )
    pattern.record()  # raises if the mask file cannot be read
    return pattern
