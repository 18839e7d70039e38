# SPDX-License-Identifier: BSD-3-Clause
"""Axial, coronal and sagittal plane of the open case at once, linked by one cross.

The canvas stays as it is and shows one of the three; the cross is napari's own position in the
volume (``viewer.dims.point``), so that moving it by any means moves all planes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_mtmri.gui.app.closing import window_of
from napari_mtmri.gui.review.case_layers import CaseLayers
from napari_mtmri.gui.review.plane_drawings import Plane, Point, drawings, head_area
from napari_mtmri.gui.review.plane_views import PlaneViews
from napari_mtmri.gui.viewer.shim import remove_cross, show_cross

DELAY_MS = 40  # many events of a change are one drawing
TITLE = "Planes"
UNKNOWN = ", voxel size unknown: not to scale"
LEFT = 1
# The dock takes height from the canvas, not from the docks at its sides.
CORNERS = {
    Qt.Corner.BottomLeftCorner: Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.Corner.BottomRightCorner: Qt.DockWidgetArea.RightDockWidgetArea,
}


class Planes(QObject):
    """Shows and hides the other two planes in a dock below the canvas.

    Parameters
    ----------
    viewer : Viewer
    layers : CaseLayers
    is_drawing : callable
        Whether a stroke is being drawn; it is not slowed down.
    panel : QWidget

    Signals
    -------
    changed : whether the planes are shown
    """

    changed = Signal(bool)

    def __init__(
        self, viewer: Viewer, layers: CaseLayers, is_drawing: Callable[[], bool], panel: QWidget
    ) -> None:
        super().__init__(panel)
        self._panel = panel
        self._viewer, self._layers, self._is_drawing = viewer, layers, is_drawing
        self.views: PlaneViews | None = None
        self._followed: list[Any] = []
        self._window: QMainWindow | None = None
        self._corners: dict[Any, Any] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._draw)

    @property
    def is_shown(self) -> bool:
        """Whether the planes are on screen."""
        return self.views is not None

    def show(self, wanted: bool) -> None:
        """Show or hide the planes."""
        if wanted and not self.is_shown:
            self._open()
        elif not wanted:
            self.hide()

    def _open(self) -> None:
        viewer = self._viewer
        views = self.views = PlaneViews()
        for view in views.views:
            view.pointed.connect(self._layers.go_to_point)
            view.stepped.connect(self._step)
        viewer.window.add_dock_widget(views, name=TITLE, area="bottom", add_vertical_stretch=False)
        window = self._window = window_of(views)
        if window is not None:
            self._corners = {corner: window.corner(corner) for corner in CORNERS}
            for corner, area in CORNERS.items():
                window.setCorner(corner, area)
        # Later: napari may be about to remove the dock itself.
        views.closed.connect(self.hide, Qt.ConnectionType.QueuedConnection)
        viewer.mouse_drag_callbacks.append(self._clicked)
        for event in self._events():
            event.connect(self.ask)
        self._follow()
        self._draw()
        self.changed.emit(True)

    def hide(self) -> None:
        """Remove the planes and the cross."""
        views, self.views = self.views, None
        if views is None:
            return
        viewer = self._viewer
        self._timer.stop()
        viewer.mouse_drag_callbacks.remove(self._clicked)
        for event in self._events():
            event.disconnect(self.ask)
        self._follow()
        remove_cross(viewer)
        views.closed.disconnect(self.hide)
        with contextlib.suppress(LookupError):  # napari's window has closed the dock
            viewer.window.remove_dock_widget(views)
        window, self._window = self._window, None
        if window is not None:
            for corner, area in self._corners.items():
                window.setCorner(corner, area)
        views.setParent(self._panel)  # so that it does not outlive the panel
        views.deleteLater()
        self.changed.emit(False)

    def _events(self) -> tuple[Any, ...]:
        viewer = self._viewer
        layers = viewer.layers.events
        return (
            viewer.dims.events.point, viewer.dims.events.order, viewer.dims.events.ndisplay, layers.inserted, layers.removed,
            viewer.scene.camera.events.orientation,
        )  # fmt: skip

    def _follow(self) -> None:
        """Listen to the layers on screen, and to no others."""
        wanted = list(self._layers.visible) if self.is_shown else []
        for layer in self._followed:
            if layer not in wanted:
                layer.events.disconnect(self.ask)
        for layer in wanted:
            if layer not in self._followed:
                layer.events.connect(self.ask)
        self._followed = wanted

    def ask(self, event: Any = None) -> None:
        """Draw soon; several changes are drawn once."""
        if self.is_shown and not self._timer.isActive():
            self._timer.start()

    def _draw(self) -> None:
        if self.views is None:
            return
        if self._is_drawing():
            self._timer.start()
            return
        self._follow()
        viewer, point = self._viewer, self._layers.point
        if point is None:
            for view in self.views.views:
                view.show_nothing()
            remove_cross(viewer)
            return
        vertical, horizontal = (way.value for way in viewer.scene.camera.orientation2d)
        ways = (1 if vertical == "down" else -1, 1 if horizontal == "right" else -1)
        others = [axis for axis in range(3) if axis != viewer.dims.order[0]]
        for axis, view in zip(others, self.views.views, strict=True):
            plane = Plane(axis, ways)
            drawn = drawings(self._followed, plane, point)
            note = "" if self._layers.spacing_known else UNKNOWN
            view.show_plane(plane, point, drawn, head_area(self._layers.image, plane), note)
        row, column = viewer.dims.order[1:]
        if viewer.dims.ndisplay == 2:
            show_cross(viewer, (point[row], point[column]))
        else:
            remove_cross(viewer)  # it lies in a plane of the screen

    def _step(self, axis: int, by: int) -> None:
        dims = self._viewer.dims
        dims.set_current_step(axis, dims.current_step[axis] + by)

    def _clicked(self, viewer: Any, event: Any) -> Iterator[None]:
        """Move the cross to a click, or to where a stroke ends; not when the image is moved."""
        if event.button != LEFT or event.modifiers or viewer.dims.ndisplay != 2:
            return
        has_moved = False
        yield
        while event.type == "mouse_move":
            has_moved = True
            yield
        active = viewer.layers.selection.active
        if not has_moved or (isinstance(active, Labels) and active.mode != "pan_zoom"):
            point: Point = tuple(viewer.cursor.position)
            self._layers.go_to_point(point)
