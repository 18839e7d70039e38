# SPDX-License-Identifier: BSD-3-Clause
"""Tell when the reference mask was changed, by strokes, undo or code."""

from __future__ import annotations

import weakref
import zlib
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.gui.jobs import halt

PAUSE_MS = 300  # after the last stroke


class MaskWatch(QObject):
    """Follows the changes of one labels layer.

    Signals
    -------
    repainted : the labels are different, and so is `version`
    """

    repainted = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.version = 0  # checksum of the labels: an undone stroke gives the version before
        self._mask: weakref.ref[Any] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._compare)

    def follow(self, mask: Any) -> None:
        """Follow this labels layer instead of the one before; None for none."""
        before = None if self._mask is None else self._mask()
        if mask is before:
            return
        halt(self._pause)
        if before is not None:
            before.events.paint.disconnect(self._changed)
            before.events.set_data.disconnect(self._changed)
        self._mask = None if mask is None else weakref.ref(mask)
        self.version = _checksum(mask)
        if mask is not None:
            mask.events.paint.connect(self._changed)
            mask.events.set_data.connect(self._changed)

    def _changed(self, event: Any = None) -> None:
        self._pause.start()

    def _compare(self) -> None:
        """Tell of a real change: napari also reports new data when the slice changes."""
        mask = None if self._mask is None else self._mask()
        version = _checksum(mask)
        if mask is not None and version != self.version:
            self.version = version
            self.repainted.emit()


def _checksum(mask: Any) -> int:
    return 0 if mask is None else zlib.crc32(np.ascontiguousarray(mask.data).data)
