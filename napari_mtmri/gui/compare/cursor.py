# SPDX-License-Identifier: BSD-3-Clause
"""The mouse over the cells: a cross in every cell, and the edge of Swipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.viewer import Viewer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.gui.jobs import halt
from napari_mtmri.gui.viewer.shim import remove_cross, show_cross

EVERY_MS = 50  # a cross in seven cells takes up to 50 ms to draw without a graphics card


class Cursor(QObject):
    """Follows the mouse over the canvas while the cells are shown.

    Signals
    -------
    moved : world coordinates (S, A, R) in mm
    dragged : world coordinates, while Alt and the left button are held
    """

    moved = Signal(object)
    dragged = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._point: tuple[float, ...] | None = None
        self.is_on = False
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(EVERY_MS)
        self._turn.timeout.connect(self._show)

    def start(self) -> None:
        """Follow the mouse."""
        if not self.is_on:
            self.is_on = True
            self._viewer.mouse_move_callbacks.append(self._mouse_moved)
            self._viewer.mouse_drag_callbacks.append(self._mouse_dragged)
            self._viewer.dims.events.point.connect(self._slice_changed)
            self._viewer.dims.events.order.connect(self._slice_changed)

    def stop(self) -> None:
        """Do not follow the mouse any more, and remove the cross."""
        if self.is_on:
            self.is_on = False
            halt(self._turn)
            self._viewer.mouse_move_callbacks.remove(self._mouse_moved)
            self._viewer.mouse_drag_callbacks.remove(self._mouse_dragged)
            self._viewer.dims.events.point.disconnect(self._slice_changed)
            self._viewer.dims.events.order.disconnect(self._slice_changed)
            remove_cross(self._viewer)

    def go(self, point: tuple[float, ...]) -> None:
        """Show the cross at a position."""
        self._point = tuple(point)
        self._show()

    def _mouse_moved(self, viewer: Any, event: Any) -> None:
        self._point = tuple(event.position)
        if not self._turn.isActive():
            self._turn.start()

    def _slice_changed(self, event: Any = None) -> None:
        """Move to the slice on screen, so that the values are those that are seen."""
        if self._point is not None and len(self._point) == self._viewer.dims.ndim:
            point = list(self._point)
            along = self._viewer.dims.order[0]
            point[along] = self._viewer.dims.point[along]
            self._point = tuple(point)
            if not self._turn.isActive():
                self._turn.start()

    def _mouse_dragged(self, viewer: Any, event: Any) -> Iterator[None]:
        if "Alt" not in event.modifiers:
            return
        yield
        while event.type == "mouse_move":
            self.dragged.emit(tuple(event.position))
            event.handled = True
            yield

    def _show(self) -> None:
        point, dims = self._point, self._viewer.dims
        if point is None or not self.is_on or len(point) < 3 or dims.ndisplay != 2:
            return
        row, column = (float(np.asarray(point)[-3:][axis]) for axis in dims.displayed[-2:])
        show_cross(self._viewer, (row, column))
        self.moved.emit(point)
