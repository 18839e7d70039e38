# SPDX-License-Identifier: BSD-3-Clause
"""The open panels: how one is opened and found, its keys, and what is stopped when it closes."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from napari.viewer import Viewer
from qtpy.QtWidgets import QApplication, QWidget

PLUGIN = "napari-mtmri"
# Keys use Alt and a letter that opens no menu of napari's bar (F, V, L, P, W, H).
Keys = Mapping[str, Callable[[Viewer], Any]]
_OPEN: dict[int, weakref.ref[Any]] = {}


def open_panel(viewer: Viewer, name: str) -> Any:
    """Return a panel, shown, and opened if it is not.

    There is one panel of a kind in a viewer, no matter which menu it was opened from: two
    would contradict each other.

    Parameters
    ----------
    viewer : Viewer
    name : str
        Name of the widget in ``napari.yaml``, which is that of its class.
    """
    panel = panel_of(viewer, name)
    if panel is None:
        _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, name, tabify=True)
    dock = panel.parentWidget()
    while dock is not None and not dock.inherits("QDockWidget"):
        dock = dock.parentWidget()
    if dock is not None:
        dock.show()
        dock.raise_()
    return panel


def panel_of(viewer: Viewer, name: str) -> Any:
    """Return the panel of this name that is open in a viewer, or None."""
    viewer = unwrapped(viewer)
    for known in list(_OPEN.values()):
        panel = known()
        if panel is not None and type(panel).__name__ == name and panel.viewer is viewer:
            return panel
    return None


def unwrapped(viewer: Viewer) -> Viewer:
    """Return the viewer itself.

    napari hands a docked widget a wrapped one, and layers fetched from a wrapped viewer are
    not the layers themselves.
    """
    return getattr(viewer, "__wrapped__", viewer)


def register_panel(panel: QWidget, stop: Callable[..., None], keys: Keys) -> None:
    """Make a panel findable and bind its keys; release both when it closes.

    Parameters
    ----------
    panel : QWidget
        With ``viewer`` and ``let_go``.
    stop : callable
        Stops its work when it, or the program, closes; must hold no widget.
    keys : mapping of str to callable
        Keys and the commands that they call with the viewer.
    """
    key, viewer = id(panel), weakref.ref(panel.viewer)
    for name, command in keys.items():
        panel.viewer.bind_key(name, command, overwrite=True)
    _OPEN[key] = weakref.ref(panel)

    def closed(*_: object) -> None:  # holds no panel
        stop()
        if (found := viewer()) is not None:
            unbind_keys(found, keys)
        known = _OPEN.pop(key, None)
        panel = None if known is None else known()
        if panel is not None:
            panel.let_go()

    panel.destroyed.connect(closed)
    QApplication.instance().aboutToQuit.connect(stop)


def unbind_keys(viewer: Viewer, keys: Keys) -> None:
    """Release the keys of a panel."""
    for name in keys:
        viewer.bind_key(name, None)
