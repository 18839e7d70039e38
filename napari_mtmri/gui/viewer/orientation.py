# SPDX-License-Identifier: BSD-3-Clause
"""Radiological and neurological view, and orientation letters on the canvas, without Qt.

The camera is turned, never the data, while the viewer has layers of this plugin, whose
world axes are (S, A, R). When the last of them is removed, the camera is restored.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Literal

from napari_mtmri.gui.viewer.layers import (
    Placement,
    is_ours,
    known_volume,
    knows_directions,
    placement_of_layer,
)
from napari_mtmri.gui.viewer.slider import WholeSlider

if TYPE_CHECKING:
    from napari.viewer import Viewer

View = Literal["radiological", "neurological"]
CAMERA = {"radiological": ("up", "left"), "neurological": ("up", "right")}
NAMES = (("I", "S"), ("P", "A"), ("L", "R"))
PLACES = {"l": "middle_left", "r": "middle_right", "t": "top_center", "b": "bottom_center"}


def edge_letters(viewer: Viewer) -> tuple[str, str, str, str]:
    """Return the letters at the left, right, top and bottom of the canvas."""
    vertical, horizontal = (way.value for way in viewer.scene.camera.orientation2d)
    row, column = viewer.dims.displayed[-2:]
    return letters_of(row, column, is_down=vertical == "down", is_right=horizontal == "right")


def letters_of(
    row: int, column: int, *, is_down: bool, is_right: bool
) -> tuple[str, str, str, str]:
    """Return the letters at the left, right, top and bottom of a plane.

    Parameters
    ----------
    row, column : int
        World axes (S, A, R) of its rows and columns.
    is_down, is_right : bool
        Whether they increase downwards and to the right.
    """
    left, right = NAMES[column] if is_right else NAMES[column][::-1]
    top, bottom = NAMES[row] if is_down else NAMES[row][::-1]
    return left, right, top, bottom


def show_letters(viewer: Viewer, *, at_sides: bool = True, at_top: bool = True) -> None:
    """Show or hide the letters that there are in this view: at left, right and bottom; at the top."""
    for key in PLACES:
        overlay = viewer.canvas.overlays.get(f"mtmri_{key}")
        if overlay is not None:
            overlay.visible = (at_top if key == "t" else at_sides) and bool(overlay.text)


def mirrored(viewer: Viewer, placement: Placement) -> tuple[bool, bool, bool]:
    """Return for each axis of a layer whether its index increases to the left of the screen."""
    _, horizontal = (way.value for way in viewer.scene.camera.orientation2d)
    s, a, r = ((placement.affine[axis, axis] > 0) == (horizontal == "left") for axis in range(3))
    return bool(s), bool(a), bool(r)


def percent_from_left(viewer: Viewer, placement: Placement, layer: Any, point: Any) -> int:
    """Return how far a position is from the left edge of a layer's slice, in percent."""
    column = viewer.dims.displayed[-1]
    size = layer.data.shape[column]
    share = (layer.world_to_data(point)[column] + 0.5) / size
    from_left = 1 - share if mirrored(viewer, placement)[column] else share
    return round(100 * min(max(from_left, 0.0), 1.0))


class Orientation:
    """Keeps a viewer upright, with orientation letters, while it has layers of this plugin."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = weakref.ref(viewer)
        self.view: View = "radiological"
        self.is_on = False
        self._before: Any = None
        self._slider = WholeSlider(viewer)
        viewer.layers.events.inserted.connect(self._layers_changed)
        viewer.layers.events.removed.connect(self._layers_changed)
        viewer.dims.events.order.connect(self.refresh)
        viewer.dims.events.ndisplay.connect(self.refresh)
        viewer.scene.camera.events.orientation.connect(self.refresh)
        self._layers_changed()

    def set_view(self, view: View) -> None:
        """Turn the camera to the radiological or neurological view."""
        self.view = view
        viewer = self._viewer()
        if viewer is not None and self.is_on:
            viewer.scene.camera.orientation2d = CAMERA[view]
            self.refresh()

    def toggle(self) -> None:
        """Switch between the two views."""
        self.set_view("neurological" if self.view == "radiological" else "radiological")

    def refresh(self, event: Any = None) -> None:
        """Update the letters; hidden in 3-D and over an image whose directions are unknown."""
        from napari.components.overlays import TextOverlay

        viewer = self._viewer()
        if viewer is None:
            return
        flat = self.is_on and viewer.dims.ndisplay == 2 and viewer.dims.ndim == 3
        flat = flat and _directions_known(viewer)
        letters = edge_letters(viewer) if flat else ("", "", "", "")
        overlays = viewer.canvas.overlays
        for (key, place), text in zip(PLACES.items(), letters, strict=True):
            name = f"mtmri_{key}"
            if name in overlays:
                overlays[name].text = text
                overlays[name].visible = bool(text)
            elif text:
                # The box keeps a dark letter of the light theme legible on a dark image.
                overlays[name] = TextOverlay(
                    text=text, position=place, visible=True, gridded=True, box=True, font_size=14
                )

    def _layers_changed(self, event: Any = None) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        for layer in viewer.layers:  # a second connection of the same method is none
            layer.events.visible.connect(self.refresh)
        ours = [layer for layer in viewer.layers if is_ours(layer)]
        if ours and not self.is_on:
            self.is_on = True
            self._before = viewer.scene.camera.orientation2d
            show_acquired_plane(viewer, ours[0])
            self.set_view(self.view)
        elif self.is_on and not ours:
            self.is_on = False
            viewer.scene.camera.orientation2d = self._before
        self.refresh()


def _directions_known(viewer: Viewer) -> bool:
    """Return whether the directions of the patient are known for every visible image."""
    from napari.layers import Image

    images = [one for one in viewer.layers if isinstance(one, Image)]
    known = [knows_directions(one) for one in images if one.visible]
    return all(known) and any(knows_directions(one) for one in viewer.layers)


def show_acquired_plane(viewer: Viewer, layer: Any) -> None:
    """Set the slider to the slice axis, so that a sagittal scan opens in its acquired plane."""
    volume = known_volume(layer)
    if volume is None or viewer.dims.ndim != 3:
        return
    along = placement_of_layer(layer).order.index(volume.axes.slice)
    viewer.dims.order = (along, *(axis for axis in range(3) if axis != along))


_WATCHED: dict[int, Orientation] = {}


def watch(viewer: Viewer) -> Orientation:
    """Return the `Orientation` of a viewer, created on the first call."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    known = _WATCHED.get(id(viewer))
    if known is None or known._viewer() is not viewer:
        known = _WATCHED[id(viewer)] = Orientation(viewer)
        weakref.finalize(viewer, _WATCHED.pop, id(viewer), None)
    return known


def watch_current() -> None:
    """Watch the current viewer, if there is one."""
    import napari

    viewer = napari.current_viewer()
    if viewer is not None:
        watch(viewer)
