# SPDX-License-Identifier: BSD-3-Clause
"""Radiological and neurological view, and the letters at the sides of the canvas; no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from napari.viewer import Viewer

View = Literal["radiological", "neurological"]
CAMERA = {"radiological": ("up", "left"), "neurological": ("up", "right")}
NAMES = (("I", "S"), ("P", "A"), ("L", "R"))
PLACES = {"l": "middle_left", "r": "middle_right", "t": "top_center", "b": "bottom_center"}


def edge_letters(viewer: Viewer) -> tuple[str, str, str, str]:
    """Return the letters at the left, right, top and bottom of the canvas."""
    row, column = viewer.dims.displayed[-2:]
    vertical, horizontal = (way.value for way in viewer.scene.camera.orientation2d)
    left, right = NAMES[column] if horizontal == "right" else NAMES[column][::-1]
    top, bottom = NAMES[row] if vertical == "down" else NAMES[row][::-1]
    return left, right, top, bottom


def set_view(viewer: Viewer, view: View) -> None:
    """Turn the camera, not the data: the patient's right is on the left, or on the right."""
    viewer.scene.camera.orientation2d = CAMERA[view]
    letters = viewer_letters(viewer)
    letters.refresh()


def current_view(viewer: Viewer) -> View:
    """Return which of the two views the camera has."""
    way = viewer.scene.camera.orientation2d[1].value
    return "radiological" if way == "left" else "neurological"


def toggle_view(viewer: Viewer) -> None:
    """Change between the radiological and the neurological view."""
    set_view(viewer, "neurological" if current_view(viewer) == "radiological" else "radiological")


class Letters:
    """Keeps the letters of a viewer right."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        viewer.dims.events.order.connect(self.refresh)
        viewer.dims.events.ndisplay.connect(self.refresh)
        viewer.scene.camera.events.orientation.connect(self.refresh)

    def refresh(self, event: Any = None) -> None:
        """Write the letters anew; none in 3-D or where the axes are not ours."""
        from napari.components.overlays import TextOverlay

        flat = self.viewer.dims.ndisplay == 2 and self.viewer.dims.ndim == 3
        letters = edge_letters(self.viewer) if flat else ("", "", "", "")
        overlays = self.viewer.canvas.overlays
        for (key, place), text in zip(PLACES.items(), letters, strict=True):
            name = f"mtmri_{key}"
            if name in overlays:
                overlays[name].text = text
            else:
                overlays[name] = TextOverlay(
                    text=text, position=place, visible=True, gridded=True, box=False
                )


_LETTERS: dict[int, Letters] = {}


def viewer_letters(viewer: Viewer) -> Letters:
    """Return the letters of a viewer, made when first asked for."""
    if id(viewer) not in _LETTERS or _LETTERS[id(viewer)].viewer is not viewer:
        _LETTERS[id(viewer)] = Letters(viewer)
    return _LETTERS[id(viewer)]


def forget(viewer: Viewer) -> None:
    """Let go of a viewer that is closing."""
    _LETTERS.pop(id(viewer), None)
