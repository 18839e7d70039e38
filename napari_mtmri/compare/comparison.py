# SPDX-License-Identifier: BSD-3-Clause
"""Comparison: cells on one grid, and how they are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from napari_mtmri.compare.cells import Cell
from napari_mtmri.geometry import Axes
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

Mode = Literal["grid", "swipe", "blink", "checkerboard", "difference"]
MaskStyle = Literal["none", "outline", "fill", "disagreement"]
MODES: tuple[Mode, ...] = ("grid", "swipe", "blink", "checkerboard", "difference")
MASK_STYLES: tuple[MaskStyle, ...] = ("none", "outline", "fill", "disagreement")
GAINS = (1, 5, 10)
NOT_COMPARED = "Nothing was compared with a fully sampled scan."


@dataclass(frozen=True)
class Zoom:
    """A square part of the picture of a slice.

    Parameters
    ----------
    x, y : float
        Centre, in mm from the left and top edge of the upright picture.
    size : float
        Side, in mm.
    """

    x: float
    y: float
    size: float


@dataclass(frozen=True)
class View:
    """How a comparison is looked at; the same for all cells.

    Parameters
    ----------
    mode : {"grid", "swipe", "blink", "checkerboard", "difference"}
    axis : int, optional
        Array axis that the slices cut; by default the slice axis of the scan.
    slice : int, optional
        By default the slice with the largest lesion, else the middle slice.
    window : (float, float), optional
        Grey values shown black and white; by default found from the reference.
    zoom : Zoom, optional
        Part of the slice that is shown larger.
    masks : {"none", "outline", "fill", "disagreement"}
    errors : bool
        Whether error maps are shown.
    gain : {1, 5, 10}
        The error scale ends at the largest reference value divided by it.
    neurological : bool
        Whether the patient's right is shown on the right.
    """

    mode: Mode = "grid"
    axis: int | None = None
    slice: int | None = None
    window: tuple[float, float] | None = None
    zoom: Zoom | None = None
    masks: MaskStyle = "outline"
    errors: bool = False
    gain: int = 5
    neurological: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cells of one case on one grid.

    Parameters
    ----------
    cells : sequence of Cell
        At most one of kind "reference"; it becomes the first.
    view : View
    warnings : tuple of str
        What the user must know: cases that could not be checked, files that changed.

    Raises
    ------
    InputError
        If a cell is on another grid than the first, naming both grids, or is the result of
        another case.
    RequestError
        If there is no cell, two references, or two cells have the same name.
    """

    cells: tuple[Cell, ...]
    view: View = field(default_factory=View)
    warnings: tuple[str, ...] = ()

    @property
    def grid(self) -> Volume:
        """The volume that gives the grid."""
        raise NotImplementedError

    @property
    def axes(self) -> Axes:
        """Slice, readout and phase-encoding axes of the first result, else of the grid."""
        raise NotImplementedError

    @property
    def axis(self) -> int:
        """Array axis that the shown slices cut."""
        raise NotImplementedError

    @property
    def slice(self) -> int:
        """The shown slice."""
        raise NotImplementedError

    @property
    def n_slices(self) -> int:
        """Number of slices along `axis`."""
        raise NotImplementedError

    @property
    def reference(self) -> Volume | None:
        """The fully sampled image; without it there are no errors and no image scores."""
        raise NotImplementedError

    @property
    def base(self) -> Cell | None:
        """The cell whose segmentation the others are compared with.

        The reference, if it has labels, else the first cell of kind "mask", else None.
        """
        raise NotImplementedError

    @property
    def window(self) -> tuple[float, float]:
        """Common display window: that of the view, else found from the reference."""
        raise NotImplementedError

    def window_of(self, cell: Cell) -> tuple[float, float]:
        """Return the display window of a cell: its own, else the common one."""
        raise NotImplementedError

    @property
    def compared(self) -> tuple[Cell, ...]:
        """The cells whose images are compared with the reference; empty without one."""
        raise NotImplementedError

    @property
    def segmented(self) -> tuple[Cell, ...]:
        """The cells whose segmentations are compared with `base`; empty without one."""
        raise NotImplementedError

    def cell(self, name: str) -> Cell:
        """Return the cell with a name."""
        raise NotImplementedError

    def with_cell(self, cell: Cell) -> Comparison:
        """Return the comparison with one more cell, checked as at the start."""
        raise NotImplementedError

    def without(self, name: str) -> Comparison:
        """Return the comparison without a cell."""
        raise NotImplementedError

    def with_view(self, **changes: Any) -> Comparison:
        """Return the comparison with other fields of its view."""
        raise NotImplementedError


def compare_results(
    results: Sequence[Result],
    *,
    reference: Volume | None = None,
    labels: Volume | None = None,
    zero_filled: bool = False,
    view: View | None = None,
) -> Comparison:
    """Return the comparison of results of one case.

    Parameters
    ----------
    results : sequence of Result
    reference : Volume, optional
        Fully sampled image; by default that of the results, or reconstruction minus error.
    labels : Volume, optional
        Reference segmentation.
    zero_filled : bool
        Whether to add the zero-filled image of the first result as a cell.
    view : View, optional
    """
    raise NotImplementedError


def check_pair(first: Result, second: Result) -> None:
    """Refuse two results that cannot be members of a paired test.

    Raises
    ------
    InputError
        If they are of different cases, grids, accelerations or patterns.
    """
    raise NotImplementedError
