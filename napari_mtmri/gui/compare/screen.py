# SPDX-License-Identifier: BSD-3-Clause
"""The cells on the canvas: drawn again as they change, with blinking, windows and the cursor."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.compare import Comparison
from napari_mtmri.compare.comparison import PAIR_MODES
from napari_mtmri.gui.compare.cursor import Cursor
from napari_mtmri.gui.compare.pictures import Picture, Request, pictures
from napari_mtmri.gui.compare.places import Places
from napari_mtmri.gui.compare.slice_arrays import Mix
from napari_mtmri.gui.compare.stage import OwnLayer, Stage
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.jobs import Latest, halt
from napari_mtmri.gui.viewer import orientation

BLINK_MS = 400  # 2.5 pictures a second: never faster than 3, for flicker can cause seizures
MIXED = ("edge", "tile", "shows_second")  # drawn again without other arrays


class Screen(QObject):
    """Shows a comparison in the viewer, as `Looking` says, while it is visible.

    Signals
    -------
    settled : all cells are shown
    closed : name of a cell whose layer the user removed
    pointed : world coordinates under the cursor
    failed : exception
    """

    settled = Signal()
    closed = Signal(str)
    pointed = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        viewer: Viewer,
        looking: Looking,
        places: Places,
        own_layer: OwnLayer,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._looking, self._places = viewer, looking, places
        self.comparison: Comparison | None = None
        self.is_visible = True
        self.mix, self.stage = Mix(), Stage(viewer, self, own_layer)
        self.cursor, self.drawing = Cursor(viewer, self), Latest(self)
        self.blinking = QTimer(self)
        self.blinking.setInterval(BLINK_MS)
        self.blinking.timeout.connect(self._blink)
        self.drawing.done.connect(self._show)
        self.drawing.failed.connect(self.failed)
        self.stage.settled.connect(self._settled)
        self.stage.windowed.connect(self._windowed)
        self.stage.closed.connect(self.closed)
        self.cursor.moved.connect(self.pointed)
        self.cursor.dragged.connect(self._drag_edge)
        viewer.dims.events.order.connect(self._plane_changed)

    @property
    def is_settled(self) -> bool:
        """Whether nothing remains to be shown."""
        return self.stage.is_settled and not self.drawing.is_busy

    def show(self, comparison: Comparison | None) -> None:
        """Show the cells of a comparison; None puts the viewer back as it was."""
        self.comparison = comparison
        if comparison is None:
            self.take_down()
        else:
            self.draw()

    def look(self, name: str) -> None:
        """Show a setting of `Looking` that changed."""
        if name not in MIXED or self._looking.mode not in PAIR_MODES:
            self.draw()
            return
        self._update_mix()
        self.stage.redraw()
        if name == "shows_second":
            self._retitle()

    def draw(self) -> None:
        """Show the cells as they are looked at now."""
        placement = self._places.placement
        if self.comparison is None or placement is None or not self.is_visible:
            return
        self._update_mix()
        request = Request(self.comparison, self._looking.frozen(), placement, self.mix)
        self.drawing.ask(partial(_pictures, request))

    def set_visible(self, is_visible: bool) -> None:
        """Show the cells, or put the viewer back as it was until they are shown again."""
        self.is_visible = is_visible
        if is_visible:
            self.draw()
        else:
            self.take_down()

    def take_down(self) -> None:
        """Put the viewer back as it was."""
        self.drawing.drop()
        halt(self.blinking)
        self.cursor.stop()
        self.stage.take_down()

    def let_go(self) -> None:
        """Put the viewer back and disconnect from it."""
        self.take_down()
        self._viewer.dims.events.order.disconnect(self._plane_changed)

    def _show(self, found: tuple[Request, list[Picture]]) -> None:
        request, shown = found
        if request.comparison is self.comparison and self.is_visible:
            self.stage.show(shown, request.placement)

    def _settled(self) -> None:
        if self._looking.content == "k-space":
            self.cursor.stop()  # a place in k-space is none in the image
        else:
            self.cursor.start()
        self._retitle()
        wanted = self._looking.mode == "blink" and self._looking.blinks
        if wanted and not self.blinking.isActive():
            self.blinking.start()
        elif not wanted:
            self.blinking.stop()
        self.settled.emit()

    def _blink(self) -> None:
        self._looking.shows_second = not self._looking.shows_second

    def _retitle(self) -> None:
        pair = None if self.comparison is None else self._looking.pair(self.comparison)
        if self._looking.mode == "blink" and pair is not None and self.comparison is not None:
            shown = pair[self._looking.shows_second]
            self.stage.retitle(self.comparison.named(shown))

    def _update_mix(self) -> None:
        looking, mix = self._looking, self.mix
        mix.mode, mix.tile = looking.mode, looking.tile
        mix.edge, mix.shows_second = looking.edge / 100, looking.shows_second
        if self._places.placement is not None:
            mix.is_mirrored = orientation.mirrored(self._viewer, self._places.placement)

    def _plane_changed(self, event: Any = None) -> None:
        if self.stage.is_up:
            self._update_mix()
            self.stage.show_plane()

    def _drag_edge(self, point: Any) -> None:
        placement = self._places.placement
        if self._looking.mode == "swipe" and placement is not None and self.stage.slots:
            layer = self.stage.slots[0].image
            self._looking.edge = orientation.percent_from_left(
                self._viewer, placement, layer, point
            )

    def _windowed(self, picture: Picture, window: tuple[float, float]) -> None:
        """Give all cells the window that the user gave one, unless that has its own."""
        looking, name = self._looking, picture.cells[0]
        if looking.content != "image" or looking.mode == "difference":
            return
        if len(picture.cells) == 1 and name in looking.own_windows:
            looking.own_windows = {**looking.own_windows, name: window}
        else:
            looking.window = window


def _pictures(request: Request) -> tuple[Request, list[Picture]]:
    return request, pictures(request)
