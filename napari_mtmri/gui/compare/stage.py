# SPDX-License-Identifier: BSD-3-Clause
"""Show the cells in the viewer's own grid, and put the viewer back as it was.

Each cell is a pair of layers, an image and its labels, at the top of the layer list, where a
negative stride makes napari's grid begin. The user's layers below are hidden, and hidden layers
take no place in the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from napari.layers import Image, Labels
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.gui.compare.before import Before
from napari_mtmri.gui.compare.cell_labels import fill_labels, is_same
from napari_mtmri.gui.compare.grid import grid_shape
from napari_mtmri.gui.compare.pictures import Picture
from napari_mtmri.gui.jobs import halt
from napari_mtmri.gui.viewer.layer_list import redraw
from napari_mtmri.gui.viewer.layers import GREY, KEY, Placement
from napari_mtmri.gui.viewer.orientation import show_letters

NO_SHAPE = (0, 0)
STRIDE, SPACING = -2, 4  # two layers a cell, counted from the top of the list
OPACITY = 0.9
NAME_SIZE, CHARACTER = 8, 7.5  # of titles in points, and the width of a character in pixels
LETTER = 16  # half the width of a letter, with its distance, in pixels
ZOOMED = 1.05  # times the zoom that fits the slice
MARGIN = 0.1  # around a slice, as a share of its cell: room for letters
BAR_WIDTH, TALLEST_BAR, LEAST_BAR = 10, 80, 30  # of the colour bar, in pixels
BESIDE_BAR = 35  # from its top to the middle of the cell, where a letter is
OwnLayer = Callable[[str], Any]  # from the name of a cell to the user's own layer, or None


@dataclass(eq=False)
class Slot:
    """The two layers of one cell; ``labels`` is the user's own layer if ``is_own``."""

    image: Image
    labels: Labels
    number: int
    cells: tuple[str, ...] = ()
    is_own: bool = False
    had_bar: bool = False


