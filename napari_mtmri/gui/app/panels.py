# SPDX-License-Identifier: BSD-3-Clause
"""Open and find panels, bind their keys, and stop their work when they close."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication, QWidget

from napari_mtmri.gui.app.drops import DropsWhenShown

PLUGIN = "napari-mtmri"
# Keys are Alt and a letter that opens no napari menu (F, V, L, P, W, H are taken).
Keys = Mapping[str, Callable[[Viewer], Any]]
_OPEN: dict[int, weakref.ref[Any]] = {}


def open_panel(viewer: Viewer, name: str) -> Any:
    """Show a panel, opening it if necessary, and return it.

    A viewer has at most one panel of each kind, whichever menu opens it: two would contradict
    each other.

    Parameters
    ----------
    viewer : Viewer
    name : str
        Name of the widget in ``napari.yaml`` and of its class.
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
    """Return the open panel with this name, or None."""
    viewer = unwrapped(viewer)
    for known in list(_OPEN.values()):
        panel = known()
        if panel is not None and type(panel).__name__ == name and panel.viewer is viewer:
            return panel
    return None


def unwrapped(viewer: Viewer) -> Viewer:
    """Return the viewer inside napari's proxy.

    napari passes a proxy to docked widgets, and layers of a proxy are proxies as well.
    """
    return getattr(viewer, "__wrapped__", viewer)


def register_panel(panel: QWidget, stop: Callable[..., None], keys: Keys) -> None:
    """Make a panel findable, bind its keys and take dropped folders; release it when it closes.

    Parameters
    ----------
    panel : QWidget
        Widget with ``viewer`` and ``let_go``.
    stop : callable
        Stops its work when the panel or the program closes; must not reference a widget.
    keys : mapping of str to callable
        Key bindings, and the commands to call with the viewer.
    """
    key, viewer = id(panel), weakref.ref(panel.viewer)
    for name, command in keys.items():
        panel.viewer.bind_key(name, command, overwrite=True)
    _OPEN[key] = weakref.ref(panel)
    DropsWhenShown(panel)
    DeletedWithDock(panel)

    def closed(*_: object) -> None:  # must not reference the panel
        stop()
        if (found := viewer()) is not None:
            unbind_keys(found, keys)
        known = _OPEN.pop(key, None)
        panel = None if known is None else known()
        if panel is not None:
            panel.let_go()

    panel.destroyed.connect(closed)
    QApplication.instance().aboutToQuit.connect(stop)


class DeletedWithDock(QObject):
    """Deletes a panel when it is taken out of its dock.

    The x of a dock deletes the dock alone. Python would delete the panel later, in any thread
    that happens to collect garbage; outside the window's thread, that ends the program.
    """

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        panel.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Delete the panel, in the window's thread, once it has no parent any more."""
        if event.type() == QEvent.Type.ParentChange and watched.parent() is None:
            watched.deleteLater()
        return False


def unbind_keys(viewer: Viewer, keys: Keys) -> None:
    """Release the keys of a panel."""
    for name in keys:
        viewer.bind_key(name, None)
