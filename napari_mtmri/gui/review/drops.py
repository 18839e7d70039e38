# SPDX-License-Identifier: BSD-3-Clause
"""Folders dropped on the window open as a review, while its panel is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_mtmri.files import RUN_RECORD


class FolderDrops(QObject):
    """Takes folders of cases that are dropped; napari gets all other drops.

    Signals
    -------
    dropped : Path
    """

    dropped = Signal(object)

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        panel.setAcceptDrops(True)
        panel.installEventFilter(self)

    def watch(self, window: QMainWindow) -> None:
        """Also take what is dropped on the canvas of a window."""
        middle = window.centralWidget()
        for widget in () if middle is None else middle.findChildren(QWidget):
            if widget.acceptDrops():
                widget.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Take a folder of cases."""
        if event.type() not in (QEvent.Type.DragEnter, QEvent.Type.Drop):
            return False
        folder = _folder(event.mimeData())
        if folder is None:
            return False
        event.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            self.dropped.emit(folder)
        return True


def _folder(mime: Any) -> Path | None:
    """Return the one dropped folder, unless it is a result folder, which napari opens."""
    urls = mime.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.is_dir() and not (path / RUN_RECORD).exists() else None