class Stage(QObject):
    """Adds and changes the layers of the cells, one cell per pass of the event loop.

    Signals
    -------
    settled : all cells are shown
    windowed : names of the cells of a picture, and its new display window
    closed : name of a cell whose layer the user removed
    """

    settled = Signal()
    windowed = Signal(object, object)
    closed = Signal(str)

    def __init__(self, viewer: Viewer, parent: QObject, own_layer: OwnLayer) -> None:
        super().__init__(parent)
        self._viewer, self._own_layer = viewer, own_layer
        self.slots: list[Slot] = []
        self._spare: list[Slot] = []  # hidden, for when there are more pictures again
        self.pictures: list[Picture] = []
        self._placement: Placement | None = None
        self._before: Before | None = None
        self._n_made = 0
        self._shape = NO_SHAPE  # of the grid, and the zoom that fits it
        self._zoom = 0.0
        self._is_changing = False
        self._is_arranging = False
        self._at = 0
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._next)

    @property
    def is_up(self) -> bool:
        """Whether the cells are in the viewer."""
        return self._before is not None

    @property
    def is_settled(self) -> bool:
        """Whether nothing remains to be shown."""
        return not self._turn.isActive()

    def show(self, pictures: Sequence[Picture], placement: Placement) -> None:
        """Show these pictures in place of the ones before."""
        if not pictures:
            self.take_down()
            return
        if self._before is None:
            self._before = Before(self._viewer)
            self._before.hide(self._viewer)
            self._set_grid()
            self._viewer.layers.events.inserted.connect(self._inserted)
            self._viewer.layers.events.removed.connect(self._removed)
        self.pictures, self._placement, self._at = list(pictures), placement, 0
        for slot, picture in zip_longest(self.slots, pictures[: len(self.slots)]):
            if picture is None or slot.image.name != picture.title:
                self._free_names(slot)
        self._turn.start(0)

    def redraw(self) -> None:
        """Draw the pictures again, after `Mix` changed."""
        for slot in self.slots:
            for layer in (slot.image, slot.labels):
                if layer.visible:
                    redraw(layer)

    def cover(self, layer: Any) -> None:
        """Hide a layer of the user, added meanwhile, that a cell shows; it is given back later."""
        if self._before is not None:
            self._before.cover(layer)

    def retitle(self, title: str) -> None:
        """Change the title of the first picture, which Blink alternates."""
        if self.slots and self.slots[0].image.name != title:
            self.slots[0].image.name = title

    def take_down(self) -> None:
        """Remove the cells and put the viewer back as it was."""
        before, self._before = self._before, None
        if before is None:
            return
        halt(self._turn)
        self._viewer.layers.events.inserted.disconnect(self._inserted)
        self._viewer.layers.events.removed.disconnect(self._removed)
        self._viewer.canvas.grid.enabled = False
        for slot in (*self.slots, *self._spare):
            self._drop(slot)
        self.slots, self._spare, self.pictures = [], [], []
        before.restore(self._viewer)
        show_letters(self._viewer)

    def _next(self) -> None:
        """Show the picture whose turn it is; then remove what is left over."""
        if self._before is None or self._placement is None:
            return
        if self._close_broken():
            return
        self._is_changing = True
        try:
            if self._at < len(self.pictures):
                self._show_one(self._at, self.pictures[self._at])
                self._at += 1
                self._turn.start(0)
                return
            while len(self.slots) > len(self.pictures):
                self._set_aside(self.slots.pop())
        finally:
            self._is_changing = False
        self._arrange()
        self._set_shape()
        shape = self._viewer.canvas.grid.actual_shape(self._viewer.layers)
        is_fitting = self._viewer.scene.camera.zoom == self._zoom  # the user did not zoom in
        if shape != self._shape and (is_fitting or self._shape == NO_SHAPE):
            self.fit()
        self._shape = shape
        self._make_room(shape[1])
        self.settled.emit()

    def show_plane(self) -> None:
        """Show the whole slice of another plane, whose letters are set once more."""
        self.fit()
        self._turn.start(0)

    def _make_room(self, n_columns: int) -> None:
        """Leave out the letter at the top, the opposite of that below, where titles would cross it.

        K-space has no sides of the patient, and no letters.
        """
        longest = max(len(picture.title) for picture in self.pictures)
        room = self._viewer.canvas.size[1] / n_columns / 2
        has_sides = all(picture.has_sides for picture in self.pictures)
        is_clear = longest * CHARACTER + LETTER < room
        show_letters(self._viewer, at_sides=has_sides, at_top=has_sides and is_clear)

    def fit(self) -> None:
        """Show the whole slice in each cell."""
        self._viewer.reset_view(margin=MARGIN)
        self._zoom = self._viewer.scene.camera.zoom

    @property
    def zoomed_side(self) -> float | None:
        """Side of the square that a cell shows, in mm; None if it shows the whole slice."""
        zoom = self._viewer.scene.camera.zoom
        return None if zoom <= self._zoom * ZOOMED else self._cell_side() / zoom

    def show_square(self, middle: Sequence[float], side: float) -> None:
        """Show a square part of the slice: its middle (S, A, R) and side in mm."""
        camera = self._viewer.scene.camera
        camera.center = tuple(middle)
        camera.zoom = self._cell_side() / side

    def _cell_side(self) -> float:
        """Return the shorter side of a cell, in pixels of the canvas."""
        shape = self._viewer.canvas.grid.actual_shape(self._viewer.layers)
        return min(
            side / count for side, count in zip(self._viewer.canvas.size, shape, strict=True)
        )

    def _set_shape(self) -> None:
        """Choose the grid with the largest cells; napari's own ignores the shape of the canvas."""
        grid, others = self._viewer.canvas.grid, len(self._viewer.layers) - len(self._mine())
        below = [layer.visible for layer in list(self._viewer.layers)[:others]][::-1]
        more = sum(any(below[at : at - STRIDE]) for at in range(0, others, -STRIDE))
        wanted = grid_shape(len(self.slots) + more, self._viewer.canvas.size)
        if grid.shape != wanted:
            grid.shape = wanted

    def _set_grid(self) -> None:
        self._shape, self._zoom = NO_SHAPE, self._viewer.scene.camera.zoom
        grid = self._viewer.canvas.grid
        grid.stride, grid.shape, grid.spacing, grid.enabled = STRIDE, (-1, -1), SPACING, True

    def _show_one(self, at: int, picture: Picture) -> None:
        if at == len(self.slots):
            self.slots.append(self._spare.pop() if self._spare else self._make(at, picture))
        slot = self.slots[at]
        slot.cells = picture.cells
        if picture.has_bar and slot.had_bar and not slot.image.colorbar.visible:
            self._renew_image(slot, picture)
        self._fill_image(slot.image, picture)
        slot.had_bar |= picture.has_bar
        own = self._own_layer(picture.cells[0]) if len(picture.cells) == 1 else None
        if own is not (slot.labels if slot.is_own else None):
            self._exchange(slot, own, picture)
        if slot.is_own:
            slot.labels.visible = picture.masks != "none"
        else:
            fill_labels(slot.labels, picture)

    def _make(self, at: int, picture: Picture) -> Slot:
        image = self._new_image(picture)
        labels = self._new_labels(picture)
        below = self._viewer.layers.index(self.slots[at - 1].image) if at else None
        place = len(self._viewer.layers) if below is None else below
        selected = set(self._viewer.layers.selection)
        for step, layer in enumerate((image, labels)):
            self._viewer.layers.insert(place + step, layer)
        if selected:
            self._viewer.layers.selection = selected
        self._n_made += 1
        return Slot(image, labels, self._n_made)

    def _new_image(self, picture: Picture) -> Image:
        image = Image(
            picture.image, name=picture.title, contrast_limits=picture.window, **GREY,
            **self._arguments(),
        )  # fmt: skip
        image.name_overlay.position = "top_left"  # air, in most slices
        image.name_overlay.visible = True
        image.name_overlay.font_size = NAME_SIZE
        image.events.contrast_limits.connect(self._window_changed)
        return image

    def _renew_image(self, slot: Slot, picture: Picture) -> None:
        """Show the image in a new layer.

        napari raises a TypeError when a colour bar is shown again after the grid has changed: the
        new drawing of a hidden bar has no resolution yet.
        """
        layers, old = self._viewer.layers, slot.image
        selected, place = set(layers.selection) - {old}, layers.index(old)
        old.events.contrast_limits.disconnect(self._window_changed)
        layers.remove(old)
        slot.image = self._new_image(picture)
        layers.insert(place, slot.image)
        layers.selection = selected

    def _new_labels(self, picture: Picture) -> Labels:
        name = f"{picture.title} · mask"
        labels = Labels(picture.labels, name=name, opacity=OPACITY, **self._arguments())
        labels.editable = False  # a picture of a result; "Paint" gives the user his own layer
        return labels

    def _arguments(self) -> dict[str, Any]:
        assert self._placement is not None  # set by `show`
        # "preview" keeps the cells out of the lists of the other panels.
        marks = {"placement": self._placement, "preview": True, "compare": True}
        return {"metadata": {KEY: marks}, **self._placement.arguments()}

    def _fill_image(self, layer: Image, picture: Picture) -> None:
        if not layer.visible:
            layer.visible = True
        if not is_same(layer.data, picture.image):
            layer.data = picture.image
        if layer.name != picture.title:
            layer.name = picture.title
        if layer.colormap.name != picture.colormap:
            layer.colormap = picture.colormap
        if tuple(layer.contrast_limits) != tuple(picture.window):
            low, high = layer.contrast_limits_range
            window = picture.window
            layer.contrast_limits_range = (min(low, window[0]), max(high, window[1]))
            layer.contrast_limits = window
        if layer.colorbar.visible != picture.has_bar:
            layer.colorbar.position = "bottom_right"
            layer.colorbar.size = (BAR_WIDTH, self._bar_height())
            layer.colorbar.visible = picture.has_bar

    def _bar_height(self) -> int:
        """Return the height of a colour bar that leaves the letter above it free."""
        size = self._viewer.canvas.size
        half = size[0] / grid_shape(len(self.pictures), size)[0] / 2
        return int(min(TALLEST_BAR, max(LEAST_BAR, half - BESIDE_BAR)))

    def _exchange(self, slot: Slot, own: Any, picture: Picture) -> None:
        """Put the user's own layer into a cell, or take it out again."""
        if slot.is_own:
            slot.labels.visible = False  # as the user's other layers
        else:
            self._viewer.layers.remove(slot.labels)
        slot.is_own = own is not None
        slot.labels = own
        if own is None:
            slot.labels = self._new_labels(picture)
            place = self._viewer.layers.index(slot.image) + 1
            self._viewer.layers.insert(place, slot.labels)

    def _free_names(self, slot: Slot) -> None:
        """Take the names from the layers of a cell: napari numbers a name that another one has."""
        name = f"(free cell {slot.number})"
        slot.image.name = name
        if not slot.is_own:
            slot.labels.name = f"{name} · mask"

    def _set_aside(self, slot: Slot) -> None:
        """Hide the layers of a cell, which is faster than to remove and add them."""
        if slot.is_own:
            self._exchange(slot, None, self.pictures[0])
        self._free_names(slot)
        slot.cells = ()
        slot.image.colorbar.visible = False
        slot.image.visible = slot.labels.visible = False
        self._spare.append(slot)

    def _drop(self, slot: Slot) -> None:
        was_changing, self._is_changing = self._is_changing, True
        slot.image.events.contrast_limits.disconnect(self._window_changed)
        for layer in (slot.image, *(() if slot.is_own else (slot.labels,))):
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._is_changing = was_changing

    def _mine(self) -> list[Any]:
        """Return the layers of the cells, from bottom to top."""
        from_below = (*self._spare, *reversed(self.slots))
        return [layer for slot in from_below for layer in (slot.image, slot.labels)]

    def _arrange(self) -> None:
        """Keep the cells at the top of the list, where the grid begins."""
        mine, layers = self._mine(), self._viewer.layers
        if list(layers[-len(mine) :]) == mine:
            return
        self._is_arranging = True
        try:
            for layer in mine:
                layers.move(layers.index(layer), len(layers))
        finally:
            self._is_arranging = False

    def _inserted(self, event: Any) -> None:
        if not self._is_changing and not self._is_arranging and self.slots:
            self._turn.start(0)  # a new layer of the user goes below the cells

    def _removed(self, event: Any) -> None:
        if not self._is_changing and not self._is_arranging and event.value in self._mine():
            self._turn.start(0)  # not now: napari may be removing more

    def _close_broken(self) -> bool:
        """Close the cells of which the user removed a layer; return whether there are any."""
        layers = self._viewer.layers
        broken = [s for s in self.slots if s.image not in layers or s.labels not in layers]
        spare = [s for s in self._spare if s.image not in layers or s.labels not in layers]
        self.slots = [slot for slot in self.slots if slot not in broken]
        self._spare = [slot for slot in self._spare if slot not in spare]
        for slot in (*broken, *spare):
            self._drop(slot)
        for name in {name for slot in broken for name in slot.cells}:
            self.closed.emit(name)
        return bool(broken)

    def _window_changed(self, event: Any) -> None:
        if self._is_changing:
            return
        for slot, picture in zip(self.slots, self.pictures, strict=False):
            if slot.image is event.source:
                low, high = slot.image.contrast_limits
                self.windowed.emit(picture, (float(low), float(high)))
