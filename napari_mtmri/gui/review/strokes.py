# SPDX-License-Identifier: BSD-3-Clause
"""From changes that napari makes to a mask layer to edits of the review."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_mtmri.gui.viewer.layers import Placement
from napari_mtmri.gui.viewer.shim import forget_strokes, painted_box
from napari_mtmri.review.edits import Edit

CHECK_MS = 1000  # after the last sign of a change that is no stroke
TOOLS = {"paint": "brush", "erase": "eraser", "fill": "fill", "polygon": "polygon"}
OTHER = "another plugin"


class Strokes(QObject):
    """Compares a mask layer with its last known state after each stroke.

    napari reports a stroke, fill or polygon once it is complete. Changes by code that are not
    reported are found by comparing the whole mask, some time after the layer was redrawn.

    Signals
    -------
    made : Edit that napari has already made in the array
    """

    made = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._layer: Labels | None = None
        self._mask: np.ndarray | None = None
        self._known = np.zeros(0)
        self._placement: Placement | None = None
        self._check = QTimer(self)
        self._check.setSingleShot(True)
        self._check.setInterval(CHECK_MS)
        self._check.timeout.connect(self.compare)

    def follow(self, layer: Labels, mask: np.ndarray, placement: Placement) -> None:
        """Follow a layer that shows this mask, (i, j, k); forget any other."""
        self.let_go()
        self._layer, self._mask, self._placement = layer, mask, placement
        self._known = mask.copy()
        forget_strokes(layer)
        layer.events.paint.connect(self._painted)
        layer.events.set_data.connect(self._drawn)

    def let_go(self) -> None:
        """Follow no layer."""
        self._check.stop()
        layer, self._layer = self._layer, None
        if layer is not None:
            layer.events.paint.disconnect(self._painted)
            layer.events.set_data.disconnect(self._drawn)
        self._mask, self._known = None, np.zeros(0)

    def show(self, edit: Edit, *, reverted: bool = False) -> None:
        """Draw an edit that was made, or reverted, in the mask."""
        if self._layer is None:
            return
        (edit.revert if reverted else edit.apply)(self._known)
        self._layer.refresh(thumbnail=False, extent=False, highlight=False)
        self._check.stop()

    def compare(self) -> None:
        """Report changes that napari did not report."""
        self._report(None, OTHER)

    def _painted(self, event: Any) -> None:
        assert self._layer is not None  # it has painted
        assert self._placement is not None
        box = painted_box(event.value)
        tool = TOOLS.get(str(self._layer.mode), OTHER)
        if box is not None:
            box = tuple(box[i] for i in np.argsort(self._placement.order))
        self._report(box, tool)
        forget_strokes(self._layer)  # undo belongs to the review, across slices and tools

    def _drawn(self, event: Any = None) -> None:
        self._check.start()

    def _report(self, box: tuple[slice, ...] | None, tool: str) -> None:
        """Report what differs from the known state inside a box, or anywhere."""
        if self._layer is None or self._mask is None or self._placement is None:
            return
        shown = self._placement.back(np.asarray(self._layer.data))
        box = box or (slice(None),) * 3
        before, after = self._known[box], shown[box]
        differs = before != after
        if differs.any():
            coords = np.nonzero(differs)
            starts = [side.start or 0 for side in box]
            places = [one + start for one, start in zip(coords, starts, strict=True)]
            label = int(self._layer.selected_label)
            edit = Edit.at(shown.shape, places, before[coords], after[coords], tool, label=label)
            edit.apply(self._known)
            self.made.emit(edit)
        if not np.may_share_memory(shown, self._mask):  # another plugin replaced the array
            self._layer.data = self._placement.view(self._mask)
