# SPDX-License-Identifier: BSD-3-Clause
"""Cells of a comparison: results, the reference, images, masks and other dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from napari_mtmri.compare.resample import resampled
from napari_mtmri.errors import RequestError
from napari_mtmri.methods.base import METHODS
from napari_mtmri.result import ZERO_FILLED, Result
from napari_mtmri.volume import Volume

Kind = Literal["reference", "result", "image", "mask", "date"]
KINDS: tuple[Kind, ...] = ("reference", "result", "image", "mask", "date")


@dataclass(frozen=True, eq=False)
class Cell:
    """One picture of a comparison: an image, a segmentation, or both, on one grid.

    Parameters
    ----------
    name : str
        Shown above the cell; different in every cell of a comparison.
    kind : {"reference", "result", "image", "mask", "date"}
        The fully sampled image with its reference segmentation; the result of a method; an
        image of the same scan from another program; the segmentation of a reader; or an image
        of another date, which is shown but never scored.
    image : Volume, optional
        Its magnitude is shown.
    labels : Volume, optional
        Segmentation of the image.
    result : Result, optional
        The result that image and labels are from.
    path : Path, optional
        Result folder, or file of the image; by default the path of the image.
    labels_path : Path, optional
        File of the labels, unless they are part of the result; by default their path.
    is_resampled : bool
        Whether it was interpolated onto the grid of the comparison.
    window : (float, float), optional
        Display window of this cell alone, instead of the common one.

    Raises
    ------
    RequestError
        If it has neither image nor labels, or no name, or the kind does not exist.
    InputError
        If image and labels are on different grids, or voxels are NaN or infinite.
    """

    name: str
    kind: Kind
    image: Volume | None = None
    labels: Volume | None = None
    result: Result | None = None
    path: Path | None = None
    labels_path: Path | None = None
    is_resampled: bool = False
    window: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RequestError(
                f"{self.name}: kind {self.kind!r} does not exist; choose one of {', '.join(KINDS)}."
            )
        if not self.name:
            raise RequestError(f"a cell of kind {self.kind!r} has no name; give it one.")
        if self.image is None and self.labels is None:
            raise RequestError(f"{self.name}: has neither image nor labels; give one of them.")
        if self.image is not None:
            self.image.magnitude()  # raises if it is not an image
            if self.labels is not None:
                self.labels.require_same_grid(self.image, f"the image of {self.name}")

    @property
    def grid(self) -> Volume:
        """The volume that gives the cell its grid: its image, else its labels."""
        return self.image or self.labels  # type: ignore[return-value]

    @property
    def magnitude(self) -> np.ndarray | None:
        """Magnitude of the image, float32 (i, j, k), in the unit of the input; or None."""
        return None if self.image is None else self.image.magnitude()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What sets the cell apart from the others, for its title: "resampled", ..."""
        found = ["resampled"] if self.is_resampled else []
        if self.window is not None:
            found.append(f"window {self.window[0]:.4g} to {self.window[1]:.4g}")
        return tuple(found)

    @property
    def case_sha256(self) -> str | None:
        """SHA-256 of the file that the case is from, or None if it is not known."""
        if self.result is not None:
            given = (self.result.provenance.get("input") or {}).get("sha256")
            return None if given is None else str(given)
        return None if self.image is None else self.image.sha256

    @property
    def source(self) -> Path | None:
        """Result folder or file of the image; None: in memory only."""
        if self.path is not None or self.result is not None:
            return self.path
        return None if self.image is None else self.image.path

    @property
    def labels_source(self) -> Path | None:
        """File of the labels; None: in memory only, or part of the result."""
        if self.labels_path is not None or self.labels is None:
            return self.labels_path
        is_own = self.result is not None and self.labels is self.result.labels
        return None if is_own else self.labels.path

    def resampled_to(self, grid: Volume) -> Cell:
        """Return the cell interpolated onto another grid and marked so, or itself if it is on it."""
        if self.grid.same_grid(grid):
            return self
        image = None if self.image is None else resampled(self.image, grid)
        labels = None if self.labels is None else resampled(self.labels, grid)
        return replace(
            self,
            image=image,
            labels=labels,
            path=self.source,
            labels_path=self.labels_source,
            is_resampled=True,
        )


