# SPDX-License-Identifier: BSD-3-Clause
"""Comparison: cells on one grid, and how they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from napari_mtmri.compare.cells import (
    Cell,
    distinct_names,
    numbered,
    reference_of,
    result_cell,
    zero_filled_cell,
)
from napari_mtmri.compare.same_case import check_cases
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.geometry import Axes
from napari_mtmri.plotting import grey_window
from napari_mtmri.result import ZERO_FILLED, Result
from napari_mtmri.volume import Volume

T = TypeVar("T")

Mode = Literal["grid", "swipe", "blink", "checkerboard", "difference"]
MaskStyle = Literal["none", "outline", "fill", "disagreement"]
MODES: tuple[Mode, ...] = ("grid", "swipe", "blink", "checkerboard", "difference")
PAIR_MODES = MODES[1:]
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

    def __post_init__(self) -> None:
        if not self.size > 0:
            raise RequestError(f"`zoom` of {self.size:g} mm shows nothing; give a size above 0.")


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
    spread : bool
        Whether the standard deviation over sampling masks is shown.
    gain : {1, 5, 10}
        The scale of errors and spread ends at the 99.9th percentile of the
        reference divided by it.
    pair : (str, str), optional
        Names of the two cells that are in one picture, unless the mode is "grid"; by default
        the first two.
    edge : float
        Share of the width that shows the first cell of a swipe, from the left.
    tile : int
        Side of the squares of a checkerboard in voxels.
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
    spread: bool = False
    gain: int = 5
    pair: tuple[str, str] | None = None
    edge: float = 0.5
    tile: int = 32
    neurological: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (
            ("mode", self.mode, MODES),
            ("masks", self.masks, MASK_STYLES),
            ("gain", self.gain, GAINS),
            ("axis", self.axis, (None, 0, 1, 2)),
        ):
            if value not in known:
                choices = ", ".join(str(one) for one in known if one is not None)
                raise RequestError(f"`{name}` {value!r} does not exist; choose one of {choices}.")
        if not 0 <= self.edge <= 1:
            raise RequestError(f"`edge` {self.edge:g} is outside the picture; choose 0 to 1.")
        if self.tile < 1:
            raise RequestError(f"`tile` {self.tile} is no square; choose 1 voxel or more.")
        if self.window is not None and not self.window[0] < self.window[1]:
            low, high = self.window
            raise RequestError(
                f"`window` {low:g} to {high:g} is empty; give the lower value first."
            )


@dataclass(frozen=True, eq=False)
class Comparison:
    """Cells of one case on one grid, and how they are looked at.

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
        If there is no cell, two references, two cells have the same name, or the slice does not
        exist.

    Examples
    --------
    >>> import napari_mtmri as mt
    >>> import numpy as np
    >>> from napari_mtmri.compare import compare_results, error_map, score_table
    >>> image = mt.Volume(np.eye(16)[..., None].astype(np.float32), np.eye(4), name="case")
    >>> scans = [mt.simulate(image, mt.Pattern("random", acceleration=R)) for R in (2, 4)]
    >>> seen = compare_results([mt.run(scan, "zero-filled") for scan in scans])
    >>> [cell.name for cell in seen.cells]
    ['reference', 'zero-filled R2', 'zero-filled R4']
    >>> error_map(seen, seen.cell("zero-filled R2")).shape
    (16, 16, 1)
    >>> table = score_table(seen)
    >>> table.value("zero-filled R2", "PSNR") > table.value("zero-filled R4", "PSNR")
    True
    """

    cells: tuple[Cell, ...]
    view: View = field(default_factory=View)
    warnings: tuple[str, ...] = ()
    _memory: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if "checked" not in self._memory:
            cells = sorted(self.cells, key=lambda cell: cell.kind != "reference")
            object.__setattr__(self, "cells", tuple(cells))
            _check_cells(self.cells)
            found = (*self.warnings, *check_cases(self.cells))
            object.__setattr__(self, "warnings", tuple(dict.fromkeys(found)))
            self._memory["checked"] = True
        number = self.view.slice
        if number is not None and not 0 <= number < self.n_slices:
            raise RequestError(
                f"`slice` {number} does not exist; choose one from 0 to {self.n_slices - 1}."
            )

    def remember(self, key: Any, make: Callable[[], T]) -> T:
        """Return a value that depends on the cells alone, computed once for all views."""
        if key not in self._memory:
            self._memory[key] = make()
        found: T = self._memory[key]
        return found

    @property
    def grid(self) -> Volume:
        """The volume that gives the grid."""
        return self.cells[0].grid

    @property
    def axes(self) -> Axes:
        """Slice, readout and phase-encoding axes of the first result, else of the grid."""
        results = (cell.result for cell in self.cells if not cell.is_resampled)
        return next((result.axes for result in results if result is not None), self.grid.axes)

    @property
    def axis(self) -> int:
        """Array axis that the shown slices cut."""
        return self.axes.slice if self.view.axis is None else self.view.axis

    @property
    def slice(self) -> int:
        """The shown slice; by default that with the largest lesion, else the middle slice."""
        from napari_mtmri.compare.slices import largest_lesion_slice

        if self.view.slice is not None:
            return self.view.slice
        found = self.remember(("slice", self.axis), lambda: largest_lesion_slice(self))
        return self.n_slices // 2 if found is None else found

    @property
    def n_slices(self) -> int:
        """Number of slices along `axis`."""
        return self.grid.shape[self.axis]

    @property
    def reference(self) -> Volume | None:
        """The fully sampled image; without it there are no errors and no image scores."""
        first = self.cells[0]
        return first.image if first.kind == "reference" else None

    @property
    def base(self) -> Cell | None:
        """The cell whose segmentation the others are compared with.

        The reference, if it has labels, else the first cell of kind "mask", else None.
        """
        drawn = (cell for cell in self.cells if cell.kind in ("reference", "mask"))
        return next((cell for cell in drawn if cell.labels is not None), None)

    @property
    def pair(self) -> tuple[Cell, Cell] | None:
        """The two cells in one picture, by default the first two; None if there is one cell."""
        if len(self.cells) < 2:
            return None
        cells = {cell.name: cell for cell in self.cells}
        first, second = self.view.pair or ("", "")
        first = first if first in cells else next(iter(cells))
        others = [name for name in cells if name != first]
        return cells[first], cells[second if second in others else others[0]]

    @property
    def compared(self) -> tuple[Cell, ...]:
        """The cells whose images are compared with the reference; none without one."""
        if self.reference is None:
            return ()
        kinds = ("result", "image")
        return tuple(c for c in self.cells if c.kind in kinds and c.image is not None)

    @property
    def segmented(self) -> tuple[Cell, ...]:
        """The cells whose segmentations are compared with that of `base`; none without one."""
        if self.base is None:
            return ()
        others = (cell for cell in self.cells if cell is not self.base and cell.kind != "date")
        return tuple(cell for cell in others if cell.labels is not None)

    @property
    def window(self) -> tuple[float, float]:
        """Common display window: that of the view, else found from the reference."""
        if self.view.window is not None:
            return self.view.window
        return self.remember("window", self._find_window)

    def _find_window(self) -> tuple[float, float]:
        shown = next((cell.image for cell in self.cells if cell.image is not None), None)
        return (0.0, 1.0) if shown is None else grey_window(self.reference or shown)

    def window_of(self, cell: Cell) -> tuple[float, float]:
        """Return the display window of a cell: its own, else the common one."""
        return self.window if cell.window is None else cell.window

    def image_of(self, cell: Cell) -> Volume | None:
        """Return the image to show below the labels of a cell.

        Its own, else the reference, else the first image; None if no cell has an image.
        """
        lender = self._lender(cell)
        return None if lender is None else lender.image

    def borrowed_from(self, cell: Cell) -> str:
        """Return the name of the cell whose image is shown below the labels of this one.

        Empty if the image is its own, or there is none.
        """
        lender = self._lender(cell)
        return "" if lender is None or lender is cell else lender.name

    def named(self, cell: Cell) -> str:
        """Return the name of a cell, and of the cell whose image is below its mask."""
        lender = self.borrowed_from(cell)
        return f"{cell.name} · on “{lender}”" if lender else cell.name

    def _lender(self, cell: Cell) -> Cell | None:
        return next((one for one in (cell, *self.cells) if one.image is not None), None)

    def cell(self, name: str) -> Cell:
        """Return the cell with a name.

        Raises
        ------
        RequestError
            If there is none.
        """
        for cell in self.cells:
            if cell.name == name:
                return cell
        known = ", ".join(cell.name for cell in self.cells)
        raise RequestError(f"no cell is called {name!r}; choose one of {known}.")

    def with_cell(self, cell: Cell) -> Comparison:
        """Return the comparison with one more cell, checked as at the start."""
        return replace(self, cells=(*self.cells, cell), _memory={})

    def without(self, name: str) -> Comparison:
        """Return the comparison without a cell."""
        gone = self.cell(name)
        kept = tuple(cell for cell in self.cells if cell is not gone)
        return replace(self, cells=kept, _memory={})

    def with_view(self, **changes: Any) -> Comparison:
        """Return the comparison with other fields of its view; nothing is computed again."""
        if "axis" in changes and "slice" not in changes and changes["axis"] != self.view.axis:
            changes["slice"] = None
        return replace(self, view=replace(self.view, **changes))


def _check_cells(cells: Sequence[Cell]) -> None:
    if not cells:
        raise RequestError("a comparison of 0 cells shows nothing; give at least one.")
    names = [cell.name for cell in cells]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RequestError(f"two cells are called {twice!r}; give each its own name.")
    references = [cell.name for cell in cells if cell.kind == "reference"]
    if len(references) > 1:
        raise RequestError(f"{' and '.join(references)} are both the reference; keep one of them.")
    first = cells[0]
    for cell in cells[1:]:
        if not cell.grid.same_grid(first.grid):
            raise InputError(
                f"{cell.name}: its grid ({grid_text(cell.grid)}) is not that of {first.name} "
                f"({grid_text(first.grid)}); resample it, or leave it out."
            )


def grid_text(volume: Volume) -> str:
    """Return a grid in words: matrix, spacing, directions of the axes and first voxel."""
    unit = " mm" if volume.spacing_known else " (unit unknown)"
    spacing = " × ".join(f"{side:.4g}" for side in volume.spacing)
    origin = ", ".join(f"{value:.4g}" for value in volume.affine[:3, 3])
    size = " × ".join(str(side) for side in volume.shape)
    turned = ", oblique" if volume.is_oblique else ""
    return f"{size}, {spacing}{unit}, {volume.codes}{turned}, first voxel at {origin}"


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

    Raises
    ------
    InputError, RequestError
        If they cannot be compared, see `Comparison`.
    """
    names = distinct_names(results)
    cells = [result_cell(result, name) for result, name in zip(results, names, strict=True)]
    return assemble(cells, reference=reference, labels=labels, zero_filled=zero_filled, view=view)


def assemble(
    cells: Sequence[Cell],
    *,
    reference: Volume | None = None,
    labels: Volume | None = None,
    zero_filled: bool = False,
    view: View | None = None,
) -> Comparison:
    """Return the comparison of cells with their reference, and with the zero-filled image."""
    results = [cell.result for cell in cells if cell.result is not None]
    if reference is None:
        found = (reference_of(result) for result in results)
        reference = next((one for one in found if one is not None), None)
    before = []
    if reference is not None or labels is not None:
        before.append(Cell("reference", "reference", reference, labels))
    if zero_filled and results and all(one.method != ZERO_FILLED for one in results):
        before.append(zero_filled_cell(results[0]))
    together = [*before, *cells]
    names = numbered([cell.name for cell in together])
    named = (replace(cell, name=name) for cell, name in zip(together, names, strict=True))
    return Comparison(tuple(named), view or View())
