# SPDX-License-Identifier: BSD-3-Clause
"""Mouse on the canvas: wheel through slices, window and level by dragging, reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from napari.layers import Image, Labels
from napari.viewer import Viewer

from napari_mtmri.gui.viewer.windows import PRESETS, Window, dragged_window

RIGHT = 2


class CanvasControls:
    """Adds the mouse functions of a reading room to a viewer, and takes them away again.

    Parameters
    ----------
    viewer : Viewer
    image : callable
        Returns the image layer on screen, or None.
    touched : callable
        Called at each act of the reader on the canvas.
    """

    def __init__(
        self, viewer: Viewer, image: Callable[[], Any], touched: Callable[[], None]
    ) -> None:
        self._viewer, self._image, self._touched = viewer, image, touched
        self._clicked: Callable[[], None] | None = None
        self._mode = ""
        self.is_pressed = False
        self._zoom: list[Any] = []
        self.preset = "standard"
        self.is_on = False

    def turn_on(self) -> None:
        """Add the functions; napari's zoom by double click is set aside."""
        if self.is_on:
            return
        self.is_on = True
        viewer = self._viewer
        self._zoom = list(viewer.mouse_double_click_callbacks)
        viewer.mouse_double_click_callbacks.clear()
        viewer.mouse_double_click_callbacks.append(self._reset)
        viewer.mouse_wheel_callbacks.append(self._wheel)
        viewer.mouse_drag_callbacks.append(self._press)
        viewer.mouse_drag_callbacks.append(self._drag)

    def turn_off(self) -> None:
        """Restore napari's own functions."""
        if not self.is_on:
            return
        self.is_on = False
        viewer = self._viewer
        viewer.mouse_double_click_callbacks.remove(self._reset)
        viewer.mouse_double_click_callbacks.extend(self._zoom)
        viewer.mouse_wheel_callbacks.remove(self._wheel)
        viewer.mouse_drag_callbacks.remove(self._press)
        viewer.mouse_drag_callbacks.remove(self._drag)
        self.is_pressed = False

    def show_preset(self, name: str) -> None:
        """Set the window of the image on screen to a preset."""
        self.preset = name
        image = self._image()
        if image is not None:
            show_window(image, PRESETS[name](image.data))

    def wait_for_click(self, clicked: Callable[[], None]) -> None:
        """Call a function at the next click in the image, which paints nothing."""
        active = self._viewer.layers.selection.active
        if isinstance(active, Labels) and not self._mode:
            self._mode, active.mode = str(active.mode), "pan_zoom"
        self._clicked = clicked

    def _take_click(self) -> None:
        clicked, self._clicked = self._clicked, None
        active = self._viewer.layers.selection.active
        if isinstance(active, Labels) and self._mode:
            active.mode = self._mode
        self._mode = ""
        if clicked is not None:
            clicked()

    def _wheel(self, viewer: Any, event: Any) -> None:
        """Step through the slices; with a modifier key the wheel does what napari does."""
        if event.modifiers or viewer.dims.ndisplay != 2 or viewer.dims.ndim < 3:
            return
        axis = viewer.dims.order[0]
        step = 1 if (event.delta[1] < 0) != event.native.inverted() else -1
        viewer.dims.set_current_step(axis, viewer.dims.current_step[axis] + step)
        event.handled = True

    def _press(self, viewer: Any, event: Any) -> Iterator[None]:
        """Know whether a button is held, as while a stroke is being drawn."""
        self._touched()
        self.is_pressed = True
        yield
        while event.type == "mouse_move":
            yield
        self.is_pressed = False

    def is_drawing(self) -> bool:
        """Return whether a button is held on the canvas."""
        return self.is_pressed

    def _drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """Change the window with the right button; the brush uses it to encircle."""
        if event.button != RIGHT and self._clicked is not None:
            event.handled = True
            yield
            while event.type == "mouse_move":
                yield
            self._take_click()
            return
        image, active = self._image(), viewer.layers.selection.active
        is_brush = isinstance(active, Labels) and active.mode == "paint"
        if event.button != RIGHT or image is None or viewer.dims.ndisplay != 2:
            return
        if is_brush and "Shift" not in event.modifiers:
            return
        start, origin = tuple(image.contrast_limits), tuple(event.pos)
        full = PRESETS["standard"](image.data)
        event.handled = True
        yield
        while event.type == "mouse_move":
            moved = (float(event.pos[0] - origin[0]), float(event.pos[1] - origin[1]))
            show_window(image, dragged_window(start, moved, full))
            event.handled = True
            yield
        event.handled = True

    def _reset(self, viewer: Any, event: Any) -> None:
        """Show the whole slice in the window of the preset."""
        active = viewer.layers.selection.active
        if event.button != RIGHT and active is not None and active.mode != "pan_zoom":
            return  # a double click that paints
        self.show_preset(self.preset)
        viewer.reset_view()
        event.handled = True


def show_window(image: Image, window: Window) -> None:
    """Set the window of an image, and the range of napari's slider if it is too small for it."""
    low, high = image.contrast_limits_range
    image.contrast_limits_range = (min(low, window[0]), max(high, window[1]))
    image.contrast_limits = window
