# SPDX-License-Identifier: BSD-3-Clause
"""How a volume is scanned in simulation: pattern, axes, phase, noise, coils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.cli.output import pairs
from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from napari_mtmri.geometry import Axes
    from napari_mtmri.patterns.base import Mask, Pattern, Sampling
    from napari_mtmri.scan import Scan
    from napari_mtmri.volume import Volume


@dataclass(frozen=True)
class Acquisition:
    """All that `simulate` takes beside the volume, as the shell's options give it.

    Parameters
    ----------
    pattern : Pattern
    phase, snr, n_coils
        See `napari_mtmri.simulation.simulate`; the seed is the pattern's.
    slice_axis, phase_axis : int, optional
        Array axes; found from each volume by default.
    swap_phase : bool
        Exchange readout and phase encoding.
    """

    pattern: Pattern
    phase: bool = False
    snr: float | None = None
    n_coils: int = 1
    slice_axis: int | None = None
    phase_axis: int | None = None
    swap_phase: bool = False

    def axes(self, volume: Volume) -> Axes:
        """Return the axes of a volume."""
        from napari_mtmri.geometry import choose_axes

        axes = choose_axes(
            volume.shape, volume.affine, slice_axis=self.slice_axis, phase_axis=self.phase_axis
        )
        return axes.swapped() if self.swap_phase else axes

    def sampling(self, volume: Volume) -> tuple[Mask, Sampling]:
        """Return the mask of a volume and its facts.

        Raises
        ------
        RequestError, InputError
            If the pattern does not fit the plane.
        """
        axes = self.axes(volume)
        plane = (volume.shape[axes.readout], volume.shape[axes.phase])
        mask = self.pattern.mask(plane)
        return mask, self.pattern.describe(plane, mask)

    def scan(self, volume: Volume, slices: Sequence[int] | None = None) -> Scan:
        """Return the simulated scan of a volume."""
        from napari_mtmri.verbs import simulate

        return simulate(
            volume,
            self.pattern,
            phase=self.phase,
            snr=self.snr,
            n_coils=self.n_coils,
            axes=self.axes(volume),
            slices=slices,
            seed=self.pattern.seed,
        )

    def with_seed(self, seed: int) -> Acquisition:
        """Return the same with another seed."""
        return replace(self, pattern=replace(self.pattern, seed=seed))

    def record(self) -> dict[str, Any]:
        """Return it as plain data; `from_record` takes it back."""
        others = {key: value for key, value in asdict(self).items() if key != "pattern"}
        return {"pattern": self.pattern.record(), **others}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Acquisition:
        """Return what `record` wrote down."""
        from napari_mtmri.patterns.base import Pattern

        return cls(**{**record, "pattern": Pattern.from_record(record["pattern"])})


def make_pattern(
    word: str,
    acceleration: float,
    center_fraction: float | None,
    seed: int,
    options: Sequence[str] | None,
) -> Pattern:
    """Return the pattern that a name or a file, and the options beside, ask for.

    Raises
    ------
    RequestError
        If there is neither such a pattern nor such a file, or a value does not fit.
    InputError
        If the file holds no mask.
    """
    from napari_mtmri.patterns.base import PATTERNS, Pattern

    given: dict[str, Any] = dict(pairs(options, "--pattern-option"))
    if word in PATTERNS.names():
        factor = 1.0 if word == "full" else acceleration
        pattern = Pattern(word, factor, center_fraction, seed, given)
    elif Path(word).is_file() or "." in word or "/" in word:
        given["path"] = str(Path(word).resolve())
        pattern = Pattern("file", seed=seed, options=given)
    else:
        names = ", ".join(PATTERNS.names())
        raise RequestError(
            f"pattern {word!r} does not exist; choose one of {names}, or name a .npy, .png or "
            ".csv file."
        )
    pattern.record()  # a mask file that cannot be read is refused here
    return pattern