def result_cell(result: Result, name: str | None = None, *, path: Path | None = None) -> Cell:
    """Return the cell of a result: reconstruction and segmentation, what there is of them."""
    image = result.reconstruction
    if image is None and result.labels is None:
        image = result.zero_filled
    return Cell(name or result_name(result), "result", image, result.labels, result, path)


def zero_filled_cell(result: Result) -> Cell:
    """Return the cell of the zero-filled image of a result."""
    name = f"{ZERO_FILLED} R{result.acceleration:g}"
    return Cell(name, "image", result.zero_filled)


def result_name(result: Result) -> str:
    """Return method and acceleration, "mtmri R4", or the method alone if it sees the full image."""
    known = result.method in METHODS.names()
    if known and METHODS.get(result.method).is_full_sample:
        return result.method
    return f"{result.method} R{result.acceleration:g}"


def reference_of(result: Result) -> Volume | None:
    """Return the fully sampled image of a result, or None.

    A result folder does not store it; it is the reconstruction minus the error.
    """
    if result.reference is not None:
        return result.reference
    if result.reconstruction is None or result.error is None:
        return None
    data = result.reconstruction.data - result.error.data
    return result.reconstruction.like(data, name=f"{result.name} reference")


def distinct_names(results: Sequence[Result]) -> list[str]:
    """Return a name for each result; what differs between equal names is added.

    Examples
    --------
    >>> import napari_mtmri as mt
    >>> import numpy as np
    >>> from napari_mtmri.compare import distinct_names
    >>> image = mt.Volume(np.eye(8)[..., None].astype(np.float32), np.eye(4))
    >>> scans = [mt.simulate(image, mt.Pattern("random", seed=seed)) for seed in (0, 1)]
    >>> distinct_names([mt.run(scan, "zero-filled") for scan in scans])
    ['zero-filled R4 seed 0', 'zero-filled R4 seed 1']
    """
    names = [result_name(result) for result in results]
    for facts in zip(*(facts_of(result).values() for result in results), strict=True):
        for name in {name for name in names if names.count(name) > 1}:
            twins = [index for index, one in enumerate(names) if one == name]
            if len({facts[index] for index in twins}) > 1:
                for index in twins:
                    names[index] = f"{name} {facts[index]}".rstrip()
    return numbered(names)


def numbered(names: Sequence[str]) -> list[str]:
    """Return the names, with "(2)", "(3)", ... after repeated ones."""
    found: list[str] = []
    for name in names:
        repeat, one = 1, name
        while one in found:
            repeat += 1
            one = f"{name} ({repeat})"
        found.append(one)
    return found


def facts_of(result: Result) -> dict[str, str]:
    """Return what may tell apart two results of the same method and acceleration, in words."""
    pattern = result.request.get("pattern") or {}
    simulation = result.request.get("simulation") or {}
    parameters = result.request.get("parameters") or {}
    weights = [str(one.get("sha256"))[:8] for one in result.provenance.get("weights") or ()]
    snr, center = simulation.get("snr"), pattern.get("center_fraction")
    return {
        "name": result.name,
        "pattern": str(pattern.get("name", "")),
        "seed": f"seed {pattern['seed']}" if "seed" in pattern else "",
        "center": "" if center is None else f"centre {center:g}",
        "snr": "" if snr is None else f"SNR {snr:g}",
        "parameters": " ".join(f"{name} {value}" for name, value in parameters.items()),
        "weights": f"weights {' '.join(weights)}" if weights else "",
        "precision": str(result.request.get("precision", "")),
    }
