# SPDX-License-Identifier: BSD-3-Clause
"""Which panel is open in which viewer, and what is stopped when it goes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from napari.viewer import Viewer
from qtpy.QtWidgets import QApplication, QWidget

_OPEN: dict[int, weakref.ref[Any]] = {}


def remember(panel: QWidget, stop: Callable[..., None], unbind: Callable[[], None]) -> None:
    """Keep a panel findable; ``stop`` is called when it, or the program, goes.

    Parameters
    ----------
    panel : QWidget
        With ``viewer`` and ``close_down``.
    stop : callable
        Stops its work; must hold no widget.
    unbind : callable
        Lets go of its keys; must hold no widget.
    """
    key = id(panel)
    _OPEN[key] = weakref.ref(panel)
    panel.destroyed.connect(_goer(key, stop, unbind))
    QApplication.instance().aboutToQuit.connect(stop)


def _goer(key: int, stop: Callable[..., None], unbind: Callable[[], None]) -> Callable[..., None]:
    """What is done when the panel is gone; holds no panel."""

    def gone(*_: object) -> None:
        stop()
        unbind()
        known = _OPEN.pop(key, None)
        panel = None if known is None else known()
        if panel is not None:
            panel.let_go()

    return gone


def panel_of(viewer: Viewer, kind: type) -> Any:
    """Return the panel of this kind that is open in a viewer, or None."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    for known in list(_OPEN.values()):
        panel = known()
        if isinstance(panel, kind) and panel.viewer is viewer:  # type: ignore[attr-defined]
            return panel
    return None
