# SPDX-License-Identifier: BSD-3-Clause
"""Folders of cases dropped on napari's window open in the Review panel.

Without this, napari asks which of its readers may open a folder. It is there once any panel of this
plugin was opened in the window: napari loads no code of a plugin before.
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_mtmri.files import RUN_RECORD
from napari_mtmri.gui.app.closing import window_of
from napari_mtmri.gui.app.folders import take_folder


class FolderDrops(QObject):
    """Takes folders of cases that are dropped; napari gets all other drops.

    Parameters
    ----------
    window : QMainWindow
    viewer : Viewer
    """

    def __init__(self, window: QMainWindow, viewer: Viewer) -> None:
        super().__init__(window)
        self._viewer = weakref.ref(viewer)
        middle = window.centralWidget()
        for widget in () if middle is None else middle.findChildren(QWidget):
            if widget.acceptDrops():
                widget.installEventFilter(self)

    def watch(self, panel: QWidget) -> None:
        """Also take what is dropped on a panel."""
        panel.setAcceptDrops(True)
        panel.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Take a folder of cases."""
        if event.type() not in (QEvent.Type.DragEnter, QEvent.Type.Drop):
            return False
        folder, viewer = _folder(event.mimeData()), self._viewer()
        if folder is None or viewer is None:
            return False
        if event.type() == QEvent.Type.Drop and not take_folder(viewer, folder):
            return False
        event.acceptProposedAction()
        return True


class DropsWhenShown(QObject):
    """Lets folders be dropped on the window of a panel once the panel is in one.

    Parameters
    ----------
    panel : QWidget
        With ``viewer``.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        panel.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Watch the window when the panel is shown."""
        if event.type() == QEvent.Type.Show and (window := window_of(watched)) is not None:
            watched.removeEventFilter(self)
            direct = Qt.FindChildOption.FindDirectChildrenOnly
            known = window.findChild(FolderDrops, options=direct)
            (known or FolderDrops(window, watched.viewer)).watch(watched)
        return False


def _folder(mime: Any) -> Path | None:
    """Return the one dropped folder, unless it is a result folder, which napari opens."""
    urls = mime.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.is_dir() and not (path / RUN_RECORD).exists() else None
