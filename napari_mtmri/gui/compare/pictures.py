# SPDX-License-Identifier: BSD-3-Clause
"""What each cell shows: image, window, colours and mask, without Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_mtmri.compare import (
    Cell,
    Comparison,
    error_map,
    error_top,
    kspace_decibels,
    lesion_frequency,
    residual_map,
    spread_map,
)
from napari_mtmri.compare.comparison import PAIR_MODES, MaskStyle
from napari_mtmri.compare.spectrum import LOWEST_DB
from napari_mtmri.gui.compare.slice_arrays import (
    Mix,
    SliceArray,
    difference,
    disagreement,
    mixed,
    outlined,
)
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.viewer.layers import Placement
from napari_mtmri.volume import Volume

GREY, ERRORS = "gray", "inferno"
BESIDE = " │ "
SPREAD, FREQUENCY = "SD over masks", "% of masks"
REFERENCE_LABEL = 255  # in a mixed picture, where one layer has the masks of two cells


@dataclass(frozen=True, eq=False)
class Picture:
    """One cell on the canvas.

    Parameters
    ----------
    cells : tuple of str
        Names of its cell, or of the two of a mixed picture.
    title : str
    image, labels : arrays in the axes of a layer; the labels as they are drawn, for example outlines
    window : (float, float)
    colormap : str
    masks : str
        How the labels are drawn, see `napari_mtmri.compare.View`.
    segmentation : Volume, optional
        The labels, for their colours.
    is_reference : bool
        Whether the labels are those that the others are compared with.
    has_bar : bool
        Whether it has a colour bar.
    has_sides : bool
        Whether left and right are those of the patient; not in k-space.
    """

    cells: tuple[str, ...]
    title: str
    image: Any
    labels: Any
    window: tuple[float, float]
    colormap: str = GREY
    masks: MaskStyle = "outline"
    segmentation: Volume | None = None
    is_reference: bool = False
    has_bar: bool = False
    has_sides: bool = True


@dataclass(frozen=True, eq=False)
class Request:
    """All that the pictures depend on."""

    comparison: Comparison
    looking: Looking
    placement: Placement
    mix: Mix


def pictures(request: Request) -> list[Picture]:
    """Return the pictures of the cells, first the one at the top left."""
    looking = request.looking
    comparison = looking.onto(request.comparison)
    make = _Maker(comparison, looking, request.placement)
    if looking.mode in PAIR_MODES:
        pair = looking.pair(comparison)
        if pair is not None:
            return [make.mixed(*pair, request.mix)]
    found = [make.picture(cell) for cell in looking.shown(comparison)]
    # One colour bar: the scale is the same for all.
    first = next((one for one in found if one.colormap == ERRORS), None)
    return [replace(one, has_bar=True) if one is first else one for one in found]


class _Maker:
    """Makes pictures; arrays are kept in the comparison, so that a layer keeps its data."""

    def __init__(self, comparison: Comparison, looking: Looking, placement: Placement) -> None:
        self.comparison, self.looking, self.placement = comparison, looking, placement

    def _kept(self, name: str, what: str, make: Callable[[], Any]) -> Any:
        return self.comparison.remember(("shown", name, what), make)

    def grey(self, cell: Cell) -> Any:
        """Return the image of a cell, of the reference if it has none, or black."""
        image = self.comparison.image_of(cell)
        if image is None:
            return self._nothing(np.float32)
        return self._kept(cell.name, "image", lambda: self.placement.view(image.magnitude()))

    def errors(self, cell: Cell) -> Any:
        """Return the magnitude of the error or residual of a cell, or None."""

        def make() -> Any:
            found = error_map(self.comparison, cell)
            if found is None and self.comparison.reference is None:
                found = residual_map(cell)
            return None if found is None else self.placement.view(np.abs(found))

        return self._kept(cell.name, "error", make)

    def spread(self, cell: Cell) -> Any:
        """Return the standard deviation of a cell over sampling masks, or None."""

        def make() -> Any:
            found = spread_map(self.comparison, cell)
            return None if found is None else self.placement.view(found)

        return self._kept(cell.name, "spread", make)

    def frequency(self, cell: Cell) -> Any:
        """Return in how many of the sampling masks a voxel is called lesion, in percent, or None."""

        def make() -> Any:
            found = lesion_frequency(self.comparison, cell)
            return None if found is None else self.placement.view(found)

        return self._kept(cell.name, "frequency", make)

    def labels(self, cell: Cell) -> Any:
        """Return the labels of a cell, 0 if it has none."""
        if cell.labels is None:
            return self._nothing(np.uint8)
        data = cell.labels.data
        narrow = data if data.dtype == np.uint8 else data.astype(np.uint8)
        return self._kept(cell.name, "labels", lambda: self.placement.view(narrow))

    def kspace(self, cell: Cell) -> SliceArray:
        """Return the log magnitude of the k-space of a cell, slice by slice."""

        def make(key: tuple[Any, ...]) -> Any:
            cut = [at for at, one in enumerate(key) if not isinstance(one, slice)]
            if len(cut) != 1:
                return np.full((1,) * (len(key) - len(cut)), LOWEST_DB)
            axis = self.placement.order[cut[0]]
            along = self.comparison.with_view(axis=axis, slice=int(key[cut[0]]))
            found = kspace_decibels(along, along.cell(cell.name), along.slice)
            if found is None:
                shape = [self.grey(cell).shape[at] for at in range(3) if at != cut[0]]
                return np.full(shape, LOWEST_DB)
            return np.take(self.placement.view(found), 0, axis=cut[0])

        shape = self.grey(cell).shape
        return self._kept(cell.name, "k-space", lambda: SliceArray(shape, np.float32, make))

    def _nothing(self, dtype: Any) -> Any:
        shape = self.placement.view(self.comparison.grid.data).shape
        empty = self._kept("", np.dtype(dtype).name, lambda: np.broadcast_to(dtype(0), shape))
        return empty

    def picture(self, cell: Cell) -> Picture:
        """Return the picture of one cell of the grid."""
        content = self.looking.content
        own = self.looking.own_windows.get(cell.name)
        image, window, colormap, what = self.grey(cell), own or self.comparison.window, GREY, ""
        maps = {"error": self.errors, "spread": self.spread, "frequency": self.frequency}
        found = maps[content](cell) if content in maps else None
        if found is not None:
            top = 100.0 if content == "frequency" else error_top(self.comparison)
            image, window, colormap = found, (0.0, top), ERRORS
            error = "residual" if self.comparison.reference is None else "error"
            what = {"spread": SPREAD, "frequency": FREQUENCY}.get(content, error)
        elif content == "k-space":
            image, window, what = self.kspace(cell), (LOWEST_DB, 0.0), "k-space"
        marked = replace(cell, window=None if what else own)
        name = cell.name if what else self.comparison.named(cell)
        remarks = [part for part in (what, *marked.remarks) if part]
        return Picture(
            (cell.name,),
            " · ".join([name, *remarks]),
            image,
            self.mask(cell),
            window,
            colormap,
            "none" if content == "k-space" else self.looking.masks,
            cell.labels,
            is_reference=cell is self.comparison.base,
            has_sides=content != "k-space",
        )

    def drawn(self, cell: Cell) -> Any:
        """Return the labels of a cell, or their outlines."""
        labels = self.labels(cell)
        if cell.labels is None or self.looking.masks == "fill":
            return labels
        return self._kept(cell.name, "outline", lambda: outlined(labels))

    def mask(self, cell: Cell) -> Any:
        """Return the labels of a cell as drawn, or their disagreement with those of the base."""
        base = self.comparison.base
        if self.looking.masks != "disagreement" or base is None or cell is base:
            return self.drawn(cell)
        if cell not in self.comparison.segmented:
            return self._nothing(np.uint8)
        found, wanted = self.labels(cell), self.labels(base)
        return self._kept(cell.name, "disagreement", lambda: disagreement(found, wanted))

    def told_apart(self, cell: Cell) -> Any:
        """Return the labels of a cell of a mixed picture; those of the base as `REFERENCE_LABEL`."""
        labels = self.drawn(cell)
        if cell is not self.comparison.base:
            return labels

        def make(key: tuple[Any, ...]) -> Any:
            return np.where(np.asarray(labels[key]) > 0, REFERENCE_LABEL, 0)

        return SliceArray(labels.shape, np.uint8, make)

    def pair_masks(self, first: Cell, second: Cell) -> Any:
        """Return where the masks of two cells agree; nothing is drawn unless both have one."""
        if first.labels is None or second.labels is None:
            return self._nothing(np.uint8)
        if second is self.comparison.base:
            first, second = second, first
        found, wanted = self.labels(second), self.labels(first)
        key = f"{second.name} disagreement"
        return self._kept(first.name, key, lambda: disagreement(found, wanted))

    def mixed(self, first: Cell, second: Cell, mix: Mix) -> Picture:
        """Return one picture of two cells."""
        mode, names = self.looking.mode, (first.name, second.name)
        titles = [self.comparison.named(cell) for cell in (first, second)]
        a, b = self.picture(first), self.picture(second)
        if mode == "difference":
            images = self.grey(first), self.grey(second)
            key = f"{second.name} difference"
            data = self._kept(first.name, key, lambda: difference(*images))
            labels = self.pair_masks(first, second)
            title = f"│{' − '.join(titles)}│"
            top = error_top(self.comparison)
            style: MaskStyle = "none" if self.looking.masks == "none" else "disagreement"
            return Picture(
                names, title, data, labels, (0.0, top), ERRORS, style, second.labels, has_bar=True
            )
        title = BESIDE.join(titles)
        if mode == "blink":
            title = (b if mix.shows_second else a).title
        labels = mixed(self.told_apart(first), self.told_apart(second), mix)
        if self.looking.masks == "disagreement":
            labels = self.pair_masks(first, second)
        leading = b if a.colormap != b.colormap and b.colormap == ERRORS else a
        return Picture(
            names, title, mixed(a.image, b.image, mix), labels,
            leading.window, leading.colormap, a.masks, b.segmentation or a.segmentation,
            has_bar=leading.colormap == ERRORS, has_sides=a.has_sides,
        )  # fmt: skip
