# SPDX-License-Identifier: BSD-3-Clause
"""Calls to napari's private interface, guarded so that the plugin works if they fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

READER = "napari-mtmri.get_reader"
CROSS, CROSS_GAP, CROSS_REACH = "mtmri_cross", 4.0, 1e4


def forget_strokes(labels: Any) -> None:
    """Empty the undo history of a labels layer whose array was replaced.

    Otherwise undo would write old strokes into the new array.
    """
    reset = getattr(labels, "_reset_history", None)
    if reset is not None:
        reset()


def painted_box(changes: Any) -> tuple[slice, ...] | None:
    """Return the box that contains all changes of a stroke, fill or polygon.

    Parameters
    ----------
    changes : value of napari's ``paint`` event

    Returns
    -------
    tuple of slices along the layer's axes, or None if napari reports changes in another form
    """
    try:
        boxes = [_box(change) for change in changes or [None]]
        return tuple(
            slice(min(int(one.start) for one in side), max(int(one.stop) for one in side))
            for side in zip(*boxes, strict=True)
        )
    except (AttributeError, TypeError, ValueError, IndexError):
        return None


def _box(change: Any) -> tuple[slice, ...]:
    """Return the box of one change: a mask in a box, or indices with their labels."""
    box = getattr(change, "slice_key", None)
    if box is None:
        box = tuple(slice(one.min(), one.max() + 1) for one in change[0])
    return tuple(box)


def claim_files(patterns: Sequence[str]) -> None:
    """Register further file patterns for the plugin's reader, for this napari session."""
    from npe2 import PluginManager

    manager = PluginManager.instance()
    if "napari-mtmri" not in manager:
        return
    reindex = getattr(getattr(manager, "_contrib", None), "reindex", None)
    manifest = manager.get_manifest("napari-mtmri")
    for reader in manifest.contributions.readers or ():
        if reader.command != READER:
            continue
        missing = [one for one in patterns if one not in reader.filename_patterns]
        if missing and reindex is not None:
            reader.filename_patterns = [*reader.filename_patterns, *missing]
            reindex(manifest)


def keep_beginnings(viewer: Any, wanted: Callable[[Any], bool]) -> None:
    """Let the layer list cut the names of some layers at their end instead of in their middle."""
    made = _delegate_class()
    view = getattr(getattr(viewer.window, "_qt_viewer", None), "layers", None)
    if made is None or view is None or isinstance(view.itemDelegate(), made):
        return
    delegate = made(view)
    delegate.wanted = wanted
    delegate.loading_frame_changed.connect(view.viewport().update)
    view.setItemDelegate(delegate)


@cache
def _delegate_class() -> Any:
    """Return the class that draws a row of the layer list, or None if napari has no such."""
    try:
        from napari._qt.containers._base_item_model import ItemRole
        from napari._qt.containers._layer_delegate import LayerDelegate
        from qtpy.QtCore import Qt
    except ImportError:
        return None

    class Delegate(LayerDelegate):
        wanted: Callable[[Any], bool]

        def initStyleOption(self, option: Any, index: Any) -> None:
            super().initStyleOption(option, index)
            layer = index.data(ItemRole)
            if layer is not None and self.wanted(layer):
                option.textElideMode = Qt.TextElideMode.ElideRight

    return Delegate


@cache
def _cross_class() -> Any:
    """Return the class of the cross overlay, or None if napari has no such interface."""
    try:
        from napari._vispy.overlays.base import ViewerOverlayMixin, VispySceneOverlay
        from napari._vispy.utils.visual import overlay_to_visual
        from napari.components.overlays import SceneOverlay
        from vispy.scene.visuals import Line
    except ImportError:
        return None

    class CrossOverlay(SceneOverlay):
        """A cross in every cell; ``point`` is row and column in mm."""

        point: tuple[float, float] = (0.0, 0.0)

    class VispyCross(ViewerOverlayMixin, VispySceneOverlay):
        def __init__(self, **more: Any) -> None:
            node = Line(connect="segments", color="cyan", width=1)
            super().__init__(node=node, **more)
            self.overlay.events.point.connect(self._move)
            self.reset()
            self._move()

        def _move(self, event: Any = None) -> None:
            y, x = self.overlay.point
            far, gap = CROSS_REACH, CROSS_GAP
            ends = [(x - far, y), (x - gap, y), (x + gap, y), (x + far, y)]
            ends += [(x, y - far), (x, y - gap), (x, y + gap), (x, y + far)]
            self.node.set_data(pos=np.array([(*end, 0) for end in ends], np.float32))

    overlay_to_visual[CrossOverlay] = VispyCross
    return CrossOverlay


def show_cross(viewer: Any, point: tuple[float, float]) -> None:
    """Show a cross in every cell at a row and column in mm, if napari allows it."""
    made = _cross_class()
    if made is None:
        return
    known = viewer.scene.overlays.get(CROSS)
    if known is None:
        viewer.scene.overlays[CROSS] = made(visible=True, point=point)
    else:
        known.point = point


def remove_cross(viewer: Any) -> None:
    """Remove the cross, if there is one."""
    if CROSS in viewer.scene.overlays:
        del viewer.scene.overlays[CROSS]
